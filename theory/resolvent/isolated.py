"""Random matrices that only begin a vector, as unseen samples do: their average is exact and comes first."""

from __future__ import annotations

import sympy as sp

from theory.declaration.ensembles import Gaussian
from theory.declaration.matrices import Diag, Prod, Sum
from theory.declaration.matrix import Mat
from theory.declaration.sites import varies
from theory.declaration.walks import leaves
from theory.resolvent.dyson import traced


def averaged_form(left: Mat, weight: sp.Expr, right: Mat) -> Mat | None:
    """E leftᵀ diag(weight) right over a matrix that each side begins with, None where there is none; its dimension is summed."""
    first, second = _terms(left), _terms(right)
    isolated = {leaf for terms in (first, second) for term in terms if (leaf := _ahead(term)) and _alone(leaf, first, second)}
    if not isolated:
        return None
    total = None
    for a in first:
        for b in second:
            leaf, other = _ahead(a), _ahead(b)
            if (leaf in isolated or other in isolated) and leaf != other:
                continue
            part = _paired(a, leaf, weight, b) if leaf in isolated else a.T @ Diag(a.rows, weight) @ b
            total = part if total is None else total + part
    return total


def _terms(matrix: Mat) -> list[Mat]:
    """A matrix as a sum of products, opened as far as its first factor."""
    if isinstance(matrix, Sum):
        return [t for term in matrix.args for t in _terms(term)]
    if isinstance(matrix, Prod):
        place = next(i for i, f in enumerate(matrix.args) if not isinstance(f, Diag))
        front = matrix.args[place]
        if isinstance(front, Sum):
            before, after = matrix.args[:place], matrix.args[place + 1 :]
            return [t for term in front.args for t in _terms(Prod(*before, term, *after))]
    return [matrix]


def _ahead(term: Mat):
    """The Gaussian matrix that a product begins with, scalars left out."""
    factors = [f for f in (term.args if isinstance(term, Prod) else (term,)) if not (isinstance(f, Diag) and f.is_scalar)]
    plain = factors and isinstance(factors[0], Gaussian) and not factors[0].transposed
    usual = plain and factors[0].leaf.how["mean"] == 0 and "symmetry" not in factors[0].leaf.how
    return factors[0].leaf if usual else None


def _alone(leaf, *sides: list[Mat]) -> bool:
    """Whether a matrix stands nowhere but at the beginning of products."""
    return not any(leaf in leaves(_rest(term)) for terms in sides for term in terms if _ahead(term) == leaf or leaf in leaves(term))


def _rest(term: Mat) -> Mat:
    """A product without the matrix it begins with; other terms as they are."""
    if _ahead(term) is None:
        return term
    factors = term.args if isinstance(term, Prod) else (term,)
    place = next(i for i, f in enumerate(factors) if isinstance(f, Gaussian))
    scalars, after = factors[:place], factors[place + 1 :]
    number = sp.Mul(*[f.vector.expr for f in scalars])
    dim = factors[place].cols
    return Prod(Diag(dim, number), *after)


def _paired(a: Mat, leaf, weight: sp.Expr, b: Mat) -> Mat:
    how = leaf.how
    dim, profile = leaf.dims[0], weight * how["row_covariance"]
    number = how["variance"] * (traced(dim, profile) if varies(profile) else dim * profile)
    return _rest(a).T @ Diag(leaf.dims[1], number * how["column_covariance"]) @ _rest(b)
