"""Averages over the fields of a sample that its potential couples: a symbol for each, whatever a teacher says of the sample.

What the passive fields decide is a weight then, labels and their probabilities; the effective potential does not depend on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sympy as sp

from theory.errors import DerivationError
from theory.joint_average import JointAverage
from theory.modes import ModeValue
from theory.replica.products import DEEPEST, Gaussians, Product, depth

MOST = 3
"""Fields over which functions are averaged together."""
Edges = Mapping[sp.Symbol, tuple[sp.Expr, sp.Expr]]


def is_joint(groups: Iterable[Sequence[int]], potential: sp.Expr, edges: Edges, passive: Sequence[sp.Symbol]) -> bool:
    """Whether each field is coupled to others and passive fields say no more than which potential, with which weight."""
    ends = sp.Tuple(*[e for pair in edges.values() for e in pair])
    return (
        all(1 < len(group) <= MOST for group in groups)
        and potential.free_symbols.isdisjoint(passive)
        and ends.free_symbols <= set(passive)
        and not potential.has(ModeValue)
    )


def jointly(
    gaussian: Gaussians, product: Product, weight: sp.Expr, edges: Edges, omega: Sequence[sp.Symbol], passive: Sequence[sp.Symbol],
    by: sp.Symbol | None = None,
) -> sp.Expr | None:  # fmt: skip
    """Average of a product with a weight between edges, or of its derivative by a passive field; None for another form."""
    smooth = [x for x in omega if x in product.factor.free_symbols]
    whole = [*smooth, *passive]
    if product.parts or not 0 < len(smooth) <= MOST or (by is None and product.factor.is_polynomial(*whole)):
        return None
    known, function = product.factor.as_independent(*smooth, as_Add=False)
    if not function.free_symbols.isdisjoint(passive):
        return None
    weight = weight * known
    rough = [u for u in passive if u in weight.free_symbols or u in edges]
    if by is not None and by not in rough:
        return sp.S.Zero
    y = (*smooth, *rough)
    covariance = [gaussian.between(a, b) for a in y for b in y]
    if sp.Tuple(*covariance, function).has(ModeValue):
        return None
    outside, weight = weight.as_independent(*rough, as_Add=False) if rough else (weight, sp.S.One)
    ends = [edges.get(u, (-sp.oo, sp.oo)) for u in rough]
    indices = () if by is None else (y.index(by),)
    found = JointAverage(function, weight, ends, y, [gaussian.means[x] for x in y], covariance, indices)
    for one in found.atoms(JointAverage):
        nested = one.count + max(depth(e) for _, e in one.moments(0))
        if nested > DEEPEST:
            raise DerivationError(
                f"energy: averages over {', '.join(map(str, y))} need {nested} nested integrals, {DEEPEST} are done; let it act "
                "through fewer fields that are coupled"
            )
    return outside * found
