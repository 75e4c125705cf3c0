"""The density on one interval as a smooth function: ends and singularities are mapped away, and Legendre series are left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from solvers.descent import Complex
from solvers.spectral.green import Branch
from solvers.spectral.support import Interval

ORDER, DEPTH, SETTLED = 24, 16, 1e-10
"""Degree of a panel's series, halvings of a panel, and the mass in the last coefficients at which a panel is done."""


@dataclass(frozen=True, eq=False)
class Piece:
    """``interval``, the powers of its ends, and density · dx/dφ for φ in [0, π/2] as Legendre series (k, order) between the k + 1
    ``bounds``."""

    interval: Interval
    powers: tuple[int, int]
    bounds: NDArray
    series: NDArray

    def position(self, phi: NDArray) -> tuple[NDArray, NDArray]:
        """x(φ) for φ in [0, π/2], and dx/dφ."""
        return _mapped(self.interval, self.powers, phi)

    def angle(self, x: NDArray) -> NDArray:
        """φ(x), x being moved into the interval."""
        x = np.clip(x, self.interval.left, self.interval.right)
        grid = np.linspace(0, np.pi / 2, 4097)
        positions = self.position(grid)[0]
        i = np.clip(np.searchsorted(positions, x) - 1, 0, len(grid) - 2)
        low, high = grid[i], grid[i + 1]
        for _ in range(40):
            middle = (low + high) / 2
            under = self.position(middle)[0] < x
            low, high = np.where(under, middle, low), np.where(under, high, middle)
        return (low + high) / 2

    @property
    def masses(self) -> NDArray:
        """Mass of each panel."""
        return np.diff(self.bounds) * self.series[:, 0]

    @property
    def mass(self) -> float:
        return float(self.masses.sum())

    def below(self, x: NDArray) -> NDArray:
        """Mass of the piece below x."""
        flat = np.ravel(x)
        phi = self.angle(flat)
        panel = np.clip(np.searchsorted(self.bounds, phi, side="right") - 1, 0, len(self.series) - 1)
        start, width = self.bounds[panel], np.diff(self.bounds)[panel]
        integrals = legendre.legint(self.series, lbnd=-1, axis=1)
        inner = legendre.legval(2 * (phi - start) / width - 1, integrals[panel].T, tensor=False) * width / 2
        total = np.concatenate([[0.0], np.cumsum(self.masses)])[panel] + inner
        total = np.where(flat >= self.interval.right, self.mass, np.where(flat <= self.interval.left, 0.0, total))
        return total.reshape(np.shape(x))

    def nodes(self) -> tuple[NDArray, NDArray]:
        """Positions and weights of a quadrature rule for averages over the piece."""
        points, weights = legendre.leggauss(ORDER)
        half = np.diff(self.bounds)[:, None] / 2
        x, _ = self.position((self.bounds[:-1, None] + half * (points + 1)).ravel())
        return x, (half * weights * legendre.legval(points, self.series.T)).ravel()


def _mapped(interval: Interval, powers: tuple[int, int], phi: NDArray) -> tuple[NDArray, NDArray]:
    p, q = powers
    length = interval.right - interval.left
    s, c = np.sin(phi), np.cos(phi)
    up, down = s**p, c**q
    total = up + down
    slope = (p * s ** (p - 1) * c * down + q * c ** (q - 1) * s * up) / total**2
    x = interval.left + length * up / total
    return (interval.right - length * down / total if interval.right == 0 else x), length * slope


def _power(branch: Branch, interval: Interval, end: int) -> int:
    """The power of φ in which the density at an end is smooth: 2, or more where it diverges faster than 1/√d."""
    if not interval.hard[end]:
        return 2
    at, away = (interval.left, 1.0) if end == 0 else (interval.right, -1.0)
    distances = (interval.right - interval.left) * np.array([1e-9, 1e-11])
    near, nearer = branch.real(at + away * distances)[0].imag
    exponent = np.log(nearer / near) / np.log(100.0)
    return max(2, round(1 / (1 - exponent))) if 0 < exponent < 0.95 else 2


def integrate(branch: Branch, interval: Interval) -> Piece | tuple[NDArray, Complex]:
    """The density on an interval, in panels that are halved until their series have settled.

    Where some points have no density the interval is several: those points and their neighbours are returned, with g there.
    """
    powers = (_power(branch, interval, 0), _power(branch, interval, 1))
    points, weights = legendre.leggauss(ORDER)
    project = (np.arange(ORDER) + 0.5)[:, None] * legendre.legvander(points, ORDER - 1).T * weights
    panels, done = np.array([[0.0, np.pi / 2]]), []
    for depth in range(DEPTH):
        half = (panels[:, 1:] - panels[:, :1]) / 2
        x, slope = _mapped(interval, powers, panels[:, :1] + half * (points + 1))
        g = branch.real(x.ravel())[0]
        rho = g.imag.reshape(x.shape) / np.pi
        margin = 1e-9 * (interval.right - interval.left)
        empty = ((rho == 0) & (x > interval.left + margin) & (x < interval.right - margin)).ravel()
        if empty.any():
            near = np.convolve(empty, [1, 1, 1], "same") > 0
            return x.ravel()[near], g[near]
        series = (np.nan_to_num(rho) * slope) @ project.T
        settled = (np.abs(series[:, -3:]).max(axis=1) * half[:, 0] < SETTLED) | (depth == DEPTH - 1)
        done += [(panel, coefficients) for panel, coefficients in zip(panels[settled], series[settled], strict=True)]
        panels = np.array([p for a, b in panels[~settled] for p in ((a, (a + b) / 2), ((a + b) / 2, b))]).reshape(-1, 2)
        if not len(panels):
            break
    done.sort(key=lambda pair: pair[0][0])
    return Piece(interval, powers, np.array([*(p[0] for p, _ in done), np.pi / 2]), np.array([c for _, c in done]))
