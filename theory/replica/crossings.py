"""Minima of a potential and a parabola on both sides of a kink, a jump or a hole, where they cross."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from theory.errors import DerivationError
from theory.proximal import Proximal, X
from theory.saturating import levelled
from theory.symbols import Internal

OMEGA = Internal("omega", real=True)
"""Mean of the Gaussian."""
WIDTH = Internal("v", positive=True)
"""Its variance, in units of the temperature where that is zero (then it is χ)."""


def is_quadratic(body: sp.Expr, h: sp.Symbol) -> bool:
    """Whether a smooth body is a polynomial of degree two at most."""
    return body.is_polynomial(h) and sp.degree(body, h) <= 2


@dataclass(frozen=True)
class Minimum:
    """Where the minimum lies while ω is below ``edge``; ``side`` says, at a jump or a wall around what has zero energy, on which
    side of it."""

    point: sp.Expr
    body: sp.Expr
    edge: sp.Expr
    side: int = 0


def stationary_point(body: sp.Expr, h: sp.Symbol) -> sp.Expr:
    """The minimum over h of a smooth body plus (h − ω)²/(2χ)."""
    if is_quadratic(body, h):
        body = sp.expand(body)
        return sp.factor((OMEGA - WIDTH * body.coeff(h, 1)) / (1 + 2 * WIDTH * body.coeff(h, 2)))
    return Proximal(levelled(body).xreplace({h: X}), OMEGA, WIDTH)


def around_hole(
    stationary: sp.Expr, edges: tuple[sp.Expr, sp.Expr], bodies: tuple[sp.Expr, sp.Expr], h: sp.Symbol
) -> list[Minimum]:
    """Minima to the left of what is infinite and at both of its edges, with the lower one of these."""
    values, slopes = ([b.diff(h, k).xreplace({h: e}) for b, e in zip(bodies, edges, strict=True)] for k in (0, 1))
    (low, high), (one, two) = edges, bodies
    crossing = (low + high) / 2 + WIDTH * (values[1] - values[0]) / (high - low)
    ends = [Minimum(low, one, crossing, -1), Minimum(high, two, high + WIDTH * slopes[1], 1)]
    return [Minimum(stationary, one, low + WIDTH * slopes[0]), *ends]


def crossing_point(body: sp.Expr, following: sp.Expr, h: sp.Symbol, potential: sp.Expr) -> sp.Expr:
    """The ω at which the minima on both sides of a concave kink are equal, two parabolas of one curvature in ω."""
    both = (body, following)
    if all(is_quadratic(b, h) for b in both) and sp.expand((body - following).diff(h, 2)) == 0:
        points = [stationary_point(b, h) for b in both]
        low, high = (b.xreplace({h: m}) + (m - OMEGA) ** 2 / (2 * WIDTH) for b, m in zip(both, points, strict=True))
        gap = sp.Poly(sp.cancel(low - high), OMEGA)
        return sp.factor(-gap.coeff_monomial(1) / gap.coeff_monomial(OMEGA))
    raise DerivationError(f"potential {potential}: one of its kinks is concave; only parabolas of one curvature may meet there")


def around_jump(stationary, edge, left_body, right_body, step, left, right, h: sp.Symbol, potential: sp.Expr) -> list[Minimum]:
    """Minima to the left of a jump and at it, on its lower side. The minimum within the upper piece, a parabola of curvature
    V'' + 1/χ, wins where it lies so far from the jump that it is lower by the jump than the value there."""
    low, high = (left_body, right_body) if step.is_positive else (right_body, left_body)
    if not (step.is_positive or step.is_negative) or not is_quadratic(high, h):
        raise DerivationError(f"potential {potential}: its jump at {h} = {edge} needs a known sign and a parabola above")
    bend = high.diff(h, 2)
    distance = sp.sqrt(2 * WIDTH * sp.Abs(step) / (1 + WIDTH * bend))
    point = edge + distance if step.is_positive else edge - distance
    crossing = sp.expand(point + WIDTH * high.diff(h).xreplace({h: point}))
    if step.is_positive:
        return [Minimum(stationary, left_body, left), Minimum(edge, low, crossing, -1)]
    return [Minimum(stationary, left_body, crossing), Minimum(edge, low, right, 1)]
