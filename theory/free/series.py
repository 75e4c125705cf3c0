"""Power series behind moments: free cumulants, and the S-transform as a series.

With M(z) = 1 + Σ mₙ zⁿ and C(z) = Σ κₙ zⁿ: M(z) = 1 + C(z M(z)) (Speicher 1994), and w S(w) is the inverse of C.
A series is a list of coefficients, the constant first.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from theory.saddle import opaque

Series = Sequence[sp.Expr]


def tidied(expression: sp.Expr) -> sp.Expr:
    """Over a common denominator, expanded where there is none; sums over modes stay whole."""
    plain, back = opaque(sp.sympify(expression))
    above, below = sp.fraction(sp.cancel(plain))
    return (sp.expand(above) if below.is_number else sp.factor(above / below)).xreplace(back) / (below if below.is_number else 1)


def product(a: Series, b: Series) -> list[sp.Expr]:
    """The product of two series of one length."""
    return [sp.Add(*[a[i] * b[n - i] for i in range(n + 1)]) for n in range(len(a))]


def moments_of(cumulants: Series) -> list[sp.Expr]:
    """m₁ … mₙ from κ₁ … κₙ."""
    n = len(cumulants)
    moments: list[sp.Expr] = [sp.S.One]
    for k in range(1, n + 1):
        known = [*moments, *[sp.S.Zero] * (n + 1 - len(moments))]
        moments.append(tidied(sp.Add(*[c * v for c, v in zip(cumulants, _diagonal(known, k), strict=False)])))
    return moments[1:]


def cumulants_of(moments: Series) -> list[sp.Expr]:
    """κ₁ … κₙ from m₁ … mₙ."""
    known, cumulants = [sp.S.One, *moments], []
    for k, moment in enumerate(moments, 1):
        rest = sp.Add(*[c * v for c, v in zip(cumulants, _diagonal(known, k), strict=False)])
        cumulants.append(tidied(moment - rest))
    return cumulants


def _diagonal(moments: Series, k: int) -> list[sp.Expr]:
    """[z^(k-s)] M(z)^s for s = 1 … k."""
    found, power = [], list(moments[: k + 1])
    for s in range(1, k + 1):
        found.append(power[k - s])
        power = product(power, moments[: k + 1])
    return found


def inverted(series: Series) -> list[sp.Expr]:
    """The compositional inverse of c₁ z + c₂ z² + …, given and returned without the constant: Lagrange's formula."""
    n, first = len(series), series[0]
    shape = [tidied(c / first) for c in series]
    reciprocal = [sp.S.One]
    for k in range(1, n):
        reciprocal.append(tidied(-sp.Add(*[shape[i] * reciprocal[k - i] for i in range(1, k + 1)])))
    found, power = [], [sp.S.One, *[sp.S.Zero] * (n - 1)]
    for k in range(1, n + 1):
        power = [tidied(c) for c in product(power, reciprocal)]
        found.append(tidied(power[k - 1] / (k * first**k)))
    return found


def multiplied(first: Series, second: Series) -> list[sp.Expr]:
    """Free cumulants of a product: S-transforms multiply. A mean that vanishes is a limit, cumulants being polynomials in it."""
    means = [sp.Dummy() if tidied(c[0]) == 0 else c[0] for c in (first, second)]
    one, two = (inverted([mean, *c[1:]]) for mean, c in zip(means, (first, second), strict=True))
    back = {mean: sp.S.Zero for mean in means if isinstance(mean, sp.Dummy)}
    return [tidied(tidied(c).xreplace(back)) for c in inverted(product(one, two))]
