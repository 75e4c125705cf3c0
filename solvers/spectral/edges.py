"""Ends of a spectrum, between a point with a density and one without.

At an end of the usual kind the density grows like a square root, where the map from g to z has a critical point: its square is then
a smooth function with a simple zero. At a hard end, such as 0 for a square Wishart matrix, the density is infinite, mostly like one
over a square root: one over its square has the zero.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solvers.spectral.green import Branch

STEPS, MARGIN = 60, 0.05
"""Most steps, and how far inside the extrapolated end the next point lies, as a share of the distance."""


def find_edges(branch: Branch, outside: NDArray, inside: NDArray) -> tuple[NDArray, NDArray]:
    """The end (n,) between each pair of points, and whether it is hard (n,)."""
    edge, hard = np.full(len(outside), np.nan), np.zeros(len(outside), dtype=bool)
    zero = np.flatnonzero(outside * inside <= 0)
    if zero.size:
        tiny = np.sign(inside[zero] - outside[zero]) * branch.scale * 1e-12
        values = [_density(branch, x) for x in (tiny, 1e4 * tiny, -tiny)]
        at_zero = (values[0] > 0) & ~(values[2] > 0)
        edge[zero[at_zero]], hard[zero[at_zero]] = 0.0, (values[0] > values[1])[at_zero]
    left = np.flatnonzero(np.isnan(edge))
    edge[left], hard[left] = _extrapolated(branch, outside[left].copy(), inside[left].copy())
    return edge, hard


def _density(branch: Branch, x: NDArray) -> NDArray:
    return branch.real(x)[0].imag / np.pi


def _extrapolated(branch: Branch, outside: NDArray, near: NDArray) -> tuple[NDArray, NDArray]:
    """Secant steps from inside, on the squared density where it falls towards the end and on one over it where it rises."""
    first, deep, deeper = _density(branch, near), near.copy(), np.full(len(near), np.inf)
    edge, last, active = (outside + near) / 2, np.full(len(near), np.inf), np.arange(len(near))
    for _ in range(STEPS):
        if not active.size:
            break
        a, b, far, high, low = outside[active], near[active], deep[active], deeper[active], first[active]
        with np.errstate(all="ignore"):
            square, before = np.where(high > low, low, 1 / low) ** 2, np.where(high > low, high, 1 / high) ** 2
            guess = b - square * (far - b) / (before - square)
            useful = np.isfinite(guess) & ((guess - a) * (b - guess) > 0)
            target = np.where(useful, guess + MARGIN * (b - guess), (a + b) / 2)
        edge[active] = np.where(useful, guess, (a + b) / 2)
        rho = _density(branch, target)
        found, empty = rho > 0, rho == 0
        inner, outer = active[found], active[empty]
        deep[inner], deeper[inner] = near[inner], first[inner]
        near[inner], first[inner] = target[found], rho[found]
        outside[outer] = target[empty]
        moved = np.abs(edge[active] - last[active])
        last[active] = edge[active]
        small = 1e-14 * branch.scale + 4e-16 * np.abs(edge[active])
        done = (useful & (moved < 1e2 * small)) | (np.abs(near[active] - outside[active]) < small) | np.isnan(rho)
        active = active[~done]
    return edge, first > np.where(np.isfinite(deeper), deeper, np.inf)
