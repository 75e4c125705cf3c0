"""Compression to a corner, zeros added or taken away, and fractional powers of the free sum."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sympy as sp

from theory.declaration.checks import refuse, scalar
from theory.free import series
from theory.free.law import Law, Point, inside
from theory.free.laws import share_of
from theory.free.operations import scaled
from theory.free.subordination import of_sum
from theory.replica.data import plain


@dataclass(frozen=True)
class Compressed(Law):
    """R(g) becomes R(share · g), S(w) becomes S(share · w) (Nica and Speicher 1996)."""

    law: Law
    share: sp.Expr

    parts = property(lambda self: (self.law,))
    nonnegative = property(lambda self: self.law.nonnegative)

    def cumulants(self, n: int) -> list[sp.Expr]:
        return [series.tidied(c * plain(self.share) ** k) for k, c in enumerate(self.law.cumulants(n))]

    def rational_r(self, g: sp.Expr) -> sp.Expr | None:
        return self.law.rational_r(plain(self.share) * g)

    def rational_s(self, w: sp.Expr) -> sp.Expr | None:
        return self.law.rational_s(plain(self.share) * w)

    def at(self, above, below, system):
        """ρ(w) = ρ₁(w₁) where share · h(w) = h₁(w₁), that is w₁ = (w + ρ)/share - ρ."""
        if self.rational_r(sp.S.One) is not None:
            return of_sum([self], above, below, system)
        share, energy = plain(self.share), system.unknown("rho")
        inner = self.law.at(above + (1 - share) * below * energy, share * below, system)
        system.close(energy, inner.rho)
        return Point(energy, inner.h / share, inner.h * energy / share)

    def conditions(self) -> Iterator[tuple[sp.Expr, str]]:
        yield from self.law.conditions()
        yield from _at_most_one(self.share, "corner")

    @property
    def null(self) -> sp.Expr | None:
        zeros, share = self.law.null, plain(self.share)
        return None if zeros is None else sp.Max(0, (zeros + share - 1) / share)

    @property
    def symbols(self) -> frozenset[sp.Symbol]:
        return self.law.symbols | self.share.free_symbols

    def __str__(self) -> str:
        return f"{inside(self.law)}.compressed({self.share})"

    def _latex(self, printer: Any) -> str:
        return rf"\left[{self.law._latex(printer)}\right]_{{{printer._print(self.share)}}}"


@dataclass(frozen=True)
class Embedded(Law):
    """ratio · law + (1 - ratio) δ₀: S(w) becomes S(w/ratio) (1 + w)/(ratio + w)."""

    law: Law
    ratio: sp.Expr

    parts = property(lambda self: (self.law,))
    nonnegative = property(lambda self: self.law.nonnegative)

    def cumulants(self, n: int) -> list[sp.Expr]:
        return series.cumulants_of([series.tidied(plain(self.ratio) * m) for m in self.law.moments(n)])

    def rational_s(self, w: sp.Expr) -> sp.Expr | None:
        ratio = plain(self.ratio)
        inner = self.law.rational_s(w / ratio)
        return None if inner is None else series.tidied(inner * (1 + w) / (ratio + w))

    def at(self, above, below, system):
        ratio, inner = plain(self.ratio), self.law.at(above, below, system)
        energy = ratio * above * inner.rho / (above + (1 - ratio) * below * inner.rho)
        return Point(energy, ratio * inner.h + (1 - ratio) * below / above, ratio * inner.t)

    def conditions(self) -> Iterator[tuple[sp.Expr, str]]:
        yield from self.law.conditions()
        if self.law.null == 0 or self.law.null is None:
            yield from _at_most_one(self.ratio, "ratio")
        else:
            yield 1 - plain(self.ratio) * (1 - self.law.null), f"the ratio {self.ratio} takes away more zeros than there are"

    @property
    def null(self) -> sp.Expr | None:
        return None if self.law.null is None else 1 - plain(self.ratio) * (1 - self.law.null)

    @property
    def symbols(self) -> frozenset[sp.Symbol]:
        return self.law.symbols | self.ratio.free_symbols

    def __str__(self) -> str:
        return f"{inside(self.law)}.embedded({self.ratio})"

    def _latex(self, printer: Any) -> str:
        ratio = printer.parenthesize(self.ratio, 50)
        rest = printer.parenthesize(1 - self.ratio, 50)
        return rf"\left\{{{ratio} \left({self.law._latex(printer)}\right) + {rest} \delta_{{0}}\right\}}"


def compressed(law: Law, share: Any) -> Law:
    """The law of a corner."""
    size = share_of(share, f"corner of {law}")
    if size == 1:
        return law
    return Compressed(law.law, law.share * size) if isinstance(law, Compressed) else Compressed(law, size)


def embedded(law: Law, ratio: Any) -> Law:
    """The law with zeros added (ratio below one) or taken away (above)."""
    number = scalar(ratio, f"ratio of {law}")
    if not number.is_positive:
        refuse(f"ratio of {law}", number, "it is a number of rows over another; give a positive number or symbol")
    if number == 1:
        return law
    zeros = law.null
    if zeros is not None and (1 - plain(number) * (1 - zeros)).is_negative:
        refuse(f"ratio of {law}", number, "more zeros would be taken away than there are")
    return embedded(law.law, law.ratio * number) if isinstance(law, Embedded) else Embedded(law, number)


def free_power(law: Law, times: Any) -> Law:
    """The law of ``times`` independent copies added: a multiple of the corner of size 1/times."""
    number = scalar(times, f"power of {law}")
    if (number - 1).is_negative or not number.is_positive:
        refuse(f"power of {law}", number, "free powers exist from 1 on")
    return scaled(compressed(law, 1 / number), number)


def _at_most_one(share: sp.Expr, what: str) -> Iterator[tuple[sp.Expr, str]]:
    if not (1 - share).is_nonnegative:
        yield 1 - plain(share), f"the {what} {share} is above 1; it is a share"
