"""The tilted measures of a mixture of points, Gaussians and densities as the prior of a state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.monte_carlo.messages.measures import Energies, Measure, Tilt, normalised
from solvers.monte_carlo.messages.potentials import Potential
from solvers.monte_carlo.mixture_values import log_weights, positive_variances
from solvers.monte_carlo.realisation import Realisation
from theory.declaration.mixtures import Atom, Density, Mixture, Normal
from theory.declaration.sites import ENTRY, Leaf
from theory.declaration.vectors import Vec


class Point:
    """The same as a :class:`Measure`, of a unit mass at one point of each site, shape (rows,)."""

    def __init__(self, x: NDArray, energies: Energies):
        self.x, self.energies = x, energies

    def log_mass(self, tilt: Tilt) -> NDArray:
        u = self.x - tilt.about
        return tilt.a * u - tilt.b * u**2 / 2 - self.energies.value(self.x[:, None])[:, 0]

    def moments(self, tilt: Tilt) -> tuple[NDArray, NDArray]:
        return self.x - tilt.about, np.zeros_like(self.x)

    def points(self, tilt: Tilt, kinks: Sequence[NDArray] = ()) -> tuple[NDArray, NDArray]:
        return self.x[:, None], np.ones((len(self.x), 1))

    def resolve(self, tilt: Tilt) -> bool:
        return False


class Mixed:
    """A mixture under the energies of its sites."""

    def __init__(self, law: Mixture, state: Leaf, energies: Energies, origin: Realisation):
        def values(expression: sp.Expr) -> NDArray:
            return origin.vector(Vec(state.dims[0], expression))[:, 0]

        levels = log_weights(law, values, state.name)
        found = [_part(part, state, energies, origin, values) for part in law.parts]
        self.parts = [part for part, _ in found]
        self.levels = [log_weight + level for log_weight, (_, level) in zip(levels, found, strict=True)]

    def _shares(self, tilt: Tilt) -> NDArray:
        """The probability of each part, shape (rows, parts)."""
        masses = [level + part.log_mass(tilt) for level, part in zip(self.levels, self.parts, strict=True)]
        return normalised(np.stack(masses, axis=1))

    def moments(self, tilt: Tilt) -> tuple[NDArray, NDArray]:
        shares = self._shares(tilt)
        means, variances = (np.stack(m, axis=1) for m in zip(*(part.moments(tilt) for part in self.parts), strict=True))
        mean = (shares * means).sum(axis=1)
        return mean, (shares * (variances + (means - mean[:, None]) ** 2)).sum(axis=1)

    def points(self, tilt: Tilt, kinks: Sequence[NDArray] = ()) -> tuple[NDArray, NDArray]:
        shares = self._shares(tilt)
        found = [part.points(tilt, kinks) for part in self.parts]
        weights = [shares[:, k, None] * weight for k, (_, weight) in enumerate(found)]
        return np.concatenate([x for x, _ in found], axis=1), np.concatenate(weights, axis=1)

    def resolve(self, tilt: Tilt) -> bool:
        return any([part.resolve(tilt) for part in self.parts])


def _part(part: Any, state: Leaf, energies: Energies, origin: Realisation, values: Any) -> tuple[Any, NDArray | float]:
    """The measure of a part, and the logarithm of what it is to be multiplied by."""
    if isinstance(part, Atom):
        return Point(values(part.position), energies), 0.0
    if isinstance(part, Normal):
        mean, variance = values(part.mean), positive_variances(values(part.variance), state.name)
        whole = Energies(energies.bend + 1 / variance, energies.slope - mean / variance, energies.rest)
        return Measure(whole), -np.log(2 * np.pi * variance) / 2 - mean**2 / (2 * variance)
    assert isinstance(part, Density)
    exponent = sp.expand_log(-sp.log(part.at(ENTRY)), force=True)
    return Measure(Energies(energies.bend, energies.slope, [*energies.rest, Potential(exponent, ENTRY, origin)])), 0.0
