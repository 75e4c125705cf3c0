"""Multipliers of a linear dynamics, found step by step so that its constraints hold."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.compile import compile_expressions
from theory.errors import ConvergenceError

HELD = 1e-8
"""By how much a constraint may be missed, per site."""


class Multipliers:
    """Of a :class:`~solvers.dynamical.two_time.March`: its constraints are written in moments of the states."""

    def __init__(self, march: Any):
        self.march, constraints = march, march.theory.constraints
        self.names = list(constraints)
        self.compiled = compile_expressions(list(constraints.values()))
        self.moments = {s: m for s, m in march.theory.moments.items() if any(s in e.free_symbols for e in constraints.values())}
        self.values = march.of.multipliers = {m: np.zeros(march.number) for m in self.names}

    def hold(self, n: int) -> None:
        """Those of step n - 1, at which the constraints hold at step n; ConvergenceError, naming the time, where there are none."""
        if not self.names or not n:
            return
        from scipy.optimize import root

        found = root(lambda guess: self._violated(guess, n), [self.values[m][max(n - 2, 0)] for m in self.names], tol=1e-12)
        if not np.all(np.abs(self._violated(found.x, n)) <= HELD * max(float(np.sum(c)) for c in self.march.count.values())):
            at = f"t = {(n - 1) * self.march.length:g}"
            name = self.march.theory.name
            raise ConvergenceError(f"{name}: no multiplier {self.names[0]} holds its constraint at {at}; shorten time_step")
        for m in self.names:
            self.values[m][n] = self.values[m][n - 1]

    def _violated(self, guess: NDArray, n: int) -> NDArray:
        march = self.march
        for m, value in zip(self.names, guess, strict=True):
            self.values[m][n - 1] = value
        march.rows.update({x: march.state(x, n) for x in march.theory.laws})
        known = {**march.of.scalars, **{s: march.moment(m, n) for s, m in self.moments.items()}}
        return np.array(self.compiled({s: known[s] for s in self.compiled.scalars}), dtype=float)
