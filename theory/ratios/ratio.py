"""Elements of the field: a polynomial over powers of factors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sympy as sp
from sympy.polys.rings import PolyElement

from theory.ratios.factor import generators

if TYPE_CHECKING:
    from theory.ratios.field import Ratios

Powers = dict[int, int]
"""Exponents by the number of the factor."""


@dataclass(eq=False)
class Ratio:
    """``above`` / Π factor^power, with the numbers of the factors in ``below``."""

    ratios: Ratios
    above: PolyElement
    below: Powers

    def __bool__(self) -> bool:
        return bool(self.above)

    def __neg__(self) -> Ratio:
        return Ratio(self.ratios, -self.above, self.below)

    def __add__(self, other: Ratio) -> Ratio:
        return self.ratios.sum([self, other])

    def __sub__(self, other: Ratio) -> Ratio:
        return self.ratios.sum([self, -other])

    def __mul__(self, other: Ratio) -> Ratio:
        if not self or not other:
            return self.ratios.zero
        lifted = self.ratios.lifted
        one, two = self.ratios.reduced(self.above, other.below), self.ratios.reduced(other.above, self.below)
        below = dict(one.below)
        for i, p in two.below.items():
            below[i] = below.get(i, 0) + p
        return Ratio(self.ratios, lifted(one.above) * lifted(two.above), below)

    def __truediv__(self, other: Ratio) -> Ratio:
        return self * other.inverse()

    def __pow__(self, exponent: int) -> Ratio:
        if exponent < 0:
            return self.inverse() ** -exponent
        above = self.ratios.lifted(self.above) ** exponent if exponent else self.ratios.ring.one
        return Ratio(self.ratios, above, {i: p * exponent for i, p in self.below.items()} if exponent else {})

    def inverse(self) -> Ratio:
        """ZeroDivisionError for zero."""
        if not self:
            raise ZeroDivisionError("inverse of zero")
        number, powers = self.ratios.factored(self.above)
        return Ratio(self.ratios, self.ratios.product(self.below) * (1 / number), powers)

    def as_expr(self) -> sp.Expr:
        """The expression, its denominator factored."""
        ratios = self.ratios
        below = [ratios.as_expr(ratios.factors[i].poly) ** p for i, p in sorted(self.below.items())]
        return ratios.as_expr(self.above) / sp.Mul(*below)

    def factor(self) -> sp.Expr:
        """The expression with its numerator factored too."""
        if not self:
            return sp.S.Zero
        number, powers = self.ratios.factored(self.above)
        signed = powers | {i: -p for i, p in self.below.items()}
        return sp.Mul(sp.QQ.to_sympy(number), *[self.ratios.as_expr(self.ratios.factors[i].poly) ** p for i, p in signed.items()])

    def numerators(self) -> list[sp.Expr]:
        """The irreducible factors of the numerator."""
        return [self.ratios.as_expr(self.ratios.factors[i].poly) for i in self.ratios.factored(self.above)[1]]

    def denominators(self) -> list[sp.Expr]:
        """The factors of the denominator."""
        return [self.ratios.as_expr(self.ratios.factors[i].poly) for i in self.below]

    @property
    def symbols(self) -> set[sp.Expr]:
        """The generators that occur, square roots as such."""
        return {self.ratios.atoms[i] for i in generators(self.above)}.union(*map(self.ratios.inside, self.below))

    def coefficients(self, symbols: Iterable[sp.Symbol]) -> dict[sp.Symbol | None, Ratio] | None:
        """Slopes by symbols, and the rest under None; None where the ratio is not linear in them."""
        places = {self.ratios.place[s]: s for s in symbols if s in self.ratios.place}
        if any(places.keys() & generators(self.ratios.factors[i].poly) for i in self.below):
            return None
        parts: dict[sp.Symbol | None, dict] = {}
        for powers, c in self.ratios.lifted(self.above).items():
            inside = [i for i in places if powers[i]]
            if len(inside) > 1 or (inside and powers[inside[0]] > 1):
                return None
            where = inside[0] if inside else None
            rest = powers if where is None else (*powers[:where], 0, *powers[where + 1 :])
            parts.setdefault(None if where is None else places[where], {})[rest] = c
        return {s: self.ratios.reduced(self.ratios.ring.from_dict(part), self.below) for s, part in parts.items()}

    def collected(self, symbols: Sequence[sp.Expr]) -> dict[tuple[int, ...], Ratio]:
        """The numerator by the powers of generators ``symbols``."""
        places, parts = [self.ratios.place[s] for s in symbols], {}
        for powers, c in self.ratios.lifted(self.above).items():
            rest = list(powers)
            for i in places:
                rest[i] = 0
            parts.setdefault(tuple(powers[i] for i in places), {})[tuple(rest)] = c
        return {key: Ratio(self.ratios, self.ratios.ring.from_dict(part), {}) for key, part in parts.items()}
