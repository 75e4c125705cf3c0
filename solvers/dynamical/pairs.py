"""Factors of a linear dynamics at the nodes of a contour, and its correlations at pairs of them, from linear systems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.contours import Contour
from solvers.modes.mode_data import ModeData
from theory.dmft.notation import z
from theory.modes import ModeValue

if TYPE_CHECKING:
    from solvers.dynamical.correlations import Correlations


@dataclass
class Value:
    """A moment at one time: a number or one for each mode, and the rounding error of the sum that it comes from."""

    value: NDArray
    rounding: float

    def __add__(self, other: Value) -> Value:
        return Value(self.value + other.value, self.rounding + other.rounding)


class Site:
    """Factors and weights at the nodes of one contour, in one set of mode data."""

    def __init__(self, owner: Correlations, scalars, data: ModeData, contour: Contour, responses: NDArray, kept: dict[Any, Any]):
        self.owner, self.data, self.contour, self.kept = owner, data, contour, kept
        self.nodes, self.around = contour.both
        self.sizes = {**data.sizes, **{s: np.asarray(v) for s, v in scalars.items()}}
        names = list(owner.theory.responses)
        at = {**self.sizes, z: contour.nodes, **dict(zip(names, responses, strict=True))}
        self.factors = dict(zip(owner.factors, map(self._around, self._evaluated(owner.compiled[0], at)), strict=True))

    def _around(self, upper: NDArray) -> NDArray:
        """(n, modes), or (n, 1): at both halves of the contour."""
        half = self.contour.nodes.size
        upper = upper.reshape(half, -1) if upper.ndim else np.full((half, 1), upper)
        return np.concatenate([upper, upper.conj()])

    def factor(self, expression: sp.Expr) -> NDArray:
        return self.factors[expression]

    def weight(self, product: Any) -> NDArray:
        """(modes,), or a number."""
        if "weights" not in self.kept:
            values = self._evaluated(self.owner.compiled[1], self.sizes)
            self.kept["weights"] = dict(zip(self.owner.weights, values, strict=True))
        return self.kept["weights"][product.weight]

    def _evaluated(self, compiled: Any, at: Mapping[Any, NDArray]) -> list[NDArray]:
        if not compiled.expressions:
            return []
        return compiled({s: at[s] for s in compiled.scalars}, self.data.arrays, self.data.weights, self.data.counts)

    def counted(self, product: Any) -> NDArray:
        """Weight of each site in a sum: (modes,), or one number for sites that are all alike."""
        key = (product.dim, product.weight, product.first, product.second)
        if key not in self.kept:
            weight, sizes = self.weight(product), (self.factor(f).shape[1] for f in (product.first, product.second))
            modes = max(np.size(weight), *sizes)
            if modes == 1 and not any(e.has(ModeValue) for e in key[1:]):
                by_name = {s.name: v for s, v in self.sizes.items()}
                self.kept[key] = np.reshape(weight * by_name[product.dim.name], 1)
            else:
                multiplicity = self.data.weights.get(product.dim.name)
                self.kept[key] = np.broadcast_to(weight, modes) * (1.0 if multiplicity is None else multiplicity)
        return self.kept[key]

    def frequencies(self, number: int) -> NDArray:
        return self.nodes ** -float(number)

    def at_one(self, products: Sequence[Any]) -> Value:
        """Values of a moment of one frequency."""
        half, total, size = self.contour.nodes.size, np.zeros(()), 0.0
        for p in products:
            inverse = (self.around * self.frequencies(p.lasting[0]))[:half]
            terms = inverse[:, None] * self.factor(p.first)[:half]
            if p.summed:
                terms = (terms * self.counted(p)).sum(axis=1)
            else:
                terms = terms * self.weight(p)
            total = total + 2 * np.real(terms).sum(axis=0)
            size += 2 * float(np.abs(terms).sum(axis=0).max())
        return Value(total, np.finfo(float).eps * size)


class Pairs:
    """Correlations of some nodes of the upper half of the contour with all of it, and what moments make of them."""

    def __init__(self, owner: Correlations, site: Site, rows: slice, blocks: Sequence[Sequence[sp.Symbol]]):
        self.owner, self.site, self.rows, self.blocks = owner, site, rows, blocks
        self.half, self.number = rows.stop - rows.start, site.nodes.size
        self._sums: dict[Any, NDArray] = {}
        self.matrices = [self._matrix(block) for block in blocks]
        self.found: dict[sp.Symbol, NDArray] = {}
        for block, matrix in zip(blocks, self.matrices, strict=True):
            right = np.zeros((self.half, self.number, len(block), 1), dtype=complex)
            for i, carrier in enumerate(block):
                for p in owner.theory.correlations[carrier]:
                    if p.carrier not in owner.carriers:
                        right[..., i, 0] += self.summed(p)
            self.found |= dict(zip(block, np.moveaxis(self._solved(matrix, right)[..., 0], -1, 0), strict=True))
        weights = site.around
        self.measure = 2 * weights[rows, None] * weights

    def _matrix(self, block: Sequence[sp.Symbol]) -> NDArray:
        """Of the linear equations of a group of correlations."""
        n = len(block)
        matrix = np.zeros((self.half, self.number, n, n), dtype=complex)
        matrix[..., range(n), range(n)] = 1.0
        for i, carrier in enumerate(block):
            for p in self.owner.theory.correlations[carrier]:
                if p.carrier in self.owner.carriers:
                    matrix[..., i, block.index(p.carrier)] -= self.summed(p)
        return matrix

    def _solved(self, matrix: NDArray, right: NDArray) -> NDArray:
        with np.errstate(all="ignore"):
            try:
                return np.linalg.solve(matrix, right)
            except np.linalg.LinAlgError:
                return np.full_like(right, np.nan)

    def summed(self, p: Any) -> NDArray:
        """Sum over sites of a product without its carrier, (n/2, n)."""
        key = (p.dim, p.weight, p.first, p.second, p.lasting)
        if key not in self._sums:
            site = self.site
            counted, one, two = site.counted(p), site.factor(p.first)[self.rows], site.factor(p.second)
            modes = max(counted.size, one.shape[1], two.shape[1])
            one, two = np.broadcast_to(one * counted, (self.half, modes)), np.broadcast_to(two, (self.number, modes))
            self._sums[key] = (one @ two.T) * self._lasting(p)
        return self._sums[key]

    def _lasting(self, p: Any) -> NDArray:
        first, second = (self.site.frequencies(k) for k in p.lasting)
        return first[self.rows, None] * second

    def carrier(self, p: Any) -> NDArray | float:
        return self.found[p.carrier] if p.carrier in self.owner.carriers else 1.0

    def value(self, moment: Any, here: Site) -> Value:
        """At equal times."""
        if moment.source is not None:
            return self._contributions(moment, here)
        if all(p.summed for p in moment.products):
            terms = self.measure * sum(self.summed(p) * self.carrier(p) for p in moment.products)
            return Value(np.asarray(np.real(terms).sum()), np.finfo(float).eps * float(np.abs(terms).sum()))
        return self._by_mode([(self.carrier(p) * self._lasting(p), p) for p in moment.products], here)

    def _by_mode(self, parts: Sequence[tuple[Any, Any]], here: Site) -> Value:
        total, size = np.zeros(()), 0.0
        for coefficient, p in parts:
            one, two = here.factor(p.first)[self.rows], here.factor(p.second)
            inner = (self.measure * coefficient) @ two
            made = (one * inner) * here.weight(p)
            total = total + made.real.sum(axis=0)
            size += float(np.abs(made).sum(axis=0).max())
        return Value(total, np.finfo(float).eps * size)

    def _contributions(self, moment: Any, here: Site) -> Value:
        """What the source's entry of each mode adds: by the adjoint of the correlations' equations."""
        parts = [(self._lasting(p), p) for p in moment.products if moment.source in p.weight.free_symbols]
        for block, matrix in zip(self.blocks, self.matrices, strict=True):
            slope = np.zeros((self.half, self.number, len(block), 1), dtype=complex)
            for p in moment.products:
                if p.carrier in block:
                    slope[..., block.index(p.carrier), 0] += self.summed(p)
            adjoint = self._solved(np.swapaxes(matrix, -1, -2), slope)[..., 0]
            for i, carrier in enumerate(block):
                own = [p for p in self.owner.theory.correlations[carrier] if moment.source in p.weight.free_symbols]
                parts += [(adjoint[..., i] * self._lasting(p), p) for p in own]
        return self._by_mode(parts, here)
