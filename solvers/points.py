"""One piece of a sweep, solved: the unit of work that crosses to another process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.endings import ended
from solvers.fixed_point import EPSILON, Roots
from solvers.limits import FINITE, INFINITE, UNDECIDED, Regularised
from solvers.modes.mode_data import ModeData
from solvers.quadrature import LEVELS, levels_of
from solvers.reach import LINEAR_SCALE, asked_of, extends, reached
from solvers.roots import known, quadrature_error, solved_roots
from solvers.systems import System, compiled_system, symbols_of
from solvers.threads import single_thread

UNDERFLOW = 1e-290
ABSENT = 1e-14
"""An observable that depends on unknowns which are zero, and is smaller, is zero."""
RESOLVED = 1e-10
"""Derivatives with a larger relative error are done again with many digits."""
COMPRESSED = 1e-5
"""The same bound for compressed spectra, whose own error more digits cannot remove; the estimate of it is a generous one."""


OWN_SOLVERS = {
    "DescentDynamics": "solvers.sgd.descents:solve_descent",
    "MomentDynamics": "solvers.sgd.mode_recursion:solve_moments",
}
"""Kinds of theories that are more than equations for unknowns, and the function Task -> Piece that solves each."""


@dataclass(frozen=True)
class Task:
    """What one piece asks for: ``scalars`` by public name, each (points,), the mode data, and the names wanted; ``refine`` spends
    many digits on derivatives that rounding has spoilt."""

    theory: Any
    scalars: dict[str, NDArray]
    data: ModeData
    full: ModeData | None
    names: tuple[str, ...]
    gradients: tuple[tuple[str, str], ...] = ()
    tolerance: float = 1e-10
    start: Mapping[str, float] | None = None
    refine: bool = True


@dataclass
class Piece:
    """Results: by name values, relative errors and kinds of limit, each (points,) or (points, modes); ``reasons`` by point, why it
    has no value."""

    values: dict[str, NDArray] = field(default_factory=dict)
    errors: dict[str, NDArray] = field(default_factory=dict)
    kinds: dict[str, NDArray] = field(default_factory=dict)
    gradients: dict[tuple[str, str], NDArray] = field(default_factory=dict)
    gradient_errors: dict[tuple[str, str], NDArray] = field(default_factory=dict)
    residual: NDArray = field(default_factory=lambda: np.zeros(0))
    iterations: NDArray = field(default_factory=lambda: np.zeros(0, dtype=int))
    limits: NDArray = field(default_factory=lambda: np.zeros(0, dtype=bool))
    reasons: dict[int, str] = field(default_factory=dict)


def own_solver(theory: Any) -> Callable[[Task], Piece] | None:
    """The function that solves theories of this kind; None for equations for unknowns."""
    path = next((OWN_SOLVERS[kind.__name__] for kind in type(theory).__mro__ if kind.__name__ in OWN_SOLVERS), None)
    if path is None:
        return None
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


def solve_piece(task: Task) -> Piece:
    """Solve every point of a piece; failures are left in its errors."""
    with single_thread():
        if (own := own_solver(task.theory)) is not None:
            return own(task)
        piece, system = Piece(), compiled_system(task.theory)
        levels = levels_of(system.depth, system.folded) if system.has_quadrature else LEVELS[:1]
        found: Roots | None = None
        reach = extends(system, _names(task))
        for level, nodes in enumerate(levels):
            finer = levels[level + 1] if level + 1 < len(levels) else 2 * nodes - 1
            better = compiled_system(task.theory, finer) if system.has_quadrature else None
            piece, found = _solved(task, found, compiled_system(task.theory, nodes), better, level if reach else None)
            missed = ~np.all([np.broadcast_to(e <= task.tolerance, len(piece.residual)) for e in _flat(piece)], axis=0)
            if not missed.any():
                break
            if level == 1 and reach and not piece.limits.any():
                lost = np.flatnonzero(missed & ~np.isfinite(found.uncertainty).all(axis=1))
                piece.reasons.update(ended(system, symbols_of(task.theory, task.scalars), lost, task.data))
                if len(piece.reasons) == missed.sum():
                    break
        return piece


def _flat(piece: Piece) -> list[NDArray]:
    """The errors, the largest one of those of several modes."""
    return [e.reshape(len(piece.residual), -1).max(axis=1, initial=0.0) for e in piece.errors.values()]


def _names(task: Task) -> tuple[str, ...]:
    known = {u.name for u in task.theory.unknowns}
    return tuple(n for n in dict.fromkeys(task.names) if n not in known)


def _solved(task: Task, before: Roots | None, system: System, finer: System | None, level: int | None) -> tuple[Piece, Roots]:
    """Results with the nodes of ``system``, from where fewer nodes arrived. Where scalars can have many digits, ``level`` counts
    how often there were fewer: what is lost at first is then left to them, and to other ways once they have failed."""
    regular = Regularised(system, task.scalars, task.data)
    points = len(next(iter(regular.scalars.values()))) if regular.scalars else 1
    scalars = symbols_of(task.theory, regular.scalars)
    level = None if regular.limits.size else level
    how = {"search": level != 1, "rescue": None if level is None else level == 2}
    roots = solved_roots(system, scalars, points, task.data, task.start, before, **how)
    with np.errstate(all="ignore"):
        if finer is not None:
            move = quadrature_error(system, finer, scalars, points, task.data, roots)
            roots.uncertainty = roots.uncertainty + np.abs(move)
            roots.spread = np.concatenate([roots.spread, move[..., None]], axis=-1)
        piece = _observed(task, system, finer, regular, scalars, points, roots)
        if level:
            reached(task, piece, system, _names(task), scalars, points, roots)
        for parameter, observable in task.gradients:
            _differentiate(piece, task, system, regular, known(system, scalars, roots.x), points, roots, parameter, observable)
    return piece, roots


def _differentiate(piece: Piece, task: Task, system: System, regular: Regularised, at: dict[Any, NDArray], points: int,
                   roots: Roots, parameter: str, observable: str) -> None:
    from solvers.derivatives import total_derivative
    from solvers.polishing import precise_derivative

    data, at_limits = task.data, bool(regular.limits.size)
    slope = total_derivative(system, parameter, observable, at, points, data, task.full, roots.uncertainty, at_limits)
    value, error = slope.value, slope.error
    entry = system.theory.parameter(parameter)
    if task.refine and not (system.folded or system.dense) and not entry.ndim and value.ndim == 1:
        # More digits remove rounding, not what the unknowns owe to compressed data.
        resolved = COMPRESSED if data.error else RESOLVED
        for i in np.flatnonzero(~(error <= resolved * np.abs(value)) & np.isfinite(roots.uncertainty).all(axis=1)):
            value[i] = precise_derivative(system, parameter, observable, {s: float(v[i]) for s, v in at.items()}, data)
            error[i] = resolved * abs(value[i])
    elif at_limits and error.shape == value.shape:
        # A relative sensitivity that is lost in rounding is zero, for there is no trend to follow to the limit.
        size = np.abs(system.outputs([observable])(at, points, data, task.full)[0])[:, None]
        faint = error * (task.full or data).arrays[entry.symbol] <= RESOLVED * size if entry.ndim else error <= RESOLVED
        value = np.where(error <= np.maximum(RESOLVED, 1e-6) * np.abs(value), value, np.where(faint, 0.0, np.nan))
    merged, kinds = regular.merge(value)
    piece.gradients[parameter, observable] = np.where(kinds == UNDECIDED, np.nan, merged)
    piece.gradient_errors[parameter, observable] = regular.spread(error)


def _observed(task: Task, system: System, finer: System | None, regular: Regularised, scalars, points: int, roots: Roots) -> Piece:
    piece, m = Piece(), len(system.unknowns)
    lost = np.logical_not(np.isfinite(roots.uncertainty).all(axis=1))
    at = known(system, scalars, np.where(lost[:, None], np.nan, roots.x))
    lower, upper = system.bounds(scalars, points, task.data)
    zero = system.ends.zero(roots.held)
    widths = np.where(np.isfinite(upper - lower), upper - lower, 1.0)
    for i, symbol in enumerate(system.unknowns):
        scale = 1.0 if system.logarithmic[i] else np.maximum(np.abs(roots.x[:, i]), LINEAR_SCALE * widths[:, i])
        value = np.where(zero[:, i], 0.0, at[symbol])
        _record(piece, regular, symbol.name, value, np.where(roots.held[:, i], 0.0, roots.uncertainty[:, i] / scale))
    names = [n for n in task.names if n not in piece.values]
    found = iter(system.outputs(names)(at, points, task.data, task.full))
    finest = iter(finer.outputs(names)(at, points, task.data, task.full)) if finer is not None else None
    asked = asked_of(system)
    tiny = np.asarray((np.abs(np.where(system.logarithmic, roots.x, 1.0)) < 1e-100).any(axis=1))
    for name in names:
        value, noise = next(found), next(found)
        slopes = [next(found) for _ in range(m)]
        error = EPSILON * noise
        exact = np.zeros(value.shape, dtype=bool)
        if finest is not None:
            finer_value = next(finest)
            # Averages of odd functions vanish exactly, with whatever number of nodes.
            exact = (value == 0) & (finer_value == 0)
            error = error + np.abs(finer_value - value)
            for _ in range(m + 1):
                next(finest)
        extra = (slice(None),) + (None,) * (value.ndim - 1)
        scale = np.maximum(np.abs(value), 1.0) if name in asked else np.abs(value)
        error = error + _swung(slopes, roots.spread)
        for i, slope in enumerate(slopes):
            exact &= slope == 0
            if not system.logarithmic[i]:
                scale = np.maximum(scale, LINEAR_SCALE * np.abs(slope) * widths[:, i][extra])
        # What is as small as an unknown that is zero makes it is zero itself.
        gone = np.asarray(zero.any(axis=1))[extra] & (np.abs(value) <= ABSENT) & (np.abs(value) <= 10 * error)
        value, error = np.where(gone, 0.0, value), np.where(gone | exact, 0.0, error)
        relative = np.where(error == 0, 0.0, error / scale)
        sunk = (np.abs(value) < UNDERFLOW) & ((value != 0) | tiny[extra]) & ~exact
        relative = np.where(sunk | lost[extra] | np.logical_not(np.isfinite(relative)), np.inf, relative)
        _record(piece, regular, name, value, relative)
    piece.residual, piece.iterations = regular.spread(roots.residual), regular.spread(roots.iterations)
    piece.limits = np.zeros(regular.points, dtype=bool)
    piece.limits[regular.limits] = True
    return piece


def _swung(slopes: Sequence[NDArray], spread: NDArray) -> NDArray | float:
    """How far a function of the unknowns is off: what leaves it stationary does not count, as it would not in a sum of sizes."""
    if not slopes:
        return 0.0
    total: NDArray | float = 0.0
    extra = (slice(None),) + (None,) * (np.ndim(slopes[0]) - 1)
    for column in range(spread.shape[2]):
        parts = [np.where(s == 0, 0.0, s * spread[:, i, column][extra]) for i, s in enumerate(slopes)]
        total = total + np.abs(np.sum(parts, axis=0))
    return total


def _record(piece: Piece, regular: Regularised, name: str, value: NDArray, error: NDArray) -> None:
    piece.values[name], kinds = regular.merge(value)
    spread = regular.spread(np.broadcast_to(error, value.shape))
    if regular.limits.size:
        with np.errstate(all="ignore"):
            apart = np.abs(value[regular.points :] / value[regular.limits] - 1)
        spread[regular.limits] += np.where((kinds[regular.limits] == FINITE) & np.isfinite(apart), apart, 0.0)
    piece.errors[name] = np.where(kinds == UNDECIDED, np.inf, np.where(kinds == INFINITE, 0.0, spread))
    piece.kinds[name] = kinds
