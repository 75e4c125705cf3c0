"""How many eigenvalues a matrix in generic position has that are not zero, counted without solving anything."""

from __future__ import annotations

import sympy as sp

from theory.averages import ModeSum
from theory.declaration.ensembles import Gaussian
from theory.declaration.matrices import Diag, Inv, Prod, Sum
from theory.declaration.matrix import Mat
from theory.modes import ModeIndex
from theory.replica.data import at_mode, plain
from theory.special import Support
from theory.symbols import size


def generic_rank(matrix: Mat) -> sp.Expr | None:
    """The rank in sizes and counts of non-zero data; None where the matrices are not in general position as written.

    A Gaussian matrix in a product puts what stands left and right of it in general position, so that ranks of factors are
    compared; a sum of products adds ranks as long as no draw stands in two of its terms.
    """
    if isinstance(matrix, Diag):
        return _count(matrix)
    if isinstance(matrix, Gaussian):
        if matrix.leaf.how["mean"] != 0:
            return None
        sides = zip(matrix.leaf.dims, ("row_covariance", "column_covariance"), strict=True)
        return sp.Min(*[_count(Diag(dim, matrix.leaf.how[key])) for dim, key in sides])
    if isinstance(matrix, Inv):
        return size(matrix.rows.name)
    ranks = [generic_rank(part) for part in matrix.args]
    if any(rank is None for rank in ranks):
        return None
    if isinstance(matrix, Prod):
        mixed = all(isinstance(a, Gaussian) or isinstance(b, Gaussian) for a, b in zip(matrix.args, matrix.args[1:], strict=False))
        sums = [(part, [b for b in matrix.args if b is not part]) for part in matrix.args if isinstance(part, Sum)]
        apart = all(_drawn(part).isdisjoint(_drawn(b)) for part, others in sums for b in others)
        return sp.Min(*ranks) if mixed and apart else None
    if isinstance(matrix, Sum):
        drawn = [_drawn(part) for part in matrix.args]
        apart = all(a.isdisjoint(b) for i, a in enumerate(drawn) for b in drawn[:i])
        free = sum(not names for names in drawn) <= 1
        return sp.Min(sp.Add(*ranks), size(matrix.rows.name)) if apart and free else None
    return None


def _count(diagonal: Diag) -> sp.Expr:
    index = ModeIndex(diagonal.rows.name, "k")
    entry = at_mode(diagonal.vector.expr, index)
    if index not in entry.free_symbols:
        return plain(size(diagonal.rows.name)) if entry != 0 else sp.S.Zero
    return ModeSum(Support(entry**2), index)  # the square, so that given vectors of either sign are counted entry by entry


def _drawn(matrix: Mat) -> set[str]:
    if isinstance(matrix, Gaussian):
        return {matrix.leaf.name}
    if isinstance(matrix, Diag):
        return set()
    return set().union(*[_drawn(part) for part in matrix.args if isinstance(part, Mat)])
