"""Algebraic dominant balance: the leading power of a small parameter, read off the expression tree.

SymPy's ``limit`` and ``series`` are slow or wrong on mean-field expressions; here averages are entered and every step is a rule.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from theory.averages import Average
from theory.errors import DerivationError

Leading = tuple[sp.Expr, sp.Expr]
RULES: dict[type, Callable[[sp.Expr, sp.Symbol], Leading]] = {}
"""Leading behaviour of functions that are not analytic at the limit of their argument: function class -> rule."""


def leading(expression: sp.Expr, small: sp.Symbol) -> Leading:
    """Order and coefficient of the leading behaviour, ``expression ~ coefficient * small**order``, for ``small`` to 0+.

    Raises DerivationError where no rule applies.

    >>> x, e = sp.symbols("x e", positive=True)
    >>> leading((1 + x / e) / (2 + e), e)
    (-1, x/2)
    """
    expression = sp.sympify(expression)
    if small not in expression.free_symbols:
        return sp.S.Zero, expression
    if expression == small:
        return sp.S.One, sp.S.One
    if isinstance(expression, Average):
        body, fresh = expression.opened()
        order, coefficient = leading(body, small)
        return order, expression.func(coefficient, fresh)
    if expression.is_Mul:
        parts = [leading(factor, small) for factor in expression.args]
        return sp.Add(*[order for order, _ in parts]), sp.Mul(*[coefficient for _, coefficient in parts])
    if expression.is_Pow and small not in expression.exp.free_symbols:
        order, coefficient = leading(expression.base, small)
        return order * expression.exp, coefficient**expression.exp
    if expression.is_Add:
        return _sum(expression, small)
    if expression.func in RULES:
        return RULES[expression.func](expression, small)
    if isinstance(expression, sp.Function) and len(expression.args) == 1:
        return _function(expression, small)
    raise DerivationError(f"asymptotics: no rule for {expression} as {small} -> 0; add one to RULES")


def _sum(expression: sp.Expr, small: sp.Symbol) -> Leading:
    parts = [leading(term, small) for term in expression.args]
    lowest = min(order for order, _ in parts)
    total = sp.Add(*[coefficient for order, coefficient in parts if order == lowest])
    if not _vanishes(total):
        return lowest, total
    above, below = sp.fraction(sp.together(expression))
    above = sp.expand(above)
    if above == 0:
        return sp.S.Zero, sp.S.Zero
    if above == expression:
        raise DerivationError(f"asymptotics: the leading terms of {expression} cancel; expand it further")
    top, bottom = leading(above, small), leading(below, small)
    return top[0] - bottom[0], top[1] / bottom[1]


def _vanishes(total: sp.Expr) -> bool:
    return total == 0 or sp.cancel(sp.together(total)) == 0


def _function(expression: sp.Expr, small: sp.Symbol) -> Leading:
    order, coefficient = leading(expression.args[0], small)
    if order == 0:
        return sp.S.Zero, expression.func(coefficient)
    at_zero = expression.func(0)
    if order > 0 and at_zero.is_finite and at_zero != 0:
        return sp.S.Zero, at_zero
    if order > 0 and at_zero == 0:
        slope = expression.func(sp.Symbol("_x")).diff(sp.Symbol("_x")).subs(sp.Symbol("_x"), 0)
        if slope.is_finite and slope != 0:
            return order, slope * coefficient
    raise DerivationError(f"asymptotics: no rule for {expression} as {small} -> 0; add one to RULES")


def limit_value(expression: sp.Expr, symbol: sp.Symbol, target: sp.Expr) -> sp.Expr:
    """Limit for ``symbol`` to 0+ or to +oo by dominant balance; 0, a finite expression, or +-oo."""
    small = sp.Dummy("epsilon", positive=True)
    point = 1 / small if target == sp.oo else small
    order, coefficient = leading(sp.sympify(expression).xreplace({symbol: point}), small)
    if order.is_positive:
        return sp.S.Zero
    if order.is_negative:
        return sp.sign(coefficient) * sp.oo
    return coefficient
