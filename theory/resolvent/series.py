"""Which unknowns of Dyson equations vanish or coincide, read off their expansion in the strength of the disorder.

With Σ → tΣ the solution is the one power series in t that starts from the deterministic part; ridge and sizes are random
elements of a finite field, so that the coefficients are exact. Two series that agree are a conjecture about the unknowns, which the
reduction then verifies symbolically; as the solution is unique as a power series, what satisfies the equations is the solution.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

import sympy as sp

from theory.declaration.dimensions import Dim
from theory.errors import DerivationError
from theory.replica.data import given
from theory.resolvent.dyson import Dyson
from theory.resolvent.names import NamedTrace
from theory.symbols import size

PRIME = 2**61 - 1
MODES = 3

Matrix = list[list[int]]
Series = tuple[int, ...]


class Field:
    """Random values in the field of ``PRIME`` elements: symbols, and per-mode data at each of ``MODES`` weighted modes."""

    def __init__(self, seed: int = 1) -> None:
        self.random = Random(seed)
        self.roots: dict[tuple[sp.Basic, int], int] = {}
        self.weights: dict[Dim, list[int]] = {}

    def root(self, atom: sp.Basic, mode: int) -> int:
        """A random element whose square is the value of the atom, so that square roots of symbols have one."""
        return self.roots.setdefault((atom, mode), self.random.randrange(1, PRIME))

    def weight(self, dim: Dim) -> list[int]:
        """Multiplicities of the modes of a dimension; they add up to its size."""
        if dim not in self.weights:
            total, first = self.value(size(dim.name), 0), [self.random.randrange(PRIME) for _ in range(MODES - 1)]
            self.weights[dim] = [*first, (total - sum(first)) % PRIME]
        return self.weights[dim]

    def value(self, expression: sp.Basic, mode: int) -> int:
        """The expression at a mode; what is no rational function of symbols and their roots counts as independent of them."""
        if isinstance(expression, sp.Rational):
            return expression.p * pow(expression.q, -1, PRIME) % PRIME
        if isinstance(expression, sp.Symbol):
            return pow(self.root(expression, mode if given(expression) else 0), 2, PRIME)
        if isinstance(expression, sp.Add):
            return sum(self.value(a, mode) for a in expression.args) % PRIME
        if isinstance(expression, sp.Mul):
            product = 1
            for factor in expression.args:
                product = product * self.value(factor, mode) % PRIME
            return product
        if isinstance(expression, sp.Pow) and expression.exp.is_Integer:
            return pow(self.value(expression.base, mode), int(expression.exp), PRIME)
        if isinstance(expression, sp.Pow) and expression.base.is_Symbol and (2 * expression.exp).is_Integer:
            base = expression.base
            return pow(self.root(base, mode if given(base) else 0), int(2 * expression.exp), PRIME)
        varying = any(map(given, expression.free_symbols))
        return pow(self.root(expression, mode if varying else 0), 2, PRIME)


def expansions(equations: Sequence[Dyson]) -> dict[NamedTrace, Series]:
    """Coefficients of the powers of t of every unknown; DerivationError where there is no solution without disorder."""
    field, found = Field(), {}
    for dyson in equations:
        order = 5 + len(dyson.pencil) // 2
        found |= {t: s for t, s in _expanded(dyson, field, order).items() if t not in found or len(found[t]) < len(s)}
    return found


def _expanded(dyson: Dyson, field: Field, order: int) -> dict[NamedTrace, Series]:
    parts = [_Part(dyson, field, dim, mode) for dim in dyson.dimensions for mode in range(MODES)]
    of_dim = {dim: [part for part in parts if part.dim == dim] for dim in dyson.dimensions}
    series: dict[NamedTrace, list[int]] = {t: [] for t in dyson.unknowns}
    weights = {(t, k): field.value(u.weight, k) * field.weight(u.dim)[k] for t, u in dyson.unknowns.items() for k in range(MODES)}
    for _ in range(order):
        for t, unknown in dyson.unknowns.items():
            found = sum(weights[t, part.mode] * part.entry(*unknown.block) for part in of_dim[unknown.dim])
            series[t].append(found % PRIME)
        for part in parts:
            part.extend(series)
    return {t: tuple(s) for t, s in series.items()}


class _Part:
    """G of one dimension at one mode, power by power: G = G₀ + G₀ Σ G, Σ being of first order.

    Rows, in the columns that traces need, are packed into one long integer each, so that a multiple of a row is one product.
    """

    def __init__(self, dyson: Dyson, field: Field, dim: Dim, mode: int) -> None:
        self.dim, self.mode = dim, mode
        rows, cols, fixed = dyson.matrix_of(dim, dict.fromkeys(dyson.unknowns, sp.S.Zero))
        self.place = {e: i for side in (rows, cols) for i, e in enumerate(side)}
        try:
            start = _inverse([[field.value(x, mode) for x in row] for row in fixed.tolist()])
        except ZeroDivisionError:
            raise DerivationError("inverse: it does not exist without its random part, nor does its expansion; "
                                  "add a positive ridge to it") from None
        columns = sorted({self.place[u.block[1]] for u in dyson.unknowns.values() if u.dim == dim})
        self.columns = {c: i for i, c in enumerate(columns)}
        self.last = [[row[c] for c in columns] for row in start]
        self.packed = [[_packed(row) for row in self.last]]
        self.start = [[(k, x) for k, x in enumerate(row) if x] for row in start]
        self.terms: dict[tuple[int, int], list[tuple[int, NamedTrace]]] = {}
        for (a, d), found in dyson.sigma.items():
            if a in rows:
                place = self.place[a], self.place[d]
                self.terms.setdefault(place, []).extend((field.value(c, mode), t) for c, t in found)
        self.sigma: dict[tuple[int, int], list[int]] = {place: [] for place in self.terms}

    def entry(self, b: int, c: int) -> int:
        """The coefficient of the highest power so far in a block."""
        return self.last[self.place[b]][self.columns[self.place[c]]]

    def extend(self, series: Mapping[NamedTrace, list[int]]) -> None:
        """One more power, from the self-energy of as many as there are."""
        source, size = [0] * len(self.start), len(self.columns)
        for (a, d), terms in self.terms.items():
            self.sigma[a, d].append(sum(c * series[t][-1] for c, t in terms) % PRIME)
            pairs = zip(self.sigma[a, d], reversed(self.packed), strict=True)
            source[a] += sum(s * power[d] for s, power in pairs if s and power[d])
        source = [_packed(_unpacked(x, size)) if x else 0 for x in source]
        self.last = [_unpacked(sum(x * source[k] for k, x in row), size) for row in self.start]
        self.packed.append([_packed(row) for row in self.last])


SLOT = 20
"""Bytes of an entry in a packed row: room for sums of 2^38 products."""


def _packed(row: list[int]) -> int:
    return int.from_bytes(b"".join(x.to_bytes(SLOT, "little") for x in row), "little") if any(row) else 0


def _unpacked(packed: int, size: int) -> list[int]:
    if not packed:
        return [0] * size
    together = packed.to_bytes(SLOT * size, "little")
    return [int.from_bytes(together[i : i + SLOT], "little") % PRIME for i in range(0, SLOT * size, SLOT)]


def _inverse(matrix: Matrix) -> Matrix:
    """ZeroDivisionError where the matrix is singular."""
    n = len(matrix)
    work = [row + [int(i == j) for j in range(n)] for i, row in enumerate(matrix)]
    for j in range(n):
        pivot = next((i for i in range(j, n) if work[i][j]), None)
        if pivot is None:
            raise ZeroDivisionError
        work[j], work[pivot] = work[pivot], work[j]
        scale = pow(work[j][j], -1, PRIME)
        work[j] = [x * scale % PRIME for x in work[j]]
        for i in range(n):
            if i != j and (factor := work[i][j]):
                work[i] = [(x - factor * y) % PRIME for x, y in zip(work[i], work[j], strict=True)]
    return [row[n:] for row in work]


def coincidences(series: Mapping[NamedTrace, Series]) -> dict[NamedTrace, sp.Expr]:
    """Unknowns that vanish, or equal an earlier one up to sign, by what they are."""
    rule: dict[NamedTrace, sp.Expr] = {}
    kept: list[NamedTrace] = []
    for t in series:
        if not any(series[t]):
            rule[t] = sp.S.Zero
            continue
        for other in kept:
            pairs = list(zip(series[t], series[other], strict=False))
            if all(x == y for x, y in pairs):
                rule[t] = other
                break
            if all((x + y) % PRIME == 0 for x, y in pairs):
                rule[t] = -other
                break
        else:
            kept.append(t)
    return rule
