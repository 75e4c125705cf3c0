"""Functions of one variable that are smooth between break points, read off Max, Min, Abs, sign, Heaviside and Piecewise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import sympy as sp

from theory.declaration.elementwise import Wall
from theory.errors import DerivationError
from theory.truncated import average

KINKED = (sp.Max, sp.Min, sp.Abs, sp.sign, sp.Heaviside, sp.Piecewise, Wall)


class UnknownOrderError(DerivationError):
    """Two kinks whose order depends on the sign of ``gap``."""

    def __init__(self, message: str, gap: sp.Expr):
        super().__init__(message)
        self.gap = gap


@dataclass(frozen=True)
class Pieces:
    """``bodies[i]``, smooth in ``variable``, between ``edges[i]`` and ``edges[i + 1]``; the outer edges are infinite."""

    variable: sp.Symbol
    edges: tuple[sp.Expr, ...]
    bodies: tuple[sp.Expr, ...]

    def __iter__(self):
        """(lower edge, upper edge, body) of every piece."""
        return iter(zip(self.edges, self.edges[1:], self.bodies, strict=False))

    def map(self, function: Callable[[sp.Expr], sp.Expr]) -> Pieces:
        """The function of every body."""
        return Pieces(self.variable, self.edges, tuple(function(body) for body in self.bodies))

    def subs(self, rule) -> Pieces:
        """A substitution in edges and bodies that leaves the variable alone."""
        return Pieces(self.variable, *(tuple(e.xreplace(rule) for e in part) for part in (self.edges, self.bodies)))

    def average(self, mean: sp.Expr, deviation: sp.Expr, weight: Callable[[sp.Expr], sp.Expr] = lambda z: sp.S.One) -> sp.Expr:
        """Average over variable = mean + deviation z of the function times ``weight(z)``, with z a standard Gaussian."""
        total = sp.S.Zero
        for lower, upper, body in self:
            if body == 0:
                continue
            ends = [e if e.is_infinite else (e - mean) / deviation for e in (lower, upper)]
            total += average(lambda z, body=body: body.xreplace({self.variable: mean + deviation * z}) * weight(z), *ends)
        return total


def pieces(expression: sp.Basic, variable: sp.Symbol) -> Pieces:
    """An expression cut at its kinks and jumps in a variable; DerivationError where a kink does not lie at a known place.

    >>> h, k = sp.symbols("h", real=True), sp.symbols("kappa", positive=True)
    >>> pieces(sp.Max(0, k - h), h)
    Pieces(variable=h, edges=(-oo, kappa, oo), bodies=(-h + kappa, 0))
    """
    edges, bodies = [-sp.oo], []
    for _, upper, body in _cut(expression, variable, -sp.oo, sp.oo):
        if bodies and bodies[-1] == body:
            edges[-1] = upper
        else:
            bodies.append(body)
            edges.append(upper)
    return Pieces(variable, tuple(edges), tuple(bodies))


def joined(*functions: Pieces) -> Pieces:
    """The tuple of several functions of the same variable."""
    edges = list(functions[0].edges)
    for edge in (e for f in functions[1:] for e in f.edges[1:-1] if e not in edges):
        edges.insert(sum(before(e, edge) for e in edges), edge)

    def below(function: Pieces, upper: sp.Expr) -> sp.Basic:
        return next(body for _, end, body in function if end == upper or not before(end, upper))

    return Pieces(functions[0].variable, tuple(edges), tuple(sp.Tuple(*[below(f, u) for f in functions]) for u in edges[1:]))


def _cut(expression: sp.Basic, x: sp.Symbol, lower: sp.Expr, upper: sp.Expr) -> list[tuple[sp.Expr, sp.Expr, sp.Basic]]:
    kinked = [a for a in expression.atoms(*KINKED) if x in a.free_symbols]
    inner = [a for a in kinked if not any(x in b.free_symbols for b in a.atoms(*KINKED) - {a})]
    if not inner:
        return [(lower, upper, expression)]
    atom = min(inner, key=sp.default_sort_key)
    points: list[sp.Expr] = []
    for form in _forms(atom):
        for point in _roots(form, x):
            if point not in points and before(lower, point) and before(point, upper):
                points.insert(sum(before(p, point) for p in points), point)
    edges, out = [lower, *points, upper], []
    for a, b in pairwise(edges):
        out += _cut(expression.xreplace({atom: _resolved(atom, x, a, b)}), x, a, b)
    return out


def _forms(atom: sp.Basic) -> list[sp.Expr]:
    """What changes sign where the atom is not smooth."""
    if isinstance(atom, (sp.Max, sp.Min)):
        return [sp.expand(a - b) for i, a in enumerate(atom.args) for b in atom.args[i + 1 :]]
    if isinstance(atom, sp.Piecewise):
        relations = {r for _, condition in atom.args for r in condition.atoms(sp.core.relational.Relational)}
        return [sp.expand(r.lhs - r.rhs) for r in sorted(relations, key=sp.default_sort_key)]
    return [sp.expand(atom.args[0])]


def _roots(form: sp.Expr, x: sp.Symbol) -> list[sp.Expr]:
    """Where a polynomial changes sign, those of higher order as often as they count."""
    if x not in form.free_symbols:
        return []
    unknown = DerivationError(
        f"potential: it has a kink where {form} = 0, at no known place in {x}; write kinks of products of linear functions"
    )
    if not form.is_polynomial(x):
        raise unknown
    found = []
    for factor, power in sp.factor_list(form, x)[1]:
        if sp.degree(factor, x) > 2:
            raise unknown
        slope, centre, rest = factor.coeff(x, 2), factor.coeff(x, 1), factor.coeff(x, 0)
        if slope == 0:
            found += [sp.cancel(-rest / centre)] * power
            continue
        width = sp.factor(centre**2 - 4 * slope * rest)
        if width.is_positive:
            found += [(-centre + turn * sp.sqrt(width)) / (2 * slope) for turn in (-1, 1)] * power
        elif not width.is_nonpositive:
            raise unknown
    return found


def before(a: sp.Expr, b: sp.Expr) -> bool:
    """Whether a < b; DerivationError where the order is unknown."""
    if a == -sp.oo or b == sp.oo:
        return True
    if b == -sp.oo or a == sp.oo or a == b:
        return False
    gap = sp.simplify(b - a)
    if gap.is_positive or gap.is_nonpositive:
        return bool(gap.is_positive)
    raise UnknownOrderError(f"potential: kinks at {a} and {b} in unknown order; declare the symbols in them positive", gap)


def _resolved(atom: sp.Basic, x: sp.Symbol, lower: sp.Expr, upper: sp.Expr) -> sp.Expr:
    """The atom between two neighbouring break points, where its forms have fixed signs."""

    def sign(form: sp.Expr) -> sp.Expr:
        form = sp.expand(form)
        slope = sp.LC(form, x) if x in form.free_symbols else form
        known = 1 if slope.is_positive else -1 if slope.is_negative else 0 if slope.is_zero else None
        if known is None:
            raise DerivationError(f"potential: the sign of {slope} in {atom} is unknown; declare the symbols in it positive")
        beyond = sum(not before(root, upper) for root in _roots(form, x))  # roots lie outside
        return known * (-1) ** beyond

    if isinstance(atom, (sp.Max, sp.Min)):
        turn = 1 if isinstance(atom, sp.Max) else -1
        best = atom.args[0]
        for other in atom.args[1:]:
            best = other if turn * sign(other - best) > 0 else best
        return best
    if isinstance(atom, sp.Piecewise):
        for value, condition in atom.args:
            rule = {r: r.func(sp.Integer(sign(r.lhs - r.rhs)), 0) for r in condition.atoms(sp.core.relational.Relational)}
            if condition.xreplace(rule) == sp.true:
                return value
        raise DerivationError(f"potential: {atom} is not defined between {lower} and {upper}; end it with a condition True")
    s = sign(atom.args[0])
    if isinstance(atom, Wall):
        return sp.oo if s > 0 else sp.S.Zero
    if isinstance(atom, sp.Abs):
        return s * atom.args[0]
    return sp.Integer(s) if isinstance(atom, sp.sign) else sp.Integer((s + 1) // 2)
