"""Is an energy convex in its states? Shown from the declaration, term by term; where it is not shown nothing is said.

A convex energy has one minimum, and the Gibbs measure of a convex energy is log-concave: its replicas are symmetric.
"""

from __future__ import annotations

from itertools import pairwise

import sympy as sp

from theory.declaration.collective import parts
from theory.declaration.elementwise import Wall
from theory.declaration.sites import Dot, Functional, Site, sites, tops
from theory.declaration.vectors import Vec
from theory.declaration.walks import collect, leaves, replace_tops
from theory.errors import DerivationError
from theory.piecewise import pieces
from theory.symbols import Internal

STEP = Internal("t", real=True)


def is_convex(energy) -> bool:
    """Whether the energy, with its prior, is shown to be convex in all its states together.

    States of zero energy count as those that constraints leave. Spherical and Ising states lie on no convex set.
    """
    if any(leaf.how.get("prior") not in (None, "gaussian") for leaf in energy.states):
        return False
    read = parts(energy.energy)
    if read.contractions or read.collective != 0:
        return False
    together: dict = {}
    for c, e, dim in read.sums:
        together[dim] = together.get(dim, sp.S.Zero) + c * e
    states = set(energy.states)
    return all(_convex_term(collect(Vec(dim, e)).expr, states, energy.phase == "SAT") for dim, e in together.items())


def _convex_term(expression: sp.Expr, states: set, volume: bool) -> bool:
    """A function of local fields, each of them linear in the states, whatever the other things in it are."""
    names: dict[sp.Basic, sp.Symbol] = {}
    moving = []
    for i, top in enumerate(sorted(tops(expression), key=str)):
        names[top] = Internal(f"a{i}", real=True)
        if states & set(leaves(top)):
            if isinstance(top, Functional) or not _linear(top, states):
                return False
            moving.append(names[top])
    written = replace_tops(expression, names)
    if volume:
        written = written.replace(sp.Heaviside, lambda x, *_: Wall(x))
    return all(_convex(f, moving) for f in _cases(written, moving))


def _linear(top: sp.Expr, states: set) -> bool:
    """Whether a local field, or a state itself, is affine in the states."""
    if not isinstance(top.node, Dot):
        return True
    inner = top.node.vector.expr
    own = [s for s in sites(inner) if states & set(leaves(s))]
    plain = {s: sp.Dummy() for s in own}
    return all(isinstance(s, Site) and _linear(s, states) for s in own) and _affine(inner.xreplace(plain), list(plain.values()))


def _affine(expression: sp.Expr, symbols: list[sp.Symbol]) -> bool:
    return expression.is_polynomial(*symbols) and (not symbols or sp.Poly(expression, *symbols).total_degree() <= 1)


def _cases(expression: sp.Expr, moving: list[sp.Symbol]) -> list[sp.Expr]:
    """The expression with each sign that does not depend on the states, such as a label, equal to 1 and to -1."""
    for label in sorted(expression.atoms(sp.sign), key=str):
        if not label.free_symbols & set(moving):
            return [c for value in (1, -1) for c in _cases(expression.xreplace({label: sp.Integer(value)}), moving)]
    return [expression]


def _convex(f: sp.Expr, moving: list[sp.Symbol]) -> bool:
    inside = [x for x in moving if x in f.free_symbols]
    if _affine(f, inside):
        return True
    if isinstance(f, Wall) or (isinstance(f, sp.Max) and len(f.args) > 1):
        return all(_convex(g, inside) for g in f.args)
    if _quadratic(f, inside):
        return _definite(sp.hessian(f, inside))
    along = _along(f, inside)
    if along is not None and _convex_along(along):
        return True
    if isinstance(f, sp.Mul):
        factor, rest = f.as_independent(*inside, as_Add=False)
        return bool(factor.is_nonnegative) and factor != 1 and _convex(rest, inside)
    if not isinstance(f, sp.Add):
        return False
    bowl = sp.Add(*[term for term in f.args if _quadratic(term, inside)])
    rest = [term for term in f.args if not _quadratic(term, inside)]
    return bool(rest) and all(_convex(term, inside) for term in (bowl, *rest))


def _quadratic(f: sp.Expr, inside: list[sp.Symbol]) -> bool:
    return f.is_polynomial(*inside) and sp.Poly(f, *inside).total_degree() <= 2


def _definite(bend: sp.Matrix) -> bool:
    """Whether a symmetric matrix is shown to have no negative eigenvalue: by its principal minors."""
    count = bend.rows
    groups = [[i for i in range(count) if mask >> i & 1] for mask in range(1, 2**count)]
    return all(bool(sp.factor(bend.extract(g, g).det()).is_nonnegative) for g in groups)


def _along(f: sp.Expr, inside: list[sp.Symbol]) -> sp.Expr | None:
    """The expression as a function of t, where it depends on one affine combination of its fields; None elsewhere."""
    if len(inside) == 1:
        return f.xreplace({inside[0]: STEP})
    forms: list[sp.Expr] = []

    def gather(e: sp.Basic) -> None:
        if not e.free_symbols & set(inside):
            return
        if isinstance(e, sp.Expr) and _affine(e, inside):
            forms.append(e)
        else:
            for argument in e.args:
                gather(argument)

    gather(f)
    slopes = [[sp.diff(e, x) for x in inside] for e in forms]
    first = next((i for i, s in enumerate(slopes[0]) if s != 0), None) if slopes else None
    if first is None:
        return None
    rule = {}
    for form, slope in zip(forms, slopes, strict=True):
        ratio = sp.cancel(slope[first] / slopes[0][first])
        if any(sp.expand(s - ratio * t) != 0 for s, t in zip(slope, slopes[0], strict=True)):
            return None
        rule[form] = ratio * STEP + form.xreplace(dict.fromkeys(inside, sp.S.Zero))
    along = f.xreplace(rule)
    return None if along.free_symbols & set(inside) else along


def _convex_along(f: sp.Expr) -> bool:
    """A function of t: bent upwards between its kinks, continuous there, and of rising slope."""
    try:
        cut = list(pieces(f, STEP))
    except DerivationError:
        return False
    for _, _, body in cut:
        if not body.is_finite and body.has(sp.oo, sp.zoo, sp.nan):
            return False
        if not sp.factor(body.diff(STEP, 2)).is_nonnegative:
            return False
    for (_, edge, left), (_, _, right) in pairwise(cut):
        jump, kink = right - left, (right - left).diff(STEP)
        if sp.expand(jump.xreplace({STEP: edge})) != 0 or not sp.factor(kink.xreplace({STEP: edge})).is_nonnegative:
            return False
    return True
