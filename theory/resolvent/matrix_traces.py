"""Traces of deterministic matrices that need not commute: Tr (A x + B y + z)⁻¹ and the like, as SymPy expressions of x, y, z.

Where given matrices do not commute with each other or with the spectra, a trace is no sum over modes. It stays a function of the
scalars in it and of the given matrices, which a solver evaluates; its derivatives are traces of the same kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import sympy as sp

from theory.averages import Bound
from theory.declaration.ensembles import Deterministic
from theory.declaration.keys import digest
from theory.declaration.learning import Outer
from theory.declaration.matrices import Diag, Inv, Prod, Root, Sum
from theory.declaration.matrix import Mat
from theory.declaration.sites import Leaf
from theory.declaration.vectors import Vec
from theory.errors import DerivationError
from theory.modes import ModeArray, ModeValue
from theory.replica.data import array_of, given, plain
from theory.resolvent.dyson import traced

Slot = sp.Symbol | Leaf


class MatrixTrace(sp.Expr):
    """The trace of a deterministic matrix; ``args`` are the values of its ``slots``, the symbols and given matrices in it.

    ``doubt`` makes it a bound on the rounding error of that trace, in units of the machine's epsilon.
    """

    __slots__ = ("doubt", "matrix", "slots")
    is_commutative = True
    is_real = True
    is_finite = True

    def __new__(cls, matrix: Mat):
        slots = slots_of(matrix)
        return _made(matrix, tuple(slots), tuple(slots.values()), False)

    func = property(lambda self: lambda *args: _made(self.matrix, self.slots, args, self.doubt))
    key = property(lambda self: digest("trace", self.matrix, *self.args, str(self.doubt)))

    @property
    def free_symbols(self):
        return {s for a in self.args for s in a.free_symbols if not isinstance(s, Bound)}

    def rounding(self) -> MatrixTrace:
        return _made(self.matrix, self.slots, self.args, True)

    def _hashable_content(self):
        return (*self.args, self.matrix.key, self.doubt)

    def __reduce_ex__(self, protocol):
        return _made, (self.matrix, self.slots, self.args, self.doubt)

    def sort_key(self, order=None):
        return self.class_key(), (1, (self.key,)), sp.S.One.sort_key(), sp.S.One

    def _eval_derivative(self, symbol):
        if isinstance(symbol, ModeValue):
            raise DerivationError(f"derivative of {self} by {symbol}: traces of matrices are differentiated by scalars only")
        total = sp.S.Zero
        for slot, value in zip(self.slots, self.args, strict=True):
            if isinstance(slot, Leaf) or (slope := value.diff(symbol)) == 0:
                continue
            change = derivative(self.matrix, slot)
            if change is not None:
                total += slope * trace_of(change).xreplace(dict(self._images()))
        return total

    def _images(self) -> Iterator[tuple[sp.Basic, sp.Basic]]:
        """What stands in the place of the symbols of the matrix, as far as it is something else."""
        for own, value in zip(slots_of(self.matrix).values(), self.args, strict=True):
            if own != value:
                yield own, value

    def _sympystr(self, printer) -> str:
        moved = "".join(f", {a}={printer._print(b)}" for a, b in self._images())
        return f"{'rounding of ' * self.doubt}Tr({self.matrix}{moved})"

    def _sympyrepr(self, printer) -> str:
        return f"MatrixTrace({self.key})"

    def _latex(self, printer) -> str:
        moved = ", ".join(rf"{printer._print(a)}={printer._print(b)}" for a, b in self._images())
        return rf"\operatorname{{Tr}}\left[{self.matrix._latex(printer)}\right]" + rf"_{{{moved}}}" * bool(moved)


def _made(matrix: Mat, slots: tuple, args: tuple, doubt: bool) -> MatrixTrace:
    new = sp.Expr.__new__(MatrixTrace, *args)
    new.matrix, new.slots, new.doubt = matrix, slots, doubt
    return new


@lru_cache(maxsize=4096)
def slots_of(matrix: Mat) -> dict[Slot, sp.Basic]:
    """Symbols and given matrices that stand in a matrix, by name, with what stands for each of them in a theory."""
    found: dict[Slot, sp.Basic] = {}
    _collect(matrix, found)
    return {s: found[s] for s in sorted(found, key=lambda s: (s.name, str(type(s))))}


def _collect(matrix: Mat, found: dict[Slot, sp.Basic]) -> None:
    if isinstance(matrix, Deterministic):
        rows, cols = matrix.leaf.dims
        found[matrix.leaf] = ModeArray(matrix.leaf.name, rank=2, real=True)[Bound(rows.name, 1), Bound(cols.name, 2)]
    elif isinstance(matrix, (Diag, Outer)):
        vectors = (matrix.vector,) if isinstance(matrix, Diag) else (matrix.post, matrix.pre)
        for vector, dim in zip(vectors, (matrix.rows, matrix.cols), strict=False):
            for s in vector.expr.free_symbols | ({dim} if isinstance(matrix, Outer) else set()):
                found[s] = array_of(s)[Bound(dim.name, 1)] if given(s) else plain(s)
    elif isinstance(matrix, (Prod, Sum, Inv, Root)):
        for part in matrix.args:
            _collect(part, found)
    else:
        raise DerivationError(f"trace of {matrix}: it holds what is drawn")


def trace_of(matrix: Mat) -> sp.Expr:
    """The trace of a deterministic matrix: sums over modes as far as it is diagonal, traces of products for the rest."""
    total = sp.S.Zero
    for number, core in terms(matrix):
        if isinstance(core, Prod) and isinstance(core.args[0], Root) and core.args[0] == core.args[-1]:
            core = Prod(core.args[-1], *core.args[:-1])
        core = _absorbed(core)
        total += plain(number) * (traced(core.rows, core.vector.expr) if isinstance(core, Diag) else MatrixTrace(core))
    return total


def _absorbed(matrix: Mat) -> Mat:
    """A product of the same trace, in which diagonal matrices beside a column or row of given data are part of it."""
    factors: list[Any] = list(matrix.args) if isinstance(matrix, Prod) else [matrix]
    place = next((i for i, f in enumerate(factors) if isinstance(f, Outer)), None)
    if place is None:
        return matrix
    outer, *others = [*factors[place:], *factors[:place]]
    post, pre = outer.post, outer.pre
    while others and isinstance(others[0], Diag):
        pre = Vec(pre.dim, pre.expr * others.pop(0).vector.expr)
    while others and isinstance(others[-1], Diag):
        post = Vec(post.dim, post.expr * others.pop().vector.expr)
    return Prod(*others, Outer(post, pre))


def terms(matrix: Mat) -> Iterator[tuple[sp.Expr, Mat]]:
    """A matrix as numbers times products that hold no number."""
    if isinstance(matrix, Sum):
        for part in matrix.args:
            yield from terms(part)
    elif isinstance(matrix, Prod) and isinstance(matrix.args[0], Diag) and matrix.args[0].is_scalar:
        number = matrix.args[0].vector.expr
        yield from ((number * n, core) for n, core in terms(Prod(*matrix.args[1:])))
    elif not (isinstance(matrix, Diag) and matrix.vector.expr == 0):
        yield sp.S.One, matrix


def derivative(matrix: Mat, symbol: sp.Symbol) -> Mat | None:
    """The derivative of a matrix by a symbol in it, None where it is zero."""
    if isinstance(matrix, Diag):
        slope = matrix.vector.expr.diff(symbol)
        return None if slope == 0 else Diag(matrix.rows, slope)
    if isinstance(matrix, Outer):
        parts = [Outer(Vec(v.dim, v.expr.diff(symbol)), w) if post else Outer(w, Vec(v.dim, v.expr.diff(symbol)))
                 for v, w, post in ((matrix.post, matrix.pre, True), (matrix.pre, matrix.post, False))
                 if v.expr.diff(symbol) != 0]  # fmt: skip
        return Sum(*parts) if parts else None
    if isinstance(matrix, Inv):
        inner = derivative(matrix.args[0], symbol)
        return None if inner is None else -(matrix @ inner @ matrix)
    if isinstance(matrix, Sum):
        parts = [d for m in matrix.args if (d := derivative(m, symbol)) is not None]
        return Sum(*parts) if parts else None
    if isinstance(matrix, Prod):
        parts = []
        for i, factor in enumerate(matrix.args):
            if (d := derivative(factor, symbol)) is not None:
                parts.append(Prod(*matrix.args[:i], d, *matrix.args[i + 1 :]))
        return Sum(*parts) if parts else None
    return None
