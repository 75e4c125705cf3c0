"""NumPy functions by the names under which compiled expressions call them."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.eigenvalues import inverse_entry, largest_eigenvalue, largest_eigenvalue_slope
from solvers.modes.sums import even, plain
from theory.special import LEAST

FRACTION, TERMS = 6.0, 40
"""Beyond this the residual life is a continued fraction of so many terms."""


def numeric_functions(stepped: bool = False) -> dict[str, Any]:
    """Stable for large arguments; where ``stepped``, the imaginary part of an argument is a step along the slope."""
    from scipy.special import erfcx, expit, log_ndtr, ndtr

    def hazard(x: NDArray) -> NDArray:
        return np.sqrt(2 / np.pi) / erfcx(np.asarray(x) / np.sqrt(2))

    def residual_life(x: NDArray) -> NDArray:
        x = np.asarray(x)
        far = x > FRACTION
        result = np.array(hazard(x) - x)
        tail = large = x[far]
        for k in range(TERMS, 1, -1):
            tail = large + k / tail
        result[far] = 1 / tail
        return result

    def log_cosh(x: NDArray) -> NDArray:
        return np.logaddexp(x, -np.asarray(x)) - np.log(2.0)

    def log_between(x: NDArray, y: NDArray) -> NDArray:
        x, y = np.asarray(x), np.asarray(y)
        if np.iscomplexobj(x) or np.iscomplexobj(y):
            ends = np.real(x), np.real(y)
            value = log_between(*ends)
            slopes = [np.exp(-(e**2) / 2 - value) / np.sqrt(2 * np.pi) for e in ends]
            return value + 1j * (slopes[1] * np.imag(y) - slopes[0] * np.imag(x))
        # On the side where tails are small.
        left = x + y < 0
        near, far = log_ndtr(-np.where(left, -y, x)), log_ndtr(-np.where(left, -x, y))
        return near + np.log(-np.expm1(far - near))

    def log_sum(*x: NDArray) -> NDArray:
        top = reduce(np.maximum, [np.real(a) for a in x])
        return top + np.log(sum(np.exp(a - top) for a in x))

    found = {
        "_sum": plain,
        "_even": even,
        "_square": np.square,
        "Support": lambda x: np.where(np.asarray(x) != 0, 1.0, 0.0),
        "H": lambda x: ndtr(-np.asarray(x)),
        "log_H": lambda x: log_ndtr(-np.asarray(x)),
        "hazard": hazard,
        "residual_life": residual_life,
        "Spread": lambda left, whole: np.sqrt(np.maximum(left, float(LEAST) * np.asarray(whole))),
        "Clipped": np.maximum,
        "Within": lambda x, most: np.minimum(np.maximum(x, -most), most),
        "Exceeds": lambda x, bound: np.greater(np.real(x), np.real(bound)) * 1.0,
        "InverseEntry": inverse_entry,
        "LargestEigenvalue": largest_eigenvalue,
        "LargestEigenvalueSlope": largest_eigenvalue_slope,
        "_derivative": lambda envelope, *indices: envelope.derivative(*indices),
        "log_between": log_between,
        "log_cosh": log_cosh,
        "LogSum": log_sum,
        "softplus": lambda x: np.logaddexp(0.0, x),
        "expit": expit,
    }
    if not stepped:
        return found
    return found | {
        "H": _stepped(found["H"], lambda x: -np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)),
        "log_H": _stepped(found["log_H"], lambda x: -hazard(x)),
        "hazard": _stepped(hazard, lambda x: hazard(x) * residual_life(x)),
        "residual_life": _stepped(residual_life, lambda x: hazard(x) * residual_life(x) - 1),
        "log_cosh": _stepped(log_cosh, np.tanh),
        "tanh": _stepped(np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    }


def _stepped(function: Callable[[NDArray], NDArray], slope: Callable[[NDArray], NDArray]) -> Callable[[Any], Any]:
    """A function that takes the imaginary part of its argument as a step."""

    def evaluated(x: Any) -> Any:
        x = np.asarray(x)
        if not np.iscomplexobj(x):
            return function(x)
        real = np.real(x)
        return function(real) + 1j * np.imag(x) * slope(real)

    return evaluated
