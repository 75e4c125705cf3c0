"""Unknowns that follow from the others and guard them: the others are solved for first, as if there were none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.compile import compile_expressions
from solvers.fixed_point import Roots
from solvers.modes.mode_data import ModeData
from solvers.systems import System, compiled_system, evaluated


def is_guarded(system: System) -> bool:
    """Whether some unknowns guard others; growing solutions find theirs as they grow."""
    flags = [u.guard and not u.grown for u in system.theory.unknowns]
    return any(flags) and not all(flags)


def guarded_start(system: System, scalars: Any, points: int, data: ModeData, solve: Callable[[System], Roots]) -> NDArray:
    """Solutions of the others and the guards that follow, NaN where these leave their intervals."""
    theory = system.theory
    guards = np.array([u.guard for u in theory.unknowns])
    own = [i for i in range(len(guards)) if not guards[i]]
    free = replace(theory, unknowns=tuple(theory.unknowns[i] for i in own), equations=tuple(theory.equations[i] for i in own),
                   residuals=tuple(theory.residuals[i] for i in own))  # fmt: skip
    core = compiled_system(free, system.nodes)
    roots = solve(core)
    x = np.full((points, len(guards)), np.nan)
    x[:, ~guards] = np.where(np.isfinite(roots.uncertainty), roots.x, np.nan)
    known = {**scalars, **dict(zip(core.unknowns, x[:, ~guards].T, strict=True))}
    maps = compile_expressions([system.written_out(e.rhs) for e, guard in zip(theory.equations, guards, strict=True) if guard])
    x[:, guards] = np.stack(evaluated(maps, known, points, data), axis=-1)
    lower, upper = system.bounds(scalars, points, data)
    with np.errstate(invalid="ignore"):
        inside = (x >= lower) & (x <= upper)
    return np.where(inside.all(axis=1, keepdims=True), x, np.nan)
