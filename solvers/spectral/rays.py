"""The spectrum of a matrix that is not Hermitian along rays from a centre: where it begins and ends, and its mass by integration.

Outside, 1/v with v = Tr |A - z|⁻² is smooth and vanishes at the boundary, where it is extrapolated to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from solvers.spectral.plane import Plane
from theory.errors import ConvergenceError

SCAN, ZOOMS, POINTS, HALVINGS, NEAR = 60, 2, 16, 7, 1e-3
"""Points of a ray, rounds of points added where it grazes a boundary and their number, halvings of a bracket, and distance (in
scales) of the points from which a boundary is extrapolated."""
NODES = np.arange(1, 5.0)
ORDER, PANEL, DEPTH, SETTLED = 24, 12, 6, 1e-9


@dataclass(frozen=True, eq=False)
class Segments:
    """Parts of rays inside the spectrum: the number of the ``ray``, and radii ``start`` and ``stop``."""

    ray: NDArray
    start: NDArray
    stop: NDArray


class Rays:
    """Rays from ``centre``, the mean eigenvalue; ``radius`` is one beyond which there is no eigenvalue."""

    def __init__(self, plane: Plane) -> None:
        self.plane, self.centre = plane, plane.centre
        self.radius = plane.scale
        for _ in range(60):
            if abs(self.share_within(self.centre, self.radius) - 1) < 1e-8 and not self._inside(self.centre, self.radius).any():
                break
            self.radius *= 1.5
        else:
            raise ConvergenceError(f"eigenvalues of {plane.name}: some lie beyond {self.radius:.1e}; check the values given")
        self.power, self.diverges = self._power()

    def share_within(self, centre: float, radius: float) -> float:
        """The share of eigenvalues inside a circle, as the integral of the Green's function around it."""
        steps = radius * np.exp(2j * np.pi * (np.arange(32) + 0.5) / 32)
        return float(np.mean((steps * self.plane.at(centre + steps).green).real))

    def _inside(self, centre: float, radius: float) -> NDArray:
        return self.plane.inside(self.plane.at(centre + radius * np.exp(2j * np.pi * np.arange(16) / 16)))

    def atom_at(self, place: float) -> float:
        """The mass of eigenvalues at a place, extrapolated from three small circles; wider ones far from zero, where distances from
        the place are rounded."""
        widest = (1e-3 if abs(place) < self.plane.scale else 1e-2) * self.plane.scale
        a, b, c = (self.share_within(place, r * widest) for r in (1.0, 0.1, 0.01))
        bend = (c - b) - (b - a)
        limit = c - (c - b) ** 2 / bend if abs(bend) > 1e-9 else c
        return limit if limit > 1e-5 else 0.0

    def _power(self) -> tuple[int, bool]:
        """The power p of u in r = r₁ uᵖ that makes density times radius smooth at the centre, and whether that is infinite."""
        r = self.plane.scale * np.array([1e-3, 3e-3])
        rho = self.plane.at(self.centre + r * np.exp(0.7j)).density * r
        if not (rho > 0).all():
            return 1, False
        exponent = 1 + np.log(rho[1] / rho[0]) / np.log(r[1] / r[0])
        return min(range(1, 9), key=lambda p: (abs(p * exponent - round(p * exponent)) > 0.02 * p, p)), bool(exponent < 1.9)

    def segments(self, angles: NDArray) -> Segments:
        """Where each ray is inside the spectrum."""
        radii = self.radius * (np.arange(SCAN) + 0.5) / SCAN
        ray, r = np.repeat(np.arange(len(angles)), SCAN), np.tile(radii, len(angles))
        inside, low = self._seen(angles[ray], r)
        for _ in range(ZOOMS):
            ray, r, inside, low = self._zoomed(angles, ray, r, inside, low)
        same = ray[1:] == ray[:-1]
        turn = np.flatnonzero(same & (inside[1:] != inside[:-1]))
        out = inside[turn]  # leaving the spectrum outwards
        inner, outer = np.where(out, r[turn], r[turn + 1]), np.where(out, r[turn + 1], r[turn])
        ends = self._ends(np.exp(1j * angles[ray[turn]]), inner, outer)
        first = ray[inside & np.concatenate([[True], ~same])]  # rays that begin inside
        starts = sorted([*((k, 0.0) for k in first.tolist()), *zip(ray[turn[~out]].tolist(), ends[~out].tolist(), strict=True)])
        stops = sorted(zip(ray[turn[out]].tolist(), ends[out].tolist(), strict=True))
        columns = [k for k, _ in starts], [s for _, s in starts], [s for _, s in stops]
        return Segments(*(np.array(column, dtype=kind) for column, kind in zip(columns, (int, float, float), strict=True)))

    def _seen(self, angles: NDArray, r: NDArray) -> tuple[NDArray, NDArray]:
        """Whether points are inside, and a distance from the boundary that vanishes on it from either side."""
        found = self.plane.at(z := self.centre + r * np.exp(1j * angles))
        inside = self.plane.inside(found)
        return inside, np.where(inside, found.weight**2, self.plane.heights(z) / found.bare)

    def _zoomed(self, angles: NDArray, ray: NDArray, r: NDArray, inside: NDArray, low: NDArray) -> tuple[NDArray, ...]:
        """More points where a ray passes close by a boundary on one side of it, so that it may have crossed it twice."""
        middle = np.arange(1, len(r) - 1)
        alike = (ray[:-2] == ray[2:]) & (inside[:-2] == inside[1:-1]) & (inside[1:-1] == inside[2:])
        dips = middle[alike & (low[1:-1] < low[:-2]) & (low[1:-1] <= low[2:])]
        if not dips.size:
            return ray, r, inside, low
        share = np.linspace(0, 1, POINTS + 2)[1:-1]
        more = (r[dips - 1, None] + (r[dips + 1] - r[dips - 1])[:, None] * share).ravel()
        rays = np.repeat(ray[dips], POINTS)
        seen = self._seen(angles[rays], more)
        columns = [np.concatenate(pair) for pair in ((ray, rays), (r, more), (inside, seen[0]), (low, seen[1]))]
        order = np.lexsort((columns[1], columns[0]))
        return tuple(column[order] for column in columns)

    def _ends(self, direction: NDArray, inner: NDArray, outer: NDArray) -> NDArray:
        """Boundaries between radii inside and outside the spectrum."""
        inner, outer = inner.copy(), outer.copy()
        for _ in range(HALVINGS):
            middle = (inner + outer) / 2
            inside = self.plane.inside(self.plane.at(self.centre + direction * middle))
            inner, outer = np.where(inside, middle, inner), np.where(inside, outer, middle)
        end, away = (inner + outer) / 2, np.sign(outer - inner)
        for factor in (10.0, 3.0, 1.0):
            step = away * factor * NEAR * self.plane.scale
            z = self.centre + direction[:, None] * (end[:, None] + step[:, None] * NODES)
            inverse = (self.plane.heights(z.ravel()) / self.plane.at(z.ravel()).bare).reshape(z.shape)
            end = end + step * _near_zero(inverse)
        return end

    def mass(self, angles: NDArray) -> NDArray:
        """Integrals of density times radius along rays, in both senses of the imaginary axis together."""
        segments, total = self.segments(angles), np.zeros(len(angles))
        if not len(segments.ray):
            return total
        points, weights = legendre.leggauss(ORDER)
        u, length = (points + 1) / 2, (segments.stop - segments.start)[:, None]
        power = np.where(segments.start == 0, self.power, 1)[:, None]
        radii = segments.start[:, None] + length * u**power
        z = self.centre + np.exp(1j * angles[segments.ray])[:, None] * radii
        rho = self.plane.at(z.ravel()).density.reshape(z.shape)
        slices = (rho * radii * length * power * u ** (power - 1)) @ weights / 2
        np.add.at(total, segments.ray, 2 * slices)
        return total

    def total(self) -> float:
        """The mass of the density: between angles at which rays touch its boundary, by panels that are halved until they settle."""
        breaks = self._breaks()
        points, weights = legendre.leggauss(PANEL)
        project = (np.arange(PANEL) + 0.5)[:, None] * legendre.legvander(points, PANEL - 1).T * weights
        # θ = middle + half sin φ, as masses of rays begin and end like square roots.
        ends = np.stack([breaks[:-1], breaks[1:]], axis=1)
        panels = np.concatenate([ends, np.tile([-np.pi / 2, np.pi / 2], (len(ends), 1))], axis=1)
        mass = 0.0
        for depth in range(DEPTH):
            middle, half = panels[:, :2].mean(axis=1, keepdims=True), (panels[:, 1:2] - panels[:, :1]) / 2
            width = (panels[:, 3:] - panels[:, 2:3]) / 2
            phi = panels[:, 2:3] + width * (points + 1)
            angles = middle + half * np.sin(phi)
            series = (self.mass(angles.ravel()).reshape(angles.shape) * half * np.cos(phi)) @ project.T
            settled = (np.abs(series[:, -3:]).max(axis=1) * width[:, 0] < SETTLED) | (depth == DEPTH - 1)
            mass += float((2 * width[:, 0] * series[:, 0])[settled].sum())
            split = [(a, b, *c) for a, b, u, v in panels[~settled] for c in ((u, (u + v) / 2), ((u + v) / 2, v))]
            panels = np.array(split).reshape(-1, 4)
            if not len(panels):
                break
        return mass

    def _breaks(self) -> NDArray:
        """Angles in [0, π] at which the number of segments of a ray changes, and the ends."""
        angles = np.linspace(0, np.pi, 48)
        counts = self._counts(angles)
        found = [0.0, np.pi]
        for k in np.flatnonzero(np.diff(counts)):
            low, high, at_low = angles[k], angles[k + 1], counts[k]
            for _ in range(8):
                inner = np.linspace(low, high, 14)
                same = np.append(self._counts(inner[1:-1]) == at_low, False)
                i = int(np.argmin(same))
                low, high = inner[i], inner[i + 1]
            found.append(float((low + high) / 2))
        return np.array(sorted(found))

    def _counts(self, angles: NDArray) -> NDArray:
        return np.bincount(self.segments(angles).ray, minlength=len(angles))


def _near_zero(values: NDArray) -> NDArray:
    """The zero nearest to the origin of the polynomial with given values (n, k) at ``NODES``."""
    c = values @ np.linalg.inv(np.vander(NODES, increasing=True)).T
    x = np.zeros(len(c))
    with np.errstate(all="ignore"):
        for _ in range(30):
            value = c[:, 0] + x * (c[:, 1] + x * (c[:, 2] + x * c[:, 3]))
            slope = c[:, 1] + x * (2 * c[:, 2] + 3 * x * c[:, 3])
            x = x - np.clip(np.nan_to_num(value / slope), -0.5, 0.5)
    return x
