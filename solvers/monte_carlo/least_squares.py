"""Regularised least squares, at penalties from large to the limit 0+, in the smaller of the two dimensions.

minimise  |A x + c|^2/2 + sum_k d_k x_k^2/2 + l.x     (A: n x N; d: N; c: n x B; l: N x B; one problem per column B)

With d = s*weight the problem in v = sqrt(weight)*x has a plain ridge s, and a limit s -> 0+ that depends on the weights only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from theory.errors import ParameterError

WORST_CONDITION = 1e-7
"""Reciprocal condition number below which a Cholesky factor gives way to a singular value decomposition."""


@dataclass(frozen=True)
class Spread:
    """How near the matrix is to a singular one: |n - N|, and the smallest squared singular value over the ridge."""

    gap: int
    smallest: float


class LeastSquares:
    """The factored problem; ``solve(c, l)`` gives the minimiser, shape (N, B).

    ``limit=True`` takes d as the direction of a penalty that goes to zero. Raises ParameterError where the minimum is not unique.
    """

    def __init__(self, rows: NDArray, penalty: NDArray, limit: bool = False):
        self.size = rows.shape[1]
        # A coordinate on which nothing depends stays at zero, as under any penalty on it.
        self.active = (penalty > 0) | np.any(rows, axis=0)
        penalty, rows = penalty[self.active], rows[:, self.active]
        scale = float(penalty.max(initial=0.0))
        self.penalised = scale > 0 and bool(np.all(penalty > 0))
        if limit and not self.penalised:
            raise ParameterError("energy: without its penalty the minimum is not unique; penalise every variable")
        if self.penalised:
            self.ridge = 0.0 if limit else scale
            self.root = np.sqrt(penalty / scale)
        else:
            # A penalty on some variables only: its rows join the others.
            rows = np.concatenate([rows, np.diag(np.sqrt(penalty))[penalty > 0]])
            self.ridge, self.root = 0.0, np.ones(rows.shape[1])
        self.limit = limit
        self.extra = 0 if self.penalised else int(np.count_nonzero(penalty))
        self.rows = rows / self.root
        self._factor()

    def _factor(self) -> None:
        n, size = self.rows.shape
        used = int(np.count_nonzero(np.any(self.rows, axis=0)))
        gap = abs(n - used)
        self.spread = Spread(gap, 0.0)
        self.lower: NDArray | None = None
        if self.ridge > 0 and gap > 3 and self._cholesky(n < size):
            return
        left, values, right = np.linalg.svd(self.rows, full_matrices=False)
        least = values.max(initial=0.0) * np.finfo(float).eps * max(n, size)
        keep = values > least
        if not self.penalised and np.count_nonzero(keep) < size:
            raise ParameterError("energy: the minimum is not unique; add a penalty (ridge) on every variable")
        self.left, self.values, self.right = left[:, keep], values[keep], right[keep]
        if self.penalised and self.values.size:
            smallest = float(self.values[-1]) ** 2
            self.spread = Spread(gap, np.inf if self.ridge == 0 else smallest / self.ridge)

    def _cholesky(self, dual: bool) -> bool:
        """Factor of the smaller Gram matrix plus ridge; False where it is too ill-conditioned for that."""
        from scipy.linalg.lapack import dpocon, dpotrf

        self.dual = dual
        gram = self.rows @ self.rows.T if dual else self.rows.T @ self.rows
        gram[np.diag_indices_from(gram)] += self.ridge
        norm = np.abs(gram).sum(axis=0).max()
        lower, failed = dpotrf(gram, lower=1)
        if failed or dpocon(lower, norm, uplo="L")[0] < WORST_CONDITION:
            return False
        self.lower = lower
        return True

    def solve(self, offset: NDArray, linear: NDArray) -> NDArray:
        """Minimiser for every column of ``offset`` (n, B) and ``linear`` (N, B)."""
        linear = linear[self.active] / self.root[:, None]
        if np.any(linear) and self.limit:
            raise ParameterError("energy: a linear term has no minimum as its penalty goes to zero; keep the penalty positive")
        if self.extra:
            offset = np.concatenate([offset, np.zeros((self.extra, offset.shape[1]))])
        if self.ridge > 0:
            # v = u - l/ridge removes the linear term.
            shift = linear / self.ridge
            v = self._plain(offset - self.rows @ shift) - shift
        else:
            v = self._plain(offset)
            if np.any(linear):
                v = v - self.right.T @ ((self.right @ linear) / self.values[:, None] ** 2)
        x = np.zeros((self.size, v.shape[1]))
        x[self.active] = v / self.root[:, None]
        return x

    def _plain(self, offset: NDArray) -> NDArray:
        if self.lower is None:
            values = self.values[:, None]
            return -self.right.T @ ((self.left.T @ offset) / (values + self.ridge / values))
        from scipy.linalg.lapack import dpotrs

        right_side = offset if self.dual else self.rows.T @ offset
        solution = dpotrs(self.lower, right_side, lower=1)[0]
        return -(self.rows.T @ solution if self.dual else solution)
