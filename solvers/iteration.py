"""State evolution: unknown = map(unknowns), iterated with damping, to find where Newton's method should begin."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.compile import compile_expressions
from solvers.mode_data import ModeData
from solvers.systems import System, evaluated

STEPS = 500
NODES = {0: 101, 1: 101, 2: 41, 3: 25}
SETTLED = 1e-3
DAMPING = (0.5, 0.15, 0.04)
"""Shares of a step, tried in turn."""


def evolved(system: System, scalars: Any, points: int, data: ModeData, lower: NDArray, upper: NDArray) -> NDArray | None:
    """Values of the unknowns (points, m) near a fixed point, or where the iteration ended; None where an equation is no map."""
    if any(e.lhs != u for e, u in zip(system.theory.equations, system.unknowns, strict=True)):
        return None
    maps = [system.written_out(e.rhs) for e in system.theory.equations]
    compiled = compile_expressions(maps, NODES.get(system.depth, 17), "uniform")
    x = np.where(np.isfinite(upper), np.where(np.isfinite(lower), lower + 0.5 * (upper - lower), upper - 1.0), 1.0)
    x = np.where(np.isfinite(lower) | np.isfinite(upper), x, 0.3)
    active = np.arange(points)
    for damping in DAMPING:
        for _ in range(STEPS):
            here, low, high = x[active], lower[active], upper[active]
            values = {s: v[active] for s, v in scalars.items()} | {u: here[:, i] for i, u in enumerate(system.unknowns)}
            new = np.stack(evaluated(compiled, values, len(active), data), axis=-1)
            with np.errstate(all="ignore"):
                geometric = here ** (1 - damping) * np.abs(new) ** damping
                mixed = np.where(system.logarithmic & (new > 0), geometric, (1 - damping) * here + damping * new)
                mixed = np.where(mixed < low, here + 0.5 * (low - here), np.where(mixed > high, here + 0.5 * (high - here), mixed))
                # Overlaps that no replicas can have: smaller ones always can.
                lost = ~np.isfinite(mixed).all(axis=1)
                mixed[lost] = np.where(system.logarithmic, here[lost], 0.8 * here[lost])
                moving = lost | (np.abs(mixed - here) > SETTLED * damping * np.abs(here)).any(axis=1)
            x[active] = mixed
            active = active[moving]
            if not active.size:
                return x
    return x
