"""Derivatives of long expressions, whose parts return many times: each part is differentiated once.

SymPy's ``diff`` walks through the free symbols of every part, asks of every derivative whether its assumptions make it zero, and
searches it for derivatives left undone, at every level again.
"""

from __future__ import annotations

import sympy as sp
from sympy.core.function import ArgumentIndexError

from theory.averages import Average
from theory.modes import ModeValue


class PartialDerivative:
    """The derivative by one symbol, a function of expressions: what ``diff`` gives, and what is known of a part is kept."""

    def __init__(self, symbol: sp.Symbol):
        self.symbol = symbol
        self._known: dict[sp.Basic, sp.Expr] = {symbol: sp.S.One}

    def __call__(self, expression: sp.Expr) -> sp.Expr:
        found = self._known.get(expression)
        if found is None:
            found = self._known[expression] = self._found(expression)
        return found

    def _found(self, e: sp.Expr) -> sp.Expr:
        if isinstance(self.symbol, ModeValue) or not isinstance(e, (sp.Add, sp.Mul, sp.Pow, sp.Function, Average)):
            return sp.S.Zero if e.is_Number else e.diff(self.symbol)
        if isinstance(e, sp.Add):
            return sp.Add(*map(self, e.args))
        if isinstance(e, sp.Mul):
            slopes = enumerate(map(self, e.args))
            return sp.Add(*[sp.Mul(*e.args[:i], slope, *e.args[i + 1 :]) for i, slope in slopes if slope != 0])
        if isinstance(e, sp.Pow):
            base, exponent = self(e.base), self(e.exp)
            steep = exponent * sp.log(e.base) if exponent != 0 else sp.S.Zero
            return e * (steep + base * e.exp / e.base) if base != 0 or exponent != 0 else sp.S.Zero
        if isinstance(e, Average):
            return e.func(slope, e.bound) if (slope := self(e.body)) != 0 else sp.S.Zero
        if type(e)._eval_derivative is not sp.Function._eval_derivative:
            return e.diff(self.symbol)
        slopes = enumerate(map(self, e.args), 1)
        return sp.Add(*[_by_argument(e, i) * slope for i, slope in slopes if slope != 0])


def _by_argument(e: sp.Function, place: int) -> sp.Expr:
    try:
        return e.fdiff(place)
    except ArgumentIndexError:
        return sp.Function.fdiff(e, place)
