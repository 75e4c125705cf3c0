"""Walks over declared mathematics: what stands in it, and how it is replaced, collected and taken apart.

A replacement in SymPy (``xreplace``) acts on one level: it does not enter local fields. :func:`substitute` enters everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sympy as sp

from theory.declaration.checks import refuse
from theory.declaration.dimensions import Dim, mismatch
from theory.declaration.ensembles import MatrixLeaf
from theory.declaration.keys import canonical
from theory.declaration.matrices import Diag
from theory.declaration.matrix import Mat
from theory.declaration.scalars import Over, QuadraticForm, Trace
from theory.declaration.sites import Dot, Entry, Functional, Leaf, Site, batch, generic, sites, tops, varies
from theory.declaration.tensors import Contraction, Slope, sloped
from theory.declaration.vectors import Vec
from theory.errors import DeclarationError

__all__ = [
    "batch", "collect", "expand", "generic", "leaves", "linear_coefficients", "partial", "replace_tops", "sites", "substitute",
    "symbols", "terms", "tops", "varies",
]


def _parts(part) -> Iterable:
    """What a part is made of, one level down."""
    if isinstance(part, Site):
        return (part.node,)
    if isinstance(part, (Dot, QuadraticForm)):
        return (part.matrix, part.vector if isinstance(part, Dot) else part.expr)
    if isinstance(part, (Contraction, Slope)):
        return (part.tensor, part.vector.expr)
    if isinstance(part, Trace):
        return (part.matrix,)
    if isinstance(part, Vec):
        return (part.expr,) if part.dim is None else (part.expr, part.dim)
    if isinstance(part, Leaf):
        partner = part.how.get("partner")
        return (*part.dims, *(v for v in part.how.values() if isinstance(v, sp.Basic)), *(() if partner is None else (partner,)))
    if isinstance(part, (Mat, sp.Basic)):
        return part.args
    return part if isinstance(part, tuple) else ()


def _find(part, kinds, found: set, seen: set) -> None:
    if isinstance(part, kinds):
        found.add(part)
    # One Site may stand in many places of a deep declaration; it is entered once.
    if isinstance(part, (Site, Mat)):
        if part in seen:
            return
        seen.add(part)
    for inner in _parts(part):
        _find(inner, kinds, found, seen)


def leaves(part) -> tuple[Leaf, ...]:
    """Every leaf in an expression, vector or matrix, inside local fields and averages too, sorted by name."""
    found: set[Leaf] = set()
    _find(part, Leaf, found, set())
    return tuple(sorted(found, key=lambda leaf: (leaf.name, leaf.key)))


def symbols(part) -> tuple[sp.Symbol, ...]:
    """Every dimension, spectrum and scalar symbol in it, laws of leaves included, sorted by name."""
    found: set[sp.Symbol] = set()
    _find(part, sp.Symbol, found, set())
    found.update(spectrum for d in list(found) if isinstance(d, Dim) for spectrum in d.spectra)
    return tuple(sorted((s for s in found if not isinstance(s, (Site, Entry))), key=lambda s: (s.name, str(type(s)), s.sort_key())))


def matrices_in(part, kind: type[Mat]) -> tuple[Mat, ...]:
    """Every matrix of a kind in it, inside local fields and traces too, sorted by text."""
    found: set[Mat] = set()
    _find(part, kind, found, set())
    return tuple(sorted(found, key=lambda m: (str(m), m.key)))


def replace_tops(expression, rule: Mapping):
    """Replace sites and functionals of an expression, leaving the inside of its functionals alone."""
    if expression in rule:
        return rule[expression]
    if isinstance(expression, Functional) or not expression.args:
        return expression
    return expression.func(*[replace_tops(a, rule) for a in expression.args])


def partial(expression, top) -> sp.Expr:
    """Derivative by a site or a functional, every other one held fixed (SymPy's ``diff`` would enter the sums)."""
    stand_in = {t: sp.Dummy(real=True) for t in tops(expression)}
    if top not in stand_in:
        return sp.S.Zero
    back = {dummy: t for t, dummy in stand_in.items()}
    return replace_tops(expression, stand_in).diff(stand_in[top]).xreplace(back)


def linear_coefficients(expression, of: Iterable | None = None) -> tuple[dict, sp.Expr]:
    """``expression = sum of coefficient * top + rest`` in the tops ``of`` (default: all of them), sorted by name.

    Coefficients and rest hold none of them; DeclarationError if the expression is not of that form.
    """
    wanted = tops(expression) if of is None else set(of)
    stand_in = {t: sp.Dummy(real=True) for t in sorted(tops(expression), key=_order)}
    back = {dummy: t for t, dummy in stand_in.items()}
    opened = replace_tops(expression, stand_in)
    inside = {t: dummy for t, dummy in stand_in.items() if t in wanted}
    found, zero = {}, {dummy: sp.S.Zero for dummy in inside.values()}
    for t, dummy in inside.items():
        slope = sp.expand(opened.diff(dummy))
        if slope.free_symbols & set(inside.values()):
            refuse("not linear", f"{expression} in {t}", "write it as a sum of coefficient times term")
        if slope != 0:
            found[t] = slope.xreplace(back)
    return found, opened.xreplace(zero).xreplace(back)


def _order(top):
    return str(top), canonical(top)


def terms(scalar_expression) -> list[tuple[sp.Expr, sp.Expr, Dim | None]]:
    """A scalar as ``[(coefficient, site expression, dimension)]``, a sum of coefficient times sum over the dimension.

    A quadratic form, trace, average or constant gives ``(coefficient, itself or 1, None)``. DeclarationError on a product or
    function of sums.
    """
    found, rest = linear_coefficients(scalar_expression)
    out = [(c, t.expr, t.dim) if isinstance(t, Over) else (c, t, None) for t, c in found.items()]
    return out + ([(rest, sp.S.One, None)] if rest != 0 else [])


def substitute(part, rule: Mapping):
    """Replace leaves everywhere: inside local fields, matrices, sums and averages.

    Keys are declared vectors or matrices, or their leaves; values are vectors over the same dimension or matrices of the
    same shape.
    """
    return _substitute(part, {_leaf(key): _checked(key, value) for key, value in rule.items()})


def _leaf(key) -> Leaf:
    leaf = key if isinstance(key, Leaf) else getattr(key, "leaf", None)
    return leaf or refuse("substitution of a compound", key, "substitute the declared vectors and matrices in it")


def _checked(key, value):
    leaf = _leaf(key)
    if len(leaf.dims) == 2 and isinstance(value, Mat):
        if (value.rows, value.cols) != leaf.dims:
            refuse("substitution of another shape", f"{leaf} by {value}", f"give a {leaf.dims[0]}x{leaf.dims[1]} matrix")
        return value
    vector = value if isinstance(value, Vec) else Vec(leaf.dim, value)
    if vector.dim not in (leaf.dim, None):
        refuse("substitution of another shape", f"{leaf} by {value}, {mismatch(leaf.dim, vector.dim)}", "apply a matrix")
    return vector


def _substitute(part, rule):
    if isinstance(part, Vec):
        return Vec(part.dim, _substitute(part.expr, rule))
    if isinstance(part, MatrixLeaf):
        new = rule.get(part.leaf, None)
        return part if new is None else new.T if part.transposed else new
    if isinstance(part, Diag):
        return Diag(part.rows, _substitute(part.vector, rule))
    if isinstance(part, Mat):
        return type(part)(*[_substitute(a, rule) for a in part.args])
    if isinstance(part, Site):
        if isinstance(part.node, Leaf):
            return rule[part.node].expr if part.node in rule else part
        if isinstance(part.node, Slope):
            return sloped(part.node.tensor, _substitute(part.node.vector.expr, rule))
        if not set(leaves(part)) & set(rule):
            return part
        return (_substitute(part.node.matrix, rule) @ _substitute(part.node.vector, rule)).expr
    if isinstance(part, Trace):
        return Trace(_substitute(part.matrix, rule))
    if isinstance(part, QuadraticForm):
        return QuadraticForm(_substitute(part.matrix, rule), _substitute(part.expr, rule))
    if isinstance(part, Over):
        return Over(_substitute(part.expr, rule), part.dim)
    if isinstance(part, Contraction):
        return Contraction(part.tensor, _substitute(part.expr, rule))
    return part.func(*[_substitute(a, rule) for a in part.args]) if part.args else part


def collect(part):
    """``X@a + c*(X@b)`` becomes ``X@(a + c*b)``, at every level and inside every function: never more local fields.

    Takes a vector or an expression. Products are not expanded, except in an expression that is affine in its local fields.
    """
    if isinstance(part, Vec):
        return Vec(part.dim, collect(part.expr))
    inner = replace_tops(part, {top: _inside(top) for top in tops(part)})
    gathered = _gather(inner)
    # Where a field is needed by itself too, merging it into another one may add one.
    return gathered if len(_fields(gathered)) <= len(_fields(inner)) else inner


def _fields(expression) -> list[Site]:
    return [s for s in sites(expression) if isinstance(s.node, Dot)]


def _inside(top):
    if isinstance(top, Site):
        node = top.node
        return (node.matrix @ collect(node.vector)).expr if isinstance(node, Dot) else top
    return top.func(collect(top.expr), *top.args[1:]) if top.args else top


def _gather(expression):
    if isinstance(expression, (Site, Functional)) or not expression.args:
        return expression
    if not expression.is_Add:
        return expression.func(*map(_gather, expression.args))
    whole = _merged(expression)
    if whole is not None:
        return whole
    affine = [t for t in expression.args if _merged(t) is not None]
    return _merged(sp.Add(*affine)) + sp.Add(*[_gather(t) for t in expression.args if t not in affine])


def _merged(expression):
    """The expression with its products by one matrix merged; None if it is not affine in them with constant coefficients."""
    try:
        found, rest = linear_coefficients(expression, _fields(expression))
    except DeclarationError:
        return None
    if any(varies(c) or batch(c) for c in found.values()):
        return None
    vectors: dict[Mat, Vec] = {}
    for s, c in found.items():
        matrix = s.node.matrix
        vectors[matrix] = vectors.get(matrix, Vec(matrix.cols, 0)) + c * s.node.vector
    return sp.Add(expand(rest), *[(matrix @ collect(v.map(expand))).expr for matrix, v in vectors.items()])


def expand(expression) -> sp.Expr:
    """Multiply out, leaving the inside of sums and averages alone."""
    stand_in = {t: sp.Dummy(real=True) for t in tops(expression)}
    return sp.expand(replace_tops(expression, stand_in)).xreplace({dummy: t for t, dummy in stand_in.items()})
