"""Matrices that move: outer products of vectors, and the law of a coupling that learns."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from theory.declaration.checks import refuse
from theory.declaration.matrices import Diag, Prod, Sum
from theory.declaration.matrix import Mat
from theory.declaration.printing import at_sites, indices, letter
from theory.declaration.sites import Leaf, batch, generic
from theory.declaration.vectors import Vec


class Outer(Mat):
    """The matrix Σ post preᵀ; finite dimensions that the vectors carry, such as samples, are summed."""

    def __init__(self, post: Vec, pre: Vec) -> None:
        for vector in (post, pre):
            if not isinstance(vector, Vec) or vector.dim is None:
                refuse("outer product", vector, "its factors are two vectors over infinite dimensions")
        self.post, self.pre, self.args = post, pre, (post, pre)
        self.rows, self.cols = post.dim, pre.dim

    T = property(lambda self: Outer(self.pre, self.post))

    @property
    def summed(self) -> list:
        """The finite dimensions over which it is summed."""
        return sorted(batch(self.post.expr) | batch(self.pre.expr), key=str)

    def apply(self, vector: Vec) -> Vec:
        """Σ post (pre·v), a sum that is the same at every row."""
        from theory.declaration.scalars import Over

        if batch(vector.expr) & set(self.summed):
            refuse(f"{self} @ {vector}", f"both carry {self.summed[0]}", "let a coupling learn it, or sum one of them first")
        total = self.post.expr * Over(self.pre.expr * vector.expr, self.cols)
        for dim in self.summed:
            total = Over(total, dim)
        return Vec(self.rows, total)

    free_symbols = property(lambda self: self.post.expr.free_symbols | self.pre.expr.free_symbols)

    def __repr__(self) -> str:
        return f"hebb({self.post}, {self.pre})"

    def _latex(self, printer) -> str:
        now = indices(printer)
        over = {d: letter(d, now) for d in self.summed}
        sums = "".join(rf"\sum_{{{i}}} " for i in over.values())
        with at_sites(printer, {**now, **over}):
            post, pre = (printer.parenthesize(v.expr, 50) for v in self.args)
        return rf"{sums}{post} \, {pre}^{{\top}}"


def hebb(post, pre) -> Outer:
    """Rate of change Σ post preᵀ of a coupling, ``{W: hebb(error, input)}``: summed over the samples that the vectors carry.

    ``post`` lives over the rows of the coupling, ``pre`` over its columns; multiply by a rate and add ``-decay*W`` as wanted.
    """
    return Outer(post, pre)


def outer(left, right) -> Outer:
    """The given matrix left rightᵀ of rank one, such as a mean that is a spike."""
    return Outer(left, right)


@dataclass(frozen=True)
class Learning:
    """The law dW/dt = Σ post preᵀ − decay W of a coupling, as declared in ``rule``."""

    leaf: Leaf
    rule: Mat
    decay: sp.Expr
    pairs: tuple[tuple[Vec, Vec], ...]


def learning(coupling, rule) -> Learning:
    """The law of a coupling; DeclarationError for what is no sum of outer products and a multiple of the coupling itself."""
    leaf, what = coupling.leaf, f"law of {coupling}"
    if coupling.transposed or leaf.kind != "gaussian":
        refuse(what, "its left-hand side", "give the law of a Gaussian matrix itself, not of its transpose")
    if {"symmetry", "fresh"} & set(leaf.how):
        refuse(what, "it is symmetric or redrawn", "only a matrix with independent entries, drawn once, can learn")
    if not isinstance(rule, Mat):
        refuse(what, rule, "the rate of a matrix is a matrix: hebb(post, pre), -decay*W")
    if (rule.rows, rule.cols) != leaf.dims:
        refuse(what, f"{rule} is {rule.rows}x{rule.cols}", f"it needs {leaf.dims[0]}x{leaf.dims[1]}")
    decay, pairs = sp.S.Zero, []
    for number, core in _terms(rule):
        if core == coupling and not generic(number) and not batch(number):
            decay -= number
        elif isinstance(core, Outer):
            pairs.append((number * core.post, core.pre))
        else:
            refuse(what, core, "write it in hebb(post, pre) and multiples of the coupling itself")
    return Learning(leaf, rule, decay, tuple(pairs))


def _terms(matrix: Mat) -> list[tuple[sp.Expr, Mat]]:
    """A matrix as a sum of numbers times matrices that are no sums."""
    if isinstance(matrix, Sum):
        return [term for part in matrix.args for term in _terms(part)]
    if isinstance(matrix, Prod) and isinstance(matrix.args[0], Diag) and matrix.args[0].is_scalar:
        number = matrix.args[0].vector.expr
        return [(number * n, core) for n, core in _terms(Prod(*matrix.args[1:]))]
    if isinstance(matrix, Diag) and matrix.vector.expr.is_zero:
        return []
    return [(sp.S.One, matrix)]
