"""Measures of one real variable at every site, tilted by a Gaussian: means and variances, by closed forms or by quadrature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from solvers.monte_carlo.messages import pieces
from solvers.monte_carlo.messages.potentials import Potential
from solvers.monte_carlo.messages.quadratures import FINE, FINEST, nodes
from theory.errors import ConvergenceError

RESOLVED = 1e-9
"""Difference that more nodes make, in standard deviations."""


@dataclass
class Energies:
    """Σ (bend x²/2 + slope x) + potentials at every site, in units of the temperature; all arrays (rows,)."""

    bend: NDArray
    slope: NDArray
    rest: list[Potential] = field(default_factory=list)

    @classmethod
    def zero(cls, rows: int) -> Energies:
        return cls(np.zeros(rows), np.zeros(rows))

    def value(self, x: NDArray) -> NDArray:
        """At points (rows, points)."""
        return self.bend[:, None] * x**2 / 2 + self.slope[:, None] * x + self.potentials(x)

    def potentials(self, x: NDArray) -> NDArray:
        return sum((potential(x) for potential in self.rest), np.zeros_like(x))

    def slopes(self, x: NDArray) -> NDArray:
        """Derivatives of the potentials."""
        return sum((potential.first(x) for potential in self.rest), np.zeros_like(x))

    @property
    def piecewise_linear(self) -> bool:
        """Whether the potentials are linear between their kinks."""
        return all(potential.piecewise_linear for potential in self.rest)

    def kinks(self) -> list[NDArray]:
        return [kink for potential in self.rest for kink in potential.kinks(len(self.bend))]


class Measure:
    """The measure exp(-energies) dx on the line, times exp(a u - b u²/2) with u = x - about.

    ``tilt`` is the triple (a, b, about) of arrays (rows,); means are those of u.
    """

    def __init__(self, energies: Energies):
        self.energies = energies
        self.kinks = energies.kinks()
        self.pieced = energies.piecewise_linear
        self.fine = FINE

    def _gaussian(self, tilt: Tilt) -> tuple[NDArray, NDArray]:
        """Centre of u and precision of the Gaussian factor. ConvergenceError where it falls off nowhere."""
        precision = tilt.b + self.energies.bend
        if not np.all(precision > 0):
            raise ConvergenceError(f"a local measure has precision {precision.min():g}; it has no variance")
        return (tilt.a - self.energies.slope - self.energies.bend * tilt.about) / precision, precision

    def moments(self, tilt: Tilt) -> tuple[NDArray, NDArray]:
        """Mean of u and variance."""
        centre, precision = self._gaussian(tilt)
        if not self.energies.rest:
            return centre, 1 / precision
        if self.pieced:
            found = pieces.moments(self.energies.potentials, self.energies.slopes, tilt.about + centre, precision, self.kinks)
            if found is not None:
                return centre + found[0], found[1]
        return self._summed(tilt)

    def log_mass(self, tilt: Tilt) -> NDArray:
        """Logarithm of the integral, shape (rows,)."""
        energies, (centre, precision) = self.energies, self._gaussian(tilt)
        level = precision * centre**2 / 2 - energies.bend * tilt.about**2 / 2 - energies.slope * tilt.about
        if not energies.rest:
            return level + np.log(2 * np.pi / precision) / 2
        _, log_weights = self._nodes(tilt, ())
        top = log_weights.max(axis=1)
        return level + top + np.log(np.exp(log_weights - top[:, None]).sum(axis=1))

    def _summed(self, tilt: Tilt) -> tuple[NDArray, NDArray]:
        x, weights = self.points(tilt)
        return _moments(x - tilt.about[:, None], weights)

    def resolve(self, tilt: Tilt) -> bool:
        """Whether more nodes had to be taken for sums to be integrals; ConvergenceError where none suffice."""
        before = self.fine
        if self.energies.rest:
            coarse = self._summed(tilt)
            while True:
                self.fine *= 2
                found = self._summed(tilt)
                width = np.sqrt(found[1])
                wrong = max(np.max(np.abs(coarse[0] - found[0]) / width), np.max(np.abs(coarse[1] - found[1]) / width**2))
                if wrong < RESOLVED:
                    self.fine //= 2
                    break
                if not self.fine < FINEST:
                    raise ConvergenceError("a local measure is too rough to be integrated; declare a smoother energy")
                coarse = found
        return self.fine > before

    def points(self, tilt: Tilt, kinks: Sequence[NDArray] = ()) -> tuple[NDArray, NDArray]:
        """Points x and weights (rows, points): averages over the measure are sums. ``kinks`` are those of what is averaged."""
        x, log_weights = self._nodes(tilt, kinks)
        return x, normalised(log_weights)

    def _nodes(self, tilt: Tilt, kinks: Sequence[NDArray]) -> tuple[NDArray, NDArray]:
        """Points, and logarithms of weights up to the height of the Gaussian factor."""
        centre, precision = self._gaussian(tilt)
        centre = tilt.about + centre

        def log_density(x: NDArray) -> NDArray:
            return -precision[:, None] * (x - centre[:, None]) ** 2 / 2 - self.energies.potentials(x)

        return nodes(log_density, centre, 1 / np.sqrt(precision), [*self.kinks, *kinks], self.fine)


class Atoms:
    """The same for a measure on points ``x`` (points,), of equal weight."""

    def __init__(self, x: Sequence[float], energies: Energies):
        self.x = np.broadcast_to(np.asarray(x, dtype=float), (len(energies.bend), len(x)))
        self.log_weights = -energies.value(self.x)

    def moments(self, tilt: Tilt) -> tuple[NDArray, NDArray]:
        x, weights = self.points(tilt)
        return _moments(x - tilt.about[:, None], weights)

    def resolve(self, tilt: Tilt) -> bool:
        return False

    def points(self, tilt: Tilt, kinks: Sequence[NDArray] = ()) -> tuple[NDArray, NDArray]:
        u = self.x - tilt.about[:, None]
        return self.x, normalised(self.log_weights + tilt.a[:, None] * u - tilt.b[:, None] * u**2 / 2)


@dataclass(frozen=True)
class Tilt:
    """What the others say of a variable x: exp(a u - b u²/2) with u = x - about."""

    a: NDArray
    b: NDArray
    about: NDArray


def normalised(log_weights: NDArray) -> NDArray:
    """Weights that sum to one in each row."""
    weights = np.exp(log_weights - log_weights.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def _moments(u: NDArray, weights: NDArray) -> tuple[NDArray, NDArray]:
    mean = (weights * u).sum(axis=1)
    return mean, (weights * (u - mean[:, None]) ** 2).sum(axis=1)
