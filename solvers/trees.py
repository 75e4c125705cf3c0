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
SMOOTH = 121
"""Around the innermost level functions are smooth: of the nodes for them those beyond this number count by their root."""
FINE, FINEST = 2.0, 8.0
"""Nodes, and points of a table, in the width of the Gaussians that have smoothed a function."""
DEEP = {1: 3201, 2: 1601}
"""Most nodes of the innermost level, by the number of levels inside the outermost one; fewer for deeper trees."""
DEEPER = 601
KEPT = 48


class Levels:
    """Functions of every level at one set of parameters, innermost first: tables on even grids, the last one at the nodes of the
    outermost average, around ``mean``. From one table to the next leads a matrix, which interpolates and averages with the weights
    at once."""

    def __init__(self, value: Callable[[NDArray], NDArray], spreads: Sequence[complex], blocks: Sequence[complex], nodes: int,
                 mean: complex = 0):  # fmt: skip
        self.depth, widths, roots = len(blocks), np.real(spreads), np.sqrt(spreads)
        nodes = min(nodes, DEEP.get(self.depth, DEEPER))
        z, self.outer = gaussian_rule(_outside(nodes, widths, self.depth), "uniform")
        bases = [np.real(mean) + _grid(nodes, widths, level) for level in range(1, self.depth)] + [mean + roots[-1] * z]
        self.shared = bases[-1]
        z, rule = gaussian_rule(nodes, "uniform")
        self.field = bases[0][:, None] + roots[0] * z
        self.weight, table = _tilted(rule, blocks[0], np.broadcast_to(value(self.field), self.field.shape))
        self.values, self.steps = [table], []
        for level in range(2, self.depth + 1):
            z, rule = gaussian_rule(_outside(nodes, widths, level - 1), "uniform")
            columns, stencil = stencils(bases[level - 2], bases[level - 1][:, None] + roots[level - 1] * z)
            weight, table = _tilted(rule, blocks[level - 1], np.sum(stencil * table[columns], axis=-1))
            self.steps.append(_matrix(columns, weight[..., None] * stencil, len(bases[level - 2])))
            self.values.append(table)

    def average(self, level: int, power: int, innermost: NDArray | None, weight: NDArray | float = 1.0) -> complex:
        """The average that a :class:`~theory.replica.folded.TreeAverage` stands for, of a function at ``field``, or of the value
        of a level; ``weight`` is that of the outermost average, at the field ``shared``."""
        function = self.values[level - 1] if innermost is None else innermost
        size = absolute(function)
        for step in range(level if innermost is None else 0, self.depth + 1):
            if step == level and power > 1:
                function, size = function**power, size**power
            if step == self.depth:
                break
            if step:
                matrix = self.steps[step - 1]
                function, size = matrix @ function, absolute(matrix) @ size
            else:
                function = np.einsum("rz,rz->r", self.weight, function)
                size = np.einsum("rz,rz->r", absolute(self.weight), size)
        result, bound = np.sum(self.outer * weight * function), np.sum(self.outer * absolute(np.asarray(weight)) * size)
        share = ROUNDING if self.depth == 1 else INTERPOLATION
        real, imaginary = np.real(result), np.imag(result)
        real = 0.0 if abs(real) <= share * np.real(bound) else real
        return real + 1j * (0.0 if abs(imaginary) <= share * np.imag(bound) else imaginary)


def absolute(values: NDArray) -> NDArray:
    """Sizes of real parts and of steps, which propagate as the values do."""
    return np.abs(np.real(values)) + 1j * np.abs(np.imag(values)) if np.iscomplexobj(values) else np.abs(values)


def _outside(nodes: int, widths: NDArray, level: int) -> int:
    """Nodes of the average over the function of a level."""
    smooth = np.sqrt(widths[level] / np.sum(widths[:level]))
    wanted = max(np.sqrt(SMOOTH * max(nodes, SMOOTH)), 20 * FINE * smooth if np.isfinite(smooth) else nodes)
    return min(nodes, 2 * int(wanted / 2) + 1)


