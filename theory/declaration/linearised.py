"""Linearised dynamics: a declared dynamics beside its own small differences, which tell order from chaos."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from theory.declaration.checks import refuse
from theory.declaration.scalars import Average, Over
from theory.declaration.sites import Dot, Leaf, Site, tops
from theory.declaration.step import Step
from theory.declaration.vectors import State, Vec
from theory.declaration.walks import leaves, partial

PREFIX = "d_"
"""Name of the small difference of a state: that of the state behind it."""


def differential(vector: Vec, moved: Mapping[Leaf, Vec]) -> Vec:
    """First-order change of a vector, or of a sum, when states change by the vectors ``moved``.

    DeclarationError where a state stands in what has no such change.
    """
    return Vec(vector.dim, _change(vector.expr, moved))


def _change(expression: sp.Expr, moved: Mapping[Leaf, Vec]) -> sp.Expr:
    total = sp.S.Zero
    for top in sorted(tops(expression), key=str):
        if set(leaves(top)) & set(moved):
            total += partial(expression, top) * _change_of(top, moved)
    return total


def _change_of(top: sp.Expr, moved: Mapping[Leaf, Vec]) -> sp.Expr:
    if isinstance(top, Site) and isinstance(top.node, Leaf):
        return moved[top.node].expr
    if isinstance(top, Site) and isinstance(top.node, Dot) and not set(leaves(top.node.matrix)) & set(moved):
        return (top.node.matrix @ differential(top.node.vector, moved)).expr
    if isinstance(top, Over) and not isinstance(top, Average):
        return Over(_change(top.expr, moved), top.dim)
    refuse("linearised dynamics", top, "states may stand in vectors, local fields and sums only")


def linearised(model: Step) -> Step:
    """The dynamics with a small difference ``d_x`` beside every state x, which starts from independent standard Gaussians.

    Observables are those of the model, and ``separation``, the mean square of all differences. DeclarationError for couplings that
    learn and for multipliers.
    """
    if model.couplings or model.constraints:
        what = next(iter({**model.couplings, **model.constraints}))
        refuse(f"linearised {model.name}", f"{what} moves with the states", "only dynamics of vectors have an exponent here")
    states = {leaf: Vec(leaf.dim, leaf.symbol) for leaf in sorted(model.rules, key=lambda a: a.name)}
    moved = {leaf: State(PREFIX + leaf.name, *leaf.dims, initial_variance=1) for leaf in states}
    rules = {states[leaf]: rule for leaf, rule in model.rules.items()}
    rules |= {moved[leaf]: differential(rule, moved) for leaf, rule in model.rules.items()}
    initial = {states[leaf]: start for leaf, start in model.initial.items()}
    separation = sp.Add(*[_mean_square(difference) for difference in moved.values()])
    momentum = {Vec(leaf.dim, leaf.symbol): m for leaf, m in model.momentum.items()}
    momentum |= {moved[leaf]: m for leaf, m in model.momentum.items()}
    return Step(
        rules, observe={**model.observe, "separation": separation}, continuous=model.continuous, initial=initial,
        parameters=model.parameters, name=f"{model.name}-linearised", reference=model.references or None, momentum=momentum,
    )  # fmt: skip


def _mean_square(difference: Vec) -> sp.Expr:
    total = Over(difference.expr**2, difference.dim) / difference.dim
    for dim in difference.leaf.dims:
        total = Over(total, dim) if dim.finite else total
    return total
