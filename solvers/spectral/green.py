"""A Green's function g(z) = Tr (A - z)⁻¹ / size in numbers, above the real axis and on it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.descent import FAR, RATIO, Complex, Descent, ladder
from solvers.fixed_point import EPSILON, inverses
from solvers.modes.mode_data import ModeData

LOWEST, BESIDE, NEAR = 1e-8, 1e-6, 1e-2
"""The last height before the real axis, in scales, the distance of points beside one at which there is no solution, and how near
an extrapolated solution has to be to the one found from it."""


class Branch(Descent):
    """The physical Green's function of a Hermitian matrix: the value is g, at z = x + iy."""

    @property
    def noise(self) -> float:
        """A distance over which differences are well above rounding errors."""
        return 1e-7 * self.scale

    def _symbols(self, x: NDArray, height: float) -> dict[Any, NDArray]:
        return {self.green.shift: -(x + 1j * height)}

    def _speed(self, height: float) -> complex:
        return -1j * height

    def _positive(self, value: Complex, height: float) -> NDArray:
        return value.imag

    def upper(self, x: NDArray, heights: NDArray, data: ModeData | None = None) -> Complex:
        """g (k, n) above ``x`` at falling heights, which are multiples of the scale."""
        return self.descend(x, heights * self.scale, self.nodes if data is None else data, record=True)[1]

    def real(self, x: NDArray) -> tuple[Complex, NDArray]:
        """g (n,) on the real axis as the limit from above, and its relative error; NaN and infinity where there is no limit."""
        return self.solution(x)[1:]

    def solution(self, x: NDArray, beside: bool = True) -> tuple[Complex, Complex, NDArray]:
        """Unknowns (n, m) on the real axis, beside what :meth:`real` gives."""
        t, _ = self.descend(x, self.scale * ladder(FAR, LOWEST, RATIO), self.nodes)
        t, g, error = self._landed(x, t)
        lost = np.flatnonzero(~(error < 1e-4))
        if lost.size:
            again, _ = self.descend(x[lost], self.scale * ladder(FAR, 1e-6 * LOWEST, RATIO), self.full)
            t[lost], g[lost], error[lost] = self._landed(x[lost], again)
            lost = np.flatnonzero(~(error < 1e-4))
        if lost.size and beside:
            self._between(x, lost, t, g, error)
        return t, g, error

    def beside(self, x: NDArray, guess: Complex) -> tuple[Complex, Complex]:
        """Unknowns and g on the axis, from unknowns extrapolated along it where these are met, from above elsewhere."""
        with np.errstate(all="ignore"):
            t, g, error = self._landed(x, guess)
            met = (np.abs(t - guess) < NEAR * np.abs(t)).all(axis=1) & (error < 1e-4) & (g.imag > 0)
        left = np.flatnonzero(~met)
        if left.size:
            t[left], g[left], _ = self.solution(x[left])
        return t, g

    def _between(self, x: NDArray, lost: NDArray, t: Complex, g: Complex, error: NDArray) -> None:
        """Points at which the equations are singular and the law is not: the mean of both sides, where these agree."""
        step = BESIDE * self.scale
        (below, low, error_low), (above, high, error_high) = (self.solution(x[lost] + s, False) for s in (-step, step))
        with np.errstate(all="ignore"):
            gap = np.abs(high - low) / np.abs(high + low) + np.maximum(error_low, error_high)
        good = gap < 1e-4
        index = lost[good]
        t[index], g[index], error[index] = (below[good] + above[good]) / 2, (low[good] + high[good]) / 2, gap[good]

    def _landed(self, x: NDArray, t: Complex) -> tuple[Complex, Complex, NDArray]:
        """Newton's method on the axis itself, with every mode; the error is that of the last step and of rounding."""
        t, step = self.newton(x, 0.0, t, self.full, 1e-9)
        maps, jacobian, _, g = self.evaluate(x, 0.0, t, self.full)
        inverse = np.abs(inverses(np.eye(self.order) - jacobian))
        rounding = (inverse @ np.abs(maps)[..., None])[..., 0] * (8 * EPSILON + self.local.error)
        with np.errstate(all="ignore"):
            error = np.maximum(step**2, (rounding / np.abs(t)).max(axis=1, initial=0.0))
            wrong = ~np.isfinite(g) | ~(step < 1e-4) | (g.imag < -1e-6 * np.abs(g))
        g = np.where(g.imag > np.maximum(error, 1e-13) * np.abs(g), g, g.real)
        return t, np.where(wrong, np.nan, g), np.where(wrong, np.inf, np.maximum(error, 4 * EPSILON))
