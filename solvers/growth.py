"""Equations of which one solution is meant among several: the one on which their maps settle, iterated from where they start."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.brackets import Residual
from solvers.compile import compile_expressions
from solvers.fixed_point import Roots, find_roots
from solvers.modes.mode_data import ModeData
from solvers.systems import System, evaluated

DAMPING, MOST = 0.5, 50_000
WINDOW, LEAST = 500, 0.98
"""Steps after which the smallest one must have shrunk by this factor; otherwise the iteration will not settle."""
SETTLED = 1e-6
"""Estimated relative error of an iteration from which Newton's method goes on."""
ASTRAY = 1e-3
"""A relative step of Newton's method to another solution."""


def grows(system: System) -> bool:
    """Whether the theory means the solution that its iteration settles on."""
    return any(u.grown for u in system.theory.unknowns)


def grown_roots(residual: Residual, system: System, scalars: Any, points: int, data: ModeData) -> Roots:
    """Newton's method from where the iteration has settled; where it has not, or Newton leaves, the uncertainty is infinite."""
    start, settled = _settled(system, scalars, points, data)
    m = start.shape[1]
    with np.errstate(all="ignore"):
        roots = find_roots(residual, np.full((points, m), -np.inf), np.full((points, m), np.inf), system.logarithmic, start)
    lower, upper = system.bounds(scalars, points, data)
    scale = np.maximum(np.abs(start), np.abs(start).max(axis=1, keepdims=True) * ASTRAY)
    settled &= attracts(residual, roots.x, system.logarithmic)
    with np.errstate(invalid="ignore"):
        stayed = settled & ((np.abs(roots.x - start) <= ASTRAY * scale) & (roots.x >= lower) & (roots.x <= upper)).all(axis=1)
    roots.uncertainty[~stayed] = np.inf
    return roots


def attracts(residual: Residual, x: NDArray, logarithmic: NDArray) -> NDArray:
    """Whether the derivative of the maps has a spectral radius below 1, shape (points,): that of a positive map at what is meant.

    A damped iteration settles on others too, next to which undamped steps would swing further and further.
    """
    with np.errstate(all="ignore"):
        slopes = residual(x, np.arange(len(x)))[1] / np.where(logarithmic, x, 1.0)[:, None, :] + np.eye(x.shape[1])
    rates = np.full(len(x), np.inf)
    known = np.isfinite(slopes).all(axis=(1, 2))
    rates[known] = np.abs(np.linalg.eigvals(slopes[known])).max(axis=1, initial=0.0)
    return rates < 1


def _settled(system: System, scalars: Any, points: int, data: ModeData) -> tuple[NDArray, NDArray]:
    """Values of the unknowns (points, m) and whether they have settled (points,)."""
    starts = [system.written_out(u.start) for u in system.theory.unknowns]
    x = np.stack(evaluated(compile_expressions(starts), scalars, points, data), axis=-1).astype(float)
    maps = compile_expressions([system.written_out(e.rhs) for e in system.theory.equations])
    settled, active, last = np.zeros(points, dtype=bool), np.arange(points), np.full(points, np.inf)
    best, before = last.copy(), last.copy()
    for number in range(1, MOST + 1):
        here = x[active]
        values = {s: v[active] for s, v in scalars.items()} | {u: here[:, i] for i, u in enumerate(system.unknowns)}
        with np.errstate(all="ignore"):
            step = np.stack(evaluated(maps, values, len(active), data), axis=-1) - here
            x[active] = here + DAMPING * step
            scale = np.abs(x[active]).max(axis=1)
            change = np.abs(step).max(axis=1) / np.where(scale > 0, scale, 1.0)
            rate = np.minimum(change / last[active], 1 - 1e-12)
            error = np.where(rate < 1 - 1e-9, change * DAMPING / (1 - rate), np.where(change == 0, 0.0, np.inf))
        last[active] = change
        settled[active] = error <= SETTLED
        best[active] = np.minimum(best[active], change)
        going = ~(error <= SETTLED) & np.isfinite(change)
        if number % WINDOW == 0:
            going &= np.isinf(before[active]) | (best[active] <= LEAST * before[active])
            before[active], best[active] = best[active], np.inf
        active = active[going]
        if not active.size:
            break
    return x, settled
