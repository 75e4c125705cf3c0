"""Kernels of the distance |x - z|: Gaussian and Laplace."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.kernels.kernel import Kernel
from solvers.kernels.pairs import Pairs
from solvers.kernels.validation import real_number


@dataclass(frozen=True)
class _Radial(Kernel):
    bandwidth: float

    def __post_init__(self) -> None:
        name = f"{type(self).__name__} bandwidth"
        object.__setattr__(self, "bandwidth", real_number(self.bandwidth, name, positive=True))


@dataclass(frozen=True)
class GaussianKernel(_Radial):
    """exp(-|x - z|^2 / (2 bandwidth^2)). The distance is not divided by the dimension."""

    def of_pairs(self, pairs: Pairs) -> np.ndarray:
        return np.exp(-pairs.dimension * pairs.squared_distance / (2 * self.bandwidth**2))


@dataclass(frozen=True)
class LaplaceKernel(_Radial):
    """exp(-|x - z| / bandwidth). The distance is not divided by the dimension."""

    def of_pairs(self, pairs: Pairs) -> np.ndarray:
        return np.exp(-np.sqrt(pairs.dimension * pairs.squared_distance) / self.bandwidth)
