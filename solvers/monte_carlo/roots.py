"""The square root of a covariance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solvers.given_matrices import check_semidefinite


def root_of(matrix: NDArray, name: str) -> NDArray:
    """The symmetric square root of a covariance; ParameterError for one that is not positive semidefinite."""
    check_semidefinite(name, matrix)
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
