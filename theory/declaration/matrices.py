"""Matrices, a noncommutative tree of our own: transposes are pushed to the leaves, scalars to the front of a product."""

from __future__ import annotations

import sympy as sp

from theory.declaration.checks import refuse, scalar
from theory.declaration.dimensions import Dim, mismatch, over
from theory.declaration.matrix import Mat
from theory.declaration.sites import split_factor, varies
from theory.declaration.vectors import Vec


class Diag(Mat):
    """The diagonal matrix of a vector or of per-mode data over ``dim``; of a number, that multiple of the identity."""

    def __init__(self, dim: Dim, f=1) -> None:
        vector = f if isinstance(f, Vec) else Vec(dim, scalar(f, f"diagonal over {dim}"))
        if vector.dim not in (None, dim):
            sides = f"diagonal {f} over {over(vector.dim)}, {mismatch(vector.dim, dim)}"
            refuse("shape mismatch", sides, "pass a vector over that dimension")
        self.vector, self.rows, self.cols = Vec(dim, vector.expr), dim, dim
        self.args = (dim, self.vector)

    T = property(lambda self: self)
    inv = property(lambda self: Diag(self.rows, 1 / self.vector))
    is_scalar = property(lambda self: not varies(self.vector.expr))

    def apply(self, vector):
        return self.vector * vector

    free_symbols = property(lambda self: self.vector.expr.free_symbols)

    def derivative(self, symbol, vector):
        return self.vector.map(lambda e: e.diff(symbol)) * vector

    def __repr__(self) -> str:
        return f"{self.vector}" if self.vector.expr.is_Atom else f"({self.vector})"

    def _latex(self, printer) -> str:
        if self.is_scalar:
            return "I" if self.vector.expr == 1 else printer._print(self.vector.expr)
        return rf"\operatorname{{diag}}\left({printer._print(self.vector.expr)}\right)"


def _factors(matrix: Mat) -> tuple[sp.Expr, tuple[Mat, ...]]:
    """A scalar and the factors of a product without it."""
    factors = matrix.args if isinstance(matrix, Prod) else (matrix,)
    if isinstance(factors[0], Diag) and factors[0].is_scalar:
        return factors[0].vector.expr, factors[1:]
    return sp.S.One, factors


class Prod(Mat):
    """A product: scalars at the front, neighbouring diagonal matrices merged, a matrix next to its inverse cancelled."""

    def __new__(cls, *matrices: Mat):
        number, kept = sp.S.One, []
        for m in [f for matrix in matrices for f in (matrix.args if isinstance(matrix, Prod) else (matrix,))]:
            if isinstance(m, Diag):
                if m.vector.expr == 1:
                    continue
                if kept and isinstance(kept[-1], Diag):
                    m = Diag(m.rows, kept.pop().vector * m.vector)
                outside, inside = split_factor(m.vector.expr, m.rows)
                number *= outside
                kept += [] if inside == 1 else [Diag(m.rows, inside)]
            elif kept and (Inv.of(kept[-1]) == m or Inv.of(m) == kept[-1]):
                kept.pop()
            elif kept and isinstance(m, Root) and kept[-1] == m:
                kept[-1] = m.args[0]
            else:
                kept.append(m)
        rows, cols = matrices[0].rows, matrices[-1].cols
        if number.is_zero and rows == cols:
            kept = []
        if not kept or (len(kept) == 1 and isinstance(kept[0], Diag)):
            return Diag(rows, number * (kept[0].vector if kept else 1))
        if number != 1:
            kept.insert(0, Diag(rows, number))
        if len(kept) == 1:
            return kept[0]
        new = super().__new__(cls)
        new.rows, new.cols, new.args = rows, cols, tuple(kept)
        return new

    T = property(lambda self: Prod(*[m.T for m in reversed(self.args)]))

    def apply(self, vector):
        for matrix in reversed(self.args):
            vector = matrix.apply(vector)
        return vector

    def derivative(self, symbol, vector):
        first, rest = self.args[0], Prod(*self.args[1:])
        return first.derivative(symbol, rest.apply(vector)) + first.apply(rest.derivative(symbol, vector))

    def __repr__(self) -> str:
        return "@".join(map(str, self.args))

    def _latex(self, printer) -> str:
        return " ".join(m._latex(printer) for m in self.args)


class Sum(Mat):
    """A sum: like terms are collected, and the order of the terms does not matter."""

    def __new__(cls, *matrices: Mat):
        rows, cols = matrices[0].rows, matrices[0].cols
        diagonal, numbers = sp.S.Zero, {}
        for term in [t for m in matrices for t in (m.args if isinstance(m, Sum) else (m,))]:
            number, core = _factors(term)
            if not core or (len(core) == 1 and isinstance(core[0], Diag)):
                diagonal += number * (core[0].vector.expr if core else 1)
            else:
                numbers[core] = numbers.get(core, 0) + number
        terms = [Prod(Diag(rows, n), *core) for core, n in numbers.items() if n != 0]
        terms += [Diag(rows, diagonal)] if diagonal != 0 else []
        if len(terms) < 2:
            return terms[0] if terms else Prod(Diag(rows, 0), matrices[0])
        new = super().__new__(cls)
        new.rows, new.cols = rows, cols
        new.args = tuple(sorted(terms, key=lambda m: (isinstance(m, Diag), str(m), m.key)))
        return new

    T = property(lambda self: Sum(*[m.T for m in self.args]))

    def apply(self, vector):
        return sum((m.apply(vector) for m in self.args[1:]), self.args[0].apply(vector))

    def derivative(self, symbol, vector):
        return sum((m.derivative(symbol, vector) for m in self.args[1:]), self.args[0].derivative(symbol, vector))

    def __repr__(self) -> str:
        return f"({' + '.join(map(str, self.args))})"

    def _latex(self, printer) -> str:
        terms = [m._latex(printer) + " I" * (isinstance(m, Diag) and m.is_scalar and m.vector.expr != 1) for m in self.args]
        return rf"\left({' + '.join(terms)}\right)"


class Inv(Mat):
    """The inverse of a square matrix."""

    def __init__(self, matrix: Mat) -> None:
        self.args, self.rows, self.cols = (matrix,), matrix.rows, matrix.cols

    T = property(lambda self: self.args[0].T.inv)
    inv = property(lambda self: self.args[0])

    @staticmethod
    def of(matrix: Mat) -> Mat | None:
        """What ``matrix`` is the inverse of, if it is one."""
        return matrix.args[0] if isinstance(matrix, Inv) else None

    def derivative(self, symbol, vector):
        return -self.apply(self.args[0].derivative(symbol, self.apply(vector)))

    def __repr__(self) -> str:
        inner = str(self.args[0])
        return f"{inner if inner.startswith('(') else f'({inner})'}.inv"

    def _latex(self, printer) -> str:
        inner = self.args[0]._latex(printer)
        return inner + "^{-1}" if isinstance(self.args[0], Sum) else rf"\left({inner}\right)^{{-1}}"


class Root(Mat):
    """The positive semidefinite square root of a given symmetric matrix, a covariance."""

    def __init__(self, matrix: Mat) -> None:
        self.args, self.rows, self.cols = (matrix,), matrix.rows, matrix.cols

    T = property(lambda self: self)

    def derivative(self, symbol, vector):
        if symbol in self.free_symbols:
            refuse(f"derivative of {self}", f"by {symbol}", "take differences")
        return Vec(self.rows, 0)

    def __repr__(self) -> str:
        return f"sqrt({self.args[0]})"

    def _latex(self, printer) -> str:
        return rf"\left({self.args[0]._latex(printer)}\right)^{{1/2}}"
