"""Where to begin with broken replicas: levels of the hierarchy are put in one after another, each one inside the innermost.

The sizes of blocks are stationary points, which no iteration finds; at given sizes the overlaps are fixed points, which one does. A
new level begins at a given size of its blocks, which then moves until its own equation changes sign.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.brackets import Residual
from solvers.fixed_point import damped, growing
from solvers.iteration import Evolution, first_values
from solvers.modes.mode_data import ModeData
from solvers.systems import System

FIRST = (0.5, 0.85, 0.2)
"""Sizes of new blocks to begin with, as shares of the way from that of the blocks around them to their upper end."""
STRIDE, MOST = 0.6, 16
"""Share of the way that is left after one move of a size, and how many there are. Without an end a share s goes s/(1 - s) far."""
INCREMENTS = 0.25 * 0.5 ** np.arange(12.0)
"""First values of an increment, as shares of its interval: the largest possible one, and a smaller one."""
SMALLER = 5
SETTLING, NEWTON, PATIENCE = 40, 25, 2
"""Steps of the iteration at given sizes of blocks, and of Newton's method from there; how many of them may lead nowhere."""
CLOSE = 1e-7
"""Relative steps at which Newton's method has arrived where others will go on."""
DISTINCT = 1e-6
"""An increment below this share of its interval is none."""


def splits(system: System) -> bool:
    """Whether levels are put in one after another: where averages are folded, and where blocks have no largest size, as at
    temperature zero. Sizes at which a block would be no block are found by other means."""
    blocks = [u for u in system.theory.unknowns if u.owner is not None]
    return bool(blocks) and (system.folded or all(sp.sympify(u.upper).is_infinite for u in blocks))


