"""Piecewise linear convex functions of local fields and walls: what is affine, what is a peak, what must not be positive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import sympy as sp

from theory.declaration.elementwise import Wall
from theory.errors import DeclarationError


@dataclass(frozen=True)
class Shape:
    """An affine part, peaks (the largest of several affine parts), and affine parts that must not be positive."""

    affine: sp.Expr
    peaks: tuple[tuple[sp.Expr, ...], ...] = ()
    walls: tuple[sp.Expr, ...] = ()

    @property
    def parts(self) -> tuple[sp.Expr, ...]:
        """The affine parts of which it is the largest; DeclarationError where it holds a wall."""
        if self.walls:
            raise DeclarationError(f"energy: a wall at {self.walls[0]} inside another function; add it to the energy")
        return tuple(self.affine + sp.Add(*one) for one in product(*self.peaks))


def shape_of(expression: sp.Expr, names: Sequence[sp.Symbol], factor: sp.Expr = sp.S.One) -> Shape:
    """``factor`` times an expression, read as convex; DeclarationError where it is not piecewise linear, or not known to be so."""
    expression = sp.sympify(expression)
    if _is_affine(expression, names):
        return Shape(factor * expression)
    args, rises, falls = expression.args, factor.is_nonnegative, factor.is_nonpositive
    if isinstance(expression, sp.Add):
        parts = [shape_of(a, names, factor) for a in args]
        peaks, walls = (tuple(x for p in parts for x in getattr(p, kind)) for kind in ("peaks", "walls"))
        return Shape(sp.Add(*[p.affine for p in parts]), peaks, walls)
    if isinstance(expression, sp.Mul):
        number, moving = expression.as_independent(*names, as_Add=False)
        if not moving.is_Mul:
            return shape_of(moving, names, factor * number)
    if (isinstance(expression, sp.Max) and rises) or (isinstance(expression, sp.Min) and falls):
        return Shape(sp.S.Zero, (tuple(part for a in args for part in shape_of(a, names, factor).parts),))
    if isinstance(expression, sp.Abs) and rises:
        return Shape(sp.S.Zero, (tuple(part for f in (factor, -factor) for part in shape_of(args[0], names, f).parts),))
    if isinstance(expression, Wall) and rises:
        return Shape(sp.S.Zero, (), shape_of(args[0], names).parts)
    raise DeclarationError(
        f"energy: {factor * expression} is not piecewise linear and convex; a linear programme takes max, min, absolute, wall, and "
        "numbers of known sign in front of them; declare algorithm='argmin'"
    )


def _is_affine(expression: sp.Expr, names: Sequence[sp.Symbol]) -> bool:
    if not expression.is_polynomial(*names):
        return False
    return expression.free_symbols.isdisjoint(names) or sp.Poly(expression, *names).total_degree() <= 1
