"""Outliers: single eigenvalues outside the spectrum, pulled out by finitely many spiked modes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.compile import compile_expressions
from solvers.descent import Complex
from solvers.spectral.crossings import crossings
from solvers.spectral.green import Branch
from solvers.spectral.measure import Measure
from solvers.spectral.pieces import Axis
from solvers.spectral.sheet import Sheet
from theory.errors import ParameterError
from theory.spectral.spikes import SpikedMode, spiked_mode

POINTS, FARTHEST = 60, 1e18
"""Points searched on each side of a gap, and how far out, in scales."""
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
    gaps = _gaps(branch, measure) if left else []
    while left:
        name = next(iter(left))
        mode = spiked_mode(branch.green, name)
        lacking = sorted(mode.data.keys() - left.keys())
        if lacking:
            raise ParameterError(f"spikes: {name} without {lacking[0]}; a mode has both, give {lacking[0]!r} as well")
        columns = {n: _values(branch, n, left.pop(n)) for n in mode.data}
        if len({len(c) for c in columns.values()}) > 1:
            raise ParameterError(f"spikes: {', '.join(columns)} have different lengths; give as many values of each")
        found += _of_mode(branch, measure.axis, gaps, mode, columns)
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


def _of_mode(branch: Branch, axis: Axis, gaps: list[Gap], mode: SpikedMode, columns: dict[str, NDArray]) -> Iterator[Outlier]:
    compiled = compile_expressions([mode.determinant] if mode.diagonal is None else [mode.determinant, 1 / mode.diagonal])

    def values(x: NDArray, t: Complex, g: Complex, spike: Sequence[NDArray]) -> list[NDArray]:
        known: dict[Any, Any] = {**branch.full.sizes, **branch.scalars, branch.green.shift: -x}
        known |= {mode.data[n]: v for n, v in zip(columns, spike, strict=True)}
        known |= {u: t[:, i].real for i, u in enumerate(branch.unknowns)}
        with np.errstate(all="ignore"):
            found = compiled({s: known[s] for s in compiled.scalars}, branch.full.arrays, branch.full.weights, branch.full.counts)
        return [np.where(np.isfinite(g) & (g.imag == 0), np.broadcast_to(v, x.shape), np.nan) for v in found]

    def at(x: NDArray, *spike: NDArray) -> list[NDArray]:
        t, g, _ = axis.solution(x)
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
    root = crossings(lambda x, i: at(x, *(column[i] for column in spike))[0], np.array(low), np.array(high))
    step = 1e-4 * np.minimum(root - low, high - root) + axis.noise
    here, left, right = (at(x, *spike) for x in (root, root - step, root + step))
    for i, row in enumerate(rows):
        if abs(here[0][i]) < 1e-3 * height[i]:  # not a pole of the determinant, at an atom
            overlap = None if mode.diagonal is None else float(2 * step[i] / (left[1][i] - right[1][i]))
            yield Outlier(float(root[i]), {n: float(v) for n, v in zip(columns, row, strict=True)}, overlap)


def _gaps(branch: Branch, measure: Measure) -> list[Gap]:
    """Points of every gap between intervals and atoms, crowded at its ends; outside they reach far out."""
    if isinstance(measure.axis, Sheet):
        return measure.axis.gap_points(POINTS // 2, sorted(measure.atoms), FARTHEST)
    ends = sorted([(p.interval.left, p.interval.right) for p in measure.pieces] + [(a, a) for a in measure.atoms])
    distance, share = branch.scale * np.geomspace(1e-7, FARTHEST, 6 * POINTS), 0.5 * np.geomspace(1e-6, 1, POINTS)
    found = [ends[0][0] - distance[::-1]]
    for (_, low), (high, _) in pairwise(ends):
        if high - low > 1e-6 * branch.scale:
            found.append(np.concatenate([low + share * (high - low), high - share[-2::-1] * (high - low)]))
    return [(x, *branch.solution(x)[:2]) for x in [*found, ends[-1][1] + distance]]