@dataclass
class Splitting:
    """Starts for equations with blocks of replicas, at the points asked for; NaN where there is none."""

    system: System
    scalars: Mapping[Any, NDArray]
    data: ModeData
    residual: Residual
    lower: NDArray
    upper: NDArray

    def __post_init__(self):
        owner = self.system.ends.owner
        self.blocks = np.flatnonzero(owner >= 0)
        self.steps = owner[self.blocks]
        self.evolution = Evolution(self.system, self.scalars, self.data, self.lower, self.upper)
        self.small = self.system.ends.stand_in(self.upper)
        # What has no upper end is measured in units of one.
        self.scale = np.where(np.isfinite(self.upper), self.upper, 1.0)

    def __call__(self, which: NDArray) -> NDArray:
        """Starts (points, unknowns)."""
        first = first_values(self.system, self.scalars, self.lower, self.upper, self.data)
        with np.errstate(all="ignore"):
            return np.array([self._one(int(i), first[i]) for i in which]).reshape(len(which), -1)

    def _one(self, point: int, x: NDArray) -> NDArray:
        x = x.copy()
        x[self.steps], x[self.blocks] = self.small[point, self.steps], self.scale[point, self.blocks]
        found = self._newton(point, self._settled(point, x))
        for level in range(len(self.blocks)):
            if found is None:
                break
            unstable = growing(self.residual, found[None], self.upper[[point]], np.array([point]), self.system.ends)[0]
            # What does not grow may still break discontinuously, into increments that are large.
            guesses = self._possible(point, found, self.steps[level])
            opened = self._opened(point, found, level, guesses if unstable else guesses[:1])
            if opened is None:
                return np.full(len(x), np.nan) if unstable else found
            found = opened
        return np.full(len(x), np.nan) if found is None else found

    def _opened(self, point: int, x: NDArray, level: int, guesses: NDArray) -> NDArray | None:
        """A solution with one more level inside the innermost one; None where there is none."""
        block = self.blocks[level]
        around = x[self.blocks[level - 1]] if level else 0.0

        def at(share: float, start: NDArray) -> tuple[float, NDArray] | None:
            y = start.copy()
            top = self.upper[point, block]
            y[block] = around + (share * (top - around) if np.isfinite(top) else share / (1 - share))
            y = self._newton(point, y, self.steps[: level + 1], self.blocks)
            if y is None or not self._distinct(point, y, level):
                return None
            return float(self.residual(y[None], np.array([point]))[0][0, block]), y

        begin = next(((s, found) for s in FIRST for g in guesses if (found := at(s, g)) is not None), None)
        if begin is None:
            return None
        for down in (True, False):
            share, (slope, y) = begin
            for _ in range(MOST):
                share = share * STRIDE if down else 1 - (1 - share) * STRIDE
                found = at(share, y)
                if found is None:
                    break
                if found[0] * slope <= 0 and (y := self._full(point, (found[1], y), level)) is not None:
                    return y
                slope, y = found
        return self._full(point, (begin[1][1],), level)

    def _full(self, point: int, starts: Iterable[NDArray], level: int) -> NDArray | None:
        """The solution in all unknowns from one of the starts."""
        for start in starts:
            found = self._newton(point, start, self.steps[: level + 1])
            if found is not None and self._distinct(point, found, level):
                return found
        return None

    def _possible(self, point: int, x: NDArray, step: int) -> NDArray:
        """With a large and a small increment that leave overlaps below the norm."""
        guess = np.tile(x, (len(INCREMENTS), 1))
        guess[:, step] = self.scale[point, step] * INCREMENTS
        finite = np.flatnonzero(np.isfinite(self.residual(guess, np.full(len(guess), point))[0]).all(axis=1))
        return guess[finite[:SMALLER:4]]

    def _distinct(self, point: int, x: NDArray, level: int) -> bool:
        """Whether levels up to this one have increments, and blocks that contain each other."""
        steps, sizes = self.steps[: level + 1], np.array([0.0, *x[self.blocks[: level + 1]], self.upper[point, self.blocks[level]]])
        return bool((x[steps] > 2 * DISTINCT * self.scale[point, steps]).all() and (np.diff(sizes) > 0).all())

    def _settled(self, point: int, x: NDArray) -> NDArray:
        """Moved by the maps of the equations at given sizes of blocks."""
        moved = np.tile(x, (len(self.upper), 1))
        absent = self.steps[x[self.steps] <= self.small[point, self.steps]]
        self.evolution.run(moved, np.array([point]), 0.5, SETTLING, fixed=np.concatenate([self.blocks, absent]))
        return moved[point]

    def _newton(self, point: int, x: NDArray, open_: Iterable[Any] = (), fixed: Iterable[Any] = ()) -> NDArray | None:
        """The solution near a start at which increments ``open_`` are not zero, ``fixed`` unknowns where they are.

        The equation of an increment is divided by it, which takes the solution at zero away.
        """
        one, open_, fixed = np.array([0]), list(open_), list(fixed)
        lower, upper = self.lower[[point]].copy(), self.upper[[point]]
        lower[:, open_] = DISTINCT * self.scale[point, open_]

        def residual(x: NDArray, _: NDArray) -> tuple[NDArray, NDArray, NDArray]:
            f, jacobian, noise = (np.array(part) for part in self.residual(x, np.full(len(x), point)))
            for i in open_:
                f[:, i], noise[:, i], jacobian[:, i] = f[:, i] / x[:, i], noise[:, i] / x[:, i], jacobian[:, i] / x[:, [i]]
                jacobian[:, i, i] -= f[:, i]
            f[:, fixed], noise[:, fixed], jacobian[:, fixed], jacobian[:, :, fixed] = 0.0, 0.0, 0.0, 0.0
            jacobian[:, fixed, fixed] = 1.0
            return f, jacobian, noise

        logarithmic, ends = self.system.logarithmic, self.system.ends
        found, _ = damped(residual, lower, upper, logarithmic, x[None], one, ends, NEWTON, PATIENCE, CLOSE)
        return found[0] if np.isfinite(found).all() else None
