"""Distribution shifts as the parameters of the model `out-of-distribution`: kernels on finite sets of points, linear regression."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.eigenproblem import EmpiricalModes, empirical_modes
from solvers.monte_carlo import Rows
from theory.errors import ParameterError

SMALLEST = 1e-13
"""Variance of a direction that is never seen in training, relative to the largest: its weight stays unlearned."""


@dataclass(frozen=True, eq=False)
class Shift:
    """A kernel on m points with probabilities ``train`` and ``test``, both (m,), and the values y of a target there.

    ``gram`` is K, shape (m, m). Training probabilities are positive; those of a test may vanish. ParameterError otherwise.
    """

    gram: ArrayLike
    target: ArrayLike
    train: ArrayLike | None = None
    test: ArrayLike | None = None

    def __post_init__(self) -> None:
        count = len(self.modes.pmf)
        test = self.modes.pmf if self.test is None else np.asarray(self.test, dtype=float)
        if test.shape != (count,):
            raise ParameterError(f"test has shape {test.shape}; give ({count},), one probability per point of gram")
        if not np.all(test >= 0) or abs(test.sum() - 1) > 1e-8:
            raise ParameterError(f"test sums to {test.sum():.9g}, smallest entry {test.min():g}; give probabilities that sum to 1")
        if np.ndim(self.target) != 1:
            raise ParameterError(f"target has shape {np.shape(self.target)}; give ({count},), one output")
        object.__setattr__(self, "test", test)
        object.__setattr__(self, "train", self.modes.pmf)

    @cached_property
    def modes(self) -> EmpiricalModes:
        """The kernel's modes under the training probabilities."""
        return empirical_modes(self.gram, self.target, self.train)

    @property
    def values(self) -> dict[str, Any]:
        """``eigenvalues``, ``target`` and ``overlap`` of the model."""
        features, test = self.modes.features, np.asarray(self.test)
        return {
            "eigenvalues": self.modes.eigenvalues,
            "target": self.modes.coefficients,
            "overlap": symmetric((features.T * test) @ features),
        }

    def trained_on(self, train: ArrayLike) -> Shift:
        """The same test after training on another distribution."""
        return Shift(self.gram, self.target, train, self.test)

    def tested_on(self, test: ArrayLike) -> Shift:
        """The same training, tested on another distribution."""
        return Shift(self.gram, self.target, self.train, test)

    def rows(self) -> Rows:
        """Training samples for ``simulate(..., design={"Phi": shift.rows()})``: points drawn with the training probabilities."""
        return Rows(self.modes.features, replace=True, pmf=self.modes.pmf)


def linear_shift(train: ArrayLike, test: ArrayLike, coefficients: ArrayLike) -> dict[str, Any]:
    """``eigenvalues``, ``target`` and ``overlap`` of linear regression y = x·β + noise on inputs of covariance ``train``, tested on
    inputs of covariance ``test``.

    Covariances are matrices (N, N), or their diagonals (N,); they need not commute. A direction of no variance in training is never
    learned. ParameterError for anything that is not a covariance.
    """
    beta = np.asarray(coefficients, dtype=float)
    c, other = (_covariance(name, value, beta.shape) for name, value in (("train", train), ("test", test)))
    if not np.all(np.isfinite(beta)):
        raise ParameterError("coefficients: some are not finite; give finite numbers")
    variances, basis = np.linalg.eigh(c)
    if variances[-1] <= 0:
        raise ParameterError("train: the covariance is zero; give inputs that vary")
    variances, basis = np.maximum(variances[::-1], SMALLEST * variances[-1]), basis[:, ::-1]
    root = np.sqrt(variances)
    overlap = (basis.T @ other @ basis) / np.outer(root, root)
    return {"eigenvalues": variances, "target": root * (basis.T @ beta), "overlap": symmetric(overlap)}


def _covariance(name: str, value: ArrayLike, shape: tuple[int, ...]) -> NDArray:
    matrix = np.asarray(value, dtype=float)
    if len(shape) != 1 or matrix.shape not in (shape, shape * 2):
        raise ParameterError(f"{name}: shape {matrix.shape} with coefficients of shape {shape}; give (N, N) or (N,), and (N,)")
    matrix = np.diag(matrix) if matrix.ndim == 1 else matrix
    if not np.all(np.isfinite(matrix)) or not np.allclose(matrix, matrix.T, rtol=1e-10, atol=1e-10 * np.abs(matrix).max()):
        raise ParameterError(f"{name}: the covariance is not finite and symmetric; give (C + C.T)/2")
    least = float(np.linalg.eigvalsh(matrix)[0])
    if least < -1e-10 * np.abs(matrix).max():
        raise ParameterError(f"{name}: eigenvalue {least:g}; a covariance has none below zero")
    return symmetric(matrix)


def symmetric(matrix: NDArray) -> NDArray:
    """The symmetric part, free of rounding."""
    return (matrix + matrix.T) / 2
