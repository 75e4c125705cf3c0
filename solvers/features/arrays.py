"""Checks of features, labels and moments that a user brings: each refusal names the object, the value and the repair."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.arrays import real_array
from theory.errors import ParameterError


def features_and_labels(Phi: ArrayLike, y: ArrayLike) -> tuple[NDArray, NDArray]:
    """Features (m, N) and labels (m, outputs)."""
    features, labels = real_array(Phi, "Phi"), real_array(y, "y")
    if features.ndim != 2 or not features.size:
        raise ParameterError(f"Phi has shape {features.shape}; give (samples, features), one row for each sample")
    if not features.any():
        raise ParameterError("Phi is zero; give features that are not")
    if labels.ndim not in (1, 2) or not labels.size or len(labels) != len(features):
        m = len(features)
        raise ParameterError(f"y has shape {labels.shape} for Phi of shape {features.shape}; give ({m},) or ({m}, outputs)")
    return features, labels.reshape(len(labels), -1)


def within_range(values: NDArray, name: str) -> None:
    """ParameterError for entries whose squares are no numbers in double precision; all zero is in range."""
    largest = float(np.abs(values).max(initial=0.0))
    if largest and not 1e-140 < largest < 1e140:
        raise ParameterError(f"{name} has entries up to {largest:.3g}, whose squares leave double precision; choose another unit")


def covariance_of(values: ArrayLike) -> NDArray:
    """A symmetric matrix, from itself or its diagonal."""
    matrix = real_array(values, "covariance")
    if matrix.ndim == 1 and matrix.size:
        matrix = np.diag(matrix)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.any():
        raise ParameterError(f"covariance has shape {matrix.shape}; give a square matrix that is not zero, or its diagonal")
    if np.abs(matrix - matrix.T).max() > 1e-10 * np.abs(matrix).max():
        raise ParameterError("covariance is not symmetric; give (C + C.T)/2")
    return (matrix + matrix.T) / 2


def nonnegative(value: Any, name: str, positive: bool = False) -> float:
    """A finite number, not negative, or above zero."""
    number = real_array(value, name)
    if number.ndim or number < 0 or (positive and number == 0):
        found = f"{name} has shape {number.shape}" if number.ndim else f"{name} = {number:g}"
        raise ParameterError(f"{found}; give {'a positive' if positive else 'a non-negative'} number")
    return float(number)


def count(value: Any, name: str, least: int, most: float = np.inf) -> int:
    """A whole number within bounds."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not least <= value <= most:
        bounds = f"{least} or more" if np.isinf(most) else f"from {least} to {most:g}"
        raise ParameterError(f"{name} = {value!r}; give a whole number, {bounds}")
    return int(value)
