"""Nested averages over a hierarchy of Gaussians, level by level: each level is a function of one field, tabulated where a further
one is averaged over it, so that time and memory grow linearly with the depth.

Derivatives by parameters are those of complex steps of relative size 1e-20, exact to rounding; every function here takes them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.quadrature import gaussian_rule
from theory.replica.folded import TreeAverage
from theory.replica.one_body import OMEGA

STEP = 1e-20
NEAREST = 16
"""Points of the polynomials that interpolate in a table."""
ROUNDING, INTERPOLATION = 1e-14, 1e-12
"""An average is zero where its terms cancel to this share of their sizes; the second one where tables are interpolated."""
DEEP = {1: 3201, 2: 801}
"""Most nodes of one level, by the number of levels inside the outermost one; fewer for deeper trees."""
DEEPER = 301
KEPT = 48


class Levels:
    """Fields and weights of every level at one set of parameters; innermost first."""

    def __init__(self, value: Callable[[NDArray], NDArray], spreads: Sequence[complex], blocks: Sequence[complex], nodes: int):
        depth = len(blocks)
        nodes = min(nodes, DEEP.get(depth, DEEPER) if depth != 1 else DEEP[2])
        z, outer = gaussian_rule(nodes, "uniform")
        roots = [np.sqrt(s) for s in spreads]
        self.outer, self.fields, self.weights, self.values = outer, [], [], []
        self.tables: list[NDArray] = []
        inner = value
        for level, (root, block) in enumerate(zip(roots, blocks, strict=False), 1):
            if level == depth:
                base = roots[-1] * z
            else:
                reach = float(np.abs(z[-1]) * sum(np.real(r) for r in roots[level:])) or 1.0
                base = np.linspace(-reach, reach, 4 * (nodes // 2) + 1)
            field = base[:, None] + root * z
            self.fields.append(field)
            self.tables.append(base)
            g = self.inner(level, inner)
            exponent = block * g
            top = np.max(np.real(exponent), axis=1, keepdims=True)
            weight = outer * np.exp(exponent - top)
            norm = weight.sum(axis=1, keepdims=True)
            self.weights.append(weight / norm)
            self.values.append(((top + np.log(norm)) / block)[:, 0])
            inner = self.values[-1]

    def inner(self, level: int, function: Any) -> NDArray:
        """A function of the field of the level inside, at the fields of this one."""
        if level == 1:
            return np.broadcast_to(function(self.fields[0]), self.fields[0].shape)
        return interpolated(self.tables[level - 2], function, self.fields[level - 1])

    def average(self, level: int, power: int, value: Any, body: Any) -> complex:
        """The average that a :class:`~theory.replica.folded.TreeAverage` stands for."""
        function, first = (body, 0) if power else (value, 0) if not level else (self.values[level - 1], level)
        size: Any = function
        for step in range(first, len(self.weights)):
            here, absolute = self.inner(step + 1, function), self.inner(step + 1, size)
            if step == level and power > 1:
                here, absolute = here**power, absolute**power
            weight = self.weights[step]
            function = np.sum(weight * here, axis=1)
            size = np.sum(np.real(weight) * np.abs(np.real(absolute)), axis=1)
        if level == len(self.weights) and power > 1:
            function, size = function**power, size**power
        result = np.sum(self.outer * function)
        share = ROUNDING if len(self.weights) == 1 else INTERPOLATION
        bound = share * np.sum(self.outer * np.abs(np.real(size)))
        real = np.real(result) if abs(np.real(result)) > bound else 0.0
        return real + 1j * (np.imag(result) if abs(np.imag(result)) > 10 * bound * STEP else 0.0)


def interpolated(grid: NDArray, table: NDArray, at: NDArray) -> NDArray:
    """Values of a tabulated function on an even grid between its points, which may lie off the real axis by a little."""
    step = grid[1] - grid[0]
    place = (at - grid[0]) / step
    first = np.clip(np.floor(np.real(place)).astype(int) - NEAREST // 2 + 1, 0, len(grid) - NEAREST)
    kept = np.clip(np.real(place), 0, len(grid) - 1)
    offset = (kept + 1j * np.imag(place) if np.iscomplexobj(place) else kept) - first
    apart = [offset - k for k in range(NEAREST)]
    before, after = [np.ones_like(offset)], [np.ones_like(offset)]
    for k in range(NEAREST - 1):
        before.append(before[-1] * apart[k])
        after.append(after[-1] * apart[NEAREST - 1 - k])
    total = np.zeros(at.shape, dtype=np.result_type(at, table))
    for k in range(NEAREST):
        scale = (-1.0) ** (NEAREST - 1 - k) / (math.factorial(k) * math.factorial(NEAREST - 1 - k))
        total += (scale * before[k] * after[NEAREST - 1 - k]) * table[first + k]
    return total


class TreeFunction:
    """A folded average as a function of its parameters, in the order of ``symbols``; arrays broadcast."""

    def __init__(self, average: TreeAverage, compiled: Callable[..., Any], nodes: int):
        self.level, self.power, self.nodes = average.level, average.power, nodes
        self.symbols = sorted(average.free_symbols, key=sp.default_sort_key)
        self.key = (average.value, average.spreads, average.blocks)
        inside = [OMEGA, *self.symbols]
        self.value, self.body = (compiled(inside, [e]) for e in (average.value, average.body))
        self.hierarchy = compiled(self.symbols, [*average.spreads, *average.blocks])
        self.depth = len(average.blocks)

    def _at(self, parameters: tuple) -> complex:
        key = (self.key, self.nodes, dict(zip(self.symbols, parameters, strict=True)).items().__str__())
        levels = _kept.pop(key, None)

        def value(field: NDArray) -> NDArray:
            return self.value(field, *parameters)[0]

        def body(field: NDArray) -> NDArray:
            return np.broadcast_to(self.body(field, *parameters)[0], field.shape)

        if levels is None:
            numbers = self.hierarchy(*parameters)
            levels = Levels(value, numbers[: self.depth + 1], numbers[self.depth + 1 :], self.nodes)
            if len(_kept) >= KEPT:
                _kept.pop(next(iter(_kept)))
        _kept[key] = levels
        return levels.average(self.level, self.power, value, body)

    def __call__(self, *parameters: Any) -> NDArray:
        return self._over(parameters, lambda point: np.real(self._at(point)))

    def slope(self, symbol: sp.Symbol) -> Callable[..., NDArray]:
        """The derivative by one of the parameters."""
        place = self.symbols.index(symbol)

        def derivative(point: tuple) -> float:
            step = STEP * (abs(point[place]) or 1.0)
            moved = (*point[:place], point[place] + 1j * step, *point[place + 1 :])
            return float(np.imag(self._at(moved)) / step)

        return lambda *parameters: self._over(parameters, derivative)

    @staticmethod
    def _over(parameters: Sequence[Any], function: Callable[[tuple], float]) -> NDArray:
        arrays = np.broadcast_arrays(*map(np.asarray, parameters))
        flat = [a.reshape(-1) for a in arrays]
        with np.errstate(all="ignore"):
            values = [function(tuple(float(a[i]) for a in flat)) for i in range(flat[0].size)]
        return np.array(values, dtype=float).reshape(arrays[0].shape)


_kept: dict[Any, Levels] = {}


@lru_cache(maxsize=512)
def tree_function(average: TreeAverage, nodes: int) -> TreeFunction:
    """The function of a folded average, made once."""
    from solvers.compile import Compiled

    def compiled(symbols: Sequence[sp.Symbol], expressions: Sequence[sp.Expr]) -> Callable[..., list[NDArray]]:
        inner = Compiled(expressions, nodes, "uniform", stepped=True)
        return lambda *values: inner(dict(zip(symbols, values, strict=True)))

    return TreeFunction(average, compiled, nodes)


def tree_values(average: TreeAverage, symbol: sp.Symbol | None, nodes: Any, *parameters: Any) -> NDArray:
    """A folded average, or its derivative by a symbol, with a number of nodes for each level."""
    function = tree_function(average, int(np.ravel(nodes)[0]))
    return (function if symbol is None else function.slope(symbol))(*parameters)
