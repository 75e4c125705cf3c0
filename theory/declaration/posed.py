"""Energies that are well posed: sums in which every state stands, and which do not fall without bound."""

from __future__ import annotations

import sympy as sp

from theory.declaration.checks import refuse
from theory.declaration.collective import parts
from theory.declaration.scalars import Average, QuadraticForm, Trace
from theory.declaration.sites import Dot, Leaf, batch, tops, varies
from theory.declaration.walks import leaves, replace_tops, terms


def check_posed(energy, states) -> None:
    """An energy is a sum of sums over dimensions, and every state stands in it."""
    if varies(energy):
        refuse("energy", f"{energy} differs from site to site", "an energy is a number: sum_over(...) or .square()")
    if batch(energy):
        refuse("energy", f"{energy} still carries {', '.join(sorted(map(str, batch(energy))))}", "sum over it")
    for kind, what in ((Average, "average"), (QuadraticForm, "quadratic form"), (Trace, "trace")):
        if energy.atoms(kind):
            refuse(f"{what} in an energy", sorted(map(str, energy.atoms(kind)))[0], "only an observable may hold one")
    if energy.is_zero:
        refuse("energy", "0", "an energy is a sum of sum_over(...) terms")
    parts(energy)
    for leaf in states:
        if leaf not in leaves(energy):
            refuse("state without an energy", leaf, "let the energy depend on it, or drop it from over=")


def check_bounded(energy, leaf: Leaf) -> None:
    """Refuse a polynomial penalty on ``leaf`` that falls without bound, and an energy made of falling terms alone."""
    local, fields = {}, []
    for coefficient, expression, dim in terms(energy):
        moving = [t for t in tops(expression) if leaf in leaves(t)]
        if moving == [leaf.symbol]:
            local[dim] = local.get(dim, 0) + coefficient * expression
        elif len(moving) == 1 and isinstance(getattr(moving[0], "node", None), Dot):
            fields.append(_growth(coefficient * expression, moving[0]))
        elif moving:
            fields.append((None, None))
    for penalty in local.values():
        degree, leading = _growth(penalty, leaf.symbol)
        if degree is None or leading is None:
            continue
        falls = leading.is_negative if degree % 2 == 0 else degree > 1 or not fields
        if degree and falls:
            refuse("energy without a minimum", f"{penalty} in {leaf}", "end it in an even power with a positive factor")
    if not local and fields and all(d and leading is not None and (d % 2 or leading.is_negative) for d, leading in fields):
        refuse("energy without a minimum", f"{energy} in {leaf}", "change its sign, or give the state a prior")


def _growth(expression, top) -> tuple[int | None, sp.Expr | None]:
    """Degree and leading coefficient of a polynomial in ``top``; (None, None) for anything else."""
    stand_in = sp.Dummy(real=True)
    opened = replace_tops(expression, {top: stand_in})
    if not opened.is_polynomial(stand_in):
        return None, None
    polynomial = sp.Poly(opened, stand_in)
    return polynomial.degree(), polynomial.LC()
