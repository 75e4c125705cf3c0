"""Expressions in two sets of unknowns on a grid of their values: sums over modes that hold both are products of matrices.

Σ_k f_k(x) g_k(y) at n values of x and m of y costs one product (n, modes) @ (modes, m), where elementwise evaluation costs a pass
over n m modes for each operation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.compile import Compiled, compile_expressions
from solvers.modes.mode_data import ModeData
from theory.averages import Average, ModeSum, outermost
from theory.errors import DerivationError
from theory.modes import ModeIndex


@dataclass(frozen=True)
class Product:
    """coefficient * Σ_k left_k right_k over a dimension, under the name of the sum that it is a term of."""

    name: sp.Symbol
    coefficient: sp.Expr
    left: sp.Expr
    right: sp.Expr
    dimension: str


class TwoSided:
    """Expressions in the unknowns ``left`` and ``right``, compiled. DerivationError for a sum in which they do not separate."""

    def __init__(self, expressions: Sequence[sp.Expr], left: Sequence[sp.Symbol], right: Sequence[sp.Symbol]):
        self.left, self.right = tuple(left), tuple(right)
        names: dict[sp.Expr, sp.Symbol] = {}
        self.single: dict[str, dict[sp.Symbol, sp.Expr]] = {"left": {}, "right": {}, "none": {}}
        self.products: list[Product] = []
        for value in dict.fromkeys(s for e in expressions for s in outermost(e)):
            names[value] = symbol = sp.Dummy(f"S{len(names)}")
            sides = [bool(value.free_symbols & set(side)) for side in (self.left, self.right)]
            if all(sides):
                self.products += self._separated(symbol, value)
            else:
                self.single["left" if sides[0] else "right" if sides[1] else "none"][symbol] = value
        self.values = compile_expressions([e.xreplace(names) for e in expressions])
        self.sums = {side: compile_expressions(list(found.values())) for side, found in self.single.items()}
        self.factors = [compile_expressions([getattr(p, side) for p in self.products]) for side in ("left", "right")]
        self.outside = compile_expressions([p.coefficient for p in self.products])

    def _separated(self, name: sp.Symbol, value: Any) -> list[Product]:
        if not isinstance(value, ModeSum):
            raise DerivationError(f"average {value}: both sides in one average; only sums over modes separate")
        body, fresh = value.opened()
        index = ModeIndex(value.dimension, "k")
        body = body.xreplace({fresh: index})
        mixed = [f for f in sp.Mul.make_args(body) if self._holds(f, self.left) and self._holds(f, self.right)]
        rest = sp.Mul(*[f for f in sp.Mul.make_args(body) if f not in mixed])
        found = []
        for term in sp.Add.make_args(sp.expand(sp.Mul(*mixed))):
            factors: dict[str, list[sp.Expr]] = {"left": [], "right": [], "outside": []}
            for factor in sp.Mul.make_args(term * rest):
                left, right = self._holds(factor, self.left), self._holds(factor, self.right)
                if (left and right) or factor.atoms(Average):
                    raise DerivationError(f"sum {value}: {factor} does not separate; solve it on smaller grids")
                inside = index in factor.free_symbols
                factors["right" if right and inside else "left" if inside else "outside"].append(factor)
            parts = {side: sp.Mul(*f) for side, f in factors.items()}
            found.append(Product(name, parts["outside"], parts["left"], parts["right"], value.dimension))
        return found

    @staticmethod
    def _holds(expression: sp.Expr, unknowns: Sequence[sp.Symbol]) -> bool:
        return bool(expression.free_symbols & set(unknowns))

    def __call__(self, x: NDArray, y: NDArray, scalars: Mapping[Any, Any], data: ModeData) -> list[NDArray]:
        """Values at the grid of rows of x (n, left) and y (m, right), each (n, m)."""
        sides = {
            "left": {u: x[:, i] for i, u in enumerate(self.left)},
            "right": {u: y[:, i] for i, u in enumerate(self.right)},
            "none": {},
        }
        common = {**data.sizes, **scalars}
        known: dict[Any, NDArray] = {}
        for side, found in self.single.items():
            values = _evaluated(self.sums[side], {**common, **sides[side]}, data)
            for symbol, value in zip(found, values, strict=True):
                known[symbol] = _placed(value, side)
        grid = {u: _placed(v, side) for side in ("left", "right") for u, v in sides[side].items()}
        everything = {**common, **grid}
        left, right = (
            _evaluated(f, {**common, **sides[side]}, data) for f, side in zip(self.factors, ("left", "right"), strict=True)
        )
        outside = _evaluated(self.outside, everything, data)
        for product, a, b, c in zip(self.products, left, right, outside, strict=True):
            weights = data.weights.get(product.dimension)
            modes = _modes(data, a, b)
            a, b = (np.broadcast_to(v, (len(v) if np.ndim(v) > 1 else 1, modes)) for v in (a, b))
            total = c * ((a if weights is None else a * weights) @ b.T)
            known[product.name] = known[product.name] + total if product.name in known else total
        shape = (len(x), len(y))
        return [np.broadcast_to(v, shape) for v in _evaluated(self.values, {**everything, **known}, data)]


def _evaluated(compiled: Compiled, known: Mapping[Any, Any], data: ModeData) -> list[NDArray]:
    if not compiled.expressions:
        return []
    with np.errstate(all="ignore"):
        return compiled({s: known[s] for s in compiled.scalars}, data.arrays, data.weights, data.counts)


def _placed(value: Any, side: str) -> NDArray:
    value = np.asarray(value)
    if value.ndim == 0:
        return value
    return value[:, None] if side == "left" else value[None, :]


def _modes(data: ModeData, *factors: NDArray) -> int:
    return max(np.shape(f)[-1] for f in factors if np.ndim(f)) if any(np.ndim(f) for f in factors) else 1
