"""Matrices that a user gives: symmetry where both sides are one dimension, sizes that are given by themselves too, square roots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.errors import ParameterError
from theory.symbols import size

SYMMETRIC = 1e-12
"""Asymmetry, relative to the largest entry, that is rounding."""


def check_symmetric(name: str, matrices: NDArray) -> None:
    """ParameterError for a matrix (..., n, n) that is not symmetric."""
    apart = np.abs(matrices - np.swapaxes(matrices, -1, -2)).max(axis=(-1, -2))
    if np.any(apart > SYMMETRIC * np.abs(matrices).max(axis=(-1, -2))):
        raise ParameterError(f"{name}: the matrix is not symmetric; give ({name} + {name}.T)/2")


def check_semidefinite(name: str, matrices: NDArray) -> None:
    """ParameterError for a covariance (..., n, n) with a negative eigenvalue that is more than rounding."""
    values = np.linalg.eigvalsh(matrices)
    if np.any(values[..., 0] < -SYMMETRIC * np.abs(values).max(axis=-1)):
        raise ParameterError(f"covariance {name}: it has the eigenvalue {values.min():.6g}; give a positive semidefinite matrix")


def root_of(matrix: NDArray, name: str) -> NDArray:
    """The symmetric square root of a covariance; ParameterError for one that is not positive semidefinite."""
    check_semidefinite(name, matrix)
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T


def check_matrices(theory: Any, given: Mapping[str, Any], dimensions: Mapping[str, tuple[str, ...]]) -> None:
    """ParameterError for values (of their own rank, or one more for an axis) that do not fit together.

    ``dimensions`` holds the names of the dimensions of each parameter that is an array.
    """
    for name in getattr(theory, "semidefinite", ()):
        check_semidefinite(name, given[name])
    sizes = {p.symbol: p.name for p in theory.parameters if not p.ndim}
    for parameter in (p for p in theory.parameters if p.ndim):
        value, dims = given[parameter.name], dimensions[parameter.name]
        if not isinstance(value, np.ndarray):
            continue
        if parameter.ndim == 2 and dims[0] == dims[1] and value.shape[-1] == value.shape[-2]:
            check_symmetric(parameter.name, value)
        for dimension, length in zip(dims, value.shape[-parameter.ndim :], strict=True):
            name = sizes.get(size(dimension))
            if name is not None and np.any(np.asarray(given[name]) != length):
                shown = np.ravel(given[name])[np.argmax(np.ravel(given[name]) != length)]
                raise ParameterError(f"{parameter.name}: {length} entries along {dimension}, where {name} = {shown:g}; "
                                     "give a size and arrays that agree")
