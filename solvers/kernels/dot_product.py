"""Kernels of the normalised inner product x.z/D: linear, polynomial, and a function of the user's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from solvers.kernels.kernel import Kernel
from solvers.kernels.pairs import Pairs
from solvers.kernels.validation import real_number, whole_number
from theory.errors import ParameterError


@dataclass(frozen=True)
class LinearKernel(Kernel):
    """x.z/D."""

    def of_pairs(self, pairs: Pairs) -> np.ndarray:
        return np.array(pairs.xz)


@dataclass(frozen=True)
class PolynomialKernel(Kernel):
    """(scale x.z/D + offset)^degree: degree an integer >= 1, offset >= 0, scale > 0."""

    degree: int
    offset: float = 1.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "degree", whole_number(self.degree, "PolynomialKernel degree", 1))
        object.__setattr__(
            self, "offset", real_number(self.offset, "PolynomialKernel offset", positive=False)
        )
        object.__setattr__(self, "scale", real_number(self.scale, "PolynomialKernel scale", positive=True))

    def of_pairs(self, pairs: Pairs) -> np.ndarray:
        return (self.scale * pairs.xz + self.offset) ** self.degree


@dataclass(frozen=True)
class DotProduct(Kernel):
    """function(x.z/D), vectorised, whose Taylor coefficients at 0 are non-negative (Schoenberg 1942).

    That condition makes the kernel positive semidefinite in every dimension; it is not checked here, the
    eigenproblems refuse what violates it on their points.
    """

    function: Callable[[np.ndarray], np.ndarray]

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise ParameterError(
                f"DotProduct function is {self.function!r}; give a vectorised function of x.z/D"
            )

    def of_pairs(self, pairs: Pairs) -> np.ndarray:
        values = np.asarray(self.function(np.array(pairs.xz)))
        if values.shape != pairs.xz.shape or values.dtype.kind not in "biuf":
            raise ParameterError(
                f"DotProduct function gives shape {values.shape}, dtype {values.dtype} for arguments of "
                f"shape {pairs.xz.shape}; give a vectorised real function"
            )
        if not np.isfinite(values).all():
            worst = pairs.xz[~np.isfinite(values)].flat[0]
            raise ParameterError(f"DotProduct function is not finite at x.z/D = {worst}; give one that is")
        return values.astype(float)
