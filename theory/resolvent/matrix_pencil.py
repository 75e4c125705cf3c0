"""Pencils over the matrices of a declaration: given matrices are entries like diagonal ones, and leave by elimination like them.

L is affine in the Gaussian matrices alone, L = L₀ + Σ A X B with deterministic A and B; averaging pairs A X B G C Xᵀ D, which gives
A r D · Tr(C c B G), with the row and column covariances r and c.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sympy as sp

from theory.declaration.dimensions import Dim
from theory.declaration.matrices import Diag, Prod
from theory.declaration.matrix import Mat
from theory.declaration.sites import Leaf
from theory.resolvent.atoms import Random, given_of
from theory.resolvent.dyson import covariance
from theory.resolvent.matrix_blocks import Entry, added, inverse_blocks, safe, times
from theory.resolvent.names import NamedTrace, Namer
from theory.resolvent.pencil import Pencil


@dataclass(frozen=True)
class Drawn:
    """``left`` · X · ``right`` in an entry: a Gaussian matrix or its transpose between two deterministic ones."""

    left: Mat
    leaf: Leaf
    transposed: bool
    right: Mat

    @property
    def dims(self) -> tuple[Dim, Dim]:
        return (self.leaf.dims[1], self.leaf.dims[0]) if self.transposed else self.leaf.dims


@dataclass(frozen=True)
class Unknown:
    """A trace of ``weight`` times a block of G."""

    weight: Mat
    block: Entry


class MatrixPencil:
    """u L⁻¹ v of a pencil, with all deterministic blocks eliminated that need not be inverted along with random ones."""

    def __init__(self, pencil: Pencil) -> None:
        self.rows, self.cols, self.response = dict(pencil.rows), dict(pencil.cols), pencil.response
        self.fixed: dict[Entry, Mat] = {e: Diag(self.rows[e[0]], x) for e, x in pencil.fixed.items()}
        self.random: dict[Entry, list[Drawn]] = {}
        for (i, j), terms in pencil.random.items():
            for term in terms:
                left, right = Diag(self.rows[i], term.left), Diag(self.cols[j], term.right)
                if term.leaf.kind == "given":
                    added(self.fixed, (i, j), times(times(left, given_of(term)), right))
                else:
                    self.random.setdefault((i, j), []).append(Drawn(left, term.leaf, term.transposed, right))
        self.u: dict[int, Mat] = {b: Diag(self.cols[b], x) for b, x in pencil.u.items()}
        self.v: dict[int, Mat] = {c: Diag(self.rows[c], x) for c, x in pencil.v.items()}
        while (pivot := self._pivot()) is not None:
            self._eliminate(*pivot)

    def _pivot(self) -> Entry | None:
        best = None
        for (i, j), x in self.fixed.items():
            if (i, j) in self.random or (j in self.u and i in self.v) or self.rows[i] != self.cols[j] or not safe(x):
                continue
            entries = [*self.fixed, *self.random]
            across, down = {b for a, b in entries if a == i and b != j}, {a for a, b in entries if b == j and a != i}
            row_drawn, col_drawn = sum((i, b) in self.random for b in across), sum((a, j) in self.random for a in down)
            if (row_drawn and (col_drawn or j in self.u)) or (col_drawn and i in self.v):
                continue
            # Every copy of a random matrix is one more to pair with all others.
            if row_drawn * (len(down) - 1) > 0 or col_drawn * (len(across) - 1) > 0:
                continue
            wide, high = len(across) + (i in self.v), len(down) + (j in self.u)
            cost = (not isinstance(x, Diag), wide * high, i, j)
            best = cost if best is None else min(best, cost)
        return None if best is None else best[-2:]

    def _eliminate(self, i: int, j: int) -> None:
        inverse = self.fixed.pop((i, j)).inv
        row = {b: times(inverse, self.fixed.pop((a, b))) for a, b in list(self.fixed) if a == i}
        col = {a: self.fixed.pop((a, b)) for a, b in list(self.fixed) if b == j}
        drawn_row = {b: self.random.pop((a, b)) for a, b in list(self.random) if a == i}
        drawn_col = {a: self.random.pop((a, b)) for a, b in list(self.random) if b == j}
        u, v = self.u.pop(j, None), self.v.pop(i, None)
        for a, x in col.items():
            for b, y in row.items():
                added(self.fixed, (a, b), -times(x, y))
            for b, terms in drawn_row.items():
                self.random.setdefault((a, b), []).extend(
                    Drawn(times(-times(x, inverse), t.left), t.leaf, t.transposed, t.right) for t in terms
                )
            if v is not None:
                added(self.v, a, -times(x, times(inverse, v)))
        for b, y in row.items():
            for a, terms in drawn_col.items():
                self.random.setdefault((a, b), []).extend(Drawn(t.left, t.leaf, t.transposed, times(t.right, -y)) for t in terms)
            if u is not None:
                added(self.u, b, -times(u, y))
        del self.rows[i], self.cols[j]


class MatrixDyson:
    """The self-energy of a pencil: ``sigma`` as matrices times traces, ``unknowns`` what these are."""

    def __init__(self, pencil: MatrixPencil, namer: Namer) -> None:
        self.pencil = pencil
        self.unknowns: dict[NamedTrace, Unknown] = {}
        self.sigma: dict[Entry, list[tuple[Mat, NamedTrace]]] = {}
        for (a, b), firsts in pencil.random.items():
            for (c, d), seconds in pencil.random.items():
                for first in firsts:
                    for second in seconds:
                        if first.dims == second.dims[::-1]:
                            self._pair(first, second, (a, d), (b, c), namer)

    def _pair(self, first: Drawn, second: Drawn, where: Entry, block: Entry, namer: Namer) -> None:
        one, other = (Random(sp.S.One, t.leaf, t.transposed, sp.S.One) for t in (first, second))
        share, how = covariance(one, other), first.leaf.how
        response = self.pencil.response(*block)
        if share == 0 or response is None:
            return
        along, inside = how["row_covariance"], how["column_covariance"]
        if first.transposed:
            along, inside = inside, along
        rows, cols = first.dims
        number, weight = apart(times(times(second.left, Diag(cols, inside)), first.right))
        sign, symbol = namer.symbol(Prod(weight, response))
        self.unknowns.setdefault(symbol, Unknown(weight * sign, block))
        coefficient = times(times(first.left, Diag(rows, along)), second.right) * (share * number * sign)
        self.sigma.setdefault(where, []).append((coefficient, symbol))

    def blocks(self, alive: set[NamedTrace], sources: set[int], invert: Callable = inverse_blocks) -> Mapping[Entry, object]:
        """Blocks of G with the traces that are known not to vanish."""
        entries = dict(self.pencil.fixed)
        for e, parts in self.sigma.items():
            for coefficient, t in parts:
                if t in alive:
                    added(entries, e, -(coefficient * t))
        return invert(entries, self.pencil.rows, self.pencil.cols, sources)


def apart(matrix: Mat) -> tuple[sp.Expr, Mat]:
    """The number in front of a product, and the rest."""
    front = matrix.args[0] if isinstance(matrix, Prod) else matrix
    if not isinstance(front, Diag) or not front.is_scalar:
        return sp.S.One, matrix
    return front.vector.expr, Prod(*matrix.args[1:]) if isinstance(matrix, Prod) else Diag(matrix.rows)
