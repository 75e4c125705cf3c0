"""What every kernel is: a rotation-invariant function of two points; sums, products, positive multiples."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from numbers import Real

import numpy as np

from solvers.kernels.pairs import Pairs, Points
from solvers.kernels.validation import as_points, real_number, whole_number
from theory.errors import ParameterError

_BLOCK = 2**17  # pairs evaluated at once: a temporary then stays in the cache


class Kernel(ABC):
    """A positive semidefinite kernel K(x, z) that depends on |x|, |z|, x.z and the dimension D alone.

    A subclass gives `of_pairs`; Gram matrices, diagonals and profiles on a sphere follow. `K + L`, `K * L`
    and `2.5 * K` are kernels. A Gram matrix K(X) is exactly symmetric.
    """

    @abstractmethod
    def of_pairs(self, pairs: Pairs) -> np.ndarray:
        """K at each pair, an array of the pairs' shape."""

    def __call__(self, X, Z=None) -> np.ndarray:
        """Gram matrix K(x_i, z_j), shape (n, m), of points X (n, D) and Z (m, D); Z = X if not given.

        Raises ParameterError for points that are not finite real arrays of one dimension D.
        """
        left = Points.of(as_points(X, "X"), "X")
        if Z is None:
            return self._symmetric(left)
        right = Points.of(as_points(Z, "Z"), "Z")
        if left.units.shape[1] != right.units.shape[1]:
            raise ParameterError(
                f"X has dimension {left.units.shape[1]} and Z has {right.units.shape[1]}; "
                "give points of one dimension"
            )
        n, m = len(left.squares), len(right.squares)
        gram = np.empty((n, m))
        step = max(1, _BLOCK // m)
        for start in range(0, n, step):
            rows = slice(start, start + step)
            gram[rows] = self.of_pairs(left[rows].against(right))
        return gram

    def _symmetric(self, points: Points) -> np.ndarray:
        n = len(points.squares)
        gram = np.empty((n, n))
        step = max(64, _BLOCK // n)
        for start in range(0, n, step):
            stop = min(start + step, n)
            block = self.of_pairs(points[start:stop].against(points[:stop]))
            square = block[:, start:]
            block[:, start:] = (square + square.T) / 2
            gram[start:stop, :stop] = block
            gram[:start, start:stop] = block[:, :start].T
        return gram

    def diagonal(self, X) -> np.ndarray:
        """K(x_i, x_i), shape (n,), of points X (n, D)."""
        return np.array(self.of_pairs(Points.of(as_points(X, "X"), "X").paired()))

    def profile(self, t, dimension: int = 1, radius: float | None = None) -> np.ndarray:
        """K as a function of the cosine t in [-1, 1], any shape, for points of norm `radius` in R^dimension.

        The radius is sqrt(dimension) if not given, the sphere on which |x|^2/D = 1. There a network,
        polynomial or dot-product kernel does not depend on the dimension.
        """
        dimension = whole_number(dimension, "dimension", 1)
        norm = dimension**0.5 if radius is None else real_number(radius, "radius", positive=True)
        return self.of_pairs(Pairs.from_cosine(t, dimension, norm))

    def __add__(self, other: Kernel) -> Kernel:
        return Sum(self, other) if isinstance(other, Kernel) else NotImplemented

    def __mul__(self, other: Kernel | float) -> Kernel:
        if isinstance(other, Kernel):
            return Product(self, other)
        return Multiple(other, self) if isinstance(other, Real) else NotImplemented

    __rmul__ = __mul__


@dataclass(frozen=True)
class Sum(Kernel):
    """first(x, z) + second(x, z)."""

    first: Kernel
    second: Kernel

    def of_pairs(self, pairs: Pairs) -> np.ndarray:
        return self.first.of_pairs(pairs) + self.second.of_pairs(pairs)


@dataclass(frozen=True)
class Product(Kernel):
    """first(x, z) * second(x, z), positive semidefinite by Schur's product theorem."""

    first: Kernel
    second: Kernel

    def of_pairs(self, pairs: Pairs) -> np.ndarray:
        return self.first.of_pairs(pairs) * self.second.of_pairs(pairs)


@dataclass(frozen=True)
class Multiple(Kernel):
    """factor * kernel(x, z), for a positive factor."""

    factor: float
    kernel: Kernel

    def __post_init__(self) -> None:
        object.__setattr__(self, "factor", real_number(self.factor, "kernel factor", positive=True))

    def of_pairs(self, pairs: Pairs) -> np.ndarray:
        return self.factor * self.kernel.of_pairs(pairs)
