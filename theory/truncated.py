"""Gaussian averages over part of the line: in closed form for polynomials, over a half line for what is smooth there.

A kink in the middle of a quadrature costs all but a few digits; an average that is cut at its kinks keeps them.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from theory.averages import GaussianAverage, HalfLine, outermost
from theory.intervals import UnitInterval
from theory.saturating import Within
from theory.special import Clipped, H

FAR = 12
"""Widths of a Gaussian beyond which it has no weight in double precision (1e-32)."""


def density(x: sp.Expr) -> sp.Expr:
    """Density of the standard Gaussian."""
    return sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)


def average(function: Callable[[sp.Expr], sp.Expr], lower: sp.Expr = -sp.oo, upper: sp.Expr = sp.oo) -> sp.Expr:
    """Average of function(z) over the part lower < z < upper of a standard Gaussian; not divided by the weight of the part.

    >>> average(lambda z: z, sp.S.Zero)
    sqrt(2)/(2*sqrt(pi))
    """
    if lower == -sp.oo and upper == sp.oo:
        return _whole(function)
    if lower == -sp.oo:
        return _tail(lambda z: function(-z), -upper)
    if upper == sp.oo:
        return _tail(function, lower)
    return _strip(function, lower, upper)


def around(function: Callable[[sp.Expr], sp.Expr], place: sp.Expr) -> sp.Expr:
    """Average of function(z) over a standard Gaussian where the function changes fast next to a ``place``: outwards from there, on
    either side."""
    t = sp.Dummy("t", positive=True)
    middle = -Clipped(-Clipped(place, -FAR), -FAR)
    return sp.Add(*[HalfLine(density(z) * function(z), t) for z in (middle - t, middle + t)])


def _coefficients(function: Callable[[sp.Expr], sp.Expr]) -> tuple[sp.Expr, sp.Dummy, dict[int, sp.Expr] | None]:
    z = sp.Dummy("z", real=True)
    body = sp.sympify(function(z))
    if z not in body.free_symbols:
        return body, z, {0: body}
    # SymPy would look into the averages for a polynomial.
    if any(z in a.free_symbols for a in outermost(body)) or not body.is_polynomial(z):
        return body, z, None
    factor, square = body.as_independent(z, as_Add=False)
    if square.is_Pow and square.exp == 2:
        # What is squared may be far smaller than its terms: no multiplying out.
        base, slope = square.base.xreplace({z: sp.S.Zero}), square.base.diff(z)
        if z not in slope.free_symbols:
            return body, z, {0: factor * base**2, 1: 2 * factor * base * slope, 2: factor * slope**2}
    collected = sp.collect(sp.expand(body), z, evaluate=False)
    return body, z, {int(sp.degree(power, z)) if power != 1 else 0: c for power, c in collected.items()}


def _whole(function: Callable[[sp.Expr], sp.Expr]) -> sp.Expr:
    body, z, powers = _coefficients(function)
    if powers is None:
        return GaussianAverage(min(body, body.xreplace({z: -z}), key=sp.default_sort_key), z)
    return sp.Add(*[c * sp.factorial2(k - 1) for k, c in powers.items() if k % 2 == 0])


def _strip(function: Callable[[sp.Expr], sp.Expr], lower: sp.Expr, upper: sp.Expr) -> sp.Expr:
    """Average over lower < z < upper: not a difference of tails, for it may be far smaller than they are."""
    body, z, powers = _coefficients(function)
    if powers is not None:
        return _tail(function, lower) - _tail(function, upper)
    u = sp.Dummy("u", positive=True)
    low, high = _within(lower), _within(upper)
    return (high - low) * UnitInterval((density(z) * body).xreplace({z: low + (high - low) * u}), u)


def _within(edge: sp.Expr) -> sp.Expr:
    """An edge, or the one beyond which a Gaussian has no weight."""
    return Within(edge, sp.Integer(FAR))


def _tail(function: Callable[[sp.Expr], sp.Expr], lower: sp.Expr) -> sp.Expr:
    """Average over z > lower."""
    body, z, powers = _coefficients(function)
    if body == 0:
        return sp.S.Zero
    if powers is not None:
        moments = [H(lower), density(lower)]
        for k in range(2, max(powers) + 1):
            moments.append(lower ** (k - 1) * density(lower) + (k - 1) * moments[k - 2])
        return sp.Add(*[c * moments[k] for k, c in powers.items()])
    t = sp.Dummy("t", positive=True)
    start = lower if lower.is_number and lower >= -FAR else Clipped(lower, -FAR)
    return HalfLine((density(z) * body).xreplace({z: start + t}), t)
