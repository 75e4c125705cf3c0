"""A matrix that is not Hermitian, at points of the complex plane: its Green's function, the density, and whether a point is inside.

The height above the plane is the square root of the regulator: what is positive is Im of the Hermitised resolvent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.compile import compile_expressions
from solvers.descent import FAR, RATIO, Complex, Descent, ladder, solved
from theory.spectral.hermitisation import ZBAR, Z

LOW, SMALLEST, ROUNDING, SHIFTED, INSIDE, FALLING = 1e-7, 1e-6, 1e-16, 1e-3, 1e-4, 0.05
"""The height at which a limit is taken, in scales, the distance to zero up to which it falls there, round-off, the mean from which
on a spectrum is centred elsewhere, the weight, in inverse scales, from which on a point is inside, and the share of it lost between
the last two heights from which on nothing is known of the density. Corrections are linear in the height and extrapolated from twice
it; rounding errors grow like its inverse."""


@dataclass(frozen=True, eq=False)
class PlanePoints:
    """At points of the plane: ``green`` = Tr (z - A)⁻¹ / size, ``density``, its ``error``, and ``weight``, the limit of Im of the
    Hermitised resolvent, which is positive inside the spectrum and zero outside; ``bare`` is it at the last height."""

    green: Complex
    density: NDArray
    error: NDArray
    weight: NDArray
    bare: NDArray


class Plane(Descent):
    """The Hermitised equations at given parameters; ``centre`` is the mean eigenvalue where it is not small, else zero, and
    ``scale`` the root mean square singular value of the matrix less that."""

    def __init__(self, green: Any, values: Mapping[str, Any]) -> None:
        super().__init__(green, values)
        mixed = [f.diff(ZBAR) for f in green.maps]
        outer = green.outer / green.size
        self._outer = compile_expressions([outer, outer.diff(ZBAR), *(outer.diff(t) for t in self.unknowns), *mixed])
        self.centre = 0.0
        if abs(mean := self._mean()) > SHIFTED * self.scale:
            self.centre, self.scale = mean, self._scale(mean)
            self.centre = self._mean()

    def _mean(self) -> float:
        """The mean eigenvalue, from 1/g = z - mean + O(1/z) far from the centre that is known."""
        far = self.centre + 1e3 * self.scale
        return float((far - 1 / self.at(np.array([far + 0j])).green[0]).real)

    def _symbols(self, x: NDArray, height: float) -> dict[Any, NDArray]:
        return {Z: x, ZBAR: np.conj(x), self.green.shift: np.full(x.shape, height)}

    def _speed(self, height: float) -> complex:
        return height

    def _positive(self, value: Complex, height: float) -> NDArray:
        return value.real

    def heights(self, z: NDArray) -> NDArray:
        """The height (n,) from which a limit is taken: small beside the distance to zero and to the centre, where the density may
        diverge."""
        share = np.clip(np.minimum(np.abs(z), np.abs(z - self.centre)) / self.scale, SMALLEST, 1.0)
        return LOW * self.scale * 10.0 ** np.floor(1.5 * np.log10(share))

    def inside(self, seen: PlanePoints) -> NDArray:
        """Which points lie inside the spectrum."""
        return seen.weight * self.scale > INSIDE

    def at(self, z: NDArray) -> PlanePoints:
        """What is known at points z (n,); NaN where the equations cannot be followed."""
        if not z.size:
            return PlanePoints(*(np.zeros(0, dtype=kind) for kind in (complex, float, float, float, float)))
        # Unknowns vanish at zero itself, or at the centre, where steps have no relative size.
        z = np.where((z == 0) | (z == self.centre), z + 1e-2 * SMALLEST * self.scale, z)
        heights = self.heights(z)
        parts = [(np.flatnonzero(heights == h), h) for h in np.unique(heights).tolist()]
        found = [self._at(z[index], low) for index, low in parts]
        order = np.argsort(np.concatenate([index for index, _ in parts]))
        seen = [np.concatenate([part[i] for part in found])[order] for i in range(6)]
        near = np.flatnonzero(~_certain(seen) & (heights < LOW * self.scale))
        for low in self.scale * np.geomspace(LOW, 1e-13, 3) if near.size else ():  # no divergence at zero: less low is better
            again = self._at(z[near], low)
            better = _uncertainty(again) < _uncertainty(seen)[near]
            for old, new in zip(seen, again, strict=True):
                old[near[better]] = new[better]
        *seen, falls = seen
        # Next to the boundary the height is no small one, and the weight still falls with it: so does what is extrapolated.
        seen[2] = np.maximum(seen[2], np.abs(seen[1]) * np.where(falls > FALLING, 1.0, falls**2))
        return PlanePoints(*seen)

    def _at(self, z: NDArray, low: float) -> tuple[Complex, NDArray, NDArray, NDArray, NDArray, NDArray]:
        heights = ladder(FAR * self.scale, 2 * low, RATIO)
        t, _ = self.descend(z, heights, self.full)
        first = self._limit(z, 2 * low, t)
        t, _ = self._down(z, t, self.evaluate(z, 2 * low, t, self.full), 2 * low, low, self.full, 8)
        second = self._limit(z, low, t)
        green, density, weight = (2 * b - a for a, b in zip(first, second, strict=True))
        change = np.abs(second[1] - first[1])
        error = np.minimum(change, change**2 / (np.abs(density) + 1e-300) + ROUNDING / low * self.scale * np.abs(density))
        with np.errstate(all="ignore"):
            falls = np.nan_to_num(np.abs(second[2] / first[2] - 1), nan=1.0)
        return green, density.real, error, weight.real, second[2].real, falls

    def _limit(self, z: NDArray, height: float, t: Complex) -> tuple[Complex, Complex, Complex]:
        t, _ = self.newton(z, height, t, self.full, 1e-12)
        _, jacobian, _, value = self.evaluate(z, height, t, self.full)
        found = self._piece(self._outer, z, height, t, self.full)
        m = self.order
        green, explicit, by_unknown, mixed = found[0], found[1], found[2 : 2 + m].T, found[2 + m :].T
        slope = solved(np.eye(m) - jacobian, mixed) if m else np.zeros((len(z), 0))
        return green, (explicit + (by_unknown * slope).sum(axis=1)) / np.pi, value


def _uncertainty(seen: Sequence[NDArray]) -> NDArray:
    """Relative errors of the density, infinite where nothing is known."""
    with np.errstate(all="ignore"):
        return np.nan_to_num(seen[2] / np.abs(seen[1]), nan=np.inf)


def _certain(seen: Sequence[NDArray]) -> NDArray:
    """Where there is a density to seven digits, or none."""
    outside = np.abs(seen[3]) < 1e-6  # a weight far below zero is one that rounding has spoilt
    return outside | (_uncertainty(seen) < 1e-7)
