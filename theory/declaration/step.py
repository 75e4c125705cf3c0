"""The law of a dynamics: how states move in time, each driven by what it and the others are now."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from theory.declaration.checks import refuse, scalar
from theory.declaration.dimensions import mismatch
from theory.declaration.gradients import gradient
from theory.declaration.laws import Model
from theory.declaration.matrix import Mat
from theory.declaration.parameters import Parameter
from theory.declaration.printing import entry
from theory.declaration.sites import Leaf, batch
from theory.declaration.vectors import Vec
from theory.declaration.walks import leaves, substitute, symbols
from theory.symbols import time


class Step(Model):
    """States that obey dx/dt = rule (``continuous``, the default), or x(t+1) = rule.

    ``rules`` maps each State to a vector of the same dimension, ``where`` other States to what they are at the same time,
    ``initial`` states to where they start: from zero if they are not in it, or from the draw of their ``initial_variance``.
    Observables are taken at the time ``t``, which is a parameter. DeclarationError for a state without a law, for definitions that
    run in a circle, and for shapes that do not fit.
    """

    law = "Step"

    def __init__(
        self, rules, observe=None, continuous=True, where=None, initial=None, parameters=(), name=None, reference=None
    ) -> None:
        if not isinstance(continuous, bool):
            refuse("continuous", repr(continuous), "pass True for dx/dt = rule, False for x(t+1) = rule")
        given = _mapping("rules", rules)
        if not given:
            refuse("rules", "none", "give at least one state its law")
        defined = _settled(_mapping("where", where))
        for leaf in defined:
            if leaf in given:
                refuse("two laws of one state", leaf, "give it a rule or a definition, not both")
        self.continuous = continuous
        self.rules = {leaf: substitute(rule, defined) for leaf, rule in given.items()}
        self.initial = {leaf: substitute(v, defined) for leaf, v in _mapping("initial", initial).items()}
        observe = {} if observe is None else observe
        if isinstance(observe, Mapping):
            observe = {k: substitute(v, defined) if isinstance(v, (sp.Expr, Vec)) else v for k, v in observe.items()}
        self._check(observe)
        laws = tuple((leaf.symbol, rule.expr) for leaf, rule in sorted(self.rules.items(), key=_by_name))
        starts = tuple((leaf.symbol, start.expr) for leaf, start in sorted(self.initial.items(), key=_by_name))
        named = list(parameters) if isinstance(parameters, (tuple, list)) else [parameters]
        if not any(isinstance(p, Parameter) and p.symbol == time for p in named):
            meaning = "time" if continuous else "number of steps"
            named.insert(0, Parameter("t", time, meaning, lower=0, integer=not continuous))
        super().__init__(self.rules, (laws, starts, time), observe, named, name, reference)

    def _check(self, observe) -> None:
        for leaf, rule in self.rules.items():
            if batch(rule.expr) or len(leaf.dims) != 1:
                refuse(f"law of {leaf}", rule, "states over finite dimensions have no law yet; declare one state each")
        for leaf, start in self.initial.items():
            if leaf not in self.rules:
                refuse("initial value without a law", leaf, "give the state a rule")
            if leaf.how.get("initial_variance") is not None:
                refuse(f"initial value of {leaf}", start, "it is drawn already; drop initial_variance or initial=")
            moving = [a for a in leaves(start) if a.kind == "state"]
            if moving:
                refuse(f"initial value of {leaf}", f"{start} holds the state {moving[0]}", "start from given or drawn vectors")
        for where, parts in (
            ("rule", self.rules.values()),
            ("observable", observe.values() if isinstance(observe, Mapping) else ()),
        ):
            for part in parts:
                loose = [a for a in leaves(part) if a.kind == "state" and a not in self.rules]
                if loose:
                    refuse("state without a law", f"{loose[0]} in the {where} {part}", "give it a rule, or define it with where=")

    def _options(self) -> tuple:
        return (self.continuous,)

    def derive(self):
        """The dynamical mean-field theory as a Derivation, every step of it."""
        from theory.dmft import derive

        return derive(self)

    def latex(self) -> str:
        """The laws and initial values as mathematics."""
        return r"\begin{aligned}" + r" \\ ".join(self._lines()) + r"\end{aligned}"

    def _lines(self) -> list[str]:
        lines = []
        for leaf, rule in sorted(self.rules.items(), key=_by_name):
            state = entry(Vec(leaf.dim, leaf.symbol))
            left = rf"\partial_t {state}" if self.continuous else rf"{state}(t+1)"
            lines.append(f"{left} &= {entry(rule)}")
            if leaf in self.initial:
                lines.append(f"{state}(0) &= {entry(self.initial[leaf])}")
            elif "initial_variance" in leaf.how:
                lines.append(rf"{state}(0) &\sim \mathcal{{N}}\left(0, {sp.latex(leaf.how['initial_variance'])}\right)")
            else:
                lines.append(f"{state}(0) &= 0")
        return lines

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle {self.latex()}$"


def flow_rules(energy, rate=1) -> dict:
    """Gradient flow, state by state: dw/dt = -rate dE/dw.

    DeclarationError where the energy has a temperature, a prior or a gradient that is no function.
    """
    rate = scalar(rate, "rate")
    if rate.is_nonpositive or batch(rate) or any(a.kind for a in leaves(rate)):
        refuse(f"rate of the flow of {energy.name}", rate, "pass a positive number or parameter")
    if energy.temperature != 0:
        refuse(f"flow of {energy.name}", f"temperature {energy.temperature}", "a flow goes downhill; only temperature 0 has one")
    rules = {}
    for state in energy.over:
        if state.leaf.how.get("prior") is not None:
            refuse(f"flow of {energy.name}", f"the {state.leaf.how['prior']} prior of {state}", "put a penalty in its place")
        slope = gradient(energy.energy, state)
        if slope.expr.has(sp.DiracDelta):
            refuse(f"flow of {energy.name}", f"the gradient by {state} is no function", "the energy must not jump")
        rules[state] = -rate * slope
    return rules


def flow(energy, rate=1) -> Step:
    """Gradient flow of an energy from the origin (or from the draw that its states declare), with the same observables."""
    rules = flow_rules(energy, rate)
    parts = (*rules.values(), *(v for v in energy.observe.values() if isinstance(v, (sp.Expr, Vec))))
    standing = {*(s for v in parts for s in symbols(v)), *(a.symbol for v in parts for a in leaves(v))}
    parameters = [p for p in energy.parameters if p.symbol in standing]
    return Step(rules, energy.observe, parameters=parameters, name=f"{energy.name}-flow", reference=energy.references or None)


def _by_name(item):
    return item[0].name


def _mapping(what: str, given) -> dict[Leaf, Vec]:
    """Vectors by state, each over the dimension of its state."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        refuse(what, repr(given), "pass a mapping from State to vector")
    found = {}
    for state, value in given.items():
        if isinstance(state, Mat):
            refuse(f"{what}: law of the matrix {state}", value, "only vectors move; matrices stay as drawn")
        if not isinstance(state, Vec) or state.leaf.kind != "state":
            refuse(f"{what}: law of", state, "the left-hand side is what State(name, dim) returned")
        if isinstance(value, Mat):
            refuse(f"{what}: law of {state}", f"the matrix {value}", "apply it to a vector with @")
        value = value if isinstance(value, Vec) else Vec(state.dim, scalar(value, f"law of {state}"))
        if value.dim not in (state.dim, None):
            refuse(
                f"{what}: law of {state}", f"{value} is over another dimension, {mismatch(value.dim, state.dim)}", "apply a matrix"
            )
        found[state.leaf] = Vec(state.dim, value.expr)
    return found


def _settled(definitions: dict[Leaf, Vec]) -> dict[Leaf, Vec]:
    """Definitions in terms of states that move; DeclarationError where they run in a circle."""
    settled: dict[Leaf, Vec] = {}
    rest = dict(definitions)
    while rest:
        ready = [leaf for leaf, value in rest.items() if not set(leaves(value)) & set(rest)]
        if not ready:
            circle = ", ".join(sorted(leaf.name for leaf in rest))
            refuse("instantaneous cycle", circle, "each needs the other at the same time; give one of them a rule in time")
        for leaf in ready:
            settled[leaf] = substitute(rest.pop(leaf), settled)
    return settled
