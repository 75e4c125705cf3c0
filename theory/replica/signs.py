"""Ising states at one site, coupled or not: their partition function is a finite sum, taken in pairs so that nothing overflows."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from theory.piecewise import Pieces
from theory.replica.products import Product, of
from theory.special import log_cosh
from theory.symbols import beta

Weights = list[tuple[sp.Expr, dict[sp.Symbol, sp.Expr]]]


def signs(members, penalty: sp.Expr, w: Sequence[sp.Symbol], at: Sequence[sp.Symbol], curvature: sp.Matrix):
    """The block of states that are 1 or -1."""
    from theory.replica.blocks import Block

    def exponent(values: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
        state = sp.Matrix([values[x] for x in w])
        quadratic = (state.T * curvature * state)[0]
        return sp.Add(*[s * b for s, b in zip(state, at, strict=True)]) - sp.expand(quadratic) / 2 - beta * penalty.xreplace(values)

    def summed(observable: sp.Expr, values: dict[sp.Symbol, sp.Expr]) -> tuple[sp.Expr, sp.Expr]:
        """Logarithm of the sum over the states that have no value yet, and the expectation in it."""
        if len(values) == len(w):
            return exponent(values), observable.xreplace(values)
        free = w[len(values)]
        (up, one), (down, other) = (summed(observable, {**values, free: sp.Integer(s)}) for s in (1, -1))
        half = sp.expand(up - down) / 2 if len(values) == len(w) - 1 else (up - down) / 2
        middle = sp.expand(up + down) / 2 if len(values) == len(w) - 1 else (up + down) / 2
        return sp.log(2) + log_cosh(half) + middle, (one + other) / 2 + sp.tanh(half) * (one - other) / 2

    def written(expression: sp.Expr) -> Product:
        return of(Pieces(at[0], (-sp.oo, sp.oo), (expression,))) if len(w) == 1 else Product(expression)

    value = summed(sp.S.One, {})[0]
    means = [summed(x, {})[1] for x in w]
    rows = tuple(tuple(written(mean.diff(b)) for b in at) for mean in means)
    return Block(members, written(value), tuple(map(written, means)), rows, lambda observable: written(summed(observable, {})[1]))
