"""Linear dynamics with a schedule over a sweep: points that differ in time alone share one march."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.compile import compile_expressions
from solvers.dynamical.times import check_times, step_name
from solvers.dynamical.trajectories import Trajectory
from solvers.dynamical.two_time import March
from solvers.limits import FINITE
from solvers.manifests import manifest
from solvers.modes.mode_data import ModeData, full_data, mode_data
from solvers.points import Piece
from solvers.systems import symbols_of
from solvers.threads import single_thread
from solvers.values import Values
from theory.errors import DivergenceError

ROUNDING = 1e-15
"""Relative error that one step adds."""


@dataclass(frozen=True)
class MarchTask:
    """As `solvers.points.Task`. ``data`` are those of the modes or of nodes that stand for them, ``coarser`` of fewer nodes (None
    where nothing is compressed): the difference is the error of compression."""

    theory: Any
    scalars: dict[str, NDArray]
    data: ModeData
    coarser: ModeData | None
    names: tuple[str, ...]

    def solve(self) -> Piece:
        """Every point; where the dynamics runs away, an infinite error."""
        with single_thread(), np.errstate(all="ignore"):
            return self._piece()

    def _piece(self) -> Piece:
        theory, points = self.theory, len(self.scalars["t"])
        lengths = self.scalars[step_name(theory)] if theory.continuous else np.ones(points)
        steps = np.rint(self.scalars["t"] / lengths).astype(int)
        groups: dict[tuple, list[int]] = {}
        for i in range(points):
            groups.setdefault(tuple(v[i] for n, v in self.scalars.items() if n != "t"), []).append(i)
        used = set().union(*(theory.observables[n].free_symbols for n in self.names)) if self.names else set()
        moments = [m for m in theory.moments if m in used]
        piece = Piece(iterations=steps, residual=np.zeros(points), limits=np.zeros(points, dtype=bool))
        values: dict[str, list[Any]] = {n: [None] * points for n in self.names}
        errors: dict[str, list[Any]] = {n: [None] * points for n in self.names}
        for members in groups.values():
            last = int(steps[members].max())
            at = {s: float(v[members[0]]) for s, v in symbols_of(theory, self.scalars).items() if s.name != "t"}
            wanted, length = sorted({int(steps[i]) for i in members}), float(lengths[members[0]])
            runs = [data for data in (self.data, self.coarser) if data is not None]
            try:
                found = [March(theory, at, data, last, length).run(wanted, moments) for data in runs]
            except DivergenceError as error:
                found = []
                piece.reasons |= dict.fromkeys(members, str(error))
            for i in members:
                for name in self.names:
                    seen = [
                        self.observed(name, {**data.sizes, **at}, f[int(steps[i])]) for data, f in zip(runs, found, strict=False)
                    ]
                    values[name][i] = seen[0] if seen else np.nan
                    errors[name][i] = self._error(seen, int(steps[i])) if seen else np.inf
        for name in self.names:
            shape = np.broadcast_shapes(*(np.shape(v) for v in values[name]))
            piece.values[name] = np.stack([np.broadcast_to(v, shape) for v in values[name]]).astype(float)
            piece.errors[name] = np.stack([np.broadcast_to(e, shape) for e in errors[name]]).astype(float)
            piece.kinds[name] = np.full(piece.values[name].shape, FINITE)
        return piece

    def observed(self, name: str, fixed: dict[Any, Any], moments: dict[Any, NDArray]) -> NDArray:
        compiled = compile_expressions([self.theory.observables[name]])
        given = {**fixed, **moments}
        return np.asarray(compiled({s: given[s] for s in compiled.scalars})[0], dtype=float)

    @staticmethod
    def _error(seen: list[NDArray], steps: int) -> NDArray:
        apart = np.abs(seen[0] - seen[1]) / np.abs(seen[0]) if len(seen) > 1 else np.zeros(np.shape(seen[0]))
        return np.where(np.isfinite(apart), apart, np.inf) + ROUNDING * (steps + 1)


def followed(theory: Any, bound: Values, times: NDArray, length: float, responses: bool) -> Trajectory:
    """All steps up to the last of some times, with the order parameters of two times; every mode by itself."""
    check_times(theory, bound)
    given = {p.name: bound.axes.get(p.name, bound.fixed.get(p.name)) for p in theory.parameters}
    data = full_data(theory, *mode_data(theory, {p.name: given[p.name] for p in theory.parameters if p.ndim}, bound.multiplicity))
    scalars = {p.name: np.asarray([given[p.name]], dtype=float) for p in theory.parameters if not p.ndim and p.name != "t"}
    at = {s: float(v[0]) for s, v in symbols_of(theory, scalars).items()}
    wanted = np.rint(times / length).astype(int)
    march = March(theory, at, data, int(wanted.max()), length, responses)
    with single_thread(), np.errstate(all="ignore"):
        found = march.run(sorted(set(wanted.tolist())), list(theory.moments))
    task = MarchTask(theory, {}, data, None, tuple(theory.observables))
    seen = {n: np.array([task.observed(n, {**data.sizes, **at}, found[k]) for k in wanted.tolist()]) for n in task.names}
    errors = {n: np.abs(v) * (ROUNDING * (wanted + 1)).reshape(-1, *(1,) * (v.ndim - 1)) for n, v in seen.items()}
    kept = {p.name: v for p, v in (*march.correlations.items(), *march.responses.items())}
    kept |= {str(m): v for m, v in march.multipliers.values.items()}
    note = manifest(theory.name, theory.signature, given, responses=responses)
    return Trajectory(theory.name, times, seen, errors, kept, 1, note)


def nodes_for(tolerance: float) -> int:
    """Nodes in each bin of a compressed spectrum."""
    return int(np.clip(math.ceil(-math.log10(tolerance)), 5, 12))
