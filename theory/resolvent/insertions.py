"""Given matrices among random ones, with which they need not commute.

Without such matrices means are diagonal. In E Tr(F₁S₁F₂S₂...) with random S and given F whose diagonals vanish, up to three F see
nothing but the means of the S: what two S share acts on the diagonal of the F between them. A given matrix O is its diagonal, a
spectrum like any other, and such an F; so the trace of a product is a sum over the choices of either for each given matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import sympy as sp

from theory.averages import ModeSum
from theory.declaration.dimensions import Dim
from theory.declaration.ensembles import Deterministic
from theory.declaration.matrices import Diag, Inv, Prod, Sum
from theory.declaration.matrix import Mat
from theory.declaration.sites import Leaf, Site
from theory.errors import DerivationError
from theory.modes import ModeArray, ModeIndex
from theory.replica.data import at_mode

DIAGONAL = "_diagonal"
"""How the diagonal of a given matrix is told from other data."""
MOST = 3
"""Given matrices in one product that may all be off their diagonals."""
INDICES = "klm"


class ManyGiven(DerivationError):
    """More given matrices in one product than are told from the means of what stands between them."""


@dataclass(frozen=True)
class Insertion:
    """A given matrix, or the product of a column ``left`` and a row ``right`` of given data."""

    rows: Dim
    cols: Dim
    given: Deterministic | None = None
    left: sp.Expr = sp.S.One
    right: sp.Expr = sp.S.One

    @property
    def diagonal(self) -> sp.Expr | None:
        """The diagonal at the generic site; None for a rectangular matrix, which has none."""
        if self.rows != self.cols:
            return None
        return self.left * self.right if self.given is None else diagonal_of(self.given)

    def entry(self, i: ModeIndex, j: ModeIndex) -> sp.Expr:
        if self.given is None:
            return at_mode(self.left, i) * at_mode(self.right, j)
        matrix = ModeArray(self.given.leaf.name, rank=2, real=True)
        return matrix[j, i] if self.given.transposed else matrix[i, j]


class Word(sp.Expr):
    """Tr(O₁ s₁ O₂ s₂ ...): given matrices and, as arguments, diagonal means of what stands behind each of them."""

    __slots__ = ("insertions",)
    is_commutative = True

    def __new__(cls, insertions: tuple[Insertion, ...], means: Sequence[sp.Expr]):
        new = sp.Expr.__new__(cls, *means)
        new.insertions = insertions
        return new

    func = property(lambda self: lambda *means: Word(self.insertions, means))

    def _hashable_content(self):
        return (*self.args, self.insertions)

    def summed(self) -> sp.Expr:
        """The sum over modes, one index for each matrix."""
        indices = [ModeIndex(o.rows.name, INDICES[n]) for n, o in enumerate(self.insertions)]
        after = [*indices[1:], indices[0]]
        factors = [o.entry(i, j) for o, i, j in zip(self.insertions, indices, after, strict=True)]
        factors = [f * at_mode(sp.factor(s), j) for f, s, j in zip(factors, self.args, after, strict=True)]
        total = sp.Mul(*factors)
        for index in reversed(indices):
            total = ModeSum(total, index)
        return total


def diagonal_of(matrix: Deterministic) -> Site:
    """The symbol for the diagonal of a given matrix at the generic site."""
    return Site(Leaf("quenched", matrix.leaf.name + DIAGONAL, matrix.leaf.dims[:1]))


def holds_given(matrix: Mat) -> bool:
    """Whether a given matrix stands in a matrix."""
    if isinstance(matrix, Deterministic):
        return True
    return isinstance(matrix, (Prod, Sum, Inv)) and any(map(holds_given, matrix.args))


def chains(matrix: Mat) -> Iterator[list[Mat]]:
    """A matrix as a sum of products, multiplied out where given matrices stand in sums. DerivationError for one in an inverse."""
    if isinstance(matrix, Sum):
        for term in matrix.args:
            yield from chains(term)
        return
    inverse = next((f for f in (matrix, *matrix.args) if isinstance(f, Inv) and holds_given(f)), None)
    if inverse is not None:
        raise DerivationError(f"given matrix inside {inverse}: it need not commute with the spectra; solve its Dyson "
                              "equation with solvers.solve_dyson, or use Diag of a spectrum")
    factors = matrix.args if isinstance(matrix, Prod) else (matrix,)
    if not any(isinstance(f, Sum) and holds_given(f) for f in factors):
        yield list(factors)
        return
    for parts in product(*[list(chains(f)) if isinstance(f, Sum) and holds_given(f) else [[f]] for f in factors]):
        yield from chains(Prod(*[f for part in parts for f in part]))


def traces(factors: Sequence[Mat | Insertion], diagonal: Callable[[Mat], sp.Expr]) -> list[tuple[Dim, sp.Expr]]:
    """E Tr of a product as sums over dimensions; ``diagonal`` gives that of the mean of a product without given matrices."""
    places = [i for i, f in enumerate(factors) if isinstance(f, (Insertion, Deterministic))]
    found: list[tuple[Dim, sp.Expr]] = []
    insertions = [f if isinstance(f, Insertion) else Insertion(f.rows, f.cols, f) for f in (factors[i] for i in places)]
    turned = [*factors[places[0] :], *factors[: places[0]]]
    segments: list[list[Mat]] = []
    for factor in turned:
        if isinstance(factor, (Insertion, Deterministic)):
            segments.append([])
        else:
            segments[-1].append(factor)
    ends = [*insertions[1:], insertions[0]]
    behind = [Prod(Diag(o.cols), *s, Diag(e.rows)) for o, s, e in zip(insertions, segments, ends, strict=True)]
    for choice in product((True, False), repeat=len(insertions)):
        if all(off or o.diagonal is not None for o, off in zip(insertions, choice, strict=True)) and sum(choice) != 1:
            found += _chosen(insertions, behind, choice, diagonal)
    return found


def _chosen(insertions: list[Insertion], behind: list[Mat], choice: Sequence[bool], diagonal) -> list[tuple[Dim, sp.Expr]]:
    """The part of the trace in which the chosen insertions are off their diagonals, and the others on them."""
    if not any(choice):
        # The trace is cyclic: one of them stays outside.
        rest = behind[0]
        for o, b in zip(insertions[1:], behind[1:], strict=True):
            rest = rest @ Diag(o.rows, o.diagonal) @ b
        return [(rest.rows, insertions[0].diagonal * diagonal(rest))]
    if sum(choice) > MOST:
        names = ", ".join(f"{o.left} {o.right}" if o.given is None else str(o.given) for o in insertions)
        raise ManyGiven(f"given matrices {names} in one product: {sum(choice)} of them, more than {MOST}, need not commute; "
                              "use Diag of a spectrum for some")
    begin = choice.index(True)
    order = [*range(begin, len(choice)), *range(begin)]
    off, products = [], []
    for i in order:
        if choice[i]:
            off.append(insertions[i])
            products.append(behind[i])
        else:
            products[-1] = products[-1] @ Diag(insertions[i].rows, insertions[i].diagonal) @ behind[i]
    if any(p.rows != p.cols for p in products):
        return []
    means = [diagonal(p) for p in products]
    found = []
    for kept in product((True, False), repeat=len(off)):
        if all(k or o.diagonal is not None for o, k in zip(off, kept, strict=True)):
            found.append(_word(off, means, kept, (-1) ** kept.count(False)))
    return found


def _word(off: list[Insertion], means: list[sp.Expr], kept: Sequence[bool], sign: int) -> tuple[Dim, sp.Expr]:
    """Tr(O₁ s₁ O₂ s₂ ...) with the insertions that are not kept replaced by their diagonals."""
    if sum(kept) < 2:
        # A trace sees the diagonal of a single matrix only.
        return off[0].rows, sp.Mul(sign, *[o.diagonal for o in off], *means)
    begin = list(kept).index(True)
    insertions, merged = [], []
    for i in [*range(begin, len(off)), *range(begin)]:
        if kept[i]:
            insertions.append(off[i])
            merged.append(means[i])
        else:
            merged[-1] *= off[i].diagonal * means[i]
    return insertions[0].rows, Word(tuple(insertions), (sign * merged[0], *merged[1:]))


def weighted(expression: sp.Expr, weight: sp.Expr) -> sp.Expr:
    """``weight`` times a site expression or a word."""
    if isinstance(expression, Word):
        return Word(expression.insertions, (weight * expression.args[0], *expression.args[1:]))
    return weight * expression
