"""Inverses of small matrices by cofactors: SymPy's own elimination spends its time on whether pivots are zero."""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

from theory.special import InverseEntry

WRITTEN = 2
"""Rows of a matrix whose inverse is written out."""


def inverse(matrix: sp.Matrix) -> sp.Matrix:
    """The inverse, cofactors over the determinant, its entries not simplified; entries that are zero stay so.

    >>> a, b = sp.symbols("a b")
    >>> inverse(sp.Matrix([[a, b], [b, a]]))[0, 1]
    -b/(a**2 - b**2)
    """
    return _inverse(matrix.as_immutable()).as_mutable()


@lru_cache(maxsize=64)
def _inverse(matrix: sp.ImmutableMatrix) -> sp.Matrix:
    count = matrix.rows
    names: dict[sp.Expr, sp.Symbol] = {}
    plain = matrix.applyfunc(lambda e: e if e.is_number else names.setdefault(e, sp.Symbol(f"_m{len(names)}", real=True)))
    back = {symbol: e for e, symbol in names.items()}
    below = determinant(plain)
    if count == 1:
        return sp.Matrix([[1 / matrix[0, 0]]])
    minors = sp.Matrix(count, count, lambda i, j: (-1) ** (i + j) * determinant(plain.minor_submatrix(j, i)))
    return (minors / below).applyfunc(lambda e: sp.cancel(e).xreplace(back))


def determinant(matrix: sp.Matrix) -> sp.Expr:
    """The determinant by expansion along the first row."""
    if matrix.rows == 1:
        return matrix[0, 0]
    terms = [(-1) ** j * matrix[0, j] * determinant(matrix.minor_submatrix(0, j)) for j in range(matrix.cols) if matrix[0, j] != 0]
    return sp.expand(sp.Add(*terms))


def symbolic_inverse(matrix: sp.Matrix) -> sp.Matrix:
    """The inverse of a symmetric matrix: written out up to two rows, by named entries beyond, whose cofactors grow fast."""
    if matrix.rows <= WRITTEN:
        return inverse(matrix)
    flat = list(matrix)
    return sp.Matrix(matrix.rows, matrix.rows, lambda i, j: InverseEntry(*map(sp.Integer, (min(i, j), max(i, j))), *flat))
