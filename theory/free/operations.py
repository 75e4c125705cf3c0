"""Laws of sums, products, multiples and inverses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any

import sympy as sp

from theory.declaration.checks import refuse
from theory.free import series
from theory.free.law import Law, Point, beyond, inside, wrapped
from theory.free.leaves import Atoms
from theory.free.subordination import of_product, of_s, of_sum
from theory.replica.data import plain


@dataclass(frozen=True)
class Sum(Law):
    parts: tuple[Law, ...]

    @property
    def nonnegative(self) -> bool:
        return all(part.nonnegative for part in self.parts)

    def cumulants(self, n: int) -> list[sp.Expr]:
        return [series.tidied(sp.Add(*terms)) for terms in zip(*(part.cumulants(n) for part in self.parts), strict=True)]

    def rational_r(self, g: sp.Expr) -> sp.Expr | None:
        terms = [part.rational_r(g) for part in self.parts]
        return None if None in terms else sp.Add(*terms)

    def at(self, above, below, system):
        return of_sum(self.parts, above, below, system)

    @property
    def null(self) -> sp.Expr | None:
        """Of nonnegative laws: two atoms of masses p and q at zero leave p + q - 1 (Bercovici and Voiculescu 1998)."""
        zeros = [part.null for part in self.parts]
        if not self.nonnegative or None in zeros:
            return None
        return reduce(lambda p, q: sp.Max(0, p + q - 1), zeros)

    def __str__(self) -> str:
        return " + ".join(map(str, self.parts))

    def _latex(self, printer: Any) -> str:
        texts = [wrapped(part, printer) if isinstance(part, Atoms) else part._latex(printer) for part in self.parts]
        return r" \boxplus ".join(texts)


@dataclass(frozen=True)
class Product(Law):
    parts: tuple[Law, ...]

    @property
    def nonnegative(self) -> bool:
        return all(part.nonnegative for part in self.parts)

    def cumulants(self, n: int) -> list[sp.Expr]:
        return reduce(series.multiplied, [part.cumulants(n) for part in self.parts])

    def rational_s(self, w: sp.Expr) -> sp.Expr | None:
        factors = [part.rational_s(w) for part in self.parts]
        return None if None in factors else sp.Mul(*factors)

    def at(self, above, below, system):
        return of_product(self.parts, above, below, system)

    @property
    def null(self) -> sp.Expr | None:
        zeros = [part.null for part in self.parts]
        return None if None in zeros else sp.Max(*zeros)

    def __str__(self) -> str:
        return " @ ".join(map(inside, self.parts))

    def _latex(self, printer: Any) -> str:
        return r" \boxtimes ".join(wrapped(part, printer) for part in self.parts)


@dataclass(frozen=True)
class Scaled(Law):
    factor: sp.Expr
    law: Law

    parts = property(lambda self: (self.law,))

    @property
    def nonnegative(self) -> bool:
        return self.law.nonnegative and bool(self.factor.is_nonnegative)

    def cumulants(self, n: int) -> list[sp.Expr]:
        return [series.tidied(c * plain(self.factor) ** k) for k, c in enumerate(self.law.cumulants(n), 1)]

    def rational_r(self, g: sp.Expr) -> sp.Expr | None:
        inner = self.law.rational_r(plain(self.factor) * g)
        return None if inner is None else plain(self.factor) * inner

    def rational_s(self, w: sp.Expr) -> sp.Expr | None:
        inner = self.law.rational_s(w)
        return None if inner is None else inner / plain(self.factor)

    def at(self, above, below, system):
        c = plain(self.factor)
        inner = self.law.at(above, below * c, system)
        return Point(c * inner.rho, inner.h / c, inner.t)

    @property
    def null(self) -> sp.Expr | None:
        return self.law.null if self.factor.is_nonzero else None

    @property
    def symbols(self) -> frozenset[sp.Symbol]:
        return self.law.symbols | self.factor.free_symbols

    def __str__(self) -> str:
        return f"{self.factor if self.factor.is_Atom or self.factor.is_Pow else f'({self.factor})'}*{inside(self.law)}"

    def _latex(self, printer: Any) -> str:
        return rf"{printer.parenthesize(self.factor, 50)} \cdot {wrapped(self.law, printer)}"


@dataclass(frozen=True)
class Inverse(Law):
    law: Law

    parts = property(lambda self: (self.law,))
    nonnegative = property(lambda self: self.law.nonnegative)

    def __post_init__(self) -> None:
        s = self.law.rational_s(sp.Dummy("w"))
        if s is None:
            raise beyond(self.law, "inverse", "its S-transform is not rational")
        if series.tidied(self.law.rational_s(sp.Integer(-1))) in (0, sp.zoo, sp.nan):
            refuse(f"inverse of {self.law}", "it has no finite mean", "an eigenvalue vanishes or comes too close to zero")

    def cumulants(self, n: int) -> list[sp.Expr]:
        """Of the series of S: w S(w) is the inverse of κ₁ z + κ₂ z² + …"""
        w = sp.Dummy("w")
        values = [self.rational_s(w).diff(w, k).xreplace({w: sp.S.Zero}) / sp.factorial(k) for k in range(n)]
        return series.inverted([series.tidied(v) for v in values])

    def rational_s(self, w: sp.Expr) -> sp.Expr:
        return series.tidied(1 / self.law.rational_s(-1 - w))

    def at(self, above, below, system):
        w = sp.Dummy("w")
        return of_s(self.rational_s(w), w, above, below, system)

    def conditions(self):
        yield from self.law.conditions()
        null = self.law.null
        if null is not None and null != 0:
            yield -null, "an eigenvalue is zero; a law with an atom at 0 has no inverse"
        yield self.rational_s(sp.S.Zero) - sp.Rational(1, 10**9), "its inverse has no finite mean; keep the law away from zero"

    @property
    def null(self) -> sp.Expr:
        return sp.S.Zero

    def __str__(self) -> str:
        return f"{inside(self.law)}.inverse"

    def _latex(self, printer: Any) -> str:
        return rf"{wrapped(self.law, printer)}^{{-1}}" if self.law.parts else rf"\left({self.law._latex(printer)}\right)^{{-1}}"


def added(a: Law, b: Law) -> Law:
    """The free sum."""
    if isinstance(b, Atoms) and b.masses == ((sp.S.Zero, sp.S.One),):
        return a
    return Sum((*(a.parts if isinstance(a, Sum) else (a,)), *(b.parts if isinstance(b, Sum) else (b,))))


def multiplied(a: Law, b: Law) -> Law:
    """The free product; DeclarationError where two factors may have negative eigenvalues."""
    factors = (*(a.parts if isinstance(a, Product) else (a,)), *(b.parts if isinstance(b, Product) else (b,)))
    signed = [law for law in factors if not law.nonnegative]
    if len(signed) > 1:
        refuse(f"product {a} @ {b}", f"{signed[0]} and {signed[1]} may both be negative",
               "all factors but one must be nonnegative, or the product is not Hermitian")
    return Product(factors)


def scaled(law: Law, factor: sp.Expr) -> Law:
    """The law of a multiple."""
    if factor == 1:
        return law
    if factor == 0:
        return Atoms(((sp.S.Zero, sp.S.One),))
    if isinstance(law, Atoms):
        return Atoms(tuple((factor * x, m) for x, m in law.masses))
    return scaled(law.law, law.factor * factor) if isinstance(law, Scaled) else Scaled(factor, law)
