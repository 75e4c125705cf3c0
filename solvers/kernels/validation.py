"""Checks of what a kernel is given: each refusal names the object, the value and the repair."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np

from theory.errors import ParameterError


def as_points(points, name: str) -> np.ndarray:
    """`points` as a float64 array of shape (n, D), n and D at least 1, every entry finite."""
    try:
        array = np.asarray(points)
    except (TypeError, ValueError) as error:
        raise ParameterError(
            f"{name} is not an array of shape (n, D): {error}; give one row per point"
        ) from None
    if array.dtype.kind not in "biuf":
        raise ParameterError(f"{name} has dtype {array.dtype}; give real numbers")
    if array.ndim != 2:
        raise ParameterError(f"{name} has shape {array.shape}; give shape (n, D), one row per point")
    if 0 in array.shape:
        raise ParameterError(
            f"{name} has shape {array.shape}, which is empty; give at least one point and dimension"
        )
    array = array.astype(float)
    if not np.isfinite(array).all():
        row, column = np.argwhere(~np.isfinite(array))[0]
        raise ParameterError(f"{name}[{row}, {column}] is {array[row, column]}; give finite numbers")
    return array


def real_number(value, name: str, *, positive: bool) -> float:
    """A finite number, > 0 if `positive`, else >= 0."""
    ok = isinstance(value, Real) and not isinstance(value, bool) and np.isfinite(float(value))
    if not ok or value < 0 or (positive and value == 0):
        wanted = "a positive" if positive else "a non-negative"
        raise ParameterError(f"{name} is {value!r}; give {wanted} finite number")
    return float(value)


def whole_number(value, name: str, least: int) -> int:
    """An integer that is not below `least`."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ParameterError(f"{name} is {value!r}; give an integer >= {least}")
    return int(value)
