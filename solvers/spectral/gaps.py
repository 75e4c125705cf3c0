"""Gaps of a spectrum from the inverse map: real z that rise with the pole s of all sums.

Between two neighbouring values of the spectrum dz/ds falls to -∞ towards either, and is positive in between where there is a gap
(Silverstein and Choi 1995). All pairs of neighbours are searched together, but for those above which z turns downwards in the
upper half-plane at the distance of the pair: they lie inside an interval with a density.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solvers.spectral.crossings import crossings
from solvers.spectral.inverse import Inverse

HEIGHTS, INNER, OUTER, ZOOMS, SURE = 60, 24, 6, 16, 3
"""Points of a line above a gap, points between two values, points per factor of e beyond the outermost ones, rounds of refinement
of a maximum, and the round from which on its neighbours tell how much higher it may be."""
Slope = Callable[[NDArray, NDArray], NDArray]
CLOSEST = 4e-16
"""Distance to a value, relative to it, at which one is next to it."""


@dataclass(frozen=True, eq=False)
class Gaps:
    """``start`` and ``stop`` of s in each gap, infinite at the outer ends, and the ends of the spectrum there, ``left`` and
    ``right`` of the gap: z at start and at stop."""

    start: NDArray
    stop: NDArray
    left: NDArray
    right: NDArray


class Pairs:
    """Pairs of neighbouring values ``low``, ``high`` (n,), of which the first and the last reach to infinity, and places between
    them: y is the logarithm of the ratio of distances to either."""

    def __init__(self, low: NDArray, high: NDArray, inverse: Inverse) -> None:
        self.low, self.high = low, high
        reach = [np.where(np.isinf(v), 0.0, np.abs(v)) for v in (low, high)]
        least = np.maximum(CLOSEST * np.maximum(*reach), inverse.finest)
        self.width = np.where(np.isinf(high - low), inverse.extent, high - low)
        depth = np.log(self.width / least)
        self.bottom = np.where(np.isinf(low), -np.log(1e6), -depth)
        self.top = np.where(np.isinf(high), np.log(1e6), depth)

    def at(self, pair: NDArray, y: NDArray) -> tuple[NDArray, NDArray]:
        """s at y, and a factor that makes dz/ds finite at the ends."""
        low, high, width = self.low[pair], self.high[pair], self.width[pair]
        up, down = 1 / (1 + np.exp(-y)), 1 / (1 + np.exp(y))
        inner = np.where(y < 0, low + width * up, high - width * down)
        s = np.where(np.isinf(low), high - width * np.exp(-y), np.where(np.isinf(high), low + width * np.exp(y), inner))
        return s, np.where(np.isinf(low), down, np.where(np.isinf(high), up, 4 * up * down)) ** 2


def find_gaps(inverse: Inverse) -> Gaps:
    """The gaps in rising order; the first and the last reach to infinity.

    Real z that rise with s are no gaps where z does not stay in the upper half-plane on the way up: they are on another sheet.
    """
    start, stop = _rising(inverse)
    first, last = np.where(np.isinf(start), 0.0, start), np.where(np.isinf(stop), 0.0, stop)
    low, high = np.where(np.isinf(start), last - inverse.extent, start), np.where(np.isinf(stop), first + inverse.extent, stop)
    lines = (low + high) / 2 + 1j * np.geomspace(1e-3 * (high - low), 10 * inverse.extent, HEIGHTS)
    rises = (inverse.slopes(lines.ravel())[0].imag.reshape(lines.shape) > 0).all(axis=0)
    start, stop = start[rises], stop[rises]
    left, right = (np.where(np.isinf(v), v, inverse.slopes(_beside(v, inverse))[0]) for v in (start, stop))
    return Gaps(start, stop, left, right)


def _rising(inverse: Inverse) -> tuple[NDArray, NDArray]:
    """Ends (k,) and (k,) of the intervals of s in which z rises, infinite at the outer ends."""
    values = np.concatenate([[-np.inf], inverse.values, [np.inf]])
    open_pairs = np.concatenate([[0], 1 + _candidates(inverse), [len(values) - 2]])
    pairs = Pairs(values[open_pairs], values[open_pairs + 1], inverse)

    def slope(pair: NDArray, y: NDArray) -> NDArray:
        s, factor = pairs.at(pair, y)
        return inverse.slopes(s)[1] * factor

    pair, y, h = _sampled(pairs, slope)
    for step in range(ZOOMS):
        more = _near_maxima(pair, y, h, step >= SURE)
        if not len(more[0]):
            break
        pair, y, h = _joined((pair, y, h), (*more, slope(*more)))
    turns = np.flatnonzero((pair[1:] == pair[:-1]) & ((h[1:] > 0) != (h[:-1] > 0)))
    ends = crossings(lambda place, part: slope(pair[turns[part]], place), y[turns], y[turns + 1])
    s = pairs.at(pair[turns], ends)[0]
    rising = h[turns + 1] > 0
    first, last = np.flatnonzero(np.diff(pair, prepend=-1)), np.flatnonzero(np.diff(pair, append=len(open_pairs)))
    # A gap that reaches a value goes on behind it where the next pair begins with one, and ends there where it does not.
    ahead, behind = h[first] > 0, h[last] > 0
    follows = np.append(open_pairs[1:] == open_pairs[:-1] + 1, False)
    next_ahead, before_behind = np.append(ahead[1:], False) & follows, np.append(False, (behind & follows)[:-1])
    starts, stops = ahead & ~before_behind, behind & ~next_ahead
    start = np.sort(np.concatenate([s[rising], pairs.low[starts]]))
    stop = np.sort(np.concatenate([s[~rising], pairs.high[stops]]))
    return start, stop


def _beside(s: NDArray, inverse: Inverse) -> NDArray:
    """s itself, or a little more where it is a value or infinite, so that z is a number."""
    finite = np.where(np.isinf(s), inverse.extent, s)
    place = np.clip(np.searchsorted(inverse.values, finite), 0, len(inverse.values) - 1)
    return np.where(inverse.values[place] == finite, finite + inverse.finest + CLOSEST * np.abs(finite), finite)


def _candidates(inverse: Inverse) -> NDArray:
    """Pairs of neighbouring values that may have a gap between them, by halving runs of values."""
    values, found = inverse.values, [np.zeros(0, dtype=int)]
    first, last = np.array([0]), np.array([len(values) - 1])
    while len(first):
        width = values[last] - values[first]
        points = np.stack([values[first], (values[first] + values[last]) / 2, values[last]]) + 1j * width
        rises = (inverse.slopes(points.ravel())[0].imag.reshape(points.shape) >= 0).any(axis=0)
        first, last = first[rises], last[rises]
        single = last - first == 1
        found.append(first[single])
        first, last = first[~single], last[~single]
        middle = (first + last) // 2
        first, last = np.concatenate([first, middle]), np.concatenate([middle, last])
    return np.sort(np.concatenate(found))


def _sampled(pairs: Pairs, slope: Slope) -> tuple[NDArray, NDArray, NDArray]:
    """Places in every pair, in rising order, with dz/ds: between two values more in the middle, where it is larger than beside."""
    span, outer = pairs.top - pairs.bottom, np.isinf(pairs.low) | np.isinf(pairs.high)
    counts = np.where(outer, OUTER * span, INNER).astype(int)
    pair = np.repeat(np.arange(len(counts)), counts)
    share = (np.arange(len(pair)) - np.repeat(np.cumsum(counts) - counts, counts)) / (counts[pair] - 1)
    share = np.where(outer[pair], share, 0.5 + np.sign(share - 0.5) * 2 * (share - 0.5) ** 2)
    y = pairs.bottom[pair] + span[pair] * share
    return pair, y, slope(pair, y)


def _near_maxima(pair: NDArray, y: NDArray, h: NDArray, sure: bool) -> tuple[NDArray, NDArray]:
    """Places beside negative maxima; where ``sure``, only of those that a parabola leaves in doubt."""
    i = 1 + np.flatnonzero((pair[:-2] == pair[2:]) & (h[1:-1] <= 0) & (h[1:-1] >= h[:-2]) & (h[1:-1] >= h[2:]))
    left, right = y[i] - y[i - 1], y[i + 1] - y[i]
    if sure:
        rise = np.maximum((h[i] - h[i - 1]) * right / left, (h[i] - h[i + 1]) * left / right)
        i = i[(h[i] + rise > 0) & (np.maximum(left, right) > 1e-7)]
    share = np.array([0.3, 0.7])
    places = np.concatenate([(y[j, None] + (y[j + 1] - y[j])[:, None] * share).ravel() for j in (i - 1, i)])
    return np.concatenate([np.repeat(pair[i], 2)] * 2), places


def _joined(old: tuple[NDArray, ...], new: tuple[NDArray, ...]) -> tuple[NDArray, NDArray, NDArray]:
    pair, y, h = (np.concatenate(columns) for columns in zip(old, new, strict=True))
    order = np.lexsort((y, pair))
    order = order[np.concatenate([[True], (np.diff(pair[order]) > 0) | (np.diff(y[order]) > 0)])]
    return pair[order], y[order], h[order]
