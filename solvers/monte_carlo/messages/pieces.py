"""Gaussian measures with potentials that are linear between kinks: moments of the pieces in closed form."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

FARTHEST, NARROWEST = 30.0, 0.05
"""Largest distance of a piece from the centre and least width of one, in standard deviations, of closed forms with ten digits."""

Function = Callable[[NDArray], NDArray]


def moments(value: Function, slope: Function, centre: NDArray, precision: NDArray, kinks: Sequence[NDArray]):
    """Mean minus centre, and variance, of exp(-precision (x - centre)²/2 - value(x)); None where closed forms lose digits.

    ``value`` and its derivative ``slope`` map (rows, pieces) to the same shape; the value is linear between the kinks (rows,).
    """
    root = np.sqrt(precision)[:, None]
    # In standard deviations about the centre.
    edges = np.sort(np.stack([(k - centre) * root[:, 0] for k in kinks], axis=1), axis=1)
    ends = np.full((len(centre), 1), np.inf)
    low, high = np.concatenate([-ends, edges], axis=1), np.concatenate([edges, ends], axis=1)
    with np.errstate(all="ignore"):
        inside = np.where(np.isinf(high), low + 1, (low + high) / 2)
        inside = np.where(np.isinf(low), np.where(np.isinf(high), 0.0, high - 1), inside)
        x = centre[:, None] + inside / root
        energy, pull = value(x), slope(x) / root
        pull = np.where(np.isfinite(energy), pull, 0.0)
        # The slope moves the centre of the piece by -pull.
        a, b = low + pull, high + pull
        log_mass, mean, variance = _truncated(a, b)
        log_weights = log_mass - energy + pull * inside + pull**2 / 2
        log_weights = np.where((energy == np.inf) | ~(high > low), -np.inf, log_weights)
        top = log_weights.max(axis=1, keepdims=True)
        weights = np.exp(log_weights - top)
        weights = weights / weights.sum(axis=1, keepdims=True)
        used = weights > 1e-20
        far = np.where(a > 0, a, np.where(b < 0, -b, 0.0)) > FARTHEST
        if not np.all(np.isfinite(top)) or np.any(used & (far | (high - low < NARROWEST))):
            return None
        mean, variance = np.where(used, mean - pull, 0.0), np.where(used, variance, 0.0)
        whole = (weights * mean).sum(axis=1)
        spread = (weights * (variance + (mean - whole[:, None]) ** 2)).sum(axis=1)
    return whole / root[:, 0], spread / precision


def _truncated(a: NDArray, b: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Logarithm of the mass, mean and variance of a standard Gaussian between a and b."""
    from scipy.special import log_ndtr

    # In the left tail, where differences of the distribution function keep their digits.
    turned = a > -b
    left, right = np.where(turned, -b, a), np.where(turned, -a, b)
    upper = log_ndtr(right)
    log_mass = upper + np.log1p(-np.exp(log_ndtr(left) - upper))
    density_left, density_right = (np.exp(-(e**2) / 2 - log_mass) / np.sqrt(2 * np.pi) for e in (left, right))
    mean = density_left - density_right
    inner = np.where(np.isinf(left), 0.0, left * density_left) - np.where(np.isinf(right), 0.0, right * density_right)
    return log_mass, np.where(turned, -mean, mean), 1 + inner - mean**2
