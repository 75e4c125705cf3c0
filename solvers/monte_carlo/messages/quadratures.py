"""Integrals of sharp one-dimensional densities, for many at once: pieces between kinks, narrowed to where the density lives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from theory.errors import ConvergenceError

DEPTH = 40.0
"""Logarithm by which a density has fallen from its peak where it is cut off."""
REACH = 10.0
"""Half of the first interval, in standard deviations of the Gaussian factor."""
COARSE, FINE, FINEST = 25, 40, 1280
"""Points that narrow a piece down, and nodes that integrate over it, to begin with and at most."""
STAGES, DOUBLINGS = 12, 40
INSIDE = 1e-9
"""Distance from the ends of a piece, relative to its length, at which they are looked at."""

LogDensity = Callable[[NDArray], NDArray]


def nodes(
    log_density: LogDensity, centre: NDArray, width: NDArray, kinks: Sequence[NDArray], fine: int = FINE
) -> tuple[NDArray, NDArray]:
    """Nodes and logarithms of weights, shape (rows, points): sum exp(weight) f(node) integrates exp(log_density) f.

    ``log_density`` maps (rows, points) to the same shape, ends in a Gaussian factor of this ``centre`` and ``width``, and is smooth
    between the ``kinks``. ConvergenceError where it is infinite or falls off nowhere.
    """
    with np.errstate(all="ignore"):
        low, high = _interval(log_density, centre, width)
        inner = np.sort(np.stack([np.clip(k, low, high) for k in kinks], axis=1), axis=1) if kinks else np.zeros((len(low), 0))
        edges = np.concatenate([low[:, None], inner, high[:, None]], axis=1)
        low, high = _narrowed(log_density, edges[:, :-1], edges[:, 1:])
        x, w = _legendre(fine)
        half = (high - low) / 2
        points = low[..., None] + half[..., None] * (1 + x)
        weights = np.log(half)[..., None] + np.log(w)
        flat = points.reshape(len(points), -1)
        return flat, weights.reshape(flat.shape) + _checked(log_density(flat))


def _interval(log_density: LogDensity, centre: NDArray, width: NDArray) -> tuple[NDArray, NDArray]:
    """The ends of an interval outside of which there is nothing."""
    reach, grid = REACH * width, np.linspace(-1.0, 1.0, 2 * COARSE)
    for _ in range(DOUBLINGS):
        values = _checked(log_density(centre[:, None] + reach[:, None] * grid))
        top = values.max(axis=1)
        wide = (top == -np.inf) | (np.maximum(values[:, 0], values[:, -1]) >= top - DEPTH)
        if not wide.any():
            return centre - reach, centre + reach
        reach = np.where(wide, 2 * reach, reach)
    raise ConvergenceError("a local measure does not fall off; declare a prior or a penalty that confines the state")


def _narrowed(log_density: LogDensity, low: NDArray, high: NDArray) -> tuple[NDArray, NDArray]:
    """Each piece (rows, pieces) cut down to where its density is not negligible."""
    grid = np.linspace(INSIDE, 1 - INSIDE, COARSE)
    for _ in range(STAGES):
        length = high - low
        points = low[..., None] + length[..., None] * grid
        values = _checked(log_density(points.reshape(len(points), -1))).reshape(points.shape)
        alive = (values >= values.max(axis=-1, keepdims=True) - DEPTH) & (values > -np.inf)
        first = np.maximum(np.argmax(alive, axis=-1) - 1, 0)
        last = np.minimum(COARSE - np.argmax(alive[..., ::-1], axis=-1), COARSE - 1)
        start = np.where(first > 0, np.take_along_axis(points, first[..., None], -1)[..., 0], low)
        end = np.where(last < COARSE - 1, np.take_along_axis(points, last[..., None], -1)[..., 0], high)
        empty = ~alive.any(axis=-1)
        low, high = np.where(empty, low, start), np.where(empty, high, end)
        if np.all(high - low > 0.5 * length):
            break
    return low, high


@lru_cache(maxsize=8)
def _legendre(count: int) -> tuple[NDArray, NDArray]:
    return np.polynomial.legendre.leggauss(count)


def _checked(values: NDArray) -> NDArray:
    if np.any(np.isnan(values)) or np.any(values == np.inf):
        raise ConvergenceError("a local measure is not finite; declare an energy that is bounded from below")
    return values
