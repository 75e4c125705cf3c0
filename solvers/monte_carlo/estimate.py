"""What a simulation returns: means, standard errors, seed, sizes, and whether the errors can be believed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.manifests import SCHEMA
from theory.errors import ParameterError, did_you_mean


@dataclass(frozen=True)
class Measured:
    """One observable: ``mean``, ``stderr`` and ``trials``, arrays over the axes (means and errors with modes behind them)."""

    mean: NDArray
    stderr: NDArray
    trials: NDArray

    def __repr__(self) -> str:
        if self.mean.ndim == 0:
            return f"{self.mean:.6g} +- {self.stderr:.2g} ({self.trials} trials)"
        return f"array{self.mean.shape}, {int(self.trials.max())} trials"


@dataclass(frozen=True)
class Estimate:
    """Simulated observables over the axes of a sweep.

    ``reliable`` (over the axes) is False where the variance is infinite or not resolved, so that the standard error means nothing;
    ``warnings`` says so in words. ``size`` holds the simulated sizes by name of dimension, ``seed`` and ``manifest`` what is
    needed to repeat the simulation.
    """

    axes: dict[str, NDArray]
    observables: dict[str, Measured]
    reliable: NDArray
    seed: int
    size: dict[str, NDArray]
    warnings: tuple[str, ...] = ()
    manifest: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Measured:
        if name not in self.observables:
            raise ParameterError(f"no observable {name!r} in the estimate; {did_you_mean(name, self.observables)}")
        return self.observables[name]

    def to_json(self) -> dict[str, Any]:
        """``{"axes", "observables": {name: {"mean", "stderr", "trials"}}, "manifest"}`` for strict JSON, None for nan."""
        observables = {
            name: {"mean": _plain(m.mean), "stderr": _plain(m.stderr), "trials": _plain(m.trials)}
            for name, m in self.observables.items()
        }
        axes = {name: _plain(values) for name, values in self.axes.items()}
        return {"axes": axes, "observables": observables, "manifest": self.manifest}

    def save(self, path: str | Path) -> None:
        """Write an ``.npz`` file that holds arrays and text only; it is whole or absent."""
        from solvers.files import output_file, replacing

        head = {
            "schema": SCHEMA,
            "kind": "estimate",
            "axes": list(self.axes),
            "observables": list(self.observables),
            "size": list(self.size),
            "seed": self.seed,
            "warnings": list(self.warnings),
            "manifest": self.manifest,
        }
        arrays: dict[str, Any] = {"head": np.array(json.dumps(head, allow_nan=False)), "reliable": self.reliable}
        arrays |= {f"axis:{name}": values for name, values in self.axes.items()}
        arrays |= {f"size:{name}": values for name, values in self.size.items()}
        for name, m in self.observables.items():
            arrays |= {f"mean:{name}": m.mean, f"stderr:{name}": m.stderr, f"trials:{name}": m.trials}
        with replacing(output_file(path, ".npz")) as temporary:
            np.savez_compressed(temporary, **arrays)

    @classmethod
    def load(cls, path: str | Path) -> Estimate:
        """Read a file written by ``save``; ParameterError for any other file and for a newer schema."""
        try:
            with np.load(path, allow_pickle=False) as stored:
                head = json.loads(str(stored["head"]))
                if head.get("kind") != "estimate":
                    raise ParameterError(f"{str(path)!r} holds no estimate; give a file that Estimate.save wrote")
                if head["schema"] > SCHEMA:
                    raise ParameterError(f"{str(path)!r} has schema {head['schema']}, newer than {SCHEMA}; update quenched")
                return cls(
                    axes={name: stored[f"axis:{name}"] for name in head["axes"]},
                    observables={
                        name: Measured(*(stored[f"{part}:{name}"] for part in ("mean", "stderr", "trials")))
                        for name in head["observables"]
                    },
                    reliable=stored["reliable"],
                    seed=head["seed"],
                    size={name: stored[f"size:{name}"] for name in head["size"]},
                    warnings=tuple(head["warnings"]),
                    manifest=head["manifest"],
                )
        except (OSError, KeyError, ValueError, EOFError) as error:
            if isinstance(error, ParameterError):
                raise
            raise ParameterError(f"{str(path)!r} is no estimate ({error}); give a file that Estimate.save wrote") from None

    def __repr__(self) -> str:
        axes = ", ".join(f"{name} ({len(values)})" for name, values in self.axes.items()) or "one point"
        rows = [f"Estimate over {axes}, seed {self.seed}"]
        rows += [f"  {name} = {measured!r}" for name, measured in self.observables.items()]
        return "\n".join([*rows, *(f"  warning: {text}" for text in self.warnings)])


def _plain(values: NDArray) -> Any:
    """Nested lists of Python numbers, None in the place of nan and infinities."""
    if np.ndim(values):
        return [_plain(value) for value in values]
    number = np.asarray(values).item()
    return number if isinstance(number, int | str) or np.isfinite(number) else None
