"""Reading a declared dynamics: laws, starts, couplings that learn, constraints and observables, in fields."""

from __future__ import annotations

import sympy as sp

from theory.declaration.copies import original
from theory.declaration.vectors import Vec
from theory.declaration.walks import collect
from theory.dmft.fields import Fields, Learnt
from theory.dmft.notation import step
from theory.errors import DerivationError
from theory.replica.data import at_mode, plain


def read_fields(model, observe: bool = False) -> Fields:
    """Fields of a :class:`~theory.declaration.step.Step`; DerivationError for what is not derived, naming it.

    ``observe``: those of its observables too.
    """
    fields = Fields(model)
    for leaf in sorted(model.rules, key=lambda a: a.name):
        fields.leaf(leaf)
    for leaf, rule in sorted(model.rules.items(), key=lambda item: item[0].name):
        state = fields.leaf(leaf)
        rate = fields.lower(collect(Vec(leaf.dim, rule.expr.expand() if rule.expr.is_Mul else rule.expr)).expr, leaf.dim)
        if leaf in model.momentum:
            rate = _with_velocity(fields, state, rate, model.momentum[leaf])
        fields.laws[state] = rate if model.continuous else rate - state
        start = model.initial.get(leaf)
        if start is not None:
            fields.starts[state] = fields.lower(start.expr, leaf.dim)
        elif "initial_variance" in leaf.how:
            drawn = fields._symbol(f"{original(leaf).name}_0", leaf.dim, fields.batches[state])
            fields.starts[state], fields.variances[drawn] = drawn, at_mode(leaf.how["initial_variance"], fields.index(leaf.dim))
        else:
            fields.starts[state] = sp.S.Zero
    for leaf, law in sorted(model.couplings.items(), key=lambda item: item[0].name):
        pairs = tuple((fields.field(collect(post)), fields.field(collect(pre))) for post, pre in law.pairs)
        fields.learnt[leaf] = Learnt(plain(law.decay), plain(model.momentum.get(leaf, sp.S.Zero)), pairs)
    for multiplier, value in sorted(model.constraints.items(), key=lambda item: item[0].name):
        fields.constraints[multiplier] = held = fields.lower(value, None)
        for m in sorted(held.free_symbols & set(fields.sums), key=str):
            if fields.sums[m].summand.free_symbols & {*fields.auxiliary, *(u.out for u in fields.uses), *fields.sums}:
                raise DerivationError(f"{model.name}: the constraint of {multiplier} holds a local field; constrain states alone")
    if not fields.uses and not fields.sums:
        raise DerivationError(f"{model.name}: no Gaussian matrix acts on a state; there is no disorder to average")
    if observe:
        for name, value in model.observe.items():
            if not isinstance(value, sp.Expr):
                raise DerivationError(f"{model.name}: observable {name} is not one number; only sums over sites are derived")
            fields.observables[name] = fields.lower(collect(value), None)
    return fields


def _with_velocity(fields: Fields, state: sp.Symbol, rate: sp.Expr, momentum: sp.Expr) -> sp.Expr:
    """The rate of a state that is carried on by its velocity, which gets a law of its own."""
    velocity, momentum = fields._symbol(f"v_{state.name}", fields.dims[state], fields.batches[state]), plain(momentum)
    fields.laws[velocity] = ((momentum - 1) * velocity + rate) / step
    fields.starts[velocity] = sp.S.Zero
    return momentum * velocity + rate
