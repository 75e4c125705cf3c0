"""Roots of one equation in one unknown, at many points at once: Newton's method inside brackets that are searched for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

EPSILON = float(np.finfo(float).eps)
BRACKETED = 200
TINY, HUGE = 1e-290, 1e290

Residual = Callable[[NDArray, NDArray], tuple[NDArray, NDArray, NDArray]]
"""(x, points) -> residuals (points, m), Jacobian (points, m, m) in the coordinates, and the residuals' rounding in absolute units,
for x of shape (points, m) at the points of those numbers."""


def bracketed(residual: Residual, lower: NDArray, upper: NDArray, logarithmic: bool) -> tuple[NDArray, NDArray]:
    """Newton steps where they shorten fast inside a bracket, halving elsewhere; NaN where no change of sign was found."""
    low, high, sign = _bracket(residual, lower, upper, logarithmic)
    x, iterations = np.full(len(low), np.nan), np.zeros(len(low), dtype=int)
    active = np.flatnonzero(~np.isnan(sign))
    low, high, sign = low[active], high[active], sign[active]
    here, last = _middle(low, high, logarithmic), np.full(len(active), np.inf)
    for _ in range(BRACKETED):
        if not active.size:
            return x, iterations
        f, jacobian, noise = (part.reshape(len(active)) for part in residual(here[:, None], active))
        iterations[active] += 1
        beyond = f * sign < 0
        low, high = np.where(beyond, low, here), np.where(beyond, here, high)
        step = -f / np.where(np.isfinite(jacobian) & (jacobian != 0), jacobian, np.nan)
        trial = moved(here, step, logarithmic)
        inside = (trial >= low) & (trial <= high)
        middle = _middle(low, high, logarithmic)
        smallest = 2 * EPSILON * (1.0 if logarithmic else np.maximum(np.abs(here), TINY))
        arrived = (np.abs(f) <= noise) | (np.abs(step) <= smallest) | (middle == low) | (middle == high)
        newton = inside & ((np.abs(step) <= 0.5 * last) | arrived)
        here = np.where(newton, trial, np.where(arrived, here, middle))
        last = np.where(newton, np.abs(step), _distance(low, high, logarithmic) / 2)
        ended = arrived | np.isnan(f)
        if ended.any():
            x[active[ended]] = here[ended]
            active, here, low, high, sign, last = (part[~ended] for part in (active, here, low, high, sign, last))
    return x, iterations


def _bracket(residual: Residual, lower: NDArray, upper: NDArray, logarithmic: bool) -> tuple[NDArray, NDArray, NDArray]:
    """Ends of the interval, and the residual's sign at its lower one; NaN where there is no change of sign."""
    low, high = lower.astype(float), upper.astype(float)
    open_below, open_above = (low <= 0) if logarithmic else np.isinf(low), np.isinf(high)
    if logarithmic:
        both = open_below & open_above
        low = np.where(both, 1e-3, np.where(open_below, high * 1e-6, low))
        high = np.where(both, 1e3, np.where(open_above, low * 1e6, high))
    else:
        both = open_below & open_above
        low = np.where(both, -1.0, np.where(open_below, high - 1.0, low))
        high = np.where(both, 1.0, np.where(open_above, low + 1.0, high))
    low, high = np.minimum(low, high), np.maximum(low, high)
    sign = np.full(len(low), np.nan)
    todo = np.arange(len(low))
    for attempt in range(10):
        ends = np.concatenate([low[todo], high[todo]])
        f, _, noise = residual(ends[:, None], np.concatenate([todo, todo]))
        (fl, fh), (nl, nh) = (part.reshape(2, -1) for part in (f, noise))
        near_low, near_high = np.abs(fl) <= 2 * nl, np.abs(fh) <= 2 * nh
        found = (fl * fh < 0) | near_low | near_high
        sign[todo[found]] = np.where(near_low & ~near_high, -np.sign(fh), np.where(fl == 0, 1.0, np.sign(fl)))[found]
        only_low, only_high = found & near_low & (fl * fh >= 0), found & near_high & ~near_low & (fl * fh >= 0)
        high[todo[only_low]] = low[todo[only_low]]
        low[todo[only_high]] = high[todo[only_high]]
        todo = todo[~found]
        todo = todo[open_below[todo] | open_above[todo]]
        if not todo.size:
            break
        reach = 10.0 ** (3 * 2**attempt) if logarithmic and attempt < 7 else 2.0 ** (attempt + 1)
        for side, ends_of, shrink in ((open_below, low, True), (open_above, high, False)):
            which = todo[side[todo]]
            if logarithmic:
                ends_of[which] = np.clip(ends_of[which] / reach if shrink else ends_of[which] * reach, TINY, HUGE)
            else:
                ends_of[which] += -reach if shrink else reach
    return low, high, sign


def _middle(low: NDArray, high: NDArray, logarithmic: bool) -> NDArray:
    if not logarithmic:
        return low + (high - low) / 2
    wide = high > 4 * low
    middle = np.where(wide, np.sqrt(low) * np.sqrt(high), low + (high - low) / 2)
    return np.minimum(np.maximum(middle, low), high)


def _distance(low: NDArray, high: NDArray, logarithmic: bool) -> NDArray:
    return np.log(high / low) if logarithmic else high - low


def moved(x: NDArray, step: NDArray, logarithmic: bool | NDArray) -> NDArray:
    """x after a step in its coordinates."""
    if logarithmic is False:
        return x + step
    multiplied = x * np.exp(np.minimum(np.maximum(step, -300.0), 300.0))
    return multiplied if logarithmic is True else np.where(logarithmic, multiplied, x + step)
