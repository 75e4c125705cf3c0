"""Factoring of rational expressions with few random trials: linear and evidently irreducible factors need no lifting.

SymPy lifts the factors of a random univariate image. Where the image of a long polynomial splits further than the polynomial, that
may take for ever. Greatest common divisors give all factors that lack a variable or are repeated; what is left is irreducible where
it is linear in a variable or has an irreducible image of its full degree. Only the rest is lifted, with trials of a fixed seed.
"""

from __future__ import annotations

import sympy as sp
from sympy.core.mul import _keep_coeff
from sympy.core.random import seed
from sympy.polys.polyerrors import GeneratorsNeeded, PolynomialError
from sympy.polys.rings import PolyElement

Factors = list[tuple[PolyElement, int]]
IMAGES = 6
"""Univariate images that are tried before a polynomial is lifted."""


def factored_ratio(expression: sp.Expr) -> sp.Expr:
    """What ``sympy.factor`` gives, the same in every process.

    >>> x, y = sp.symbols("x y")
    >>> factored_ratio((x**2 - y**2) / (x**2 * y + x * y**2))
    (x - y)/(x*y)
    """
    try:
        parts = [_powers(part) for part in sp.Mul.make_args(sp.together(expression))]
    except (PolynomialError, GeneratorsNeeded):  # neither rational nor in symbols alone
        seed(0)
        return sp.factor(expression)
    return _keep_coeff(sp.Mul(*[number for number, _ in parts]), sp.Mul(*[product for _, product in parts]))


def _powers(expression: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """A polynomial to a power as a number and the product of its factors."""
    base, power = expression.as_base_exp()
    if expression.is_Number or base.is_Symbol:
        return (expression, sp.S.One) if expression.is_Number else (sp.S.One, expression)
    if not power.is_Integer:
        raise PolynomialError(f"{expression} is not rational")
    poly = sp.Poly(base)
    if not (poly.domain.is_ZZ or poly.domain.is_QQ):
        raise PolynomialError(f"coefficients in {poly.domain}")
    common, whole = poly.clear_denoms(convert=True)
    ring = sp.polys.rings.PolyRing(whole.gens, sp.ZZ, sp.lex)
    number, rest = ring.from_dict(whole.as_dict(native=True)).primitive()
    if rest.LC < 0:
        number, rest = -number, -rest
    product = sp.Mul(*[f.as_expr() ** (power * p) for f, p in factors(rest)])
    return sp.Rational(int(number), int(common)) ** power, product


def _signed(polynomial: PolyElement) -> PolyElement:
    return -polynomial if polynomial.LC < 0 else polynomial


def factors(polynomial: PolyElement) -> Factors:
    """The irreducible factors of a primitive polynomial over the integers, up to signs, with their powers."""
    found: Factors = []
    for position in range(polynomial.ring.ngens):
        if polynomial.degree(position) > 0:
            shared = _content(polynomial, position)
            if not shared.is_ground:
                found += factors(shared)
                polynomial = polynomial.exquo(shared)
    if polynomial.is_ground:
        return _collected(found)
    if _linear(polynomial):
        return _collected([*found, (polynomial, 1)])
    for part, power in polynomial.sqf_list()[1]:
        whole = _linear(part) or _has_irreducible_image(part)
        found += [(f, power * p) for f, p in ([(part, 1)] if whole else _lifted(part))]
    return _collected(found)


def _collected(found: Factors) -> Factors:
    """Equal factors together."""
    powers: dict[PolyElement, int] = {}
    for factor, power in found:
        powers[_signed(factor)] = powers.get(_signed(factor), 0) + power
    return list(powers.items())


def _content(polynomial: PolyElement, position: int) -> PolyElement:
    """The greatest common divisor of the coefficients by the powers of one variable."""
    ring, parts = polynomial.ring, {}
    for powers, c in polynomial.terms():
        rest = (*powers[:position], 0, *powers[position + 1 :])
        parts.setdefault(powers[position], {})[rest] = c
    shared = ring.zero
    for part in sorted(parts.values(), key=len):
        shared = shared.gcd(ring.from_dict(part))
        if shared.is_ground:
            break
    return shared


def _linear(polynomial: PolyElement) -> bool:
    """Whether it is of degree one in a variable: irreducible, where the coefficients share nothing."""
    return any(polynomial.degree(position) == 1 for position in range(polynomial.ring.ngens))


def _has_irreducible_image(polynomial: PolyElement) -> bool:
    """Whether an image in one variable has the full degree and is irreducible, so that the polynomial is too."""
    ring = polynomial.ring
    inside = [i for i in range(ring.ngens) if polynomial.degree(i) > 0]
    kept = min(inside, key=polynomial.degree)
    for trial in range(IMAGES):
        point = [(ring.gens[i], 3 + 7 * trial + 2 * j * j + 5 * j) for j, i in enumerate(inside) if i != kept]
        image = polynomial.evaluate(point) if point else polynomial
        image = sp.Poly(image.as_expr(), ring.symbols[kept], domain=sp.ZZ)
        if image.degree() == polynomial.degree(kept) and image.primitive()[1].is_irreducible:
            return True
    return False


def _lifted(polynomial: PolyElement) -> Factors:
    seed(0)
    return polynomial.factor_list()[1]
