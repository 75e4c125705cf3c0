"""Outliers: single eigenvalues outside the spectrum, pulled out by finitely many spiked modes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.compile import compile_expressions
from solvers.spectral.green import Branch
from solvers.spectral.measure import Measure
from theory.errors import ParameterError
from theory.spectral.spikes import SpikedMode, spiked_mode

POINTS, STEPS = 60, 60
"""Points searched on each side of a gap, and halvings of a bracket."""


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
    while left:
        name = next(iter(left))
        mode = spiked_mode(branch.green, name)
        lacking = sorted(mode.data.keys() - left.keys())
        if lacking:
            raise ParameterError(f"spikes: {name} without {lacking[0]}; a mode has both, give {lacking[0]!r} as well")
        columns = {n: _values(branch, n, left.pop(n)) for n in mode.data}
        if len({len(c) for c in columns.values()}) > 1:
            raise ParameterError(f"spikes: {', '.join(columns)} have different lengths; give as many values of each")
        for row in zip(*columns.values(), strict=True):
            found += _of_spike(branch, measure, mode, dict(zip(columns, map(float, row), strict=True)))
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


def _of_spike(branch: Branch, measure: Measure, mode: SpikedMode, spike: dict[str, float]) -> Iterator[Outlier]:
    data = {mode.data[n]: np.asarray(v) for n, v in spike.items()}
    expressions = [mode.determinant] if mode.diagonal is None else [mode.determinant, 1 / mode.diagonal]
    compiled = compile_expressions(expressions)

    def values(x: NDArray) -> list[NDArray]:
        t, g, _ = branch.solution(x)
        known: dict[Any, Any] = {**branch.full.sizes, **branch.scalars, **data, branch.green.shift: -x}
        known |= {u: t[:, i].real for i, u in enumerate(branch.unknowns)}
        with np.errstate(all="ignore"):
            found = compiled({s: known[s] for s in compiled.scalars}, branch.full.arrays, branch.full.weights, branch.full.counts)
        return [np.where(np.isfinite(g) & (g.imag == 0), np.broadcast_to(v, x.shape), np.nan) for v in found]

    for x in _gaps(branch, measure):
        f = values(x)[0]
        for i in np.flatnonzero(f[:-1] * f[1:] < 0):
            root = _root(values, x[i], x[i + 1], f[i])
            at = values(np.array([root]))[0][0]
            if not abs(at) < 1e-3 * max(abs(f[i]), abs(f[i + 1])):
                continue  # a pole of the determinant, at an atom
            overlap = None
            if mode.diagonal is not None:
                step = 1e-4 * min(root - x[i], x[i + 1] - root) + 1e-7 * branch.scale
                low, high = values(np.array([root - step, root + step]))[1]
                overlap = float(2 * step / (low - high))
            yield Outlier(float(root), spike, overlap)


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


def _root(values: Any, low: float, high: float, at_low: float) -> float:
    """A zero between two points by bisection on several points at once."""
    for _ in range(STEPS // 3):
        x = np.linspace(low, high, 10)
        f = values(x[1:-1])[0]
        signs = np.concatenate([[np.sign(at_low)], np.sign(f), [-np.sign(at_low)]])
        i = int(np.argmax(signs[1:] != signs[0]))
        low, high = x[i], x[i + 1]
        if high - low <= 4e-16 * abs(high):
            break
    return float((low + high) / 2)
