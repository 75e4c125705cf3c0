"""Gradient flow of an energy: for a network, backpropagation with Hebbian updates of its matrices."""

from __future__ import annotations

import sympy as sp

from theory.declaration.checks import refuse, scalar
from theory.declaration.gradients import gradient
from theory.declaration.matrix import Mat
from theory.declaration.sites import batch
from theory.declaration.step import Step
from theory.declaration.vectors import Vec
from theory.declaration.walks import leaves, symbols


def flow_rules(energy, rate=1, decay=0) -> dict:
    """Gradient flow, state by state: dw/dt = -rate dE/dw - decay w.

    DeclarationError where the energy has a temperature, a prior or a gradient that is no function.
    """
    rate, decay = scalar(rate, "rate"), scalar(decay, "decay")
    if rate.is_nonpositive or batch(rate) or any(a.kind for a in leaves(rate)):
        refuse(f"rate of the flow of {energy.name}", rate, "pass a positive number or parameter")
    if decay.is_negative or batch(decay) or leaves(decay):
        refuse(f"decay in the flow of {energy.name}", decay, "pass a number or parameter that is not negative")
    if energy.temperature != 0:
        refuse(f"flow of {energy.name}", f"temperature {energy.temperature}", "a flow goes downhill; only temperature 0 has one")
    rules = {}
    for state in energy.over:
        if state.leaf.how.get("prior") is not None:
            refuse(f"flow of {energy.name}", f"the {state.leaf.how['prior']} prior of {state}", "put a penalty in its place")
        slope = gradient(energy.energy, state)
        parts = slope.args if isinstance(state, Mat) else (slope.expr,)
        if any(part.has(sp.DiracDelta) for part in parts if isinstance(part, sp.Basic)):
            refuse(f"flow of {energy.name}", f"the gradient by {state} is no function", "the energy must not jump")
        rules[state] = -rate * slope if decay == 0 else -rate * slope - decay * state
    return rules


def flow(energy, rate=1, momentum=0, decay=0) -> Step:
    """Gradient flow of an energy from the origin (or from the draw that its states declare), with the same observables."""
    rules = flow_rules(energy, rate, decay)
    parts = (*rules.values(), *(v for v in energy.observe.values() if isinstance(v, (sp.Expr, Vec))))
    standing = {*(s for v in parts for s in symbols(v)), *(a.symbol for v in parts for a in leaves(v) if len(a.dims) < 2)}
    standing |= scalar(momentum, "momentum").free_symbols if not hasattr(momentum, "items") else set()
    parameters = [p for p in energy.parameters if p.symbol in standing]
    name, reference = f"{energy.name}-flow", energy.references or None
    return Step(rules, energy.observe, parameters=parameters, name=name, reference=reference, momentum=momentum)
