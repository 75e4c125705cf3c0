"""State evolution: unknown = map(unknowns), iterated with damping, to find where Newton's method should begin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.compile import Compiled, compile_expressions
from solvers.modes.mode_data import ModeData
from solvers.systems import QUADRATURES, System, evaluated

STEPS = 500
NODES = {0: 101, 1: 101, 2: 41, 3: 25}
SETTLED = 1e-3
DAMPING = (0.5, 0.15, 0.04)
"""Shares of a step, tried in turn."""
ATTEMPTS = ((0.5, 100), (0.15, 200), (0.04, 400), (0.01, 800))
"""Shares of a step and numbers of steps where some equations are no maps."""
MANY = 801
"""Most nodes for averages over one level."""
FOLLOWING = 40
"""Most steps of overlaps at given conjugates."""
COARSE = 61
"""Nodes for averages over several levels."""


def evolved(system: System, scalars: Any, points: int, data: ModeData, lower: NDArray, upper: NDArray) -> NDArray | Iterator | None:
    """Values of the unknowns (points, m) near a fixed point, or where the iteration ended; None where no equation is a map.

    Where some equations are no maps the result is an iterator over such values, found with smaller and smaller steps. Their
    unknowns move by the Newton step of that equation alone, where its residual rises, and down its residual elsewhere.
    """
    theory, unknowns = system.theory, system.unknowns
    mapped = np.array([e.lhs == u for e, u in zip(theory.equations, unknowns, strict=True)])
    if not mapped.all() and not (mapped.any() and any(u.start is not None for u in theory.unknowns)):
        return None
    x = first_values(system, scalars, lower, upper, data)
    state = Evolution(system, scalars, data, lower, upper)
    if not mapped.all():
        return state.attempts(x)
    active = np.arange(points)
    for damping in DAMPING:
        active = state.run(x, active, damping, STEPS)
        if not active.size:
            break
    return x


def first_values(system: System, scalars: Any, lower: NDArray, upper: NDArray, data: ModeData) -> NDArray:
    """Where an iteration begins: as the theory says, else inside the intervals of the unknowns."""
    hinted = np.array([u.start is not None for u in system.theory.unknowns])
    # A signed unknown in the middle might sit on a symmetry that it never leaves.
    share = np.where(system.logarithmic, 0.5, 0.8)
    with np.errstate(invalid="ignore"):
        x = np.where(np.isfinite(upper), np.where(np.isfinite(lower), lower + share * (upper - lower), upper - 1.0), 1.0)
    x = np.where(np.isfinite(lower) | np.isfinite(upper), x, 0.3)
    hints = [system.written_out(sp.S.Zero if u.start is None else u.start) for u in system.theory.unknowns]
    given = np.stack(evaluated(compile_expressions(hints, NODES[0], "uniform"), scalars, len(lower), data), axis=-1)
    return np.where(hinted, given, x)


class Evolution:
    """The iteration, for a system at given parameters."""

    def __init__(self, system: System, scalars: Any, data: ModeData, lower: NDArray, upper: NDArray):
        self.system, self.scalars, self.data = system, scalars, data
        self.mapped = mapped = np.array([e.lhs == u for e, u in zip(system.theory.equations, system.unknowns, strict=True)])
        self.lower, self.upper, self.small = lower, upper, system.ends.stand_in(upper)
        forms, plain = [], []
        for equation, unknown, known in zip(system.theory.equations, system.unknowns, mapped, strict=True):
            residual = system.written_out(equation.rhs if known else equation.lhs - equation.rhs)
            plain.append(bool(known) and not residual.has(*QUADRATURES))
            steep = not known or (plain[-1] and unknown in residual.free_symbols)
            forms.append((residual, residual.diff(unknown) if steep else sp.S.Zero))
        self.slaved = np.array(plain) if mapped.all() and not all(plain) else np.zeros(len(plain), dtype=bool)
        nodes = COARSE if system.folded else NODES.get(system.depth, 17)
        nodes = min(max(nodes, system.nodes), MANY) if system.depth == 1 and not system.folded else nodes
        idle = (sp.S.Zero, sp.S.Zero)
        outer = [idle if slave else pair for pair, slave in zip(forms, self.slaved, strict=True)]
        inner = [pair if slave else idle for pair, slave in zip(forms, self.slaved, strict=True)]
        self.compiled, self.followers = (
            compile_expressions([e for pair in part for e in pair], nodes, "uniform") for part in (outer, inner)
        )

    def attempts(self, first: NDArray) -> Iterator[NDArray]:
        """Ends of iterations with smaller and smaller steps, each from the beginning, for a coarser one may have lost the way."""
        for damping, steps in ATTEMPTS:
            x = first.copy()
            self.run(x, np.arange(len(x)), damping, steps)
            # A block of one replica is no block: what it would separate coincides.
            ends = self.system.ends
            for i in np.flatnonzero(ends.owner >= 0):
                owner = ends.owner[i]
                x[:, owner] = np.where(x[:, i] > 0.999 * self.upper[:, i], self.small[:, owner], x[:, owner])
            yield x
        yield first

    def run(self, x: NDArray, active: NDArray, damping: float, steps: int, fixed: Any = ()) -> NDArray:
        """Move ``x`` at the points ``active``, but not what is ``fixed``; the points that have not settled are returned."""
        still = np.isin(np.arange(x.shape[1]), fixed)
        ends, logarithmic = self.system.ends, self.system.logarithmic
        for _ in range(steps):
            here, low, high = x[active], self.lower[active], self.upper[active]
            new, slope = self.maps(self.compiled, here, active)
            with np.errstate(all="ignore"):
                step = np.clip(-new / np.abs(slope), 0.5 * (low - here), 0.5 * (high - here))
                new = np.where(self.mapped, new, here + step)
                geometric = here ** (1 - damping) * np.abs(new) ** damping
                mixed = np.where(logarithmic & (new > 0), geometric, (1 - damping) * here + damping * new)
                mixed = np.where(mixed < low, here + 0.5 * (low - here), np.where(mixed > high, here + 0.5 * (high - here), mixed))
                # Overlaps that no replicas can have: smaller ones always can.
                lost = ~np.isfinite(mixed).all(axis=1)
                mixed[lost] = np.where(logarithmic, here[lost], 0.8 * here[lost])
                if self.slaved.any():
                    mixed = self.following(np.where(self.slaved, here, mixed), active)
                mixed = np.where(still, here, mixed)
                gone = ends.vanishing & (mixed < self.small[active])
                mixed = np.where(gone, self.small[active], mixed)
                free = ~gone & ~((ends.owner >= 0) & gone[:, ends.owner])
                moving = lost | (free & (np.abs(mixed - here) > SETTLED * damping * np.abs(here))).any(axis=1)
            x[active] = mixed
            active = active[moving]
            if not active.size:
                break
        return active

    def maps(self, compiled: Compiled, here: NDArray, active: NDArray) -> tuple[NDArray, NDArray]:
        """Values and slopes of the equations at some of the points."""
        values = {s: v[active] for s, v in self.scalars.items()} | {u: here[:, i] for i, u in enumerate(self.system.unknowns)}
        found = np.stack(evaluated(compiled, values, len(active), self.data), axis=-1)
        return found[:, 0::2], found[:, 1::2]

    def following(self, here: NDArray, active: NDArray) -> NDArray:
        """Overlaps as sites have them at given conjugates: these belong to a measure, so that samples can always have them."""
        low, high = self.lower[active], self.upper[active]
        for _ in range(FOLLOWING):
            new, slope = self.maps(self.followers, here, active)
            # Newton's method where a map falls in its own unknown, for iterated it overshoots.
            there = here + (new - here) / np.where(slope < 0, 1 - slope, 1.0)
            there = np.where(there < low, here + 0.5 * (low - here), np.where(there > high, here + 0.5 * (high - here), there))
            there = np.where(self.slaved & np.isfinite(there), there, here)
            still = np.abs(there - here) <= SETTLED * SETTLED * np.abs(here)
            here = there
            if still.all():
                break
        return here
