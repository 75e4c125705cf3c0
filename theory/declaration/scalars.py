"""Scalars of a declaration: inert sums over a dimension, averages, quadratic forms and traces, all ordinary SymPy expressions."""

from __future__ import annotations

import sympy as sp

from theory.declaration.checks import refuse, scalar
from theory.declaration.dimensions import Dim, dimension, over
from theory.declaration.ensembles import Deterministic
from theory.declaration.keys import canonical
from theory.declaration.matrix import Mat, shape
from theory.declaration.printing import at_sites, indices, summed
from theory.declaration.sites import RANDOM, Functional, batch, depends, generic, split_factor
from theory.declaration.vectors import Vec


class Over(Functional):
    """Sum of a site expression over the sites of a dimension; factors that do not vary along it stand in front.

    The dimension is bound: ``xreplace`` of a size acts on the explicit sizes, not on the range of the sum.
    """

    def __new__(cls, expression, dim: Dim):
        outside, inside = split_factor(sp.sympify(expression), dim)
        return outside * (sp.Expr.__new__(cls, inside, dim) if depends(inside, dim) else dim)

    expr = property(lambda self: self.args[0])
    dim = property(lambda self: self.args[1])

    def at_site(self):
        return (self.expr,) if self.dim.finite else ()

    def batch(self):
        return batch(self.expr) - {self.dim}

    def _eval_is_nonnegative(self):
        return self.expr.is_nonnegative

    def _eval_derivative(self, symbol):
        if symbol == self.dim or symbol in generic(self.expr):
            refuse("derivative of a sum", f"by {symbol}", "sizes and sites are bound in it; use gradient(energy, state)")
        return Over(self.expr.diff(symbol), self.dim)

    def _xreplace(self, rule):
        if self in rule:
            return rule[self], True
        inner, changed = self.expr._xreplace(rule)
        return (Over(inner, self.dim), True) if changed else (self, False)

    def _eval_subs(self, old, new):
        return self if old == self.dim else None

    def _latex(self, printer) -> str:
        return summed(printer, self.expr, self.dim)

    def _sympystr(self, printer) -> str:
        return f"sum_over({self.dim}, {printer._print(self.expr)})"


class Average(Functional):
    """Average of a site expression or scalar over the disorder, the noise and the thermal measure, at the same site.

    Linear: terms are averaged one by one and what is given, not random, stands in front.
    """

    precedence = 1000

    def __new__(cls, expression):
        expression = sp.sympify(expression)
        if expression.is_Add:
            return sp.Add(*map(cls, expression.args))
        factors = sp.Mul.make_args(expression)
        inside = [f for f in factors if _random(f)]
        outside = sp.Mul(*[f for f in factors if not _random(f)])
        return outside * (sp.Expr.__new__(cls, sp.Mul(*inside)) if inside else 1)

    expr = property(lambda self: self.args[0])

    def at_site(self):
        return self.args

    def batch(self):
        return batch(self.expr)

    def _eval_is_nonnegative(self):
        return self.expr.is_nonnegative

    def _eval_derivative(self, symbol):
        return Average(self.expr.diff(symbol))

    def _latex(self, printer) -> str:
        return rf"\left\langle {printer._print(self.expr)} \right\rangle"

    def _sympystr(self, printer) -> str:
        return f"average({printer._print(self.expr)})"


def _random(expression) -> bool:
    from theory.declaration.walks import leaves

    if isinstance(expression, Average):
        return False
    if isinstance(expression, sp.Symbol) or isinstance(expression, Functional) or not expression.args:
        return any(leaf.kind in RANDOM for leaf in leaves(expression))
    return any(map(_random, expression.args))


