"""Entries of the inverse of a sparse matrix, from its irreducible blocks outwards.

Rows and columns are ordered so that irreducible blocks stand on the diagonal of a triangular matrix: for derivatives and products
of resolvents these are the blocks of the resolvents themselves, a few entries each. Only they are inverted; all else are products.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from sympy.utilities.iterables import strongly_connected_components

from theory.ratios import Ratio, Ratios
from theory.resolvent.linear import solved

Entry = tuple[int, int]
Entries = dict[Entry, Ratio]


class Triangular:
    """The order of a matrix with rows ``rows`` and columns ``cols`` that vanishes outside of ``support``.

    ``blocks`` are pairs of rows and columns of the irreducible blocks; a block only has entries in columns of itself and of earlier
    ones. ZeroDivisionError where every such matrix is singular.
    """

    def __init__(self, rows: Iterable[int], cols: Iterable[int], support: Collection[Entry]) -> None:
        rows, cols = list(rows), list(cols)
        self.across: dict[int, list[int]] = {i: [] for i in rows}
        self.down: dict[int, list[int]] = {j: [] for j in cols}
        for i, j in support:
            if i in self.across and j in self.down:
                self.across[i].append(j)
                self.down[j].append(i)
        partner = self._matched(rows, cols)
        edges = [(i, partner[j]) for i in rows for j in self.across[i]]
        column = {i: j for j, i in partner.items()}
        self.blocks = [(sorted(part), sorted(column[i] for i in part)) for part in strongly_connected_components((rows, edges))]
        self.of_row = {i: n for n, (part, _) in enumerate(self.blocks) for i in part}
        self.of_col = {j: n for n, (_, part) in enumerate(self.blocks) for j in part}

    def _matched(self, rows: list[int], cols: list[int]) -> dict[int, int]:
        """A row for every column, with a nonzero entry."""
        partner: dict[int, int] = {}

        def placed(i: int, seen: set[int]) -> bool:
            for j in self.across[i]:
                if j not in seen:
                    seen.add(j)
                    if j not in partner or placed(partner[j], seen):
                        partner[j] = i
                        return True
            return False

        if len(rows) != len(cols) or not all(placed(i, set()) for i in rows):
            raise ZeroDivisionError("the matrix is singular whatever its entries are")
        return partner

    def reached(self, variable: int, equation: int) -> list[int]:
        """The blocks on the way from an equation to a variable of the inverse."""
        first, last = self.of_row[equation], self.of_col[variable]
        forward, backward = {first}, {last}
        for n in range(first + 1, last + 1):
            if any(self.of_col[j] in forward for i in self.blocks[n][0] for j in self.across[i]):
                forward.add(n)
        for n in range(last - 1, first - 1, -1):
            if any(self.of_row[i] in backward for j in self.blocks[n][1] for i in self.down[j]):
                backward.add(n)
        return sorted(forward & backward) if first <= last else []


class Inverse:
    """Entries of the inverse of a matrix, ``entry`` giving those of the matrix; nothing is computed twice."""

    def __init__(self, ratios: Ratios, order: Triangular, entry: Callable[[int, int], Ratio]) -> None:
        self.ratios, self.order, self.entry = ratios, order, entry
        self._small: dict[int, Entries] = {}
        self._found: Entries = {}

    def __call__(self, variable: int, equation: int) -> Ratio:
        """ZeroDivisionError where an irreducible block on the way is singular."""
        if (variable, equation) not in self._found:
            self._solve(variable, equation)
        return self._found[variable, equation]

    def _solve(self, variable: int, equation: int) -> None:
        order, found = self.order, self._found
        found[variable, equation] = self.ratios.zero
        first = order.of_row[equation]
        for n in order.reached(variable, equation):
            rows, cols = order.blocks[n]
            if all((j, equation) in found for j in cols) and n != order.of_col[variable]:
                continue
            source: dict[int, Ratio] = {}
            for i in rows:
                before = [j for j in order.across[i] if order.of_col[j] < n and found.get((j, equation))]
                terms = [-(self.entry(i, j) * found[j, equation]) for j in before]
                source[i] = self.ratios.sum([*terms, *([self.ratios.one] if i == equation and n == first else [])])
            block = self._block(n)
            for j in cols:
                found[j, equation] = self.ratios.sum([block[j, i] * x for i, x in source.items() if x and (j, i) in block])

    def _block(self, n: int) -> Entries:
        if n not in self._small:
            rows, cols = self.order.blocks[n]
            matrix = {i: {j: self.entry(i, j) for j in self.order.across[i] if j in cols} for i in rows}
            answer = solved(self.ratios, matrix, {i: {i: self.ratios.one} for i in rows})
            self._small[n] = {(j, i): x for j, row in answer.items() for i, x in row.items()}
        return self._small[n]
