"""Unknowns of a Dyson equation under the name of the trace that each of them is: ``tr_W_R_W``, never G[1, 1]."""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from theory.declaration.ensembles import MatrixLeaf
from theory.declaration.matrices import Diag, Inv, Prod, Root, Sum
from theory.declaration.matrix import Mat
from theory.declaration.scalars import Trace

LONGEST = 40
"""Characters of a name; longer ones are numbered."""


class NamedTrace(sp.Symbol):
    """The deterministic equivalent of the trace of a matrix."""

    __slots__ = ("trace",)

    def __new__(cls, name: str, trace: Trace):
        new = sp.Symbol.__xnew__(cls, name, real=True)
        new.trace = trace
        return new

    key = property(lambda self: f"trace:{self.name}:{self.trace.key}")

    def _hashable_content(self):
        return (*super()._hashable_content(), self.trace.key)

    def __reduce_ex__(self, protocol):
        return NamedTrace, (self.name, self.trace)

    def _latex(self, printer) -> str:
        words = self.name.removeprefix("tr_").split("_")
        signs = {"minus": "-", "plus": "+"}
        return rf"\operatorname{{Tr}}\left[{' '.join(signs.get(w) or sp.latex(sp.Symbol(w)) for w in words)}\right]"


class Namer:
    """Gives every trace one symbol; inverses are called R, R2, ... in the order in which they are met.

    With ``mirrored``, traces that are equal by a cyclic permutation or a transposition have one symbol.
    """

    def __init__(self, mirrored: bool = False) -> None:
        self.mirrored = mirrored
        self.inverses: dict[str, tuple[str, Mat]] = {}
        self.symbols: dict[str, NamedTrace] = {}
        self.known: dict[str, tuple[sp.Integer, NamedTrace]] = {}

    def symbol(self, matrix: Mat) -> tuple[sp.Integer, NamedTrace]:
        """A sign and the symbol, with the trace of ``matrix`` as their product."""
        if matrix.key not in self.known:
            self.known[matrix.key] = self._symbol(matrix)
        return self.known[matrix.key]

    def _symbol(self, matrix: Mat) -> tuple[sp.Integer, NamedTrace]:
        matrix = _signed(matrix)
        sign = -1 if _negative(matrix) else 1
        if sign < 0:
            matrix = _negated(matrix)
        if self.mirrored:
            matrix = next((m for m in _equal(matrix) if m.key in self.symbols), matrix)
        if matrix.key not in self.symbols:
            name = f"tr_{self._words(matrix)}"
            taken = {s.name for s in self.symbols.values()}
            if len(name) > LONGEST or name in taken:
                stem = "tr" if len(name) > LONGEST else name
                name = next(n for n in (f"{stem}_{i}" for i in range(2, len(taken) + 3)) if n not in taken)
            self.symbols[matrix.key] = NamedTrace(name, Trace(matrix))
        return sp.Integer(sign), self.symbols[matrix.key]

    def _words(self, matrix: Mat) -> str:
        if isinstance(matrix, Inv):
            number = len(self.inverses) + 1
            return self.inverses.setdefault(matrix.key, (f"R{number}" if number > 1 else "R", matrix))[0]
        if isinstance(matrix, Diag):
            return "I" if matrix.is_scalar else "".join(c for c in str(matrix.vector.expr) if c.isalnum())
        if isinstance(matrix, Prod):
            return "_".join(self._words(m) for m in matrix.args if not (isinstance(m, Diag) and m.is_scalar))
        if isinstance(matrix, Sum):
            first, *rest = sorted(matrix.args, key=_negative)
            return self._words(first) + "".join(f"_{'minus' if _negative(m) else 'plus'}_{self._words(m)}" for m in rest)
        if isinstance(matrix, Root):
            return f"sqrt_{self._words(matrix.args[0])}"
        return matrix.leaf.name if isinstance(matrix, MatrixLeaf) else "".join(c for c in str(matrix) if c.isalnum())


def _equal(matrix: Mat) -> Iterator[Mat]:
    """Matrices of the same trace: the factors in a circle, from wherever it begins, and their transposes."""
    factors = matrix.args if isinstance(matrix, Prod) else (matrix,)
    numbers = [f for f in factors if isinstance(f, Diag) and f.is_scalar]
    others = [f for f in factors if not (isinstance(f, Diag) and f.is_scalar)]
    for i in range(len(others)):
        turned = Prod(*[Diag(others[i].rows, n.vector.expr) for n in numbers], *others[i:], *others[:i])
        yield turned
        yield turned.T


def _negative(matrix: Mat) -> bool:
    """Whether a matrix is written with a minus sign: in front, of a sum in its shortest term, of a product in one such factor."""
    if isinstance(matrix, Sum):
        return _negative(min(matrix.args, key=_length))
    if isinstance(matrix, Prod):
        return sum(map(_negative, matrix.args)) % 2 == 1
    return isinstance(matrix, Diag) and matrix.vector.expr.could_extract_minus_sign()


def _length(matrix: Mat) -> tuple[int, str]:
    """How long a term is, its scalar factor left out."""
    factors = [m for m in (matrix.args if isinstance(matrix, Prod) else (matrix,)) if not (isinstance(m, Diag) and m.is_scalar)]
    return len(factors), "@".join(map(str, factors))


def _signed(matrix: Mat) -> Mat:
    """The matrix with a minus sign in front of a product drawn into a sum among its factors."""
    if not isinstance(matrix, (Sum, Prod)):
        return matrix
    factors = list(map(_signed, matrix.args))
    if isinstance(matrix, Prod) and isinstance(factors[0], Diag) and _negative(factors[0]):
        inside = next((i for i, m in enumerate(factors) if isinstance(m, Sum)), None)
        if inside is not None:
            factors[0], factors[inside] = -factors[0], _negated(factors[inside])
    unchanged = all(m is old for m, old in zip(factors, matrix.args, strict=True))
    return matrix if unchanged else type(matrix)(*factors)


def _negated(matrix: Mat) -> Mat:
    """Minus the matrix, the sign being taken out of one factor."""
    if isinstance(matrix, Sum):
        return Sum(*[-m for m in matrix.args])
    if isinstance(matrix, Prod):
        first = next(i for i, m in enumerate(matrix.args) if _negative(m))
        return Prod(*[_negated(m) if i == first else m for i, m in enumerate(matrix.args)])
    return -matrix