class QuadraticForm(Functional):
    """The scalar v^T O v of a given symmetric matrix and a vector, for instance a test error under a covariance of its own."""

    def __new__(cls, matrix: Deterministic, expression):
        outside, inside = split_factor(sp.sympify(expression), matrix.cols)
        if outside == 0:
            return sp.S.Zero
        new = sp.Expr.__new__(cls, inside)
        new.matrix = matrix
        return outside**2 * new

    __slots__ = ("matrix",)
    expr = property(lambda self: self.args[0])
    func = property(lambda self: lambda expression: QuadraticForm(self.matrix, expression))

    def _hashable_content(self):
        return (*self.args, self.matrix.key)

    @property
    def key(self) -> str:
        return f"quadratic({self.matrix.key},{canonical(self.expr)})"

    def __reduce_ex__(self, protocol):
        return QuadraticForm, (self.matrix, self.expr)

    def at_site(self):
        return ()

    def batch(self):
        return batch(self.expr)

    def _eval_derivative(self, symbol):
        vector = Vec(self.matrix.cols, self.expr)
        return 2 * sum_over(self.matrix.rows, vector.map(lambda e: e.diff(symbol)) * (self.matrix @ vector))

    def _latex(self, printer) -> str:
        with at_sites(printer, {d: i for d, i in indices(printer).items() if d.finite}):
            inner = rf"\left({printer._print(self.expr)}\right)"
        return rf"{inner}^{{\top}} {self.matrix._latex(printer)} {inner}"

    def _sympystr(self, printer) -> str:
        return f"quadratic_form({self.matrix}, {printer._print(self.expr)})"


class Trace(Functional):
    """The plain trace of a square matrix."""

    __slots__ = ("matrix",)

    def __new__(cls, matrix: Mat):
        new = sp.Expr.__new__(cls)
        new.matrix = matrix
        return new

    func = property(lambda self: lambda: self)
    key = property(lambda self: f"trace({self.matrix.key})")

    def _hashable_content(self):
        return (self.key,)

    def __reduce_ex__(self, protocol):
        return Trace, (self.matrix,)

    def at_site(self):
        return ()

    def batch(self):
        return set()

    def _eval_derivative(self, symbol):
        from theory.declaration.walks import symbols

        if symbol in symbols(self):
            refuse("derivative of a trace", f"{self} by {symbol}", "declare it as an expression of the resolvent")
        return sp.S.Zero

    def _latex(self, printer) -> str:
        return rf"\operatorname{{Tr}} {self.matrix._latex(printer)}"

    def _sympystr(self, printer) -> str:
        return f"Tr({self.matrix})"


def sum_over(dim, v):
    """Sum of ``v`` over a dimension that it carries: a vector or an expression of per-mode data over ``dim``.

    A scalar when nothing else is carried; a vector otherwise. DeclarationError if ``v`` does not live over ``dim``.
    """
    dimension(dim, "sum_over")
    vector = v if isinstance(v, Vec) else Vec(None if dim.finite else dim, scalar(v, f"summand over {dim}"))
    if dim.finite:
        if dim not in batch(vector.expr):
            refuse("sum over the wrong dimension", f"{vector} does not carry {dim}", f"it is over {over(vector.dim)}")
        total = Over(vector.expr, dim)
        return Vec(vector.dim, total) if vector.dim is not None or batch(total) else total
    if vector.dim != dim:
        home = over(vector.dim)
        refuse("sum over the wrong dimension", f"{vector} is over {home}, not {dim}", f"use sum_over({home}, ...)")
    total = Over(vector.expr, dim)
    return Vec(None, total) if batch(total) else total


def mean(dim, v):
    """Sum over a dimension, divided by its size."""
    return sum_over(dim, v) / dim


def average(v):
    """Average over disorder, noise and thermal measure: of a vector, at each site; of a scalar, a scalar.

    ``sum_over(M, (f - average(f))**2)`` is the variance of f. For observables; an energy with an average is refused.
    """
    return v.map(Average) if isinstance(v, Vec) else Average(scalar(v, "average of"))


def Tr(matrix) -> Trace:
    """The plain trace of a square matrix."""
    if not isinstance(matrix, Mat):
        refuse("trace", matrix, "pass a matrix")
    if matrix.rows != matrix.cols:
        refuse("trace", shape(matrix), "only a square matrix has one")
    return Trace(matrix)


def quadratic_form(matrix, v):
    """The scalar v^T O v of ``O = Deterministic("O", M)`` and a vector over M."""
    if not isinstance(matrix, Deterministic):
        refuse("quadratic form", matrix, "declare Deterministic(name, dim), or write sum_over(dim, v*(A @ v))")
    if matrix.rows != matrix.cols:
        refuse("quadratic form", shape(matrix), "it takes a square matrix")
    return QuadraticForm(matrix, matrix._vector(v).expr)
