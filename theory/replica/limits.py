"""Leading behaviour of functions of the Gaussian tail, for dominant balance: not analytic where their argument is infinite."""

from __future__ import annotations

import sympy as sp

from theory.asymptotics import RULES, Leading, leading
from theory.averages import GaussianAverage
from theory.piecewise import pieces
from theory.special import H, hazard, log_H, residual_life


def _infinite(expression: sp.Expr, small: sp.Symbol) -> tuple[sp.Expr, sp.Expr] | None:
    """Order and coefficient of an argument that diverges; None where it is finite."""
    order, coefficient = leading(expression.args[0], small)
    return (order, coefficient) if order < 0 else None


def _hazard(expression: sp.Expr, small: sp.Symbol) -> Leading:
    """x where x -> oo, and less than any power where x -> -oo."""
    found = _infinite(expression, small)
    if found is None:
        return sp.S.Zero, hazard(leading(expression.args[0], small)[1])
    return found[0], found[1] * sp.Heaviside(found[1])


def _residual_life(expression: sp.Expr, small: sp.Symbol) -> Leading:
    """Less than any constant where x -> oo, and -x where x -> -oo."""
    found = _infinite(expression, small)
    if found is None:
        return sp.S.Zero, residual_life(leading(expression.args[0], small)[1])
    return found[0], -found[1] * sp.Heaviside(-found[1])


def _log_tail(expression: sp.Expr, small: sp.Symbol) -> Leading:
    """-x**2/2 where x -> oo, and less than any power where x -> -oo."""
    found = _infinite(expression, small)
    if found is None:
        return sp.S.Zero, log_H(leading(expression.args[0], small)[1])
    return 2 * found[0], -(found[1] ** 2) / 2 * sp.Heaviside(found[1])


def _tail(expression: sp.Expr, small: sp.Symbol) -> Leading:
    found = _infinite(expression, small)
    if found is None:
        return sp.S.Zero, H(leading(expression.args[0], small)[1])
    return sp.S.Zero, sp.Heaviside(-found[1])


RULES |= {hazard: _hazard, residual_life: _residual_life, log_H: _log_tail, H: _tail}


def integrated(expression: sp.Expr) -> sp.Expr:
    """Gaussian averages with steps in them, in closed form where they are polynomials between the steps."""
    rule = {}
    for found in expression.atoms(GaussianAverage):
        body, z = found.opened()
        rule[found] = pieces(sp.expand(body), z).average(sp.S.Zero, sp.S.One)
    return expression.xreplace(rule)
