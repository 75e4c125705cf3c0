"""Laws whose Green's function is algebraic: its polynomial, and transforms as roots of it.

R and S invert the Green's function: G(R(g) + 1/g) = g, and ψ(χ) = w for ψ(x) = G(1/x)/x - 1 with S(w) = χ (1 + w)/w.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from random import Random

import sympy as sp

from theory.errors import DerivationError
from theory.free import series
from theory.free.corners import Compressed, Embedded
from theory.free.law import Law, beyond
from theory.free.leaves import Atoms
from theory.free.operations import Scaled, Sum
from theory.replica.data import plain

G, Z, H, W = sp.symbols("G z h w")


@lru_cache(maxsize=64)
def polynomial(law: Law) -> sp.Expr:
    """The irreducible polynomial in G and z that vanishes at the Green's function."""
    return sp.collect(sp.expand(relation(law).xreplace({H: -G, W: -Z})), G)


@lru_cache(maxsize=256)
def relation(law: Law) -> sp.Expr:
    """The irreducible polynomial in h and w: every step of the calculus is a substitution or a resultant (Rao and Edelman 2008)."""
    t, energy = 1 - W * H, 1 / H - W
    r, s = law.rational_r(-H), law.rational_s(-t)
    if r is not None:
        return _chosen(energy - r, law)
    if s is not None:
        return _chosen(t * s - H * (1 - t) / (W * H), law)
    if law.explicit and not isinstance(law, Atoms):
        raise beyond(law, "polynomial", "it has given values, so that its Green's function is not algebraic")
    if isinstance(law, Atoms):
        return _chosen(law.at(W, sp.S.One, None).h - H, law)
    if isinstance(law, Scaled):
        c = plain(law.factor)
        return _chosen(_moved(law.law, c * H, W / c), law)
    if isinstance(law, Compressed):
        c = plain(law.share)
        return _chosen(_moved(law.law, c * H, W + (1 / c - 1) / H), law)
    if isinstance(law, Embedded):
        return _chosen(_moved(law.law, (H - (1 - plain(law.ratio)) / W) / plain(law.ratio), W), law)
    return _of_two(law)


def _of_two(law: Law) -> sp.Expr:
    """A sum or product: its parts share h, or t, at points that add to w + 1/h, or multiply to w (1 - t)/t."""
    x, t = sp.Dummy("x"), 1 - W * H
    adds = isinstance(law, Sum)
    ready = [part for part in law.parts if (part.rational_r(x) if adds else part.rational_s(x)) is not None]
    rest = [part for part in law.parts if part not in ready]
    if ready:
        other = rest[0] if len(rest) == 1 else type(law)(tuple(rest))
        if adds:
            return _chosen(_moved(other, H, W + sp.Add(*[part.rational_r(-H) for part in ready])), law)
        at = W * sp.Mul(*[part.rational_s(-t) for part in ready])
        return _chosen(_moved(other, (1 - t) / at, at), law)
    first, last = type(law)(tuple(rest[:-1])) if len(rest) > 2 else rest[0], rest[-1]
    if adds:
        pair = _moved(first, H, x), _moved(last, H, W + 1 / H - x)
    else:
        other = W * (1 - t) / (t * x)
        pair = _moved(first, (1 - t) / x, x), _moved(last, (1 - t) / other, other)
    return _chosen(sp.resultant(*(_numerator(p) for p in pair), x), law)


def _moved(law: Law, h: sp.Expr, w: sp.Expr) -> sp.Expr:
    return relation(law).subs({H: h, W: w}, simultaneous=True)


def _numerator(expression: sp.Expr) -> sp.Expr:
    return sp.fraction(sp.cancel(sp.together(expression)))[0]


def _chosen(expression: sp.Expr, law: Law) -> sp.Expr:
    """The factor that the moments of the law satisfy."""
    factors = [f for f, _ in sp.factor_list(_numerator(expression))[1] if H in f.free_symbols and _vanishes(f, law)]
    if not factors:
        raise DerivationError(f"polynomial of {law}: elimination leaves none that its moments satisfy; use green_function()")
    return min(factors, key=sp.count_ops)


def samples(expressions: Iterable[sp.Expr], count: int = 4) -> list[dict[sp.Symbol, sp.Rational]]:
    """Random parameters between 1/9 and 8/9, of either sign where symbols may have one; the same ones in every process."""
    symbols = sorted(set().union(*(sp.sympify(e).free_symbols for e in expressions)) - {H, W, G, Z}, key=str)
    random = Random(3)
    signs = {s: [1] if s.is_nonnegative else [1, -1] for s in symbols}
    return [{s: random.choice(signs[s]) * sp.Rational(random.randint(11, 88), 99) for s in symbols} for _ in range(count)]


