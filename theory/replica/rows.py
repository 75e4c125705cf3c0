"""Which linear combinations of random fields the energy of one sample depends on."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import sympy as sp
from sympy.core.relational import Relational
from sympy.functions.elementary.piecewise import ExprCondPair

from theory.declaration.dimensions import Dim
from theory.declaration.sites import Dot, sites
from theory.declaration.vectors import Vec
from theory.declaration.walks import replace_tops
from theory.errors import DerivationError
from theory.piecewise import KINKED


def expanded(expression: sp.Expr) -> sp.Expr:
    """Arguments of functions expanded, so that fields that cancel are gone."""
    return sp.expand(expression.replace(lambda e: isinstance(e, (sp.Function, *KINKED)), lambda e: e.func(*map(_part, e.args))))


def _part(argument: sp.Basic) -> sp.Basic:
    """An argument expanded; of a case of several, the body and both sides of every comparison."""
    if isinstance(argument, ExprCondPair):
        compared = argument.cond.atoms(Relational)
        condition = argument.cond.xreplace({r: r.func(sp.expand(r.lhs), sp.expand(r.rhs)) for r in compared})
        return ExprCondPair(sp.expand(argument.expr), condition)
    return sp.expand(argument)


def split(expression: sp.Expr) -> sp.Expr:
    """A matrix on a sum of vectors as a sum of products, so that fields that depend on each other linearly are seen to."""
    rule = {}
    for site in sites(expression):
        if isinstance(site.node, Dot):
            matrix, vector = site.node.matrix, site.node.vector
            parts = [(matrix @ Vec(vector.dim, t)).expr for t in sp.Add.make_args(sp.expand(vector.expr))]
            rule[site] = sp.Add(*parts)
    return replace_tops(expression, rule)


def rows(expressions: Sequence[sp.Expr], every: Sequence[sp.Expr], over: Dim) -> list[tuple[sp.Expr, ...]]:
    """Linear combinations of ``every`` on which alone expressions depend, in reduced echelon form."""
    random, found = Random(0), []
    inner = set().union(*(arguments(e, (sp.Function, *KINKED)) for e in expressions))
    for form in [*expressions, *sorted(inner, key=sp.default_sort_key)]:
        slopes = [sp.diff(form, s) for s in every]
        # What functions depend on is a form of its own: their values are any numbers here.
        inside = sorted(set().union(*(s.atoms(sp.Function, *KINKED) for s in slopes)), key=sp.default_sort_key)
        for _ in range(2 + len(every)):
            point = {f: sp.Rational(random.randint(1, 40), 7) for f in inside if not isinstance(f, sp.DiracDelta)}
            point |= {f: sp.S.Zero for f in inside if isinstance(f, sp.DiracDelta)}
            numbers = {s: sp.Rational(random.randint(-40, 40), 7) for s in every}
            row = [slope.xreplace(point).xreplace(numbers) for slope in slopes]
            if any(x != 0 for x in row):
                lead = next(x for x in row if x != 0)
                row = [_cancelled(x / lead) for x in row]
                if row not in found:
                    found.append(row)
    if not found:
        raise DerivationError(f"term over {over}: {expressions[0]} is flat in its fields; leave it out of the energy")
    return echelon(found)


def _cancelled(ratio: sp.Expr) -> sp.Expr:
    """Without common factors, roots of symbols among them."""
    rooted = {p.base: p.exp.q for p in ratio.atoms(sp.Pow) if p.base.is_Symbol and p.base.is_positive and p.exp.is_Rational}
    roots = {s: sp.Dummy(s.name, positive=True) for s, q in rooted.items() if q > 1}
    plain = ratio.xreplace({s: r ** rooted[s] for s, r in roots.items()})
    return sp.cancel(plain).xreplace({r: s ** sp.Rational(1, rooted[s]) for s, r in roots.items()})


def echelon(found: list) -> list[tuple[sp.Expr, ...]]:
    """Rows that span the same, in reduced echelon form."""
    reduced, pivots = sp.Matrix(found).rref(simplify=_cancelled)
    return [tuple(reduced.row(i)) for i in range(len(pivots))]


def arguments(expression: sp.Expr, kinds: tuple) -> set[sp.Expr]:
    """What functions of some kinds, and relations, depend on."""
    found = {a for f in expression.atoms(*kinds) for a in f.args if isinstance(a, sp.Expr)}
    return found | {r.lhs - r.rhs for r in expression.atoms(Relational)}


def solved(combinations: Sequence[Sequence[sp.Expr]], every: Sequence[sp.Expr], names: Sequence[sp.Symbol]) -> dict:
    """The leading entry of each combination in terms of the combination's name and the other entries."""
    rule = {}
    for row, name in zip(combinations, names, strict=True):
        lead = next(i for i, c in enumerate(row) if c != 0)
        rule[every[lead]] = name - sum(c * s for i, (c, s) in enumerate(zip(row, every, strict=True)) if i > lead)
    return rule
