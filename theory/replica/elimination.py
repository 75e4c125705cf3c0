"""Algebra with functions of the Gaussian tail, which stand as they are: multiplying out would split exponentials of large arguments
that only together stay finite."""

from __future__ import annotations

import sympy as sp

from theory.averages import Average
from theory.effective import Effective
from theory.envelope import Envelope
from theory.joint_average import JointAverage
from theory.proximal import Proximal

CLOSED = (Average, Proximal, Envelope, Effective, JointAverage, sp.core.function.Application)


def hidden(expression: sp.Expr) -> tuple[sp.Expr, dict[sp.Symbol, sp.Expr]]:
    """The expression with averages and functions as dummies, and the way back."""
    stand_ins: dict[sp.Expr, sp.Symbol] = {}

    def walk(e: sp.Expr) -> sp.Expr:
        if isinstance(e, CLOSED) or (isinstance(e, sp.Pow) and e.exp.free_symbols):
            return stand_ins.setdefault(e, sp.Dummy(f"s{len(stand_ins)}", positive=e.is_positive or None))
        return e.func(*map(walk, e.args)) if e.args else e

    plain = walk(sp.sympify(expression))
    return plain, {s: e for e, s in stand_ins.items()}


def factored(expression: sp.Expr) -> sp.Expr:
    """Factored outside functions and averages."""
    plain, back = hidden(expression)
    return sp.factor(plain).xreplace(back)


def linear(equation: sp.Expr, unknown: sp.Symbol) -> sp.Expr | None:
    """The solution of ``equation = 0`` where it is linear in the unknown outside functions and averages."""
    plain, back = hidden(equation)
    if unknown not in plain.free_symbols or any(unknown in e.free_symbols for e in back.values()):
        return None
    above = sp.fraction(sp.together(plain))[0]
    if not above.is_polynomial(unknown) or sp.degree(above, unknown) != 1:
        return None
    slope, constant = sp.Poly(above, unknown).all_coeffs()
    return sp.factor(-constant / slope).xreplace(back)


def multiplied_out(expression: sp.Expr) -> sp.Expr:
    """Products and powers of sums written out, functions left as they are."""
    plain, back = hidden(expression)
    return sp.expand(plain).xreplace(back)
