"""Arrays that a user gives beside parameters: kernels, features, labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory.errors import ParameterError


def real_array(values: ArrayLike, name: str) -> NDArray:
    """An array of finite real numbers."""
    try:
        array = np.asarray(values)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"{name} is not an array: {error}; give an array of real numbers") from None
    if np.ma.is_masked(values):
        raise ParameterError(f"{name} has {int(np.ma.count_masked(values))} masked entries; leave them out or fill them")
    if array.dtype.kind not in "biuf":
        raise ParameterError(f"{name} has dtype {array.dtype}; give real numbers")
    if not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ParameterError(f"{name}{list(where)} is {array[where]}; give finite numbers")
    return array.astype(float)
