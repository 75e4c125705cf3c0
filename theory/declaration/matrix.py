"""The operators that every matrix has. A number added to a matrix is a multiple of the identity; shapes are checked as typed."""

from __future__ import annotations

from functools import cached_property
from typing import Any, overload

import sympy as sp

from theory.declaration.checks import refuse, scalar
from theory.declaration.dimensions import Dim, Spectrum, mismatch, over
from theory.declaration.keys import digest
from theory.declaration.operands import Operand
from theory.declaration.sites import Dot, Site, generic, split_factor
from theory.declaration.vectors import Vec

LARGEST = 64
"""Power."""


class Mat(Operand):
    """A matrix ``rows`` x ``cols``; ``@`` multiplies, ``**`` repeats, ``.T`` transposes, ``.inv`` inverts, ``A @ v`` is a vector.

    A number added to a square matrix means that multiple of the identity. Per-mode data enters as ``Diag(dim, eta)`` only.
    """

    kind = "matrix"
    functions = "a scalar of it is Tr(A) or quadratic_form(A, v)"
    rows: Dim
    cols: Dim
    args: tuple
    T: Mat

    @cached_property
    def key(self) -> str:
        return digest(type(self).__name__, *self.args)

    @cached_property
    def text(self) -> str:
        return repr(self)

    def __str__(self) -> str:
        return self.text

    @overload
    def __matmul__(self, other: Mat) -> Mat: ...

    @overload
    def __matmul__(self, other: Any) -> Any: ...

    def __matmul__(self, other: Any) -> Any:
        if isinstance(other, Mat):
            if self.cols != other.rows:
                shapes = f"{shape(self)}, {shape(other)}, {mismatch(self.cols, other.rows)}"
                refuse("shape mismatch", shapes, "transpose one of them")
            return _tree().Prod(self, other)
        return self.apply(self._vector(other))

    def _vector(self, other) -> Vec:
        if not isinstance(other, Vec):
            expression = scalar(other, f"right-hand side of {self} @")
            if not any(isinstance(a, Spectrum) for a in generic(expression)):
                refuse(f"{self} @ number", expression, "use * for a multiple, or Vec(dim, number) for a constant vector")
            return Vec(self.cols, expression)
        if other.dim != self.cols:
            where = f"{shape(self)}, {other} is over {over(other.dim)}"
            same = other.dim is not None and other.dim.name == self.cols.name
            refuse("shape mismatch", f"{where}, {mismatch(self.cols, other.dim)}" if same else where, "transpose or project")
        return other

    def apply(self, vector: Vec) -> Vec:
        """The product with a vector over ``cols``; what does not vary along ``cols`` leaves the product, so X@(2*w) is 2*(X@w)."""
        if vector.expr.is_zero:
            return Vec(self.rows, 0)
        outside, inside = split_factor(vector.expr, self.cols)
        return Vec(self.rows, outside * Site(Dot(self, Vec(self.cols, inside))))

    @property
    def free_symbols(self) -> set[sp.Symbol]:
        """Symbols that stand in it, those of its draws' laws left out."""
        return set().union(*[a.free_symbols for a in self.args])

    def derivative(self, symbol, vector: Vec) -> Vec:
        """Derivative of this matrix by a scalar parameter, applied to a fixed vector; draws do not depend on parameters."""
        return Vec(self.rows, 0)

    def _term(self, other) -> Mat:
        if isinstance(other, Mat):
            if (self.rows, self.cols) != (other.rows, other.cols):
                refuse("shape mismatch", f"{shape(self)}, {shape(other)}", "transpose one of them")
            return other
        if isinstance(other, Vec):
            refuse("matrix with vector", f"{self} with {other}", "use Diag(dim, vector) if a diagonal matrix is meant")
        number = self._number(other, "+")
        if self.rows != self.cols:
            refuse("matrix + number", f"{shape(self)}, + {number}", "only a square matrix takes a multiple of the identity")
        return _tree().Diag(self.rows, number)

    def _number(self, other, sign: str) -> sp.Expr:
        if isinstance(other, (Mat, Vec)):
            refuse(f"{sign} with a matrix", f"{self} {sign} {other}", "use @ between matrices and vectors")
        number = scalar(other, f"operand of {self}")
        if generic(number):
            refuse(f"per-mode data {sign} matrix", f"{number} {sign} {self}", f"use Diag(dim, {number}) on the side that is meant")
        return number

    def __add__(self, other):
        return _tree().Sum(self, self._term(other))

    def __sub__(self, other):
        return _tree().Sum(self, -self._term(other))

    def __rsub__(self, other):
        return _tree().Sum(self._term(other), -self)

    def __neg__(self):
        return _tree().Prod(_tree().Diag(self.rows, -1), self)

    def __mul__(self, other):
        return _tree().Prod(_tree().Diag(self.rows, self._number(other, "*")), self)

    def __truediv__(self, other):
        return self * (1 / self._number(other, "/"))

    __radd__, __rmul__ = __add__, __mul__

    def __rtruediv__(self, other):
        refuse("division by a matrix", f"{other} / {self}", "use A.inv @ v")

    def __pow__(self, power):
        """A whole power of a square matrix; a negative one is a power of the inverse, and the zeroth the identity."""
        number = self._number(power, "**")
        if self.rows != self.cols:
            refuse("power", shape(self), "only a square matrix has one")
        if not number.is_Integer or abs(number) > LARGEST:
            refuse("power", f"{self}**{number}", f"pass a whole number, {LARGEST} at most")
        base = self if number >= 0 else self.inv
        return _tree().Prod(_tree().Diag(self.rows), *[base] * abs(int(number)))

    def __rpow__(self, other):
        refuse("power of a matrix", f"{other}**{self}", "write a rational expression")

    @property
    def inv(self) -> Mat:
        if self.rows != self.cols:
            refuse("inverse", shape(self), "only a square matrix has one")
        return _tree().Inv(self)

    def __eq__(self, other) -> bool:
        return isinstance(other, Mat) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __reduce__(self):
        return type(self), self.args

    def _latex(self, printer) -> str:
        raise NotImplementedError

    def _repr_latex_(self) -> str:
        from sympy.printing.latex import LatexPrinter

        return f"$\\displaystyle {self._latex(LatexPrinter())}$"


def shape(matrix: Mat) -> str:
    """How an error message names a matrix."""
    return f"{matrix} is {matrix.rows}x{matrix.cols}"


def _tree():
    """The nodes above the leaves; they are matrices themselves, and so come later."""
    from theory.declaration import matrices

    return matrices
