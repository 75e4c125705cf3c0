"""What is seen at points of a curve of solutions: parameters, order parameters, observables, and how far off they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.modes.mode_data import ModeData
from solvers.systems import System
from solvers.zeros import Place, ZeroCurve
from theory.errors import ParameterError, did_you_mean

ALONE = 0.1
"""Share of a tangent that other unknowns may have where one of them vanishes."""
SMALL = 1e-5
"""Of its natural size: an order parameter below it vanishes at a turning point."""


@dataclass(frozen=True)
class Special:
    """A point of a branch: ``kind`` "spinodal" (the branch turns round), "continuous" or "crossing".

    At a continuous one it turns where an order parameter vanishes, into its mirror image. ``parameters`` are all scalar ones,
    ``direction`` (unknowns,) is that of the branch.
    """

    kind: str
    parameters: dict[str, float]
    order_parameters: dict[str, float]
    observables: dict[str, float]
    direction: NDArray = field(repr=False)

    def __getitem__(self, name: str) -> float:
        return found_in({**self.parameters, **self.order_parameters, **self.observables}, name, "this point")


@dataclass(frozen=True, eq=False)
class Seen:
    """What is seen at points of a curve: followed parameters, order parameters, observables."""

    system: System
    curve: ZeroCurve
    followed: tuple[str, ...]
    names: tuple[str, ...]
    given: dict[Any, float]
    data: ModeData

    def at(self, xs: NDArray) -> dict[str, NDArray]:
        """Values by name at coordinates (points, n + 1)."""
        known, rows = self._rows(xs)
        return {n: row[0] for n, row in rows.items()} | {n: known[self.system.theory.parameter(n).symbol] for n in self.followed}

    def _rows(self, xs: NDArray) -> tuple[dict[Any, NDArray], dict[str, list[NDArray]]]:
        """Parameters and unknowns by symbol; by name the value, its rounding and its slopes by the unknowns, each (points,)."""
        opened, theory, points = self.curve.opened(xs), self.system.theory, len(xs)
        known: dict[Any, NDArray] = {s: np.full(points, v) for s, v in self.given.items()}
        known |= {s: opened[:, i] for i, s in enumerate(self.curve.variables)}
        wanted = [*theory.order_parameters, *self.names]
        known = {s: v for s, v in known.items() if s in {p.symbol for p in theory.parameters} | set(self.system.unknowns)}
        found = iter(self.system.outputs(wanted)(known, points, self.data))
        stride = 2 + len(self.system.unknowns)
        return known, {n: [np.broadcast_to(next(found), (points,)) for _ in range(stride)] for n in wanted}

    def scalars(self, xs: NDArray) -> dict[Any, NDArray]:
        """Scalar parameters by symbol at coordinates (points, n + 1)."""
        opened = self.curve.opened(xs)
        given = {s: np.full(len(xs), v) for s, v in self.given.items()}
        return given | {s: opened[:, i] for i, s in enumerate(self.curve.variables) if s not in set(self.system.unknowns)}

    def errors(self, xs: NDArray, apart: NDArray) -> dict[str, NDArray]:
        """Relative errors of order parameters, at unknowns that are off by ``apart`` (points, unknowns)."""
        (known, rows), found = self._rows(xs), {}
        unknowns = np.stack([known[u] for u in self.system.unknowns], axis=-1)
        with np.errstate(all="ignore"):
            off = np.where(self.system.logarithmic & (unknowns != 0), apart / np.abs(unknowns), apart)
            for name in self.system.theory.order_parameters:
                value, _, *slopes = rows[name]
                error = np.abs(np.stack(slopes, axis=-1) * off).sum(axis=1) if slopes else np.zeros(len(xs))
                found[name] = np.where(value != 0, error / np.abs(value), 0.0)
        return found

    def one(self, x: NDArray, name: str) -> float:
        return float(self.at(x[None])[name][0])

    def special(self, place: Place, kind: str) -> Special:
        """The point by itself; a turn is one of two kinds."""
        found = {n: float(v[0]) for n, v in self.at(place.x[None]).items()}
        m = len(self.system.unknowns)
        if kind == "turn":
            gone = (np.abs(place.x[:m]) < SMALL * self.curve.units[:m]) & ~self.system.logarithmic
            # What vanishes with a square root of the distance moves alone.
            kind = "continuous" if np.any(gone) and np.linalg.norm(place.tangent[:m][~gone]) < ALONE else "spinodal"
        theory = self.system.theory
        scalars = {p.name: float(self.given[p.symbol]) for p in theory.parameters if not p.ndim and p.symbol in self.given}
        direction = (place.tangent * self.curve.scale(place.x))[:m]
        order = {n: found[n] for n in theory.order_parameters}
        seen = {n: found[n] for n in self.names}
        return Special(kind, {**scalars, **{n: found[n] for n in self.followed}}, order, seen, direction)


def found_in(tables: Mapping[str, Any], name: str, where: str) -> Any:
    if name not in tables:
        raise ParameterError(f"{where}: no {name!r}; {did_you_mean(name, tables)}")
    return tables[name]
