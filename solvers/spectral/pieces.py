"""The density on one interval as a smooth function: ends and singularities are mapped away, and Legendre series are left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from solvers.descent import Complex
from solvers.spectral.support import Interval

ORDER, DEPTH, SETTLED, LIGHT, BEYOND = 24, 16, 1e-10, 1e3, 3
"""Degree of a panel's series, halvings of a panel, the mass in the last coefficients at which a panel is done, one over the mass of
an interval below which it is a share of that, and halvings after a gap is met, to meet more of them at once."""


class Axis(Protocol):
    """Whatever solves the equations on the real axis, with ``order`` unknowns; over ``noise`` differences are exact enough."""

    order: int

    @property
    def noise(self) -> float: ...

    def solution(self, x: NDArray) -> tuple[Complex, Complex, NDArray]:
        """Unknowns, g, and its relative error."""
        ...

    def beside(self, x: NDArray, guess: Complex) -> tuple[Complex, Complex]:
        """Unknowns and g, from unknowns near those."""
        ...

    def real(self, x: NDArray) -> tuple[Complex, NDArray]:
        """g and its relative error."""
        ...


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
        total = np.where(flat >= self.interval.right, self.mass, 0.0)
        inside = (flat > self.interval.left) & (flat < self.interval.right)
        if inside.any():
            phi = self.angle(flat[inside])
            panel = np.clip(np.searchsorted(self.bounds, phi, side="right") - 1, 0, len(self.series) - 1)
            start, width = self.bounds[panel], np.diff(self.bounds)[panel]
            integrals = legendre.legint(self.series, lbnd=-1, axis=1)
            inner = legendre.legval(2 * (phi - start) / width - 1, integrals[panel].T, tensor=False) * width / 2
            total[inside] = np.concatenate([[0.0], np.cumsum(self.masses)])[panel] + inner
        return total.reshape(np.shape(x))

    def nodes(self) -> tuple[NDArray, NDArray]:
        """Positions and weights of a quadrature rule for averages over the piece."""
        points, weights = legendre.leggauss(ORDER)
        half = np.diff(self.bounds)[:, None] / 2
        x, _ = self.position((self.bounds[:-1, None] + half * (points + 1)).ravel())
        return x, (half * weights * legendre.legval(points, self.series.T)).ravel()


def _mapped(interval: Interval, powers: tuple[int, int], phi: NDArray) -> tuple[NDArray, NDArray]:
    return _positions((interval.left, interval.right, *powers), phi)


def _positions(ends: Any, phi: NDArray) -> tuple[NDArray, NDArray]:
    """x(φ) and dx/dφ for the left and right ends and the powers there, which broadcast with φ."""
    left, right, p, q = ends
    length = right - left
    s, c = np.sin(phi), np.cos(phi)
    up, down = s**p, c**q
    total = up + down
    slope = (p * s ** (p - 1) * c * down + q * c ** (q - 1) * s * up) / total**2
    return np.where(right == 0, right - length * down / total, left + length * up / total), length * slope


def _power(axis: Axis, interval: Interval, end: int) -> int:
    """The power of φ in which the density at an end is smooth: 2, or more where it diverges faster than 1/√d."""
    if not interval.hard[end]:
        return 2
    at, away = (interval.left, 1.0) if end == 0 else (interval.right, -1.0)
    distances = (interval.right - interval.left) * np.array([1e-9, 1e-11] if at == 0 else [1e-5, 1e-7])
    near, nearer = axis.real(at + away * distances)[0].imag
    with np.errstate(all="ignore"):
        exponent = np.log(nearer / near) / np.log(100.0)
    return max(2, round(1 / (1 - exponent))) if 0 < exponent < 0.95 else 2


def integrate(axis: Axis, intervals: Sequence[Interval]) -> list[Piece | tuple[NDArray, Complex]]:
    """The densities on intervals, in panels that are halved until their series have settled; all intervals together.

    Where some points have no density an interval is several: those points and their neighbours are returned, with g there.
    """
    powers = [(_power(axis, interval, 0), _power(axis, interval, 1)) for interval in intervals]
    ends = np.array([(interval.left, interval.right, *p) for interval, p in zip(intervals, powers, strict=True)]).reshape(-1, 4)
    settled_at = SETTLED * np.array([min(1.0, LIGHT * interval.mass) for interval in intervals])
    points, weights = legendre.leggauss(ORDER)
    project = (np.arange(ORDER) + 0.5)[:, None] * legendre.legvander(points, ORDER - 1).T * weights
    owner, panels = np.arange(len(ends)), np.tile([0.0, np.pi / 2], (len(ends), 1))
    done: list[list[tuple[NDArray, NDArray]]] = [[] for _ in intervals]
    met: list[tuple[NDArray, NDArray, Complex]] = []
    until: dict[int, int] = {}  # the last depth of intervals that are several
    halves = legendre.legvander((np.array([[-1], [1]]) + points).ravel() / 2, ORDER - 1) @ project  # values at points of halves
    guess: Complex | None = None
    for depth in range(DEPTH):
        if not len(panels):
            break
        half = (panels[:, 1:] - panels[:, :1]) / 2
        own = ends[owner].T[..., None]
        x, slope = _positions(own, panels[:, :1] + half * (points + 1))
        t, g = axis.solution(x.ravel())[:2] if guess is None else axis.beside(x.ravel(), guess)
        t, g = t.reshape(*x.shape, axis.order), g.reshape(x.shape)
        rho, margin = g.imag / np.pi, 1e-9 * (own[1] - own[0])
        inner = (x > own[0] + margin) & (x < own[1] - margin)
        empty = (rho == 0) & inner
        for k in np.unique(owner[empty.any(axis=1)]).tolist():
            until.setdefault(k, depth + BEYOND)
        met.append((np.repeat(owner, ORDER)[inner.ravel()], x[inner], g[inner]))
        series = (np.nan_to_num(rho) * slope) @ project.T
        settled = (np.abs(series[:, -3:]).max(axis=1) * half[:, 0] < settled_at[owner]) | (depth == DEPTH - 1)
        for i in np.flatnonzero(settled):
            done[owner[i]].append((panels[i], series[i]))
        left = np.flatnonzero(~settled & ~np.isin(owner, [k for k in until if until[k] <= depth]))
        guess = np.einsum("pi,kim->kpm", halves, t[left]).reshape(-1, axis.order)
        middle = panels[left].mean(axis=1)
        panels = np.stack([panels[left, 0], middle, middle, panels[left, 1]], axis=1).reshape(-1, 2)
        owner = np.repeat(owner[left], 2)
    parts = enumerate(zip(intervals, powers, done, strict=True))
    return [_near_gaps([(x[mine == k], g[mine == k]) for mine, x, g in met]) if k in until else _piece(*part) for k, part in parts]


def _near_gaps(met: list[tuple[NDArray, Complex]]) -> tuple[NDArray, Complex]:
    """Points without density, and their neighbours."""
    x, first = np.unique(np.concatenate([x for x, _ in met]), return_index=True)
    g = np.concatenate([g for _, g in met])[first]
    near = np.convolve(g.imag == 0, [1, 1, 1], "same") > 0
    return x[near], g[near]


def _piece(interval: Interval, powers: tuple[int, int], panels: list[tuple[NDArray, NDArray]]) -> Piece:
    panels = sorted(panels, key=lambda pair: pair[0][0])
    return Piece(interval, powers, np.array([*(p[0] for p, _ in panels), np.pi / 2]), np.array([c for _, c in panels]))
