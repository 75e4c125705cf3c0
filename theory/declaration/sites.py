"""Atoms of a site expression: leaves, local fields, and the functionals that reduce site expressions to one.

A vector is a SymPy expression at the generic site of its dimension. Its atoms are :class:`Site` symbols, each of which stands for a
:class:`Leaf` (what is given, drawn or solved for) or for a :class:`Dot`, a matrix applied to a vector: a local field.
"""

from __future__ import annotations

import sympy as sp

from theory.declaration.dimensions import Dim, Spectrum
from theory.declaration.keys import digest
from theory.declaration.printing import applied, indexed_name

RANDOM = frozenset({"gaussian", "noise", "signs", "drawn", "label", "state", "tensor"})
"""Kinds of leaves over which :func:`average` averages; the others are given."""


class Leaf:
    """What is given, drawn or solved for: ``kind``, ``name``, ``dims``, and its law ``how`` (variance, prior, ...).

    Kinds: quenched, noise, signs, drawn, label, state (vectors); gaussian, deterministic (matrices). A name is one draw.
    """

    __slots__ = ("dims", "how", "key", "kind", "name")

    def __init__(self, kind: str, name: str, dims: tuple[Dim, ...], **how) -> None:
        self.kind, self.name, self.dims = kind, name, tuple(dims)
        self.how = {k: v for k, v in sorted(how.items()) if v is not None}
        self.key = digest("leaf", kind, name, self.dims, *(part for item in self.how.items() for part in item))

    @property
    def dim(self) -> Dim | None:
        """The infinite dimension of a vector; None when it has finite ones only."""
        return next((d for d in self.dims if not d.finite), None)

    @property
    def symbol(self) -> Site:
        """The symbol that stands for its values, as in ``Parameter("target", w0)``."""
        return Site(self)

    def __eq__(self, other) -> bool:
        return isinstance(other, Leaf) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __reduce__(self):
        return _leaf, (self.kind, self.name, self.dims, self.how)

    def __repr__(self) -> str:
        return self.name


def _leaf(kind, name, dims, how):
    return Leaf(kind, name, dims, **how)


class Dot:
    """A matrix applied to a vector, at the generic row: a local field."""

    __slots__ = ("key", "matrix", "name", "vector")

    def __init__(self, matrix, vector) -> None:
        self.matrix, self.vector = matrix, vector
        inner = str(vector) if vector.expr.is_Symbol else f"({vector})"
        self.name, self.key = f"({matrix}@{inner})", digest("dot", matrix, vector)

    dim = property(lambda self: self.matrix.rows)

    @property
    def parameters(self) -> set[sp.Symbol]:
        """Sizes and scalar symbols that stand in it."""
        inside = self.vector.expr.free_symbols | self.matrix.free_symbols
        return {s for s in inside if not isinstance(s, (Site, Spectrum))}

    def derivative(self, symbol) -> sp.Expr:
        """Derivative by a scalar parameter; the other sites are independent of it."""
        return (self.matrix.apply(self.vector.map(lambda e: e.diff(symbol))) + self.matrix.derivative(symbol, self.vector)).expr

    def __eq__(self, other) -> bool:
        return isinstance(other, Dot) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __reduce__(self):
        return Dot, (self.matrix, self.vector)

    def __repr__(self) -> str:
        return self.name


