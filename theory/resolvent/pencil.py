"""Linearisation: a rational expression in random matrices as u L⁻¹ v, with a pencil L that is affine in them.

The textbook realisation of sums, products and inverses, followed by Schur elimination of deterministic pivots as long as the pencil
stays affine. Every block of L⁻¹ is itself an expression in the matrices, and the pencil knows which: that is how traces get names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

import sympy as sp

from theory.declaration.dimensions import Dim
from theory.declaration.ensembles import Gaussian
from theory.declaration.matrices import Diag, Inv, Prod, Sum
from theory.declaration.matrix import Mat
from theory.declaration.sites import Leaf, generic
from theory.errors import DerivationError
from theory.replica.data import given
from theory.resolvent.atoms import GIVEN, Random, check_law, with_constant_mean
from theory.resolvent.later import Later

LARGEST = 200
"""Blocks of the largest pencil that is derived."""

Entry = tuple[int, int]


@dataclass
class Pencil:
    """u L⁻¹ v with L = ``fixed`` + ``random``; ``rows`` and ``cols`` map the number of an equation or variable to its dimension.

    ``into[b]`` is the matrix from the input to variable b, ``out[c]`` the one from a source in equation c to the output, and
    ``response(b, c)`` block (b, c) of L⁻¹, None where it vanishes. These also know what elimination has removed.
    """

    rows: dict[int, Dim]
    cols: dict[int, Dim]
    fixed: dict[Entry, sp.Expr]
    random: dict[Entry, list[Random]]
    u: dict[int, sp.Expr]
    v: dict[int, sp.Expr]
    into: Mapping[int, Mat]
    out: Mapping[int, Mat]
    response: Callable[[int, int], Mat | None] = field(repr=False)

    def __len__(self) -> int:
        return len(self.rows)


def linearise(matrix: Mat, given_matrices: bool = False) -> Pencil:
    """The reduced pencil of an expression; DerivationError names what cannot stand in one, and a pencil that is too large.

    With ``given_matrices`` these stand among the ``random`` ones, with which they share that they do not commute.
    """
    return _Realisation(given_matrices).of(matrix)


def diagonal(matrix: Diag) -> sp.Expr:
    """The entry of a deterministic diagonal matrix at the generic site; DerivationError where it is random."""
    drawn = sorted(str(a) for a in generic(matrix.vector.expr) if not given(a))
    if drawn:
        raise DerivationError(f"diagonal matrix {matrix}: {drawn[0]} is drawn; only given data stand on a diagonal")
    return matrix.vector.expr


class _Realisation:
    def __init__(self, given_matrices: bool) -> None:
        self.number, self.given_matrices = count(), given_matrices

    def of(self, matrix: Mat) -> Pencil:
        if isinstance(matrix, Diag):
            return self._diagonal(matrix)
        if isinstance(matrix, Gaussian):
            return self._gaussian(matrix)
        if isinstance(matrix, GIVEN):
            if self.given_matrices:
                return self._atom(matrix, Leaf("given", str(matrix), (matrix.rows, matrix.cols), matrix=matrix), False)
            raise DerivationError(f"given matrix {matrix}: it need not commute with the spectra; use Diag of a spectrum")
        if isinstance(matrix, Inv):
            return self._inverse(matrix, reduced(self.of(matrix.args[0])))
        parts = [self.of(part) for part in matrix.args]
        if isinstance(matrix, Sum):
            return reduced(_sum(matrix, parts, self.number))
        pencil = parts[-1]
        for position in range(len(parts) - 2, -1, -1):
            pencil = reduced(_product(parts[position], matrix.args[position], pencil, Prod(*matrix.args[position + 1 :])))
        return pencil

    def _diagonal(self, matrix: Diag) -> Pencil:
        row, col, one = next(self.number), next(self.number), Diag(matrix.rows)
        blocks = {(col, row): one}
        entry = diagonal(matrix)
        return Pencil({row: matrix.rows}, {col: matrix.cols}, {(row, col): sp.S.One}, {}, {col: sp.S.One}, {row: entry},
                      {col: matrix}, {row: one}, lambda b, c: blocks.get((b, c)))

    def _gaussian(self, matrix: Gaussian) -> Pencil:
        check_law(matrix)
        if matrix.leaf.how["mean"] != 0:
            if not self.given_matrices:
                raise DerivationError(f"matrix {matrix}: mean={matrix.leaf.how['mean']} is not averaged here; leave it out")
            return self.of(with_constant_mean(matrix))
        return self._atom(matrix, matrix.leaf, matrix.transposed)

    def _atom(self, matrix: Mat, leaf: Leaf, transposed: bool) -> Pencil:
        r, s, b, c = (next(self.number) for _ in range(4))
        left, right = Diag(matrix.rows), Diag(matrix.cols)
        blocks = {(b, r): left, (b, s): matrix, (c, s): right}
        return Pencil(
            {r: matrix.rows, s: matrix.cols}, {b: matrix.rows, c: matrix.cols}, {(r, b): sp.S.One, (s, c): sp.S.One},
            {(r, c): [Random(sp.S.NegativeOne, leaf, transposed, sp.S.One)]}, {b: sp.S.One}, {s: sp.S.One},
            {b: matrix, c: right}, {r: left, s: matrix}, lambda i, j: blocks.get((i, j)),
        )  # fmt: skip

    def _inverse(self, matrix: Inv, inner: Pencil) -> Pencil:
        row, col = next(self.number), next(self.number)
        fixed = {entry: -x for entry, x in inner.fixed.items()}
        fixed |= {(row, b): x for b, x in inner.u.items()} | {(c, col): x for c, x in inner.v.items()}
        random = {entry: [term.times(sp.S.NegativeOne) for term in terms] for entry, terms in inner.random.items()}

        def response(b: int, c: int) -> Mat | None:
            if c == row:
                return matrix if b == col else inner.into[b] @ matrix
            after = matrix @ inner.out[c]
            if b == col:
                return after
            there, back = inner.response(b, c), inner.into[b] @ after
            return back if there is None else back - there

        into = Later({col: lambda: matrix} | {b: lambda b=b: inner.into[b] @ matrix for b in inner.into})
        out = Later({row: lambda: matrix} | {c: lambda c=c: matrix @ inner.out[c] for c in inner.out})
        rows, cols = {row: matrix.rows} | inner.rows, {col: matrix.cols} | inner.cols
        return reduced(Pencil(rows, cols, fixed, random, {col: sp.S.One}, {row: sp.S.One}, into, out, response))


def _joined(pencils: Iterable[Pencil]) -> tuple[dict, dict, dict, dict]:
    rows, cols, fixed, random = {}, {}, {}, {}
    for p in pencils:
        rows, cols, fixed, random = rows | p.rows, cols | p.cols, fixed | p.fixed, random | p.random
    return rows, cols, fixed, random


def _sum(matrix: Mat, parts: list[Pencil], number: Iterator[int]) -> Pencil:
    """One variable for the input and one for the sum, so that sums of random matrices act on one block and not on several."""
    rows, cols, fixed, random = _joined(parts)
    source, result, entry, total = (next(number) for _ in range(4))
    u, v = ({k: x for p in parts for k, x in side(p).items()} for side in (lambda p: p.u, lambda p: p.v))
    into = {b: lambda b=b, p=p: p.into[b] for p in parts for b in p.into}
    out = {c: lambda c=c, p=p: p.out[c] for p in parts for c in p.out}
    left, right = Diag(matrix.rows), Diag(matrix.cols)

    def response(b: int, c: int) -> Mat | None:
        if c == source:
            return inputs[b]
        if b == total:
            return outputs[c]
        return next((p.response(b, c) for p in parts if b in p.into and c in p.out), None)

    fixed |= {(result, b): -x for b, x in u.items()} | {(c, entry): -x for c, x in v.items()}
    fixed |= {(source, entry): sp.S.One, (result, total): sp.S.One}
    inputs = Later(into | {entry: lambda: right, total: lambda: matrix})
    outputs = Later(out | {source: lambda: matrix, result: lambda: left})
    rows |= {source: matrix.cols, result: matrix.rows}
    cols |= {entry: matrix.cols, total: matrix.rows}
    return Pencil(rows, cols, fixed, random, {total: sp.S.One}, {source: sp.S.One}, inputs, outputs, response)


def _product(first: Pencil, left: Mat, second: Pencil, right: Mat) -> Pencil:
    rows, cols, fixed, random = _joined([first, second])
    fixed |= {(c, b): -x * y for c, x in first.v.items() for b, y in second.u.items()}

    def response(b: int, c: int) -> Mat | None:
        if b in first.into:
            return first.response(b, c) if c in first.out else first.into[b] @ second.out[c]
        return second.response(b, c) if c in second.out else None

    into = {b: lambda b=b: first.into[b] @ right for b in first.into} | {b: lambda b=b: second.into[b] for b in second.into}
    out = {c: lambda c=c: first.out[c] for c in first.out} | {c: lambda c=c: left @ second.out[c] for c in second.out}
    return Pencil(rows, cols, fixed, random, first.u, second.v, Later(into), Later(out), response)


def reduced(pencil: Pencil) -> Pencil:
    """Deterministic pivots eliminated, those with the least fill-in first, while the pencil stays affine in the random matrices."""
    while (pivot := _pivot(pencil)) is not None:
        pencil = _eliminated(pencil, *pivot)
    if len(pencil) > LARGEST:
        raise DerivationError(f"expression: a pencil of {len(pencil)} blocks, more than {LARGEST}; take it apart")
    return pencil


def _pivot(pencil: Pencil) -> tuple[int, int] | None:
    best = None
    entries = [*pencil.fixed, *pencil.random]
    for i, j in pencil.fixed:
        if (i, j) in pencil.random or (j in pencil.u and i in pencil.v):
            continue  # the latter would leave a constant beside u L⁻¹ v
        across, down = [b for a, b in entries if a == i and b != j], [a for a, b in entries if b == j and a != i]
        row_drawn, col_drawn = any((i, b) in pencil.random for b in across), any((a, j) in pencil.random for a in down)
        if (row_drawn and (col_drawn or j in pencil.u)) or (col_drawn and i in pencil.v):
            continue
        wide, high = len(set(across)), len(set(down))
        cost = (wide * high + wide * (j in pencil.u) + high * (i in pencil.v), i, j)
        if best is None or cost < best:
            best = cost
    return None if best is None else best[1:]


def _eliminated(pencil: Pencil, i: int, j: int) -> Pencil:
    pivot = pencil.fixed[i, j]
    fixed, random = dict(pencil.fixed), {entry: list(terms) for entry, terms in pencil.random.items()}
    u, v = dict(pencil.u), dict(pencil.v)
    row = {b: x for (a, b), x in pencil.fixed.items() if a == i and b != j}
    col = {a: x for (a, b), x in pencil.fixed.items() if b == j and a != i}
    for a, x in col.items():
        for b, y in row.items():
            fixed[a, b] = sp.cancel(fixed.get((a, b), 0) - x * y / pivot)
        for (c, b), terms in pencil.random.items():
            if c == i:
                random.setdefault((a, b), []).extend(term.times(left=-x / pivot) for term in terms)
        if i in v:
            v[a] = sp.cancel(v.get(a, 0) - x * v[i] / pivot)
    for b, y in row.items():
        for (a, c), terms in pencil.random.items():
            if c == j:
                random.setdefault((a, b), []).extend(term.times(right=-y / pivot) for term in terms)
        if j in u:
            u[b] = sp.cancel(u.get(b, 0) - u[j] * y / pivot)
    return Pencil(
        {a: d for a, d in pencil.rows.items() if a != i}, {b: d for b, d in pencil.cols.items() if b != j},
        {(a, b): x for (a, b), x in fixed.items() if a != i and b != j and x != 0},
        {(a, b): terms for (a, b), terms in random.items() if a != i and b != j},
        {b: x for b, x in u.items() if b != j and x != 0}, {a: x for a, x in v.items() if a != i and x != 0},
        pencil.into, pencil.out, pencil.response,
    )  # fmt: skip
