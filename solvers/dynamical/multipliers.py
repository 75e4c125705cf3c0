"""Multipliers of a linear dynamics, found step by step so that its constraints hold."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.compile import compile_expressions
from theory.errors import ConvergenceError

HELD = 1e-8
"""By how much a constraint may be missed, per site."""
SETTLED = 1e-12
"""Relative steps of multipliers that are no more than rounding."""
SLOPE = 1e-4
"""Relative step for the slopes of constraints."""
FOLLOWED = 8
"""Most secant steps from one time to the next."""


class Multipliers:
    """Of a :class:`~solvers.dynamical.two_time.March`: its constraints are written in moments of the states."""

    def __init__(self, march: Any):
        self.march, constraints = march, march.theory.constraints
        self.names = list(constraints)
        self.compiled = compile_expressions(list(constraints.values()))
        self.moments = {s: m for s, m in march.theory.moments.items() if any(s in e.free_symbols for e in constraints.values())}
        self.slopes: NDArray | None = None
        self.values = march.of.multipliers = {m: np.zeros(march.number) for m in self.names}

    def hold(self, n: int) -> None:
        """Those of step n - 1, at which the constraints hold at step n; ConvergenceError, naming the time, where there are none."""
        if not self.names or not n:
            return
        size = max(float(np.sum(c)) for c in self.march.count.values())
        if not self._followed(n, size):
            self._searched(n, size)
        for m in self.names:
            self.values[m][n] = self.values[m][n - 1]

    def _followed(self, n: int, size: float) -> bool:
        """From where the multipliers head, by secants that begin with the slopes of the step before; whether that succeeds."""
        if self.slopes is None or n < 3:
            return False
        guess = np.array([2 * self.values[m][n - 2] - self.values[m][n - 3] for m in self.names])
        slopes, missed = self.slopes, self._violated(guess, n)
        for _ in range(FOLLOWED):
            try:
                move = -np.linalg.solve(slopes, missed)
            except np.linalg.LinAlgError:
                return False
            if np.all(np.abs(move) <= SETTLED * np.maximum(1.0, np.abs(guess))):
                self.slopes = slopes
                return bool(np.all(np.abs(missed) <= HELD * size))
            if not np.isfinite(move).all():
                return False
            guess, before = guess + move, missed
            missed = self._violated(guess, n)
            slopes = slopes + np.outer(missed - before - slopes @ move, move) / (move @ move)
        return False

    def _searched(self, n: int, size: float) -> None:
        """From where the multipliers were, whatever their slopes."""
        from scipy.optimize import root

        found = root(lambda guess: self._violated(guess, n), [self.values[m][max(n - 2, 0)] for m in self.names], tol=SETTLED)
        missed = self._violated(found.x, n)
        if not np.all(np.abs(missed) <= HELD * size):
            at = f"t = {(n - 1) * self.march.length:g}"
            name = self.march.theory.name
            raise ConvergenceError(f"{name}: no multiplier {self.names[0]} holds its constraint at {at}; shorten time_step")
        steps = SLOPE * np.maximum(1.0, np.abs(found.x))
        columns = [(self._violated(found.x + h, n) - missed) / step for h, step in zip(np.diag(steps), steps, strict=True)]
        self.slopes = np.stack(columns, axis=1)
        self._violated(found.x, n)

    def _violated(self, guess: NDArray, n: int) -> NDArray:
        march = self.march
        for m, value in zip(self.names, guess, strict=True):
            self.values[m][n - 1] = value
        march.rows.update({x: march.state(x, n) for x in march.theory.laws})
        known = {**march.of.scalars, **{s: march.moment(m, n) for s, m in self.moments.items()}}
        return np.array(self.compiled({s: known[s] for s in self.compiled.scalars}), dtype=float)
