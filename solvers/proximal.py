"""Proximal points of smooth convex potentials, by Newton's method inside a bracket, for many at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

STEPS = 100


def proximal_point(slopes: Callable[..., Any], omega: ArrayLike, chi: ArrayLike, *parameters: ArrayLike) -> NDArray:
    """The h with h + chi V'(h) = omega, where ``slopes(h, *parameters)`` gives V' and V''; shapes broadcast.

    V' increases, so that h lies between omega and omega - chi V'(omega).
    """
    omega, chi, *given = np.broadcast_arrays(omega, chi, *parameters)
    with np.errstate(all="ignore"):
        far = omega - chi * slopes(omega, *given)[0]
        low, high = np.minimum(far, omega), np.maximum(far, omega)
        h = omega.astype(float)
        for _ in range(STEPS):
            first, second = slopes(h, *given)
            residual = h + chi * first - omega
            low, high = np.where(residual < 0, h, low), np.where(residual > 0, h, high)
            trial = h - residual / (1 + chi * second)
            trial = np.where((trial >= low) & (trial <= high), trial, low + (high - low) / 2)
            done = np.abs(trial - h) <= 4e-16 * (np.abs(h) + np.abs(omega))
            h = np.where(np.isfinite(residual), trial, np.nan)
            if np.all(done | np.isnan(h)):
                break
    return h
