"""What solving gives: a `Solution` at one point, a `Curve` over a sweep. Numbers with their error, status and origin."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.manifests import SCHEMA
from solvers.verdicts import Verdict, reading, restored, stored
from theory.errors import ParameterError, did_you_mean

TABLES = ("parameters", "order_parameters", "observables", "errors")
VERDICTS = ("verdicts", "verdict status")
ARRAYS = ("error", "status", "residual", "iterations")


@dataclass(frozen=True, eq=False)
class Solution:
    """A theory at one set of parameters.

    ``order_parameters`` and ``observables`` by name (floats; arrays for observables of single modes). ``errors`` are estimates of
    relative errors, ``error`` the worst of them. ``status`` is "converged", "limit", "infinite" or "failed". ``verdicts`` say
    which conditions the solution obeys, such as stability against replica symmetry breaking; ``sound`` is False where one fails.
    """

    model: str
    parameters: dict[str, Any]
    order_parameters: dict[str, Any]
    observables: dict[str, Any]
    errors: dict[str, float]
    error: float
    status: str
    branch: str
    residual: float
    iterations: int
    manifest: dict[str, Any] = field(repr=False)
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        """Whether no verdict fails."""
        return all(self.verdicts.values())

    def __getitem__(self, name: str) -> Any:
        """An order parameter or observable."""
        return _found(self, name)

    def __str__(self) -> str:
        named = {**self.order_parameters, **self.observables}
        rows = [f"  {k} = {v:.12g}" for k, v in named.items() if np.ndim(v) == 0]
        wrong = reading(self.verdicts)
        head = f"{self.model}: {self.status}{f', {wrong}' if wrong else ''}, relative error {self.error:.1e}"
        return "\n".join([head, *rows, *(f"  {verdict}" for verdict in self.verdicts.values())])


@dataclass(frozen=True, eq=False)
class Curve:
    """A theory over a sweep.

    ``axes`` maps each swept parameter to its values; arrays have one dimension for each of ``groups`` (parameters that were zipped
    share one), and one more for modes. ``parameters`` holds what was given, ``errors`` estimates of relative errors by name,
    ``error`` the worst at each point, ``status`` "converged", "limit" (of the lower end of a parameter), "infinite" or "failed".
    ``verdicts`` say at which points conditions hold, such as stability against replica symmetry breaking.
    """

    model: str
    axes: dict[str, NDArray]
    groups: tuple[tuple[str, ...], ...]
    parameters: dict[str, Any]
    order_parameters: dict[str, NDArray]
    observables: dict[str, NDArray]
    errors: dict[str, NDArray]
    error: NDArray
    status: NDArray
    branch: str
    residual: NDArray
    iterations: NDArray
    manifest: dict[str, Any] = field(repr=False)
    _origin: Any = field(default=None, repr=False)
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.error.shape

    @property
    def sound(self) -> NDArray:
        """Where no verdict fails."""
        return ~np.any([np.zeros(self.shape, dtype=bool), *(v.failed for v in self.verdicts.values())], axis=0)

    def __getitem__(self, name: str) -> NDArray:
        """An order parameter or observable."""
        return _found(self, name)

    def gradient(self, parameter: str, observable: str | None = None) -> NDArray:
        """Exact derivative of an observable (the first one by default) by a parameter, at every point.

        Shape of the axes, with (modes,) behind for a per-mode parameter. NaN where the point failed.
        """
        if self._origin is None:
            raise ParameterError(f"{self.model}: a curve read from a file holds no theory to differentiate; sweep it again")
        slope = self._origin.gradient(parameter, observable or next(iter(self.observables)))
        slope[self.status == "failed"] = np.nan
        return slope

    def to_json(self) -> dict[str, Any]:
        """Strict JSON: null where a number is missing or infinite; the status says which."""
        return {
            "schema": SCHEMA,
            "model": self.model,
            "parameters": {
                k: _plain(v) if np.ndim(v) == 0 and isinstance(v, float) else self.manifest["parameters"][k]
                for k, v in self.parameters.items()
            },
            "axes": {k: _plain(v) for k, v in self.axes.items()},
            "order_parameters": {k: _plain(v) for k, v in self.order_parameters.items()},
            "observables": {k: _plain(v) for k, v in self.observables.items()},
            "error": _plain(self.error),
            "status": self.status.tolist(),
            "verdicts": {k: v.to_json() for k, v in self.verdicts.items()},
            "manifest": self.manifest,
        }

    def to_xarray(self) -> Any:
        """An `xarray.Dataset` of order parameters, observables, error and status, with the axes as coordinates."""
        try:
            import xarray
        except ImportError:
            raise ParameterError("to_xarray: xarray is not installed; pip install 'quenched[xarray]'") from None
        dims = tuple(group[0] for group in self.groups)
        index = {n: (g[0], np.arange(len(v))) if v.ndim > 1 else (g[0], v) for g in self.groups for n in g for v in [self.axes[n]]}
        data = {**self.order_parameters, **self.observables, "error": self.error, "status": self.status}
        data.update({f"verdict_{name}": verdict.status for name, verdict in self.verdicts.items()})
        variables = {}
        for name, values in data.items():
            modes = tuple(f"mode{i or ''}_{name}" for i in range(values.ndim - len(dims)))
            variables[name] = ((*dims, *modes), values)
        return xarray.Dataset(variables, coords=index, attrs={"model": self.model, "manifest": json.dumps(self.manifest)})

    def save(self, path: str | Path) -> Path:
        """Write an ``.npz`` file (arrays and JSON text, no pickle) in one stroke; the name is kept as it is."""
        from solvers.files import replacing

        arrays, laws = {}, {}
        for name, value in self.parameters.items():
            if isinstance(value, (float, np.ndarray)):
                arrays[f"parameters/{name}"] = np.asarray(value)
            else:
                laws[name] = self.manifest["parameters"][name]
        for table in ("axes", *TABLES[1:]):
            arrays.update({f"{table}/{name}": np.asarray(v) for name, v in getattr(self, table).items()})
        arrays.update({name: getattr(self, name) for name in ARRAYS})
        judgements, texts = stored(self.verdicts)
        arrays.update(judgements)
        header = {
            "format": "quenched curve",
            "schema": SCHEMA,
            "model": self.model,
            "groups": self.groups,
            "branch": self.branch,
            "laws": laws,
            "verdicts": texts,
            "order": list(self.parameters),
            "manifest": self.manifest,
        }
        arrays["header"] = np.array(json.dumps(header, allow_nan=False))
        with replacing(Path(path)) as temporary:
            with open(temporary, "wb") as stream:
                np.savez(stream, **arrays)  # type: ignore[arg-type]
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> Curve:
        """Read what `save` wrote; ParameterError, naming the file, for anything else or a newer layout."""
        try:
            with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            header = json.loads(str(arrays.pop("header")[()]))
            if header["format"] != "quenched curve":
                raise ValueError
        except FileNotFoundError:
            raise ParameterError(f"{path}: no such file; give the file that a curve was saved to") from None
        except Exception:
            raise ParameterError(f"{path}: not a curve, or a damaged one; sweep again and save it") from None
        if not isinstance(header.get("schema"), int) or header["schema"] > SCHEMA:
            raise ParameterError(
                f"{path}: schema {header.get('schema')} is newer than {SCHEMA}, which this version reads; update quenched"
            )
        try:
            tables: dict[str, dict[str, Any]] = {name: {} for name in ("axes", *TABLES, *VERDICTS)}
            for key, value in arrays.items():
                table, _, name = key.partition("/")
                if name:
                    tables[table][name] = float(value) if table == "parameters" and value.ndim == 0 else value
            given = {**tables["parameters"], **header["laws"]}
            tables["parameters"] = {name: given[name] for name in header["order"]}
            rest = {name: arrays[name] for name in ARRAYS}
            groups = tuple(tuple(g) for g in header["groups"])
            tables["verdicts"] = restored(tables.pop("verdicts"), tables.pop("verdict status"), header.get("verdicts", {}))
            return cls(header["model"], groups=groups, branch=header["branch"], manifest=header["manifest"], **tables, **rest)
        except (KeyError, TypeError, ValueError):
            raise ParameterError(f"{path}: a damaged curve; sweep again and save it") from None

    def __repr__(self) -> str:
        axes = ", ".join(f"{name}: {len(values)}" for name, values in self.axes.items())
        states, counts = np.unique(self.status, return_counts=True)
        found = ", ".join(f"{n} {s}" for s, n in zip(states, counts, strict=True))
        finite = self.error[np.isfinite(self.error)]
        worst = f"{finite.max():.1e}" if finite.size else "unknown"
        names = ", ".join([*self.order_parameters, *self.observables])
        wrong = "".join(f"; {verdict}" for verdict in self.verdicts.values() if not verdict)
        return f"<Curve of {self.model} over ({axes}): {names}; {found}; worst relative error {worst}{wrong}>"


def _found(result: Any, name: str) -> Any:
    for table in (result.order_parameters, result.observables):
        if name in table:
            return table[name]
    known = [*result.order_parameters, *result.observables]
    raise ParameterError(f"{result.model}: no {name!r} in this result; {did_you_mean(name, known)}")


def _plain(value: Any) -> Any:
    """Nested lists of numbers, null where one is not finite."""
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    listed = np.asarray(value, dtype=float).tolist()
    return _without_nan(listed)


def _without_nan(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_nan(v) for v in value]
    return value if math.isfinite(value) else None
