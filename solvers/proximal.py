"""Proximal points of smooth convex potentials, by Newton's method, for many at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

STEPS = 200
LARGEST = 1e300
CLOSE = 1e-7
"""Relative size of a step of several variables that is followed by one of rounding."""


def proximal_point(
    slopes: Callable[..., Any],
    omega: ArrayLike,
    chi: ArrayLike,
    *parameters: ArrayLike,
    within: tuple[ArrayLike, ArrayLike] = (-LARGEST, LARGEST),
) -> NDArray:
    """The h with h + chi V'(h) = omega, where ``slopes(h, *parameters)`` gives V' and V''; shapes broadcast.

    V' increases, so that h lies between omega and omega - chi V'(omega); V may have kinks outside of the interval ``within``.
    """
    broadcast = np.broadcast_arrays(omega, chi, *within, *parameters)
    shape = broadcast[0].shape
    omega, chi, least, most, *given = (np.asarray(a, dtype=float).reshape(-1) for a in broadcast)
    found = np.clip(omega, least, most)
    with np.errstate(all="ignore"):
        far = omega - chi * slopes(omega, *given)[0]
        found[~np.isfinite(omega) | np.isnan(far)] = np.nan
        active = np.flatnonzero(np.isfinite(found))
        # Where V' has no number at ω the interval ends where the numbers do.
        low = np.clip(np.minimum(far, omega), least, most)[active]
        high = np.clip(np.maximum(far, omega), least, most)[active]
        last, before = high - low, high - low
        for _ in range(STEPS):
            if not active.size:
                break
            h, target, width = found[active], omega[active], chi[active]
            first, second = slopes(h, *[g[active] for g in given])
            # An infinite slope is a slope: the interval is halved there.
            residual = h + width * first - target
            low, high = np.where(residual < 0, h, low), np.where(residual > 0, h, high)
            trial = h - residual / (1 + width * second)
            # Newton's method may go round in a circle: where two steps have not halved it, the interval is.
            slow = np.abs(trial - h) > np.abs(before) / 2
            trial = np.where((trial >= low) & (trial <= high) & ~slow, trial, low + (high - low) / 2)
            last, before = trial - h, last
            found[active] = np.where(np.isnan(residual), np.nan, trial)
            moving = (np.abs(trial - h) > 4e-16 * (np.abs(h) + np.abs(target))) & ~np.isnan(residual)
            active, low, high, last, before = (a[moving] for a in (active, low, high, last, before))
    return found.reshape(shape)


def joint_proximal_point(slopes: Callable[..., Any], count: int, *arguments: ArrayLike) -> NDArray:
    """The h of shape (count, ...) with h + chi ∇V(h) = omega; ``arguments`` are omega (count), chi (count²) and parameters.

    ``slopes(*h, *parameters)`` gives the gradient of V and then its second derivatives, row by row. Newton's method with steps
    halved until the energy V(h) + (h - omega) chi⁻¹ (h - omega)/2, which is convex, falls along them.
    """
    broadcast = np.broadcast_arrays(*arguments)
    shape = broadcast[0].shape
    flat = [np.asarray(a, dtype=float).reshape(-1) for a in broadcast]
    omega, chi = np.stack(flat[:count], axis=-1), np.stack(flat[count : count + count**2], axis=-1).reshape(-1, count, count)
    given = flat[count + count**2 :]
    h = omega.copy()
    active = np.flatnonzero(np.isfinite(omega).all(axis=1) & np.isfinite(chi).all(axis=(1, 2)))
    h[np.setdiff1d(np.arange(len(h)), active)] = np.nan
    with np.errstate(all="ignore"):
        inverse = np.full_like(chi, np.nan)
        inverse[active] = np.linalg.inv(chi[active])

        def at(points: NDArray, which: NDArray) -> tuple[NDArray, NDArray]:
            found = slopes(*points.T, *[g[which] for g in given])
            found = [np.broadcast_to(f, (len(which),)) for f in found]
            gradient = np.stack(found[:count], axis=-1)
            gradient = gradient + np.einsum("nij,nj->ni", inverse[which], points - omega[which])
            return gradient, np.stack(found[count:], axis=-1).reshape(-1, count, count) + inverse[which]

        last = np.full(len(active), np.inf)
        for _ in range(STEPS):
            if not active.size:
                break
            gradient, bend = at(h[active], active)
            step = -np.linalg.solve(bend, gradient[..., None])[..., 0]
            share = np.ones(len(active))
            for _ in range(40):
                # The slope along the step must not have turned upwards beyond half of what it was.
                new = at(h[active] + share[:, None] * step, active)[0]
                before, after = (gradient * step).sum(-1), (new * step).sum(-1)
                steep = ~(np.abs(after) <= 0.9 * np.abs(before) + 1e-300) & (np.abs(before) > 1e-28)
                if not steep.any():
                    break
                share = np.where(steep, share / 2, share)
            h[active] += share[:, None] * step
            stride, scale = np.abs(step).max(axis=1), (np.abs(h[active]) + np.abs(omega[active])).max(axis=1)
            # Close to the minimum steps fall quadratically, until they are rounding.
            done = (stride <= 1e-15 * scale) | ((stride <= CLOSE * scale) & (stride >= last / 2))
            moving = ~(done | ~np.isfinite(step).all(axis=1))
            active, last = active[moving], stride[moving]
    return np.moveaxis(h, -1, 0).reshape(count, *shape)
