"""Newton's method for many systems at once: inside a bracket for one unknown, damped for several.

An unknown that cannot be negative moves in its logarithm; the others move as they are. Points that have arrived stay.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EPSILON = float(np.finfo(float).eps)
BRACKETED, DAMPED = 200, 60
LONGEST = 5.0  # of a plain step in a logarithm
TINY, HUGE = 1e-290, 1e290

Residual = Callable[[NDArray, NDArray], tuple[NDArray, NDArray, NDArray]]
"""(x, points) -> residuals (points, m), Jacobian (points, m, m) in the coordinates, and the residuals' rounding in absolute units,
for x of shape (points, m) at the points of those numbers."""


@dataclass
class Roots:
    """Solutions ``x`` (n, m), ``uncertainty`` (n, m) of their coordinates, ``residual`` (n,) and ``iterations`` (n,)."""

    x: NDArray
    uncertainty: NDArray
    residual: NDArray
    iterations: NDArray


def find_roots(residual: Residual, lower: NDArray, upper: NDArray, logarithmic: NDArray, start: NDArray | None = None) -> Roots:
    """Roots between ``lower`` and ``upper`` of shape (n, m), which may be infinite; ``start`` (n, m) picks a branch.

    A point without a root keeps an infinite uncertainty; nothing is raised here.
    """
    n, m = lower.shape
    if m == 1 and start is None:
        x, iterations = _bracketed(residual, lower[:, 0], upper[:, 0], bool(logarithmic[0]))
        x = x[:, None]
    else:
        x, iterations = np.full((n, m), np.nan), np.zeros(n, dtype=int)
    lost = np.flatnonzero(np.isnan(x).any(axis=1))
    if lost.size:
        x[lost], iterations[lost] = _from_starts(residual, lower, upper, logarithmic, start, lost)
    return Roots(x, *_uncertainty(residual, x), iterations)


def _uncertainty(residual: Residual, x: NDArray) -> tuple[NDArray, NDArray]:
    """|J^-1| (|F| + rounding), and the largest residual."""
    f, jacobian, noise = residual(x, np.arange(len(x)))
    inverse = np.abs(inverses(jacobian))
    uncertainty = (inverse @ (np.abs(f) + noise)[..., None])[..., 0]
    return np.where(np.isfinite(uncertainty), uncertainty, np.inf), np.abs(f).max(axis=1, initial=0.0)


def inverses(matrices: NDArray) -> NDArray:
    """Inverses, NaN where there is none."""
    if matrices.shape[-1] == 1:
        usable = np.isfinite(matrices) & (matrices != 0)
        return np.where(usable, 1 / np.where(usable, matrices, 1.0), np.nan)
    good = np.isfinite(matrices).all(axis=(1, 2))
    out = np.full_like(matrices, np.nan)
    try:
        out[good] = np.linalg.inv(matrices[good])
    except np.linalg.LinAlgError:
        for i in np.flatnonzero(good):
            try:
                out[i] = np.linalg.inv(matrices[i])
            except np.linalg.LinAlgError:
                continue
    return out


def _bracketed(residual: Residual, lower: NDArray, upper: NDArray, logarithmic: bool) -> tuple[NDArray, NDArray]:
    """Newton steps where they shorten fast inside a bracket, halving elsewhere; NaN where no change of sign was found."""
    low, high, sign = _bracket(residual, lower, upper, logarithmic)
    x, iterations = _middle(low, high, logarithmic), np.zeros(len(low), dtype=int)
    x[np.isnan(sign)] = np.nan
    last = np.full(len(low), np.inf)
    active = np.flatnonzero(~np.isnan(sign))
    for _ in range(BRACKETED):
        if not active.size:
            return x, iterations
        here = x[active]
        f, jacobian, noise = (part.reshape(len(active)) for part in residual(here[:, None], active))
        iterations[active] += 1
        beyond = f * sign[active] < 0
        high[active[beyond]], low[active[~beyond]] = here[beyond], here[~beyond]
        step = -f / np.where(np.isfinite(jacobian) & (jacobian != 0), jacobian, np.nan)
        trial = _moved(here, step, logarithmic)
        inside = (trial >= low[active]) & (trial <= high[active])
        middle = _middle(low[active], high[active], logarithmic)
        smallest = 2 * EPSILON * (1.0 if logarithmic else np.maximum(np.abs(here), TINY))
        arrived = (np.abs(f) <= noise) | (np.abs(step) <= smallest) | (middle == low[active]) | (middle == high[active])
        newton = inside & ((np.abs(step) <= 0.5 * last[active]) | arrived)
        x[active] = np.where(newton, trial, np.where(arrived, here, middle))
        last[active] = np.where(newton, np.abs(step), _distance(low[active], high[active], logarithmic) / 2)
        active = active[~(arrived | np.isnan(f))]
    x[active] = np.nan
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
    return np.clip(middle, low, high)


def _distance(low: NDArray, high: NDArray, logarithmic: bool) -> NDArray:
    return np.log(high / low) if logarithmic else high - low


def _moved(x: NDArray, step: NDArray, logarithmic: bool | NDArray) -> NDArray:
    """x after a step in its coordinates."""
    multiplied = x * np.exp(np.clip(step, -300.0, 300.0))
    return np.where(logarithmic, multiplied, x + step)


def _starts(lower: NDArray, upper: NDArray, logarithmic: NDArray) -> list[NDArray]:
    """Points to start from; none of them symmetric."""
    top = np.where(np.isinf(upper), np.where(np.isinf(lower), 1.0, np.abs(lower) + 1.0), upper)
    floor = np.where(np.isinf(lower), top - 2.0, lower)
    spans_decades = logarithmic & (floor > 0)
    starts = []
    for share in (0.95, 0.7, 0.4, 0.05, 1.5, 3.0):
        geometric = np.where(spans_decades, floor, 1.0) ** (1 - share) * np.where(spans_decades, top, 1.0) ** share
        start = np.where(spans_decades, geometric, floor + share * (top - floor))
        starts.append(np.where(np.isinf(upper), start, np.minimum(start, floor + 0.99 * (top - floor))))
    return [s for s in starts if np.isfinite(s).all()]


def _from_starts(
    residual: Residual, lower: NDArray, upper: NDArray, logarithmic: NDArray, start: NDArray | None, points: NDArray
) -> tuple[NDArray, NDArray]:
    x, iterations = np.full((len(points), lower.shape[1]), np.nan), np.zeros(len(points), dtype=int)
    guesses = [start] if start is not None else _starts(lower, upper, logarithmic)
    todo = np.arange(len(points))
    for guess in guesses:
        found, taken = _damped(residual, lower, upper, logarithmic, guess[points[todo]], points[todo])
        x[todo] = found
        iterations[todo] += taken
        todo = todo[np.isnan(found).any(axis=1)]
        if not todo.size:
            break
    return x, iterations


def _damped(
    residual: Residual, lower: NDArray, upper: NDArray, logarithmic: NDArray, start: NDArray, points: NDArray
) -> tuple[NDArray, NDArray]:
    """Newton with steps halved until the simplified Newton correction shrinks; NaN where it does not arrive."""
    x, iterations = start.astype(float).copy(), np.zeros(len(points), dtype=int)
    active = np.arange(len(points))
    for _ in range(DAMPED):
        if not active.size:
            return x, iterations
        here, which = x[active], points[active]
        f, jacobian, noise = residual(here, which)
        iterations[active] += 1
        inverse = inverses(jacobian)
        step = -(inverse @ f[..., None])[..., 0]
        blurred = (np.abs(inverse) @ noise[..., None])[..., 0]
        size = np.where(logarithmic, 1.0, np.maximum(np.abs(here), TINY))
        arrived = np.asarray((np.abs(step) <= np.maximum(2 * EPSILON * size, blurred)).all(axis=1))
        stuck = np.logical_not(np.isfinite(step).all(axis=1))
        bold = np.where(logarithmic, _bold(step), step)
        length = np.linalg.norm(step, axis=1)
        share = 1 / np.maximum(1.0, np.max(np.abs(np.where(logarithmic, step, 0.0)), axis=1) / LONGEST)
        trial, trying = here.copy(), np.flatnonzero(~stuck)
        for attempt in range(13):
            stride = bold[trying] if attempt == 0 else share[trying, None] * step[trying]
            moved = _moved(here[trying], stride, logarithmic)
            trial[trying] = _kept_inside(here[trying], moved, lower[which[trying]], upper[which[trying]])
            g = residual(trial[trying], which[trying])[0]
            simplified = np.linalg.norm((inverse[trying] @ g[..., None])[..., 0], axis=1)
            worse = np.logical_not((simplified <= (1 - share[trying] / 4) * length[trying]) | arrived[trying])
            trying = trying[worse]
            if not trying.size:
                break
            share[trying] /= 2 if attempt else 1
        x[active] = np.where(stuck[:, None], np.nan, trial)
        active = active[~(arrived | stuck)]
    x[active] = np.nan
    return x, iterations


def _bold(step: NDArray) -> NDArray:
    """Steps in a logarithm that solve c x = d or c/x = d at once, where plain ones go down or up by a factor of e each."""
    return -np.sign(step) * np.log(np.maximum(1 - np.abs(step), 1e-8))


def _kept_inside(here: NDArray, moved: NDArray, lower: NDArray, upper: NDArray) -> NDArray:
    """A step that leaves the interval ends nine tenths of the way to its end."""
    with np.errstate(invalid="ignore"):
        moved = np.where(moved < lower, here + 0.9 * (lower - here), moved)
        return np.where(moved > upper, here + 0.9 * (upper - here), moved)
