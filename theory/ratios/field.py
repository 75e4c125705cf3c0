"""The field of rational functions: its generators, its factors, and expressions as its elements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import mul
from random import Random

import sympy as sp
from sympy.polys.rings import PolyElement, PolyRing

from theory.factors import factors
from theory.ratios.factor import PRIME, Factor, generators
from theory.ratios.ratio import Powers, Ratio

LONGEST = 300
"""Terms of the longest polynomial that is split into irreducible factors; longer ones stay whole, which is as exact."""


class Ratios:
    """The field of rational functions of symbols, which are taken up as they come.

    ``roots`` are symbols of which square roots occur; these are the generators then. What is no rational function of symbols is a
    generator of its own.
    """

    def __init__(self, roots: Iterable[sp.Symbol] = ()) -> None:
        self.ring = PolyRing((), sp.QQ, sp.lex)
        self.roots = {s: sp.Dummy(s.name, positive=True) for s in sorted(roots, key=str)}
        self.place: dict[sp.Basic, int] = {}
        self.atoms: list[sp.Expr] = []
        self.factors: list[Factor] = []
        self._number: dict[PolyElement, int] = {}
        self._points: list[int] = []
        self._random = Random(3)
        self._converted: dict[sp.Expr, Ratio] = {}
        self.zero, self.one = self._constant(0), self._constant(1)

    def of(self, expression: sp.Expr, rule: Mapping[sp.Symbol, Ratio] | None = None) -> Ratio:
        """An expression, in which ``rule`` replaces symbols."""
        if rule and (inside := expression.free_symbols & set(rule)):
            return self._of(expression, {s: rule[s] for s in inside}, {})
        return self._of(expression, {}, self._converted)

    def _of(self, e: sp.Expr, rule: Mapping[sp.Symbol, Ratio], known: dict[sp.Expr, Ratio]) -> Ratio:
        if e in rule:
            return rule[e]
        if e not in known:
            known[e] = self._made(e, rule, known)
        return known[e]

    def _made(self, e: sp.Expr, rule: Mapping[sp.Symbol, Ratio], known: dict[sp.Expr, Ratio]) -> Ratio:
        if e.is_Rational:
            return self._constant(sp.QQ(e.p, e.q))
        if e.is_Add:
            return self.sum([self._of(a, rule, known) for a in e.args])
        if e.is_Mul:
            return reduce(mul, [self._of(a, rule, known) for a in e.args])
        if e in self.roots:
            return self._generator(self.roots[e], sp.sqrt(e)) ** 2
        if e.is_Pow and e.exp.is_Integer:
            return self._of(e.base, rule, known) ** int(e.exp)
        if e.is_Pow and e.base in self.roots and (2 * e.exp).is_Integer:
            return self._generator(self.roots[e.base], sp.sqrt(e.base)) ** int(2 * e.exp)
        if rule and e.free_symbols & set(rule):
            e = e.xreplace({s: value.as_expr() for s, value in rule.items()})
        return self._generator(e if e.is_Symbol else sp.Dummy("a", positive=e.is_positive), e)

    def _generator(self, symbol: sp.Symbol, meaning: sp.Expr) -> Ratio:
        if meaning not in self.place:
            self.place[meaning] = len(self.atoms)
            self.atoms.append(meaning)
            self._points.append(self._random.randrange(1, PRIME))
            self.ring = PolyRing((*self.ring.symbols, symbol), sp.QQ, sp.lex)
            for factor in self.factors:
                factor.poly = self.lifted(factor.poly)
            self._number = {factor.poly: i for i, factor in enumerate(self.factors)}
        return Ratio(self, self.ring.gens[self.place[meaning]], {})

    def _constant(self, number) -> Ratio:
        return Ratio(self, self.ring.ground_new(sp.QQ.convert(number)), {})

    def lifted(self, poly: PolyElement) -> PolyElement:
        """A polynomial in the ring of all generators so far."""
        if poly.ring is self.ring:
            return poly
        more = (0,) * (self.ring.ngens - poly.ring.ngens)
        return self.ring.from_dict({powers + more: c for powers, c in poly.items()})

    def power(self, number: int, exponent: int) -> PolyElement:
        """A factor to a power."""
        return self.factors[number].power(exponent)

    def product(self, powers: Mapping[int, int]) -> PolyElement:
        """Factors to powers, multiplied out."""
        return reduce(mul, [self.power(i, p) for i, p in sorted(powers.items())], self.ring.one)

    def sum(self, terms: Iterable[Ratio]) -> Ratio:
        """The sum over the least common denominator, reduced."""
        terms = [t for t in terms if t.above]
        if len(terms) < 2:
            return terms[0] if terms else self.zero
        below: Powers = {}
        for term in terms:
            for i, p in term.below.items():
                below[i] = max(below.get(i, 0), p)
        groups: dict[tuple, PolyElement] = {}
        for term in terms:
            key, above = tuple(sorted(term.below.items())), self.lifted(term.above)
            groups[key] = groups[key] + above if key in groups else above
        total = self.ring.zero
        for key, above in groups.items():
            own = dict(key)
            missing = {i: p - own.get(i, 0) for i, p in below.items() if p > own.get(i, 0)}
            total += above * self.product(missing) if missing else above
        return self.reduced(total, below)

    def reduced(self, above: PolyElement, below: Powers) -> Ratio:
        """Without the factors that numerator and denominator share."""
        if not above:
            return self.zero
        left = {}
        for i, p in below.items():
            while p and (quotient := self.factors[i].quotient(above)) is not None:
                above, p = quotient, p - 1
            if p:
                left[i] = p
        return Ratio(self, above, left)

    def number(self, poly: PolyElement) -> int:
        """The number of an irreducible primitive polynomial with a positive leading coefficient."""
        if poly not in self._number:
            self._number[poly] = len(self.factors)
            self.factors.append(Factor(self, poly))
        return self._number[poly]

    def factored(self, poly: PolyElement) -> tuple[sp.QQ.dtype, Powers]:
        """A polynomial as a number and powers of irreducible factors."""
        poly, found = self.lifted(poly), {}
        content, poly = poly.primitive()
        if poly.LC < 0:
            content, poly = -content, -poly
        for i, factor in enumerate(self.factors):
            while not poly.is_ground and (quotient := factor.quotient(poly)) is not None:
                found[i], poly = found.get(i, 0) + 1, quotient
        if not poly.is_ground:
            for part, power in self._split(poly):
                i = self.number(part)
                found[i] = found.get(i, 0) + power
        return content, found

    def _split(self, poly: PolyElement) -> Iterable[tuple[PolyElement, int]]:
        """Irreducible factors, found in the ring of the generators that are there."""
        if len(poly) > LONGEST:
            yield poly, 1
            return
        inside, (whole,) = self._small(poly)
        for part, power in factors(whole):
            yield self._large(inside, part), power

    def shared(self, first: Ratio, second: Ratio) -> Ratio:
        """The greatest common divisor of two numerators."""
        inside, (one, other) = self._small(self.lifted(first.above), self.lifted(second.above))
        return Ratio(self, self._large(inside, one.gcd(other)), {})

    def _small(self, *polys: PolyElement) -> tuple[list[int], list[PolyElement]]:
        """Primitive polynomials over the integers in the generators that are there, and these."""
        inside, small = sorted(set().union(*map(generators, polys))), []
        ring = PolyRing([self.ring.symbols[i] for i in inside], sp.ZZ, sp.lex)
        for poly in polys:
            _, whole = poly.clear_denoms()
            _, whole = ring.from_dict({tuple(m[i] for i in inside): sp.ZZ.convert(c, sp.QQ) for m, c in whole.items()}).primitive()
            small.append(-whole if whole.LC < 0 else whole)
        return inside, small

    def _large(self, inside: list[int], poly: PolyElement) -> PolyElement:
        """A polynomial in these generators in the ring of all."""
        found = {}
        for powers, c in (-poly if poly.LC < 0 else poly).items():
            place = [0] * self.ring.ngens
            for i, p in zip(inside, powers, strict=True):
                place[i] = p
            found[tuple(place)] = sp.QQ.convert(c, sp.ZZ)
        return self.ring.from_dict(found)

    def inside(self, number: int) -> set[sp.Expr]:
        """The generators of a factor, square roots as such."""
        return {self.atoms[i] for i in generators(self.factors[number].poly)}

    def over(self, number, above: Powers, below: Powers) -> Ratio:
        """A number times factors, divided by others."""
        return self.reduced(self.product(above) * sp.QQ.convert(number), below)

    def point(self, generator: int) -> int:
        """A random value of a generator in the finite field."""
        return self._points[generator]

    def as_expr(self, poly: PolyElement) -> sp.Expr:
        return sp.Add(*[sp.Mul(sp.QQ.to_sympy(c), *[self.atoms[i] ** p for i, p in enumerate(powers) if p])
                        for powers, c in poly.items()])  # fmt: skip
