"""Outliers: single eigenvalues outside the spectrum, pulled out by finitely many spiked modes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.compile import compile_expressions
from solvers.descent import Complex
from solvers.spectral.green import Branch
from solvers.spectral.measure import Measure
from theory.errors import ParameterError
from theory.spectral.spikes import SpikedMode, spiked_mode

POINTS, STEPS = 60, 60
"""Points searched on each side of a gap, and most steps towards a zero."""
Gap = tuple[NDArray, Complex, Complex]
"""Points of a gap in the spectrum, with the unknowns and g there."""


@dataclass(frozen=True)
class Outlier:
    """``position`` of an eigenvalue, the values of its spike, and the squared ``overlap`` of its eigenvector with the spiked mode
    (None where the matrix does not act on the spike's dimension)."""

    position: float
    spike: Mapping[str, float]
    overlap: float | None


def find_outliers(branch: Branch, measure: Measure, spikes: Mapping[str, ArrayLike]) -> tuple[Outlier, ...]:
    """The outliers of all spikes in every gap of the spectrum, from left to right.

    ``spikes`` maps names of per-mode parameters to values, those of one dimension having equal lengths, and names of Gaussian
    matrices to singular values of means of rank one. ParameterError for others.
    """
    found: list[Outlier] = []
    left = dict(spikes)
    gaps = [(x, *branch.solution(x)[:2]) for x in _gaps(branch, measure)] if left else []
    while left:
        name = next(iter(left))
        mode = spiked_mode(branch.green, name)
        lacking = sorted(mode.data.keys() - left.keys())
        if lacking:
            raise ParameterError(f"spikes: {name} without {lacking[0]}; a mode has both, give {lacking[0]!r} as well")
        columns = {n: _values(branch, n, left.pop(n)) for n in mode.data}
        if len({len(c) for c in columns.values()}) > 1:
            raise ParameterError(f"spikes: {', '.join(columns)} have different lengths; give as many values of each")
        found += _of_mode(branch, gaps, mode, columns)
    return tuple(sorted(found, key=lambda outlier: outlier.position))


def _values(branch: Branch, name: str, given: ArrayLike) -> NDArray:
    try:
        values = np.atleast_1d(np.asarray(given, dtype=float))
    except (TypeError, ValueError):
        raise ParameterError(f"spikes: {name} = {given!r} is no list of numbers") from None
    parameter = next((p for p in branch.green.parameters if p.name == name), None)  # none for a mean of a matrix
    wrong = [v for v in values.ravel() if not np.isfinite(v) or not (parameter is None or parameter.contains(float(v)))]
    if values.ndim != 1 or wrong:
        domain = f" with {parameter.domain}" if parameter else ""
        raise ParameterError(f"spikes: {name} = {wrong[0] if wrong else given}; give finite numbers{domain}")
    return values


def _of_mode(branch: Branch, gaps: list[Gap], mode: SpikedMode, columns: dict[str, NDArray]) -> Iterator[Outlier]:
    compiled = compile_expressions([mode.determinant] if mode.diagonal is None else [mode.determinant, 1 / mode.diagonal])

    def values(x: NDArray, t: Complex, g: Complex, spike: Sequence[NDArray]) -> list[NDArray]:
        known: dict[Any, Any] = {**branch.full.sizes, **branch.scalars, branch.green.shift: -x}
        known |= {mode.data[n]: v for n, v in zip(columns, spike, strict=True)}
        known |= {u: t[:, i].real for i, u in enumerate(branch.unknowns)}
        with np.errstate(all="ignore"):
            found = compiled({s: known[s] for s in compiled.scalars}, branch.full.arrays, branch.full.weights, branch.full.counts)
        return [np.where(np.isfinite(g) & (g.imag == 0), np.broadcast_to(v, x.shape), np.nan) for v in found]

    def at(x: NDArray, *spike: NDArray) -> list[NDArray]:
        t, g, _ = branch.solution(x)
        return values(x, t, g, spike)

    low, high, height, rows = [], [], [], []
    for row in zip(*columns.values(), strict=True):
        for x, t, g in gaps:
            f = values(x, t, g, row)[0]
            for i in np.flatnonzero(f[:-1] * f[1:] < 0):
                low.append(x[i])
                high.append(x[i + 1])
                height.append(max(abs(f[i]), abs(f[i + 1])))
                rows.append(row)
    if not rows:
        return
    spike = [np.array(column) for column in zip(*rows, strict=True)]
    root = _roots(lambda x: at(x, *spike)[0], np.array(low), np.array(high))
    step = 1e-4 * np.minimum(root - low, high - root) + 1e-7 * branch.scale
    here, left, right = (at(x, *spike) for x in (root, root - step, root + step))
    for i, row in enumerate(rows):
        if abs(here[0][i]) < 1e-3 * height[i]:  # not a pole of the determinant, at an atom
            overlap = None if mode.diagonal is None else float(2 * step[i] / (left[1][i] - right[1][i]))
            yield Outlier(float(root[i]), {n: float(v) for n, v in zip(columns, row, strict=True)}, overlap)


def _gaps(branch: Branch, measure: Measure) -> Iterator[NDArray]:
    """Points of every gap between intervals and atoms, crowded at its ends; outside they reach out to 10⁶ scales."""
    ends = sorted([(p.interval.left, p.interval.right) for p in measure.pieces] + [(a, a) for a in measure.atoms])
    distance = branch.scale * np.geomspace(1e-7, 1e6, 3 * POINTS)
    yield ends[0][0] - distance[::-1]
    for (_, low), (high, _) in pairwise(ends):
        if high - low > 1e-6 * branch.scale:
            share = 0.5 * np.geomspace(1e-6, 1, POINTS)
            yield np.concatenate([low + share * (high - low), high - share[-2::-1] * (high - low)])
    yield ends[-1][1] + distance


def _roots(function: Callable[[NDArray], NDArray], low: NDArray, high: NDArray) -> NDArray:
    """Zeros in brackets (n,): regula falsi that halves the value of an end that stays (Illinois), and bisection at times."""
    a, b = low, high
    fa, fb = function(a), function(b)
    best, least = b, np.abs(fb)
    for step in range(STEPS):
        with np.errstate(all="ignore"):
            x = np.where((step % 4 == 3) | (fa == fb), (a + b) / 2, b - fb * (b - a) / (fb - fa))
        x = np.where(least == 0, best, x)
        f = function(x)
        better = np.abs(f) < least
        moved = np.abs(x - best) > 8e-16 * np.abs(x)
        best, least = np.where(better, x, best), np.where(better, np.abs(f), least)
        if step % 4 == 2 and not (moved & (least > 0)).any():
            break
        crossed = fb * f < 0
        a, fa = np.where(crossed, b, a), np.where(crossed, fb, fa / 2)
        b, fb = x, f
    return best
