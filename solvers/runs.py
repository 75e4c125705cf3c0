"""A bound theory that can be solved at all its points: mode data once, then equal pieces, here or in other processes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.modes.mode_data import ModeData, compressed_data, full_data, mode_data
from solvers.modes.spectra import Modes
from solvers.points import Piece, Task, own_solver, solve_piece
from solvers.systems import compiled_system
from solvers.values import Values
from theory.dmft.scheduled import LinearProcess
from theory.errors import ParameterError, did_you_mean

FEW_MODES = 150
"""Modes that a march in two times takes one by one."""

log = logging.getLogger("quenched")

ELEMENTS = 1 << 17
"""Elements of one array in a piece; pieces are cut alike for every executor, so that results are equal to the last bit."""


@dataclass(frozen=True, eq=False)
class Origin:
    """What a curve came from: enough to solve it again, with derivatives."""

    theory: Any
    values: Values
    tolerance: float
    start: dict[str, float] | None

    def run(
        self,
        names: Sequence[str],
        gradients: Sequence[tuple[str, str]] = (),
        executor: Executor | None = None,
        progress: bool = False,
        given: tuple[str, NDArray] | None = None,
        refine: bool = True,
    ) -> Piece:
        """All points solved, joined in the order of the flattened sweep.

        ``given`` names a scalar parameter and its values (points, tries), which take the place of the sweep's own at each point.
        """
        jobs = list(self._tasks(tuple(names), tuple(gradients), given, refine))
        tasks = [task for _, task in jobs]
        found = executor.map(solved, tasks) if executor is not None else map(solved, tasks)
        if progress:
            from tqdm import tqdm

            found = tqdm(found, total=len(tasks), desc=self.theory.name)
        pieces = list(found)
        log.debug("%s: %d points in %d pieces", self.theory.name, self.values.points, len(pieces))
        return _joined([indices for indices, _ in jobs], pieces)

    def gradient(self, parameter: str, observable: str) -> NDArray:
        """Exact derivative of an order parameter or observable at every point, of the shape of the axes (and modes)."""
        self.theory.parameter(parameter)
        if is_dynamic(self.theory):
            raise ParameterError(f"gradient of {observable}: dynamics are not differentiated; take differences of two curves")
        if observable not in (*self.theory.order_parameters, *self.theory.observables):
            known = [*self.theory.order_parameters, *self.theory.observables]
            raise ParameterError(f"{self.theory.name}: no observable {observable!r}; {did_you_mean(observable, known)}")
        slope = self.run((), [(parameter, observable)]).gradients[(parameter, observable)]
        return slope.reshape(self.values.shape + slope.shape[1:])

    def _tasks(
        self, names: tuple[str, ...], gradients: tuple[tuple[str, str], ...], given: tuple[str, NDArray] | None, refine: bool
    ) -> Iterator[tuple[NDArray, Task]]:
        theory, parameters = self.theory, {p.name: p for p in self.theory.parameters}
        tries = 1 if given is None else given[1].shape[1]
        scalars = self.values.scalars([n for n, p in parameters.items() if not p.ndim])
        scalars = {n: np.repeat(v, tries) for n, v in scalars.items()}
        if given is not None:
            scalars[given[0]] = given[1].reshape(-1)
        per_mode = bool(single_modes(theory) & {*names, *(o for _, o in gradients)})
        per_mode |= any(parameters[p].ndim for p, _ in gradients)
        for (data, modes), points in self.cases:
            full = full_data(theory, data, modes) if per_mode else None
            coarser = None
            if isinstance(theory, LinearProcess):
                data, coarser = (full, None) if full is not None else coarse_data(theory, data, modes, self.tolerance)
            size = 4096 if is_dynamic(theory) or own_solver(theory) else _piece_size(data, compiled_system(theory).has_quadrature)
            points = (points[:, None] * tries + np.arange(tries)).reshape(-1)
            for begin in range(0, len(points), size):
                indices = points[begin : begin + size]
                part = {n: v[indices] for n, v in scalars.items()}
                yield indices, self._task(part, data, full, coarser, names, gradients, refine)

    def _task(self, scalars, data: ModeData, full: ModeData | None, coarser, names, gradients, refine: bool) -> Any:
        if isinstance(self.theory, LinearProcess):
            from solvers.dynamical.marching import MarchTask

            return MarchTask(self.theory, scalars, data, coarser, names)
        if is_dynamic(self.theory):
            from solvers.dynamical.dynamics import DynamicTask

            return DynamicTask(self.theory, scalars, data, full, names, self.tolerance)
        return Task(self.theory, scalars, data, full, names, gradients, self.tolerance, self.start, refine)

    @cached_property
    def cases(self) -> list[tuple[tuple[ModeData, dict[str, Modes]], NDArray]]:
        """Mode data of each combination of per-mode values, compressed once, with the points of the sweep at which it holds."""
        values = self.values
        arrays = [p.name for p in self.theory.parameters if p.ndim]
        swept = [n for n in arrays if n in values.axes]
        fixed = {n: values.fixed[n] for n in arrays if n not in swept}
        if not swept:
            return [(mode_data(self.theory, fixed, values.multiplicity), np.arange(values.points))]
        positions = np.stack([values.index(n) for n in swept])
        combinations, which = np.unique(positions, axis=1, return_inverse=True)
        cases = []
        for i, combination in enumerate(combinations.T):
            given = {n: values.axes[n][k] for n, k in zip(swept, combination, strict=True)}
            found = np.flatnonzero(which.reshape(-1) == i)
            cases.append((mode_data(self.theory, {**fixed, **given}, values.multiplicity), found))
        return cases


def solved(task: Any) -> Piece:
    """The results of one task."""
    return solve_piece(task) if isinstance(task, Task) else task.solve()


def coarse_data(theory: Any, data: ModeData, modes: dict[str, Modes], tolerance: float) -> tuple[ModeData, ModeData | None]:
    """Mode data on few nodes, as many as the tolerance asks for, and on fewer still; None where nothing is compressed."""
    from solvers.dynamical.marching import nodes_for

    number = nodes_for(tolerance)
    pair = [compressed_data(theory, data, modes, n, FEW_MODES) for n in (number, number - 2)]
    return (pair[0], pair[1]) if any(d.error for d in pair) else (pair[0], None)


def is_dynamic(theory: Any) -> bool:
    """Whether the theory is one of moments in time, and not of algebraic equations."""
    return hasattr(theory, "moments")


def single_modes(theory: Any) -> set[str]:
    """Observables with one value for each mode."""
    return theory.per_mode if is_dynamic(theory) else compiled_system(theory).per_mode


def _piece_size(data: ModeData, has_quadrature: bool) -> int:
    lengths = [n for a in data.arrays.values() for n in np.shape(a)] or [1]
    per_point = max(lengths) * (max(lengths) if any(np.ndim(a) > 1 for a in data.arrays.values()) else 1)
    return int(np.clip(ELEMENTS // (per_point * (201 if has_quadrature else 1)), 1, 4096))


def _joined(indices: Sequence[NDArray], pieces: Sequence[Piece]) -> Piece:
    """The pieces' results in the order of the points."""
    order = np.argsort(np.concatenate(indices), kind="stable")

    def joined(get: Callable[[Piece], NDArray]) -> NDArray:
        return np.concatenate([get(piece) for piece in pieces])[order]

    tables = [
        {key: joined(lambda p, t=table, k=key: getattr(p, t)[k]) for key in getattr(pieces[0], table)}
        for table in ("values", "errors", "kinds", "gradients", "gradient_errors")
    ]
    residual, iterations, limits = (joined(lambda p, c=column: getattr(p, c)) for column in ("residual", "iterations", "limits"))
    reasons = {int(points[i]): text for points, piece in zip(indices, pieces, strict=True) for i, text in piece.reasons.items()}
    return Piece(*tables, residual=residual, iterations=iterations, limits=limits, reasons=reasons)
