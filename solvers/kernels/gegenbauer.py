"""Zonal harmonics of the sphere S^{D-1}: their polynomials in the cosine and their degeneracies."""

from __future__ import annotations

from collections.abc import Iterator
from math import comb

import numpy as np

from solvers.kernels.validation import whole_number


def degeneracy(dimension: int, degree: int) -> int:
    """Number of linearly independent spherical harmonics of a degree on S^{D-1}, exact; D >= 2."""
    D, k = whole_number(dimension, "dimension", 2), whole_number(degree, "degree", 0)
    return comb(k + D - 1, D - 1) - (comb(k + D - 3, D - 1) if k >= 2 else 0)


def zonal_polynomials(t, dimension: int) -> Iterator[np.ndarray]:
    """Q_0(t), Q_1(t), ... without end: Gegenbauer polynomials of S^{D-1}, Q_k(1) = 1, t in [-1, 1].

    (k + D - 2) Q_{k+1} = (2k + D - 2) t Q_k - k Q_{k-1}, stable for |t| <= 1 in any D; E[Q_j Q_k] = delta_jk
    / degeneracy for the cosine t of two independent uniform points.
    """
    D = whole_number(dimension, "dimension", 2)
    t = np.asarray(t, dtype=float)
    before, current = np.ones_like(t), t.copy()
    k = 1
    while True:
        yield before
        before, current = current, ((2 * k + D - 2) * t * current - k * before) / (k + D - 2)
        k += 1
