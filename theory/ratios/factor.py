"""Irreducible polynomials, and exact division by them."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from operator import add, sub
from typing import TYPE_CHECKING

from sympy.polys.rings import PolyElement

if TYPE_CHECKING:
    from theory.ratios.field import Ratios

PRIME = 2**61 - 1
"""Size of the finite field of trial values."""


class Factor:
    """An irreducible polynomial, its powers, and a point at which it vanishes."""

    def __init__(self, ratios: Ratios, poly: PolyElement) -> None:
        self.ratios, self.poly = ratios, poly
        self._powers = [ratios.ring.one, poly]
        self._tables: dict[int, list[int]] = {}
        self.single = next(i for i, p in enumerate(poly.LM) if p) if len(poly) == 1 else None
        self._zero = None if self.single is not None else self._vanishing()

    def power(self, exponent: int) -> PolyElement:
        while len(self._powers) <= exponent:
            self._powers.append(self.ratios.lifted(self._powers[-1]) * self.ratios.lifted(self.poly))
        self._powers[exponent] = self.ratios.lifted(self._powers[exponent])
        return self._powers[exponent]

    def quotient(self, above: PolyElement) -> PolyElement | None:
        """A polynomial divided by the factor; None where that is no polynomial."""
        above = self.ratios.lifted(above)
        if self.single is not None:
            i = self.single
            if any(not powers[i] for powers in above):
                return None
            return above.ring.from_dict({(*m[:i], m[i] - 1, *m[i + 1 :]): c for m, c in above.items()})
        if self._zero is not None and self._value(above):
            return None
        return _quotient(above, self.poly)

    def _vanishing(self) -> tuple[int, int] | None:
        """A generator of which the factor is a linear function, and its value where the others have their random ones."""
        for i in range(self.poly.ring.ngens):
            if self.poly.degree(i) == 1:
                slope = constant = 0
                for powers, c in self.poly.items():
                    value = self._term(powers, c, skipped=i)
                    slope, constant = (slope + value, constant) if powers[i] else (slope, constant + value)
                if slope % PRIME:
                    return i, -constant * pow(slope, -1, PRIME) % PRIME
        return None

    def _value(self, poly: PolyElement) -> int:
        return sum(self._term(powers, c) for powers, c in poly.items()) % PRIME

    def _term(self, powers: tuple[int, ...], c, skipped: int = -1) -> int:
        value = int(c.numerator) if c.denominator == 1 else int(c.numerator) * pow(int(c.denominator), -1, PRIME)
        for i, p in enumerate(powers):
            if p and i != skipped:
                table = self._tables.get(i)
                if table is None:
                    zero = getattr(self, "_zero", None)
                    table = self._tables[i] = [1, zero[1] if zero and zero[0] == i else self.ratios.point(i)]
                while len(table) <= p:
                    table.append(table[-1] * table[1] % PRIME)
                value = value * table[p] % PRIME
        return value


def _quotient(above: PolyElement, below: PolyElement) -> PolyElement | None:
    """Exact division, leading terms first."""
    lead, number = below.LM, below.LC
    rest = [(m, c) for m, c in below.items() if m != lead]
    work, found = dict(above), {}
    heap = [tuple(-p for p in m) for m in work]
    heapify(heap)
    while heap:
        place = tuple(-p for p in heappop(heap))
        c = work.pop(place, None)
        if not c:
            continue
        powers = tuple(map(sub, place, lead))
        if min(powers) < 0:
            return None
        found[powers] = c = c / number
        for m, d in rest:
            at = tuple(map(add, powers, m))
            if at in work:
                work[at] -= c * d
            else:
                work[at] = -c * d
                heappush(heap, tuple(-p for p in at))
    return above.ring.from_dict(found)


def generators(poly: PolyElement) -> set[int]:
    """The numbers of the generators that a polynomial holds."""
    return {i for powers in poly for i, p in enumerate(powers) if p}
