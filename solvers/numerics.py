"""NumPy functions by the names under which compiled expressions call them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.eigenvalues import largest_eigenvalue, largest_eigenvalue_slope


def _sum(body: Any, weight: NDArray, axis: int) -> Any:
    return np.sum(body * weight, axis=axis, keepdims=True)


def numeric_functions() -> dict[str, Any]:
    from scipy.special import erfcx, log_ndtr, ndtr

    return {
        "_sum": _sum,
        "Support": lambda x: np.where(np.asarray(x) != 0, 1.0, 0.0),
        "H": lambda x: ndtr(-np.asarray(x)),
        "log_H": lambda x: log_ndtr(-np.asarray(x)),
        "hazard": lambda x: np.sqrt(2 / np.pi) / erfcx(np.asarray(x) / np.sqrt(2)),
        "Clipped": np.maximum,
        "LargestEigenvalue": largest_eigenvalue,
        "LargestEigenvalueSlope": largest_eigenvalue_slope,
        "_component": lambda points, i: points[i],
        "log_cosh": lambda x: np.logaddexp(x, -np.asarray(x)) - np.log(2.0),
    }
