"""Blocks of the inverse of a matrix of matrices, by Gaussian elimination over the noncommutative tree of declared matrices.

Diagonal pivots come first, so that dimensions without given matrices leave as functions of their spectra, and what is inverted in
the end is as small a sum of given matrices as there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import sympy as sp

from theory.declaration.dimensions import Dim
from theory.declaration.matrices import Diag, Inv, Prod, Sum
from theory.declaration.matrix import Mat
from theory.errors import DerivationError
from theory.resolvent.names import NamedTrace

Entry = tuple[int, int]


def inverse_blocks(
    entries: Mapping[Entry, Mat], rows: Mapping[int, Dim], cols: Mapping[int, Dim], sources: Iterable[int]
) -> dict[Entry, Mat]:
    """Blocks (variable, equation) of the inverse for the equations ``sources``, those that vanish left out.

    DerivationError where no block can be inverted.
    """
    table: dict[int, dict[int, Mat]] = {i: {} for i in rows}
    for (i, j), x in entries.items():
        if not _vanishes(x):
            table[i][j] = x
    right: dict[int, dict[int, Mat]] = {i: {i: Diag(rows[i])} if i in set(sources) else {} for i in rows}
    solved: dict[int, int] = {}
    for _ in range(len(rows)):
        i, j = _pivot(table, rows, cols, solved)
        inverse = table[i].pop(j).inv
        table[i] = {b: times(inverse, x) for b, x in table[i].items()}
        right[i] = {c: times(inverse, x) for c, x in right[i].items()}
        for a in rows:
            if a != i and j in table[a]:
                factor = table[a].pop(j)
                for line in (table, right):
                    _subtract(line[a], factor, line[i])
        solved[i] = j
    return {(j, c): x for i, j in solved.items() for c, x in right[i].items()}


def _subtract(line: dict[int, Mat], factor: Mat, other: Mapping[int, Mat]) -> None:
    for b, x in other.items():
        added(line, b, -times(factor, x))


def added(line: dict, place: Any, matrix: Mat) -> None:
    """Add to what stands at a place, where nothing is left if it vanishes."""
    found = tidy(line[place] + matrix if place in line else matrix)
    line.pop(place, None)
    if not _vanishes(found):
        line[place] = found


def pattern_of_inverse(
    entries: Mapping[Entry, Mat], rows: Mapping[int, Dim], cols: Mapping[int, Dim], sources: Iterable[int]
) -> set[Entry]:
    """Where blocks of the inverse may stand: those of :func:`inverse_blocks`, and those that cancel."""
    table = {i: {j for a, j in entries if a == i} for i in rows}
    safely = {e for e, x in entries.items() if safe(x)}
    right, solved = {i: {i} & set(sources) for i in rows}, {}
    for _ in rows:
        options = [((i, j) not in safely, (len(table[i]) - 1) * (sum(j in table[a] for a in rows) - 1), i, j)
                   for i in rows if i not in solved for j in table[i] if rows[i] == cols[j]]  # fmt: skip
        if not options:
            raise DerivationError("inverse: it does not exist for a generic choice of what is given; add a positive ridge to it")
        *_, i, j = min(options)
        for a in rows:
            if a != i and j in table[a]:
                safely |= {(a, b) for b in table[i]} - {(a, b) for b in table[a]}
                table[a] = (table[a] | table[i]) - {j}
                right[a] |= right[i]
        table[i].remove(j)
        solved[i] = j
    return {(j, c) for i, j in solved.items() for c in right[i]}


def _pivot(table: Mapping[int, Mapping[int, Mat]], rows, cols, solved: Mapping[int, int]) -> Entry:
    best = None
    for i in rows:
        if i in solved:
            continue
        for j, x in table[i].items():
            if rows[i] == cols[j]:
                across = [y for b, y in table[i].items() if b != j]
                down = [table[a][j] for a in rows if a != i and j in table[a]]
                dense = _dense(across) * _dense(down)
                cost = (not safe(x), dense, not isinstance(x, Diag), len(across) * len(down), -len(x.args), i, j)
                best = cost if best is None else min(best, cost)
    if best is None:
        raise DerivationError("inverse: it does not exist for a generic choice of what is given; add a positive ridge to it")
    return best[-2:]


def safe(matrix: Mat) -> bool:
    """Whether an entry has an inverse whatever is given, without disorder too: one made of given matrices alone need not, and one
    made of traces has none where these begin to grow."""
    if isinstance(matrix, Diag):
        return _stands(matrix.vector.expr)
    if isinstance(matrix, Prod):
        return all(map(safe, matrix.args))
    if isinstance(matrix, Sum):
        return any(map(safe, matrix.args))
    return isinstance(matrix, Inv)


@lru_cache(maxsize=4096)
def _stands(expression: sp.Expr) -> bool:
    traces = [s for s in expression.free_symbols if isinstance(s, NamedTrace)]
    start = expression.xreplace(dict.fromkeys(traces, sp.S.Zero))
    return not traces or (start.is_finite is not False and start != 0 and start is not sp.nan)


def _dense(entries: list[Mat]) -> int:
    return sum(not isinstance(x, Diag) for x in entries)


def times(left: Mat, right: Mat) -> Mat:
    return tidy(Prod(left, right))


def tidy(matrix: Mat) -> Mat:
    """Entries of diagonal matrices, and numbers in front of products, as single fractions; in the terms of a sum too."""
    if isinstance(matrix, Diag):
        return Diag(matrix.rows, _factored(matrix.vector.expr))
    if isinstance(matrix, Sum):
        return Sum(*map(tidy, matrix.args))
    if isinstance(matrix, Prod) and isinstance(matrix.args[0], Diag):
        return Prod(tidy(matrix.args[0]), *matrix.args[1:])
    return matrix


@lru_cache(maxsize=4096)
def _factored(expression: sp.Expr) -> sp.Expr:
    return expression if expression.is_Atom else sp.factor(expression)


def _vanishes(matrix: Mat) -> bool:
    front = matrix.args[0] if isinstance(matrix, Prod) else matrix
    return isinstance(front, Diag) and front.vector.expr.is_zero is True
