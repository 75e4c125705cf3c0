"""What cannot leave a pencil: matrices that are drawn, and given ones that need not commute with the spectra."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from theory.declaration.ensembles import Deterministic, Gaussian
from theory.declaration.learning import Outer
from theory.declaration.matrices import Root, Sum
from theory.declaration.matrix import Mat
from theory.declaration.sites import Leaf
from theory.declaration.vectors import Vec
from theory.errors import DerivationError

GIVEN = (Deterministic, Outer, Root)
"""Kinds of given matrices that need not commute with the spectra."""


@dataclass(frozen=True)
class Random:
    """``left`` · A · ``right`` in an entry of a pencil: a Gaussian matrix or its transpose between two diagonal matrices.

    The leaf of a given matrix, of kind "given", holds the ``matrix`` itself.
    """

    left: sp.Expr
    leaf: Leaf
    transposed: bool
    right: sp.Expr

    def times(self, left: sp.Expr = sp.S.One, right: sp.Expr = sp.S.One) -> Random:
        return Random(sp.cancel(left * self.left), self.leaf, self.transposed, sp.cancel(self.right * right))


def given_of(term: Random) -> Mat:
    """The given matrix of a term of a pencil."""
    matrix = term.leaf.how["matrix"]
    return matrix.T if term.transposed else matrix


def with_constant_mean(matrix: Gaussian) -> Mat:
    """A matrix whose entries have a mean, as a matrix of rank one and a centred one."""
    leaf = matrix.leaf
    centred = Leaf(leaf.kind, leaf.name, leaf.dims, **{**leaf.how, "mean": sp.S.Zero})
    mean = Outer(Vec(matrix.rows, leaf.how["mean"]), Vec(matrix.cols, 1))
    return Sum(mean, Gaussian._of(centred, matrix.transposed))


def check_law(matrix: Gaussian) -> None:
    """DerivationError for a Gaussian matrix whose law has no Dyson equation."""
    if matrix.leaf.how.get("fresh"):
        raise DerivationError(f"matrix {matrix}: fresh={matrix.leaf.how['fresh']} is not averaged here; leave it out")
    for key in ("variance", "row_covariance", "column_covariance"):
        if not matrix.leaf.how[key].is_nonnegative:
            what = f"{key.replace('_', ' ')} of {matrix.leaf}: {matrix.leaf.how[key]}"
            raise DerivationError(f"{what} may be negative; write it in spectra and positive symbols, without differences")
