"""Eigenvalue densities, derived beforehand, against plain sums over the population."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from measure import Benchmark

from solvers import density
from theory import Dim, Gaussian
from theory.free import marchenko_pastur, semicircle
from theory.symbols import positive

POINTS = 500
M, P = Dim("M", "eta"), Dim("P")
(eta,) = M.spectra
X = Gaussian("X", P, M, column_covariance=eta, variance=1 / P)


def population(modes: int) -> np.ndarray:
    """Variances between 1 and 3."""
    return 2 + np.sin(np.arange(modes))


def of_population(modes: int) -> Callable[[], object]:
    """The density of a Wishart matrix of half as many samples as modes."""
    levels = population(modes)
    return lambda: density(X.T @ X, P=modes / 2, eta=levels, points=POINTS)


def sums(modes: int) -> Callable[[], object]:
    """Resolvent sums over the population at 50 points."""
    levels, z = population(modes), np.linspace(0, 8, 50)[:, None] + 0.1j
    return lambda: (1 / (levels - z)).sum(-1)


def of_a_law() -> Callable[[], object]:
    """The density of a law of the free calculus."""
    law, q = marchenko_pastur(positive("q")) + semicircle(), 0.5
    return lambda: density(law, q=q, points=POINTS)


def benchmarks() -> Iterator[Benchmark]:
    yardstick = sums(10**4)
    yield Benchmark("density, 10^4 population eigenvalues", of_population(10**4), yardstick, 300, "50 sums of 10^4")
    yield Benchmark("density, a free sum", of_a_law(), yardstick, 60, "50 sums of 10^4")
