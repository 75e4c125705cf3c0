"""The same at temperature zero: the minimum of a convex function of one variable at every site, and how it gives way."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solvers.monte_carlo.messages.measures import Energies, Tilt
from solvers.proximal import proximal_point
from theory.errors import ConvergenceError

BESIDE = 1e-7
"""Distance from a kink, relative to the values, at which the slopes on its sides are taken."""


class Minimum:
    """The least x of energies - a u + b u²/2 with u = x - about, and du/da, which takes the place of the variance."""

    def __init__(self, energies: Energies):
        self.energies = energies
        self.corners = [self._corner(kink) for kink in energies.kinks()]

    def _corner(self, kink: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        """A kink and the slopes on its sides, nan where the slope does not jump there."""
        step = BESIDE * (1 + np.abs(kink))
        with np.errstate(all="ignore"):
            (low, high), (below, above) = ([self._slopes(kink + s * n * step)[0] for s in (-1, 1)] for n in (1, 10))
            jumps = np.isfinite(kink) & (high - low > 0.5 * (above - below)) & (high > low)
        return kink, np.where(jumps, low, np.nan), np.where(jumps, high, np.nan)

    def moments(self, tilt: Tilt) -> tuple[NDArray, NDArray]:
        """u and du/da, shape (rows,) each."""
        energies = self.energies
        precision = tilt.b + energies.bend
        if not np.all(precision > 0):
            raise ConvergenceError(f"a local energy has curvature {precision.min():g}; it has no minimum")
        shift = (tilt.a - energies.slope - energies.bend * tilt.about) / precision
        if not energies.rest:
            return shift, 1 / precision
        centre = tilt.about + shift
        low, high = np.full_like(centre, -np.inf), np.full_like(centre, np.inf)
        held = np.full_like(centre, np.nan)
        with np.errstate(all="ignore"):
            for kink, below, above in self.corners:
                pull = (centre - kink) * precision
                low = np.where(pull >= above, np.maximum(low, kink), low)
                high = np.where(pull <= below, np.minimum(high, kink), high)
                held = np.where((below < pull) & (pull < above), kink, held)
            free = np.isnan(held)
            x = np.where(free, self._between(centre, precision, low, high, free), held)
            response = np.where(free, 1 / (precision + self._slopes(x)[1]), 0.0)
        return x - tilt.about, response

    def resolve(self, tilt: Tilt) -> bool:
        """Nothing is integrated."""
        return False

    def _between(self, centre: NDArray, precision: NDArray, low: NDArray, high: NDArray, free: NDArray) -> NDArray:
        """The zero of precision (x - centre) + slope between two corners, at the sites that none holds."""
        everywhere = np.where(free, np.clip(centre, low, high), 0.0)

        def slopes(x: NDArray, sites: NDArray) -> tuple[NDArray, NDArray]:
            here, at = everywhere.copy(), sites.astype(int)
            here[at] = x
            first, second = self._slopes(here)
            return first[at], second[at]

        chosen = np.flatnonzero(free)
        at = (centre[chosen], 1 / precision[chosen], chosen)
        everywhere[chosen] = proximal_point(slopes, *at, within=(low[chosen], high[chosen]))
        return everywhere

    def _slopes(self, x: NDArray) -> tuple[NDArray, NDArray]:
        column = x[:, None]
        first, second = (np.zeros_like(column) for _ in range(2))
        for potential in self.energies.rest:
            first, second = first + potential.first(column), second + potential.second(column)
        return first[:, 0], second[:, 0]