def _grid(nodes: int, widths: NDArray, level: int) -> NDArray:
    """Where the function of a level is tabulated."""
    reach = 10 * float(np.sum(np.sqrt(widths[level:]))) or 1.0
    wanted = max(2 * _outside(nodes, widths, level), 2 * reach * FINEST / np.sqrt(np.sum(widths[:level])))
    return np.linspace(-reach, reach, int(min(2 * (nodes // 2), wanted // 2 + 1)) * 2 + 1)


def _tilted(rule: NDArray, block: complex, g: NDArray) -> tuple[NDArray, NDArray]:
    """Normalised weights of an average with exp(m g), and (1/m) log <exp(m g)>."""
    exponent = block * g
    top = np.max(np.real(exponent), axis=1, keepdims=True)
    weight = rule * np.exp(exponent - top)
    norm = weight.sum(axis=1, keepdims=True)
    return weight / norm, ((top + np.log(norm)) / block)[:, 0]


def stencils(grid: NDArray, at: NDArray) -> tuple[NDArray, NDArray]:
    """Places in a table on an even grid, and their weights, by which it is interpolated; ``at`` may lie off the real axis by a
    little. Shapes of ``at`` and one more axis."""
    step = grid[1] - grid[0]
    place = (at - grid[0]) / step
    first = np.clip(np.floor(np.real(place)).astype(int) - NEAREST // 2 + 1, 0, len(grid) - NEAREST)
    kept = np.clip(np.real(place), 0, len(grid) - 1)
    offset = (kept + 1j * np.imag(place) if np.iscomplexobj(place) else kept) - first
    before, after = np.ones((2, NEAREST, *at.shape), dtype=offset.dtype)
    for k in range(1, NEAREST):
        before[k] = before[k - 1] * (offset - (k - 1))
        after[NEAREST - 1 - k] = after[NEAREST - k] * (offset - (NEAREST - k))
    before *= after
    signs = [(-1.0) ** (NEAREST - 1 - k) / (math.factorial(k) * math.factorial(NEAREST - 1 - k)) for k in range(NEAREST)]
    return first[..., None] + np.arange(NEAREST), np.moveaxis(before, 0, -1) * np.array(signs)


def _matrix(columns: NDArray, weights: NDArray, size: int) -> NDArray:
    """Sums of weights by row and column, shape (rows, size)."""
    rows = len(columns)
    places = (columns + size * np.arange(rows)[:, None, None]).ravel()
    real, imaginary = (np.bincount(places, part.ravel(), rows * size) for part in (np.real(weights), np.imag(weights)))
    return (real + 1j * imaginary if np.iscomplexobj(weights) else real).reshape(rows, size)


class TreeFunction:
    """A folded average as a function of its parameters, in the order of ``symbols``; arrays broadcast."""

    def __init__(self, average: TreeAverage, compiled: Callable[..., Any], nodes: int):
        self.level, self.power, self.nodes = average.level, average.power, nodes
        self.symbols = sorted(average.free_symbols, key=sp.default_sort_key)
        inside = [OMEGA, *self.symbols]
        self.value, self.body = (compiled(inside, [e]) for e in (average.value, average.body))
        self.weight = None if average.weight == 1 else compiled(inside, [average.weight])
        hierarchy = (*average.spreads, *average.blocks, average.mean)
        self.hierarchy = compiled(self.symbols, hierarchy)
        self.depth = len(average.blocks)
        held = set().union(*(e.free_symbols for e in (average.value, *hierarchy)))
        self.places = [i for i, s in enumerate(self.symbols) if s in held]
        self.key = (average.value, hierarchy, nodes)

    def _at(self, parameters: tuple) -> complex:
        key = (self.key, *(parameters[i] for i in self.places))
        levels = _kept.pop(key, None)

        def at_fields(function: Any, field: NDArray) -> NDArray:
            return np.broadcast_to(function(field, *parameters)[0], field.shape)

        if levels is None:
            numbers = self.hierarchy(*parameters)
            spreads, blocks = numbers[: self.depth + 1], numbers[self.depth + 1 : -1]
            levels = Levels(lambda field: at_fields(self.value, field), spreads, blocks, self.nodes, numbers[-1])
            if len(_kept) >= KEPT:
                _kept.pop(next(iter(_kept)))
        _kept[key] = levels
        innermost = self.body if self.power else None if self.level else self.value
        weight = 1.0 if self.weight is None else at_fields(self.weight, levels.shared)
        return levels.average(self.level, self.power, None if innermost is None else at_fields(innermost, levels.field), weight)

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
