"""Gaussian processes drawn as their covariance becomes known: each row is what the earlier ones imply plus something new."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

NOTHING_NEW = 1e-7
"""Share of a variance that the earlier rows leave open, below which a row holds nothing new. Smaller ones make factors that amplify
rounding from row to row: at 1e-10 a run of 160 steps is lost."""
LOST = 1e-3
"""Share of a variance by which the earlier rows may imply more than there is."""


class Innovations:
    """Rows of a Cholesky factor, appended one at a time, and the Gaussian variables of those that hold something new."""

    def __init__(self, most: int, samples: int):
        self.factor = np.zeros((most, most))
        self.new = np.zeros((most, samples))
        self.count = 0

    def append(self, covariance: NDArray, variance: float, take: Callable[[int], NDArray]) -> tuple[NDArray, bool]:
        """The values of a row, of given covariance with the rows that held something new, and whether it is one of them.

        ArithmeticError where rounding has made the covariance impossible.
        """
        from scipy.linalg import solve_triangular

        n, fresh = self.count, take(1)[0]
        known = solve_triangular(self.factor[:n, :n], covariance, lower=True, check_finite=False) if n else np.zeros(0)
        left = variance - float(known @ known)
        if left < -LOST * variance:
            raise ArithmeticError(f"{-left / variance:.1g} of its variance more than there is")
        value = known @ self.new[:n]
        if not left > NOTHING_NEW * variance:
            return value, False
        self.factor[n, :n], self.factor[n, n], self.new[n] = known, np.sqrt(left), fresh
        self.count += 1
        return value + np.sqrt(left) * fresh, True
