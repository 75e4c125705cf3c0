"""The compute-optimal frontier: how to share a budget between two sizes, such as width and training time, at the least loss."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.sweeps import sweep
from solvers.values import bind
from theory.errors import ParameterError

MOST_PER_DECADE = 64


@dataclass(frozen=True)
class Frontier:
    """The least ``loss`` (C,) at each budget ``compute`` (C,), the product of two sizes, and the ``sizes`` (C,) by name there.

    ``losses`` (first, second) are those of the whole grid, ``grid`` the sizes of its rows and columns.
    """

    compute: NDArray
    loss: NDArray
    sizes: Mapping[str, NDArray]
    grid: Mapping[str, NDArray]
    losses: NDArray

    def slopes(self, name: str | None = None) -> NDArray:
        """d ln / d ln C of the loss, or of the size of that name, between neighbouring budgets."""
        return np.diff(np.log(self.loss if name is None else self.sizes[name])) / np.diff(np.log(self.compute))


def frontier(
    theory: Any, observable: str, ranges: Mapping[str, tuple[float, float]], *, per_decade: int = 4, tolerance: float = 1e-8,
    **values: Any,
) -> Frontier:  # fmt: skip
    """The :class:`Frontier` of an observable of a theory over two sizes, given by ``ranges``, {"N": (10, 1e4), "t": (1, 1e6)}.

    The cost is their product. Solved on a grid of ``per_decade`` values, the minimum at each cost from a cubic spline in
    logarithms; budgets whose least loss lies next to an end of a range are left out. ParameterError for bad input and where
    no budget has an optimum inside the ranges.
    """
    if not isinstance(ranges, Mapping) or len(ranges) != 2:
        raise ParameterError(f'ranges: {ranges!r}; give two sizes, such as {{"N": (10, 1e4), "t": (1, 1e6)}}')
    if isinstance(per_decade, bool) or not isinstance(per_decade, int) or not 1 <= per_decade <= MOST_PER_DECADE:
        raise ParameterError(f"per_decade: {per_decade!r}; give a whole number from 1 to {MOST_PER_DECADE}")
    first, second = ranges
    grid = {name: _grid(name, ends, per_decade) for name, ends in ranges.items()}
    axes = bind(theory, {**grid, **values}).axes
    for extra in axes.keys() - {first, second}:
        raise ParameterError(f"{extra}: {len(axes[extra])} values given to frontier, which takes one; leave the others out")
    losses = sweep(theory, observables=observable, tolerance=tolerance, **grid, **values)[observable]
    rows, columns = losses.shape
    found = []
    from scipy.interpolate import CubicSpline

    for total in range(rows + columns - 1):
        i = np.arange(max(0, total - columns + 1), min(rows - 1, total) + 1)
        logs = np.log(losses[i, total - i])
        k = int(np.argmin(logs))
        if 1 < k < len(i) - 2:
            where = np.arange(len(i), dtype=float)
            spline = CubicSpline(where, logs)
            turns = spline.derivative().roots(extrapolate=False)
            best = min(turns, key=spline) if turns.size else where[k]
            size = grid[first][i[0]] * 10.0 ** (best / per_decade)
            compute = grid[first][0] * grid[second][0] * 10.0 ** (total / per_decade)
            found.append((compute, math.exp(float(spline(best))), size, compute / size))
    if not found:
        raise ParameterError(f"ranges: no least {observable} inside {dict(ranges)}; widen them")
    compute, loss, one, other = np.array(found).T
    return Frontier(compute, loss, {first: one, second: other}, grid, losses)


def _grid(name: str, ends: Any, per_decade: int) -> NDArray:
    try:
        low, high = (float(e) for e in ends)
    except (TypeError, ValueError):
        raise ParameterError(f"range of {name}: {ends!r}; give two numbers, such as (10, 1e4)") from None
    if not 0 < low < high < math.inf:
        raise ParameterError(f"range of {name}: {ends!r}; give two positive numbers, the smaller one first")
    number = 1 + math.floor(per_decade * math.log10(high / low) + 1e-9)
    if number < 5:
        raise ParameterError(f"range of {name}: {ends!r} holds {number} values at {per_decade} per decade; widen it")
    return low * 10.0 ** (np.arange(number) / per_decade)
