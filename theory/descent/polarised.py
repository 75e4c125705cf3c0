"""Quadratic observables at two different states: the affine function of each that gives the observable where they are equal."""

from __future__ import annotations

import sympy as sp

from theory.declaration.scalars import Over
from theory.declaration.sites import Leaf, Site, tops
from theory.declaration.vectors import Vec
from theory.declaration.walks import leaves, linear_coefficients, replace_tops, substitute
from theory.errors import DerivationError


def polarised(observable: sp.Expr, state: Leaf, first: Vec, second: Vec) -> sp.Expr:
    """Q(w, w') of an observable Q(w) = Q(w, w) that is quadratic in the state: symmetric, and affine in w and in w'.

    For weights g that add up to 1, Q(Σ g_i w_i) = Σ g_i g_j Q(w_i, w_j). DerivationError for other observables.
    """
    moving = [top for top in tops(observable) if state in leaves(top)]
    slopes, rest = linear_coefficients(observable, moving)
    total = rest
    for top, slope in slopes.items():
        if not isinstance(top, Over):
            raise DerivationError(f"observable: {top} of {state.name}; write it as a sum over sites")
        total += slope * Over(_pair(top.expr, top.dim, state, first, second), top.dim)
    return total


def _pair(expression: sp.Expr, dim, state: Leaf, first: Vec, second: Vec) -> sp.Expr:
    moving = [top for top in sorted(tops(expression), key=str) if state in leaves(top)]
    if not all(isinstance(top, Site) for top in moving):
        raise DerivationError(f"observable: {expression} holds a sum over {state.name} inside a sum; write it as one sum")
    names = {top: sp.Dummy(real=True) for top in moving}
    opened = replace_tops(expression, names)
    sides = [{names[t]: substitute(Vec(dim, t), {state: w}).expr for t in moving} for w in (first, second)]
    if not opened.is_polynomial(*names.values()):
        raise DerivationError(f"observable: {expression} is not quadratic in {state.name}; observe a mean square")
    square = perfect_square(opened, list(names.values()))
    if square is not None:
        factor, root = square
        return factor * root.xreplace(sides[0]) * root.xreplace(sides[1])
    return _symmetric(opened, list(names.values()), sides, state)


def _symmetric(opened: sp.Expr, names: list[sp.Symbol], sides: list[dict], state: Leaf) -> sp.Expr:
    total = sp.S.Zero
    for powers, coefficient in sp.Poly(opened, *names).terms():
        factors = [x for x, p in zip(names, powers, strict=True) for _ in range(p)]
        if len(factors) > 2:
            raise DerivationError(f"observable: of degree {len(factors)} in {state.name}; take at most 2")
        a, b = sides
        if not factors:
            total += coefficient
        elif len(factors) == 1:
            total += coefficient * (a[factors[0]] + b[factors[0]]) / 2
        else:
            x, y = factors
            total += coefficient * (a[x] * b[y] + a[y] * b[x]) / 2
    return total


def perfect_square(expression: sp.Expr, symbols: list[sp.Symbol]) -> tuple[sp.Expr, sp.Expr] | None:
    """``expression = c l²`` with l affine in the symbols, as (c, l); None where it is no such square."""
    if not expression.is_polynomial(*symbols):
        return None
    number, factors = sp.factor_list(expression, *symbols)
    moving = [(f, p) for f, p in factors if f.free_symbols & set(symbols)]
    if len(moving) != 1 or moving[0][1] != 2 or sp.Poly(moving[0][0], *symbols).total_degree() != 1:
        return None
    return sp.Mul(number, *[f**p for f, p in factors if not f.free_symbols & set(symbols)]), moving[0][0]
