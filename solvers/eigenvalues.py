"""Largest eigenvalue of small matrices whose entries are arrays, its derivative by an entry, and entries of their inverses."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray


def largest_eigenvalue(*entries: ArrayLike) -> NDArray:
    """Largest real part of the eigenvalues of the matrix with these entries, row by row; shapes broadcast."""
    matrix, finite = _matrix(entries)
    values = np.real(np.linalg.eigvals(matrix)).max(axis=-1)
    return np.where(finite, values, np.nan)


def largest_eigenvalue_slope(number: ArrayLike, *entries: ArrayLike) -> NDArray:
    """Derivative of that eigenvalue by the entry of a number: the product of a left and a right eigenvector."""
    matrix, finite = _matrix(entries)
    i, j = divmod(int(np.asarray(number).reshape(-1)[0]), matrix.shape[-1])
    values, right = np.linalg.eig(matrix)
    best = np.asarray(np.real(values).argmax(axis=-1))[..., None]
    try:
        left = np.linalg.inv(right)
    except np.linalg.LinAlgError:
        left = np.linalg.pinv(right)
    slope = np.take_along_axis(left[..., i], best, -1) * np.take_along_axis(right[..., j, :], best, -1)
    return np.where(finite, np.real(slope[..., 0]), np.nan)


def inverse_entry(i: ArrayLike, j: ArrayLike, *entries: ArrayLike) -> NDArray:
    """Entry of the inverse of the matrix with these entries, row by row; NaN where there is none."""
    matrix, finite = _matrix(entries)
    singular = np.linalg.matrix_rank(matrix) < matrix.shape[-1]
    found = np.linalg.inv(np.where(singular[..., None, None], np.eye(matrix.shape[-1]), matrix))
    value = found[..., int(np.asarray(i).flat[0]), int(np.asarray(j).flat[0])]
    return np.where(finite & ~singular, value, np.nan)


def _matrix(entries: tuple[ArrayLike, ...]) -> tuple[NDArray, NDArray]:
    size = math.isqrt(len(entries))
    stacked = np.stack(np.broadcast_arrays(*entries), axis=-1).astype(float)
    finite = np.asarray(np.isfinite(stacked).all(axis=-1))
    stacked = np.where(finite[..., None], stacked, 0.0)
    return stacked.reshape(*stacked.shape[:-1], size, size), finite
