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
    parts = []
    for dim in dyson.dimensions:
        rows, cols, fixed = dyson.matrix_of(dim, {t: sp.S.Zero for t in dyson.unknowns})
        place = {e: i for side in (rows, cols) for i, e in enumerate(side)}
        for mode in range(MODES):
            try:
                start = _inverse([[field.value(x, mode) for x in row] for row in fixed.tolist()])
            except ZeroDivisionError:
                raise DerivationError("inverse: it does not exist without its random part, nor does its expansion; "
                                      "add a positive ridge to it") from None
            own = [(block, c, t) for block, found in dyson.sigma.items() if block[0] in rows for c, t in found]
            terms = [(place[a], place[d], field.value(c, mode), t) for (a, d), c, t in own]
            parts.append((dim, mode, place, start, terms, [start]))
    series: dict[NamedTrace, list[int]] = {t: [] for t in dyson.unknowns}
    modes = range(MODES)
    weights = {(t, k): field.value(u.weight, k) * field.weight(u.dim)[k] for t, u in dyson.unknowns.items() for k in modes}
    for step in range(order):
        for t, unknown in dyson.unknowns.items():
            b, c = unknown.block
            total = 0
            for dim, mode, place, _, _, powers in parts:
                if dim == unknown.dim:
                    total += weights[t, mode] * powers[step][place[b]][place[c]]
            series[t].append(total % PRIME)
        for _, _, _, start, terms, powers in parts:
            n = len(start)
            source = [[0] * n for _ in range(n)]
            for m in range(step + 1):
                for a, d, coefficient, t in terms:
                    if factor := coefficient * series[t][m] % PRIME:
                        for j, x in enumerate(powers[step - m][d]):
                            if x:
                                source[a][j] = (source[a][j] + factor * x) % PRIME
            powers.append(_product(start, source))
    return {t: tuple(s) for t, s in series.items()}


def _product(a: Matrix, b: Matrix) -> Matrix:
    n, out = len(a), []
    for row in a:
        new = [0] * n
        for x, other in zip(row, b, strict=True):
            if x:
                new = [y + x * z for y, z in zip(new, other, strict=True)]
        out.append([y % PRIME for y in new])
    return out


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
