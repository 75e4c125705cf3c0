"""What is given to a dynamics, checked: laws by state, definitions, momenta and constraints."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from theory.declaration.checks import refuse, scalar
from theory.declaration.dimensions import Dim, mismatch
from theory.declaration.learning import Learning, learning
from theory.declaration.matrix import Mat
from theory.declaration.sites import Leaf, Site, batch, generic, varies
from theory.declaration.vectors import Vec
from theory.declaration.walks import leaves, substitute
from theory.symbols import time


def vectors(what: str, given) -> dict[Leaf, Vec]:
    """Vectors by state, each over the dimensions of its state."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        refuse(what, repr(given), "pass a mapping from State to vector")
    found = {}
    for state, value in given.items():
        if isinstance(state, Mat):
            refuse(f"{what}: {state}", value, "a matrix starts from its draw and takes a rule only")
        if not isinstance(state, Vec) or state.leaf.kind != "state":
            refuse(f"{what}: law of", state, "the left-hand side is what State(name, dim) returned, or a Gaussian matrix")
        if isinstance(value, Mat):
            refuse(f"{what}: law of {state}", f"the matrix {value}", "apply it to a vector with @")
        value = value if isinstance(value, Vec) else Vec(state.dim, scalar(value, f"law of {state}"))
        if value.dim not in (state.dim, None):
            refuse(
                f"{what}: law of {state}", f"{value} is over another dimension, {mismatch(value.dim, state.dim)}", "apply a matrix"
            )
        extra = sorted(map(str, batch(value.expr) - set(state.leaf.dims)))
        if extra:
            refuse(f"{what}: law of {state}", f"{value} carries {extra[0]}, which {state} has not", "sum over it, or declare it")
        found[state.leaf] = Vec(state.dim, value.expr)
    return found


def couplings(given) -> tuple[dict[Leaf, Learning], dict]:
    """The laws of the matrices among the given rules, and the rest."""
    if not isinstance(given, Mapping):
        refuse("rules", repr(given), "pass a mapping from State to vector")
    found = {}
    for state, rule in given.items():
        if isinstance(state, Mat):
            if not hasattr(state, "transposed"):
                refuse("law of a compound matrix", state, "give each Gaussian matrix in it a law of its own")
            found[state.leaf] = learning(state, rule)
    return found, {state: rule for state, rule in given.items() if not isinstance(state, Mat)}


def settled(definitions: dict[Leaf, Vec]) -> dict[Leaf, Vec]:
    """Definitions in terms of states that move; DeclarationError where they run in a circle."""
    done: dict[Leaf, Vec] = {}
    rest = dict(definitions)
    while rest:
        ready = [leaf for leaf, value in rest.items() if not set(leaves(value)) & set(rest)]
        if not ready:
            circle = ", ".join(sorted(leaf.name for leaf in rest))
            refuse("instantaneous cycle", circle, "each needs the other at the same time; give one of them a rule in time")
        for leaf in ready:
            done[leaf] = substitute(rest.pop(leaf), done)
    return done


def momenta(given, states, continuous: bool) -> dict[Leaf, sp.Expr]:
    """Momentum by state, where it is not zero: one number for all, or a mapping from State or matrix."""
    if isinstance(given, Mapping):
        named = {}
        for state, value in given.items():
            leaf = getattr(state, "leaf", None)
            if leaf not in states:
                refuse("momentum", state, "it belongs to a state or matrix that has a rule")
            named[leaf] = scalar(value, f"momentum of {leaf}")
    else:
        named = dict.fromkeys(states, scalar(given, "momentum"))
    for leaf, value in named.items():
        if generic(value) or value.is_negative or (1 - value).is_nonpositive:
            refuse(f"momentum of {leaf}", value, "pass a number or parameter from 0 to below 1")
    found = {leaf: value for leaf, value in named.items() if value != 0}
    if found and not continuous:
        refuse("momentum", next(iter(found)), "x(t+1) = rule has no rate; give the velocity a state of its own")
    return found


def constrained(given, rules: Mapping[Leaf, Vec]) -> dict[sp.Symbol, sp.Expr]:
    """Constraints by multiplier."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        refuse("constraints", repr(given), "pass a mapping from a multiplier, a symbol, to what must vanish")
    found = {}
    for multiplier, value in given.items():
        if not isinstance(multiplier, sp.Symbol) or isinstance(multiplier, (Dim, Site)) or multiplier == time:
            refuse("multiplier", repr(multiplier), "take a symbol of its own, such as Symbol('mu', real=True)")
        value = value.expr if isinstance(value, Vec) else scalar(value, f"constraint of {multiplier}")
        if varies(value) or batch(value):
            refuse(f"constraint of {multiplier}", value, "it is one number: sum_over(...)")
        if not set(leaves(value)) & set(rules):
            refuse(f"constraint of {multiplier}", f"{value} holds no state", "constrain a state")
        if not any(multiplier in rule.expr.free_symbols for rule in rules.values()):
            refuse(f"multiplier {multiplier}", "no rule holds it", "let it act on the constrained state, or drop it")
        for leaf, rule in rules.items():
            if multiplier in sp.diff(rule.expr, multiplier).free_symbols:
                refuse(f"multiplier {multiplier}", f"{rule} in the law of {leaf} is not linear in it", "let it multiply a force")
        found[multiplier] = value
    return found
