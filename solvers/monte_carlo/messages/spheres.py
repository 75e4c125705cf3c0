"""Measures on a sphere: Σ x² is the number of sites, which a multiplier common to all of them sees to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from solvers.monte_carlo.messages.measures import Measure, Tilt
from theory.errors import ConvergenceError

LARGEST = 1e12


class Sphere:
    """A measure of each site under the condition that the sum of squares is their number, on average."""

    def __init__(self, measure: Measure):
        self.measure = measure

    def _shifted(self, tilt: Tilt, multiplier: float) -> Tilt:
        # exp(-multiplier x²/2) in terms of u = x - about.
        return Tilt(tilt.a - multiplier * tilt.about, tilt.b + multiplier, tilt.about)

    def held(self, tilt: Tilt) -> Tilt:
        """The tilt with the multiplier in it."""
        from scipy.optimize import brentq

        base, scale = -float(np.min(tilt.b + self.measure.energies.bend)), 1.0

        def excess(level: float) -> float:
            mean, variance = self.measure.moments(self._shifted(tilt, base + np.exp(level)))
            return float(np.mean((tilt.about + mean) ** 2 + variance)) - 1

        low, high = np.log(scale) - 1, np.log(scale) + 1
        while excess(low) < 0 and low > -np.log(LARGEST):
            low -= 2
        while excess(high) > 0 and high < np.log(LARGEST):
            high += 2
        if not excess(low) >= 0 >= excess(high):
            raise ConvergenceError("no multiplier gives the state its norm on the sphere")
        level = float(brentq(excess, low, high, xtol=1e-14, rtol=1e-14))
        return self._shifted(tilt, base + np.exp(level))

    def moments(self, tilt: Tilt) -> tuple[NDArray, NDArray]:
        return self.measure.moments(self.held(tilt))

    def resolve(self, tilt: Tilt) -> bool:
        return self.measure.resolve(self.held(tilt))

    def points(self, tilt: Tilt, kinks: Sequence[NDArray] = ()) -> tuple[NDArray, NDArray]:
        return self.measure.points(self.held(tilt), kinks)
