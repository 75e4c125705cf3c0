"""Newton's method for many systems at once: inside a bracket for one unknown, damped for several.

An unknown that cannot be negative moves in its logarithm; the others move as they are. Points that have arrived stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.brackets import EPSILON, TINY, Residual, bracketed, moved
from solvers.ends import FAINT, Ends, reduced
from solvers.escapes import escaped

DAMPED = 60
LONGEST = 5.0  # of a plain step in a logarithm
GROWING = 1e-6
"""Share by which an unknown next to zero may grow at every step of its map."""
DRIVEN = 1e-9
"""Of the interval: what is left there of the equation of an unknown that is zero, beyond which the others keep it from zero."""
SUNK = 1e-100
"""A signed unknown that fell below is zero."""


Start = NDArray | Callable[[NDArray], NDArray]
"""Where points begin, shape (n, m), or a function that says it for those among them that are asked for."""


@dataclass
class Roots:
    """Solutions ``x`` (n, m), ``uncertainty`` (n, m) of their coordinates, ``residual`` (n,) and ``iterations`` (n,).

    ``held`` (n, m) marks unknowns that are exactly zero, or that nothing depends on; their ``x`` is a stand-in next to the end.
    ``spread`` (n, m, k): the coordinates are off by at most the sum of its columns, each with a sign of its own."""

    x: NDArray
    uncertainty: NDArray
    residual: NDArray
    iterations: NDArray
    held: NDArray
    spread: NDArray


def find_roots(
    residual: Residual,
    lower: NDArray,
    upper: NDArray,
    logarithmic: NDArray,
    start: NDArray | Iterable[Start] | None = None,
    ends: Ends | None = None,
    steps: int = DAMPED,
) -> Roots:
    """Roots between ``lower`` and ``upper`` of shape (n, m), which may be infinite; ``start`` (n, m) picks a branch, several are
    tried in turn. ``ends`` says which unknowns may be exactly zero, ``steps`` how many steps each start has.

    A point without a root keeps an infinite uncertainty; nothing is raised here.
    """
    n, m = lower.shape
    ends = ends or Ends.none(m)
    if m == 1 and start is None:
        x, iterations = bracketed(residual, lower[:, 0], upper[:, 0], bool(logarithmic[0]))
        x = x[:, None]
    else:
        x, iterations = np.full((n, m), np.nan), np.zeros(n, dtype=int)
    lost = np.flatnonzero(np.isnan(x).any(axis=1))
    if lost.size:
        x[lost], iterations[lost] = _from_starts(residual, lower, upper, logarithmic, start, lost, ends, steps)
    x = _sunk(x, logarithmic)
    held = ends.held(x, upper)
    uncertainty, size, spread = uncertainty_of(residual, x, held)
    faint = ends.faint(x, upper, uncertainty)
    if faint.any():
        x = np.where(faint, ends.stand_in(upper), x)
        held = ends.held(x, upper)
        x = ends.placed(x, upper, held)
        uncertainty, size, spread = uncertainty_of(residual, x, held)
    return Roots(x, uncertainty, size, iterations, held, spread)


def _sunk(x: NDArray, logarithmic: NDArray) -> NDArray:
    """With zero for unknowns that are it but for rounding."""
    return np.where(~logarithmic & (np.abs(x) < SUNK), 0.0, x)


def uncertainty_of(residual: Residual, x: NDArray, held: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """|J^-1| (|F| + rounding), the largest residual, and the terms of J^-1 (±F ± rounding); all of itself for what is held at
    zero."""
    return doubts_of(reduced(residual(x, np.arange(len(x))), held), held)


def doubts_of(parts: tuple[NDArray, NDArray, NDArray], held: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """The same of a residual, its Jacobian and its rounding."""
    f, jacobian, noise = parts
    spread = inverses(jacobian) * (np.abs(f) + noise)[:, None, :]
    uncertainty = np.abs(spread).sum(axis=-1)
    spread = np.where(held[..., None], np.eye(held.shape[1]), spread)
    return np.where(held, 1.0, np.where(np.isfinite(uncertainty), uncertainty, np.inf)), np.abs(f).max(axis=1, initial=0.0), spread


def inverses(matrices: NDArray) -> NDArray:
    """Inverses, NaN where there is none."""
    if matrices.shape[-1] == 1:
        usable = np.isfinite(matrices) & (matrices != 0)
        return np.where(usable, 1 / np.where(usable, matrices, 1.0), np.nan)
    good = np.isfinite(matrices).all(axis=(1, 2))
    out = np.full_like(matrices, np.nan)
    try:
        if good.all():
            return np.linalg.inv(matrices)
        out[good] = np.linalg.inv(matrices[good])
    except np.linalg.LinAlgError:
        for i in np.flatnonzero(good):
            try:
                out[i] = np.linalg.inv(matrices[i])
            except np.linalg.LinAlgError:
                continue
    return out


def starting_points(lower: NDArray, upper: NDArray, logarithmic: NDArray) -> list[NDArray]:
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
    residual: Residual, lower: NDArray, upper: NDArray, logarithmic: NDArray, start: Any, points: NDArray, ends: Ends, steps: int
) -> tuple[NDArray, NDArray]:
    x, iterations = np.full((len(points), lower.shape[1]), np.nan), np.zeros(len(points), dtype=int)
    given = [start] if isinstance(start, np.ndarray) else start
    guesses: Iterable[Start] = starting_points(lower, upper, logarithmic) if given is None else given
    todo = np.arange(len(points))

    def arrived(of: Residual, begin: NDArray, which: NDArray) -> tuple[NDArray, NDArray]:
        y, taken = damped(of, lower, upper, logarithmic, begin, which, ends, steps)
        return np.where(growing(residual, y, upper[which], which, ends)[:, None], np.nan, y), taken

    for guess in guesses:
        begin = guess[points[todo]] if isinstance(guess, np.ndarray) else guess(points[todo])
        found, taken = arrived(residual, begin, points[todo])
        if not isinstance(start, np.ndarray):
            found = escaped(residual, _sunk(found, logarithmic), ends.odd, points[todo], lambda *where: arrived(*where)[0])
        x[todo] = found
        iterations[todo] += taken
        todo = todo[np.isnan(found).any(axis=1)]
        if not todo.size:
            break
    return x, iterations


def growing(residual: Residual, x: NDArray, upper: NDArray, points: NDArray, ends: Ends) -> NDArray:
    """Points at which an unknown that is zero would grow, by itself or as the others drive it, which is no solution; shape (n,)."""
    low = ends.vanishing & (x < FAINT * np.where(np.isfinite(upper), np.abs(upper), 1.0))
    if not low.any():
        return np.zeros(len(x), dtype=bool)
    near = np.where(np.isfinite(upper), np.abs(upper), 1.0)
    held = ends.held(np.where(low, ends.stand_in(upper), x), upper)
    # Not next to zero, where averages would see no increment of a field.
    at = np.where(low, FAINT * near, ends.placed(x, upper, held))
    left, jacobian, _ = residual(at, points)
    slopes = np.einsum("nii->ni", jacobian)
    return (low & ((slopes < -GROWING * at) | (np.abs(left) > DRIVEN * near))).any(axis=1)


def damped(
    residual: Residual,
    lower: NDArray,
    upper: NDArray,
    logarithmic: NDArray,
    start: NDArray,
    points: NDArray,
    ends: Ends,
    steps: int,
    patience: int = DAMPED,
    close: float = 0.0,
) -> tuple[NDArray, NDArray]:
    """Newton with steps halved until the simplified Newton correction shrinks, and ended at relative steps that are ``close``; NaN
    where it does not arrive, or where halving did not help ``patience`` times."""
    x, iterations = start.astype(float).copy(), np.zeros(len(points), dtype=int)
    active, failures = np.arange(len(points)), np.zeros(len(points), dtype=int)
    known = [np.array(part) for part in residual(x, points)]
    for _ in range(steps):
        if not active.size:
            return x, iterations
        here, which = x[active], points[active]
        held = ends.held(here, upper[which])
        here, before = ends.placed(here, upper[which], held), here
        if (elsewhere := np.flatnonzero((here != before).any(axis=1))).size:
            for part, new in zip(known, residual(here[elsewhere], which[elsewhere]), strict=True):
                part[active[elsewhere]] = new
        f, jacobian, noise = reduced((known[0][active], known[1][active], known[2][active]), held)
        iterations[active] += 1
        inverse = inverses(jacobian)
        step = -(inverse @ f[..., None])[..., 0]
        blurred = (np.abs(inverse) @ noise[..., None])[..., 0]
        size = np.where(logarithmic, 1.0, np.maximum(np.abs(here), TINY))
        near = np.maximum(2 * EPSILON * size, close * np.maximum(size, close))
        arrived = np.asarray((np.abs(step) <= np.maximum(near, blurred)).all(axis=1))
        stuck = np.logical_not(np.isfinite(step).all(axis=1))
        bold = np.where(logarithmic, _bold(step), step)
        length = np.linalg.norm(step, axis=1)
        share = 1 / np.maximum(1.0, np.max(np.abs(np.where(logarithmic, step, 0.0)), axis=1) / LONGEST)
        last = moved(here, bold, logarithmic)
        trial = np.where((arrived & ~stuck)[:, None] & ~held, _kept_inside(here, last, lower[which], upper[which]), here)
        trying = np.flatnonzero(~(stuck | arrived))
        for attempt in range(13):
            if not trying.size:
                break
            stride = bold[trying] if attempt == 0 else share[trying, None] * step[trying]
            after = moved(here[trying], stride, logarithmic)
            trial[trying] = _kept_inside(here[trying], after, lower[which[trying]], upper[which[trying]])
            trial[trying] = np.where(held[trying], here[trying], trial[trying])
            # What is found at an accepted step serves the next one.
            for part, new in zip(known, residual(trial[trying], which[trying]), strict=True):
                part[active[trying]] = new
            g = np.where(held[trying], 0.0, known[0][active[trying]])
            simplified = np.linalg.norm((inverse[trying] @ g[..., None])[..., 0], axis=1)
            trying = trying[np.logical_not(simplified <= (1 - share[trying] / 4) * length[trying])]
            share[trying] /= 2 if attempt else 1
        failures[active[trying]] += 1
        stuck |= failures[active] > patience
        x[active] = np.where(stuck[:, None], np.nan, trial)
        active = active[~(arrived | stuck)]
    x[active] = np.nan
    return x, iterations


def _bold(step: NDArray) -> NDArray:
    """Steps in a logarithm that solve c x = d or c/x = d at once, where plain ones go down or up by a factor of e each."""
    return -np.sign(step) * np.log(np.maximum(1 - np.abs(step), 1e-8))


def _kept_inside(here: NDArray, after: NDArray, lower: NDArray, upper: NDArray) -> NDArray:
    """A step that leaves the interval ends nine tenths of the way to its end."""
    with np.errstate(invalid="ignore"):
        after = np.where(after < lower, here + 0.9 * (lower - here), after)
        return np.where(after > upper, here + 0.9 * (upper - here), after)
