"""The solution on the real axis by the inverse map: its pole s in the upper half-plane above an interval, real in a gap.

Above an interval s runs from one of its ends to the other along the border of where Im z(s) > 0: for a narrow one that is about a
half circle. Same methods as a branch has on the axis, without the way down to it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from solvers.descent import Complex
from solvers.fixed_point import EPSILON
from solvers.spectral.crossings import crossings
from solvers.spectral.gaps import Gaps
from solvers.spectral.inverse import Inverse

NEWTON, FALL, STEPS = 40, 0.6, 64
"""Most steps of Newton's method, and factor and number of steps of a path towards an end."""


class Sheet:
    """s, unknowns and the Green's function at real points, from the gaps of a spectrum with intervals between them."""

    noise = 0.0

    def __init__(self, inverse: Inverse, gaps: Gaps) -> None:
        self.inverse, self.gaps, self.order = inverse, gaps, inverse.branch.order
        self.ends = np.ravel([gaps.left, gaps.right], order="F")  # of gaps, in rising order
        self.low, self.high = gaps.stop[:-1], gaps.start[1:]
        self.left, self.right = gaps.right[:-1], gaps.left[1:]
        self.paths: dict[int, list[tuple[NDArray, Complex]]] = {}

    def real(self, x: NDArray) -> tuple[Complex, NDArray]:
        return self.solution(x)[1:]

    def solution(self, x: NDArray) -> tuple[Complex, Complex, NDArray]:
        """Unknowns (n, m), g (n,) and its relative error; NaN and infinity where no solution is found."""
        s = np.empty(len(x), dtype=complex)
        place = np.searchsorted(self.ends, x, side="right") - 1
        inside, outside = np.flatnonzero(place % 2), np.flatnonzero(place % 2 == 0)
        s[outside] = self.coordinates(x[outside], place[outside] // 2)
        s[inside] = self._inside(x[inside], place[inside] // 2)
        return self._at(s)

    def beside(self, x: NDArray, guess: Complex) -> tuple[Complex, Complex]:
        """Unknowns and g from unknowns extrapolated along the axis, where these are near enough; without them elsewhere."""
        s, met = self._newton(x, self.inverse.pole(x, guess))
        t, g, _ = self._at(s)
        lost = np.flatnonzero(~met)
        if lost.size:
            t[lost], g[lost], _ = self.solution(x[lost])
        return t, g

    def gap_points(self, points: int, apart: Sequence[float], farthest: float) -> list[tuple[NDArray, Complex, Complex]]:
        """x (k,), unknowns (k, m) and g (k,) at points of every gap, crowded at its ends, in parts where poles are ``apart``; those
        outside reach out to ``farthest`` extents."""
        share = 0.5 * np.geomspace(1e-6, 1, points)
        share = np.concatenate([share, 1 - share[-2::-1]])
        start, stop = self.gaps.start, self.gaps.stop
        out = np.geomspace(1e-9 * self.inverse.extent, farthest * self.inverse.extent, 12 * points)
        out = np.concatenate([np.geomspace(self.inverse.finest, out[0], points)[:-1], out])
        parts = [stop[0] - out[::-1], *(start[1:-1, None] + (stop - start)[1:-1, None] * share), start[-1] + out]
        s = np.concatenate(parts)
        x = self.inverse.slopes(s)[0]
        t, g, _ = self._at(s.astype(complex))
        number = np.repeat(np.arange(len(parts)), [len(part) for part in parts]) + np.searchsorted(np.array(apart), x)
        good = np.isfinite(x) & np.isfinite(g)
        cuts = np.flatnonzero(np.diff(number[good])) + 1
        return list(zip(*(np.split(v[good], cuts) for v in (x, t, g)), strict=True))

    def _at(self, s: Complex) -> tuple[Complex, Complex, NDArray]:
        t, g, error = self.inverse.solved(s)
        g = np.where(s.imag > 0, g, g.real)
        return t, g, np.where(np.isfinite(error), np.maximum(error, 4 * EPSILON), np.inf)

    def coordinates(self, x: NDArray, gap: NDArray) -> NDArray:
        """s (n,) at points of the gaps with numbers ``gap`` (n,)."""
        start, stop = self.gaps.start[gap], self.gaps.stop[gap]
        far = 1e3 * self.inverse.extent + 2 * np.abs(x) / self.inverse.rate
        with np.errstate(all="ignore"):
            nudge = [self.inverse.finest + 4 * EPSILON * np.abs(end) for end in (start, stop)]
            low = np.where(np.isinf(start), np.minimum(stop, 0) - far, start + nudge[0])
            high = np.where(np.isinf(stop), np.maximum(start, 0) + far, stop - nudge[1])
            return crossings(lambda s, i: self.inverse.slopes(s)[0] - x[i], low, high)

    def _inside(self, x: NDArray, band: NDArray) -> Complex:
        middle, half = (self.left[band] + self.right[band]) / 2, (self.right[band] - self.left[band]) / 2
        share = np.clip((x - middle) / half, -1, 1)
        low, high = self.low[band], self.high[band]
        guess = (low + high) / 2 + (high - low) / 2 * (share + 1j * np.sqrt(1 - share**2))
        s, met = self._newton(x, guess)
        met &= np.abs(s - guess) < (high - low) / 2
        lost = np.flatnonzero(~met)
        for k in np.unique(band[lost]).tolist():
            mine = lost[band[lost] == k]
            s[mine], met[mine] = self._newton(x[mine], self._from_paths(x[mine], k))
        lost = np.flatnonzero(~met)
        if lost.size:
            s[lost], met[lost] = self._newton(x[lost], self.inverse.pole(x[lost], self.inverse.branch.solution(x[lost])[0]))
        s[~met] = np.nan
        return s

    def _newton(self, x: NDArray, guess: Complex) -> tuple[Complex, NDArray]:
        """Roots of z(s) = x in the upper half-plane near a guess, and where there are."""
        s, met = guess.copy(), np.zeros(len(x), dtype=bool)
        active = np.flatnonzero(np.isfinite(s) & (s.imag > 0))
        for _ in range(NEWTON):
            if not active.size:
                break
            z, slope = self.inverse.slopes(s[active])
            with np.errstate(all="ignore"):
                move = (x[active] - z) / slope
                height = s[active].imag
                share = np.minimum(1, np.where(move.imag < 0, 0.8 * height / -move.imag, 1.0))
            s[active] += share * move
            size = np.abs(move)
            done = (share == 1) & ((size < 1e-7 * height) | (size < 4 * EPSILON * np.abs(s[active])))
            met[active[done]] = True
            active = active[~done & np.isfinite(size)]
        return s, met

    def _from_paths(self, x: NDArray, band: int) -> Complex:
        """Guesses by interpolation along paths from the middle of an interval to its ends, powers of the distance near these."""
        if band not in self.paths:
            self.paths[band] = self._paths(band)
        left, right = x - self.left[band], self.right[band] - x
        side = (right < left).astype(int)
        log_distance = np.log(np.maximum(np.minimum(left, right), np.finfo(float).tiny))
        guess = np.empty(len(x), dtype=complex)
        for k, (distances, logs) in enumerate(self.paths[band]):
            mine = side == k
            at = log_distance[mine]
            away = np.interp(at, distances, logs.real) + 1j * np.interp(at, distances, logs.imag)
            guess[mine] = (self.low, self.high)[k][band] + np.exp(away)
        return guess

    def _paths(self, band: int) -> list[tuple[NDArray, Complex]]:
        """For either end logarithms of distances to it, rising, and of how far s is from its place there, by continuation."""
        left, right, ends = self.left[band], self.right[band], np.array([self.low[band], self.high[band]])
        middle = np.array([(left + right) / 2])
        s, met = self._newton(middle, np.array([(ends[0] + ends[1]) / 2 + 0.5j * (ends[1] - ends[0])]))
        if not met[0]:
            s = self.inverse.pole(middle, self.inverse.branch.solution(middle)[0])
        distances = (right - left) / 2 * FALL ** np.arange(STEPS)
        path = [np.repeat(s, 2)]
        for d in distances[1:]:
            last = path[-1] - ends
            guess = ends + (last**2 / (path[-2] - ends) if len(path) > 1 else last)
            s, met = self._newton(np.array([left + d, right - d]), guess)
            near = met & (np.abs(s - guess) < np.abs(guess - ends))
            path.append(np.where(near, s, guess))
        with np.errstate(all="ignore"):
            logs = np.log(np.array(path) - ends)
        return [(np.log(distances)[::-1], logs[::-1, k]) for k in (0, 1)]
