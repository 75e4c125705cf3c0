"""The mean of a loss over fresh samples: a sum of squares over the modes in the place of one over the samples."""

from __future__ import annotations

import sympy as sp

from theory.declaration.dimensions import Dim
from theory.declaration.scalars import Over
from theory.declaration.sites import Dot, Leaf, Site, tops
from theory.declaration.vectors import Vec
from theory.declaration.walks import expand, leaves, linear_coefficients, replace_tops, terms
from theory.descent.polarised import perfect_square
from theory.errors import DerivationError

Residual = tuple[sp.Expr, dict[Leaf, Vec], sp.Expr]


def residual_of(loss: sp.Expr, state: Leaf) -> tuple[sp.Expr, sp.Expr]:
    """A loss c Σ r² as (c, r); DerivationError for any other one."""
    found = terms(loss)
    if len(found) != 1:
        raise DerivationError(f"loss: {loss} is a sum of {len(found)} sums over samples; write it as one square of a residual")
    ((coefficient, expression, _),) = found
    names = {top: sp.Dummy(real=True) for top in sorted(tops(expression), key=str)}
    square = perfect_square(replace_tops(expression, names), list(names.values()))
    if square is None or square[0].free_symbols & set(names.values()):
        raise DerivationError(f"loss: {expression} is not the square of a residual affine in {state.name}; only those are derived")
    back = {d: top for top, d in names.items()}
    return coefficient * square[0].xreplace(back), square[1].xreplace(back)


def spread(residual: sp.Expr, samples: Dim) -> tuple[dict[Leaf, Vec], sp.Expr]:
    """A residual of fresh samples as Σ of matrices X @ v plus noise: v by X, and the variance of the noise."""
    fields: dict[Leaf, Vec] = {}
    variance = sp.S.Zero
    slopes, rest = linear_coefficients(expand(residual))
    if rest != 0:
        raise DerivationError(f"residual: {rest} is the same for all fresh samples; give it a random matrix")
    for site, slope in slopes.items():
        node = site.node if isinstance(site, Site) else None
        if isinstance(node, Leaf) and node.kind == "noise":
            variance += slope**2 * node.how["variance"]
        elif isinstance(node, Dot) and getattr(node.matrix, "leaf", None) is not None and node.matrix.leaf.dims[0] == samples:
            leaf, vector = node.matrix.leaf, slope * node.vector
            if leaf.how.get("mean", 0) != 0 or leaf.how.get("row_covariance", 1) != 1 or {"symmetry", "partner"} & set(leaf.how):
                raise DerivationError(f"matrix {leaf.name}: fresh samples are independent and centred; declare it so")
            fields[leaf] = fields[leaf] + vector if leaf in fields else vector
        else:
            raise DerivationError(f"residual: {site} is no random matrix with fresh rows applied to a vector; write it so")
    return fields, variance


def population(loss: sp.Expr, state: Leaf, samples: Dim) -> sp.Expr:
    """The mean of the loss over fresh samples, still summed over as many."""
    factor, residual = residual_of(loss, state)
    fields, variance = spread(residual, samples)
    total = variance
    for leaf in sorted(fields, key=lambda x: x.name):
        law = leaf.how["variance"] * leaf.how["column_covariance"]
        total += Over(law * fields[leaf].expr ** 2, leaf.dims[1])
    if not any(state in leaves(v) for v in fields.values()):
        raise DerivationError(f"loss: {loss} does not depend on {state.name}")
    return factor * samples * total