def _vanishes(factor: sp.Expr, law: Law) -> bool:
    """Whether h = u - m₁ u² + … at w = 1/u satisfies a factor, up to the order in which it is known."""
    order, u = 8, sp.Dummy("u")
    moments = law.moments(order)
    (point,) = samples([factor, *moments], 1)
    h = sp.Poly(u + sp.Add(*[(-1) ** k * m.xreplace(point) * u ** (k + 1) for k, m in enumerate(moments, 1)]), u)
    powers, total = sp.Poly(factor.xreplace(point), H, W), sp.Poly(0, u)
    degree = powers.degree(W)
    for (i, j), c in powers.terms():
        total += c * h**i * sp.Poly(u ** (degree - j), u)
    return all(total.coeff_monomial(u**k) == 0 for k in range(order + 2))


def r_transform(law: Law, g: sp.Expr) -> sp.Expr:
    """R(g) in closed form."""
    rational = law.rational_r(g)
    if rational is not None:
        return series.tidied(rational)
    at, cumulants, c = sp.Dummy("g"), law.cumulants(5), sp.Dummy("c")
    if (s := law.rational_s(c)) is not None:  # g R(g) and w S(w) are inverse functions
        forms = [one_fraction(root / at) for root in _roots(_numerator(c * s - at), c, law, "R-transform")]
    else:
        roots = _roots(polynomial(law).xreplace({G: at}), Z, law, "R-transform")
        forms = [one_fraction(root - 1 / at) for root in roots]
    return _root(forms, at, cumulants, law, "R-transform").xreplace({at: g})


def s_transform(law: Law, w: sp.Expr) -> sp.Expr:
    """S(w) in closed form."""
    cumulants = law.cumulants(5)
    if series.tidied(cumulants[0]) == 0:
        raise DerivationError(f"S-transform of {law}: its mean is zero; only a law of non-zero mean has one, add a multiple of 1")
    rational = law.rational_s(w)
    if rational is not None:
        return series.tidied(rational)
    at, x = sp.Dummy("w"), sp.Dummy("x")
    if (r := law.rational_r(x)) is not None:
        forms = [one_fraction(root / at) for root in _roots(_numerator(x * r - at), x, law, "S-transform")]
    else:
        equation = _numerator(polynomial(law).xreplace({G: (1 + at) * x, Z: 1 / x}))
        forms = [one_fraction(root * (1 + at) / at) for root in _roots(equation, x, law, "S-transform") if root != 0]
    inverse = series.inverted(cumulants)
    return _root(forms, at, inverse, law, "S-transform").xreplace({at: w})


def one_fraction(expression: sp.Expr) -> sp.Expr:
    """One fraction, square roots left alone."""
    return sp.factor(sp.together(expression), deep=False)


def _roots(equation: sp.Expr, x: sp.Symbol, law: Law, what: str) -> list[sp.Expr]:
    found: list[sp.Expr] = []
    for factor, _ in sp.factor_list(equation)[1]:
        degree = sp.degree(factor, x) if x in factor.free_symbols else 0
        if degree > 2:
            raise beyond(law, what, f"it is the root of an equation of degree {degree}")
        if degree:
            found += list(sp.roots(sp.Poly(factor, x)))
    return found


def _root(forms: list[sp.Expr], at: sp.Symbol, coefficients: list[sp.Expr], law: Law, what: str) -> sp.Expr:
    """The one of several forms that has the given power series, at whatever parameters."""
    small, chosen = sp.Rational(1, 10**6), set()
    for point in samples([*forms, *coefficients]):
        point.pop(at, None)
        target = sp.Add(*[c.xreplace(point) * small**k for k, c in enumerate(coefficients)])
        distance = [abs(sp.N((f.xreplace(point).xreplace({at: small}) - target), 30)) for f in forms]
        best = min(range(len(forms)), key=lambda i: distance[i])
        if not distance[best] < 1e-9:
            raise beyond(law, what, "no root has its moments")
        chosen.add(best)
    if len(chosen) != 1:
        raise beyond(law, what, "its branch depends on the signs of its symbols; declare them positive")
    return forms[chosen.pop()]