class Site(sp.Symbol):
    """The entry of a leaf or of a local field at the generic site; ``node`` is that :class:`Leaf`, :class:`Dot` or slope of a
    random tensor (:class:`~theory.declaration.tensors.Slope`)."""

    __slots__ = ("node",)

    def __new__(cls, node: Leaf | Dot):
        new = sp.Symbol.__xnew__(cls, node.name, real=True)
        new.node = node
        return new

    key = property(lambda self: self.node.key)
    dim = property(lambda self: self.node.dim)

    def _hashable_content(self):
        return (*super()._hashable_content(), self.node.key)

    def __reduce_ex__(self, protocol):
        return Site, (self.node,)

    @property
    def free_symbols(self):
        return {self} | (set() if isinstance(self.node, Leaf) else self.node.parameters)

    @classmethod
    def class_key(cls):
        return 2, 1, cls.__name__  # after parameters and per-mode data in print

    def sort_key(self, order=None):
        return self.class_key(), (2, (self.name, self.node.key)), sp.S.One.sort_key(), sp.S.One

    def _eval_derivative(self, symbol):
        if self == symbol:
            return sp.S.One
        if not isinstance(self.node, Leaf) and not isinstance(symbol, Site):
            return self.node.derivative(symbol)  # a parameter inside the product
        return sp.S.Zero

    def _eval_derivative_n_times(self, symbol, n):
        return sp.Basic._eval_derivative_n_times(self, symbol, n)  # an atom of SymPy would say 0 here

    def _latex(self, printer) -> str:
        if isinstance(self.node, Dot):
            return applied(printer, self.node.matrix, self.node.vector)
        if not isinstance(self.node, Leaf):
            return self.node._latex(printer)
        return indexed_name(printer, self.name, dims=self.node.dims)


class Entry(sp.Symbol):
    """The entry of a matrix that a function acts on, or of a vector that a law is for."""

    def __new__(cls):
        return sp.Symbol.__xnew__(cls, "x", real=True)

    def __reduce_ex__(self, protocol):
        return Entry, ()


ENTRY = Entry()


class Functional(sp.Expr):
    """A scalar or site expression that closes over others: sums, averages, quadratic forms, traces.

    Walks treat it as one atom of the expression that it stands in; see :func:`tops`.
    """

    __slots__ = ()
    is_commutative = True
    precedence = 45

    def _eval_is_extended_real(self):
        return True

    def _eval_is_finite(self):
        return True


def tops(expression) -> set[sp.Expr]:
    """Sites and functionals of an expression, not looking inside the functionals. A set has no order: sort before naming."""
    if isinstance(expression, (Site, Functional)):
        return {expression}
    return set().union(*map(tops, expression.args)) if expression.args else set()


def sites(expression) -> list[Site]:
    """The sites among the :func:`tops`, sorted by name."""
    found = [s for s in tops(expression) if isinstance(s, Site)]
    return sorted(found, key=lambda s: (s.name, s.key))


def generic(expression) -> set[Site | Spectrum]:
    """Sites and spectra at the generic site itself: inside averages and finite sums, not inside sums over an infinite dimension."""
    if isinstance(expression, (Site, Spectrum)):
        return {expression}
    inner = expression.args
    if isinstance(expression, Functional):
        inner = expression.at_site()
    return set().union(*map(generic, inner)) if inner else set()


def varies(expression) -> bool:
    """Whether the expression differs from site to site of an infinite dimension."""
    return any(isinstance(a, Spectrum) or a.dim is not None for a in generic(expression))


def batch(expression) -> set[Dim]:
    """Finite dimensions that the expression still carries."""
    if isinstance(expression, Site):
        node = expression.node
        return {d for d in node.dims if d.finite} if isinstance(node, Leaf) else batch(node.vector.expr)
    if isinstance(expression, Functional):
        return expression.batch()
    return set().union(*map(batch, expression.args)) if expression.args else set()


def depends(expression, dim: Dim) -> bool:
    """Whether the expression differs along ``dim``, the dimension of its site or a finite one."""
    return dim in batch(expression) if dim.finite else varies(expression)


def split_factor(expression, dim: Dim) -> tuple[sp.Expr, sp.Expr]:
    """``expression = outside * inside`` where ``outside`` does not vary along ``dim``: numbers, signs, parameters, sums."""
    outside, inside = [], []
    for factor in sp.Mul.make_args(expression):
        if not depends(factor, dim):
            outside.append(factor)
            continue
        base, power = factor.as_base_exp() if factor.is_Pow and factor.exp.is_Integer else (factor, 1)
        number, rest = base.primitive()
        if rest.is_Add and rest.could_extract_minus_sign():
            number, rest = -number, -rest
        outside.append(number**power)
        inside.append(rest**power)
    return sp.Mul(*outside), sp.Mul(*inside)
