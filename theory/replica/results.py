"""The end of a replica calculation: observables in closed form, and the theory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sympy as sp

from theory.asymptotics import limit_value
from theory.averages import mode_derivative, outermost
from theory.declaration.dimensions import Dim
from theory.declaration.scalars import mean
from theory.declaration.vectors import Vec
from theory.equations import Theory, Unknown
from theory.errors import DerivationError
from theory.modes import ModeArray, ModeIndex
from theory.normal_form import Resolvent, normal_form, residual_forms, resolvent_of, without_cancellation
from theory.replica.closure import over_gain, recognised
from theory.replica.data import array_of, given, moments, total
from theory.replica.observables import scalar_observable, site_observable
from theory.replica.verdicts import conditions, exchanged, overlaps
from theory.saddle import pulled_out, separated, tidy
from theory.symbols import size

State = Mapping[str, Any]

MEANINGS = {
    "kappa": "effective ridge: the scale of P η below which modes are not learned",
    "gamma": "gain of the error's feedback on itself",
    "chi": "response of the overlap (susceptibility)",
}


def expectations(state: State, energy) -> dict[str, Any]:
    """Every declared observable in the variables of the closed equations."""
    from theory.replica.engine import sample_expectation, site_law

    fields, law = state["fields"], site_law(state)
    values: dict[str, sp.Expr] = {}
    later = {}
    for name, observable in energy.observe.items():
        if isinstance(observable, Vec):
            at_index = site_observable(observable.expr, fields, law)
            values[name] = at_index.xreplace({fields.index: ModeIndex(fields.dim.name)})
        elif isinstance(observable, sp.Expr):
            values[name] = scalar_observable(observable, fields, law, lambda c, g: sample_expectation(state, c, g))
        else:
            later[name] = observable
    values = {name: _closed(value, state) for name, value in values.items()}
    sides = _sides(state, energy, law)
    for name, contribution in later.items():
        values[name] = _contribution(contribution, values, state, fields)
    return {"observables": {name: values[name] for name in energy.observe}, "overlaps_of_draws": overlaps(energy, sides)}


def _sides(state: State, energy, law) -> dict[str, tuple[sp.Expr, sp.Expr]]:
    """Both sides of Nishimori's identity: E<w>² = E<w²> − E(<w²> − <w>²), and the overlap with the target."""
    from theory.replica.engine import thermal_variance

    fields, sides = state["fields"], {}
    for name, other in exchanged(energy).items():
        spread = total(fields.dim, moments(thermal_variance(state), fields.site_noise), fields.index) / size(fields.dim.name)
        square = scalar_observable(mean(fields.dim, energy.state**2), fields, law, None)
        pair = square - spread, scalar_observable(other, fields, law, None)
        sides[name] = tuple(_closed(side, state) for side in pair)
    return sides


def _closed(value: sp.Expr, state: State) -> sp.Expr:
    """In the fixed point's unknowns and the gain; overlaps and conjugates eliminated."""
    value = value.xreplace(state["eliminated"])
    overlaps = list(state["overlaps"])
    value = separated(tidy(pulled_out(tidy(value), overlaps)))
    for name, definition in state["gain"].items():
        value = recognised(value, name, definition)
    return over_gain(value.xreplace(state["overlaps"]), *state["gain"])


def _contribution(contribution, values: Mapping[str, sp.Expr], state: State, fields) -> sp.Expr:
    """Source times the total derivative of an observable by the source's value at one mode."""
    entry = array_of(contribution.source)[ModeIndex(fields.dim.name)]
    observable = _expanded(values[contribution.of], state["gain"])
    derivative = mode_derivative(observable, entry)
    unknowns, equations = state["fixed_unknowns"], state["fixed_point"]
    residuals = [sp.expand(e.lhs - e.rhs) for e in equations]
    drive = sp.Matrix([mode_derivative(r, entry) for r in residuals])
    if not drive.is_zero_matrix:
        jacobian = sp.Matrix([[r.diff(x) for x in unknowns] for r in residuals])
        response = -jacobian.LUsolve(drive)
        derivative += sum(observable.diff(x) * d for x, d in zip(unknowns, response, strict=True))
    value = tidy(entry * derivative)
    for name, definition in state["gain"].items():
        value = recognised(value, name, definition)
    return over_gain(value, *state["gain"])


def _expanded(value: sp.Expr, gains: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    return value.xreplace(dict(gains))


def assembled(state: State, energy) -> dict[str, Any]:
    """The theory: unknowns with the intervals that hold them, equations, forms without cancellation, parameters."""
    unknowns, equations = state["fixed_unknowns"], state["fixed_point"]
    resolvents = [resolvent_of(e.rhs, u) for e, u in zip(equations, unknowns, strict=True)]
    stable = {}
    definitions = {**state["gain"], **state["overlaps_of_draws"]}
    everything = {symbol.name: value for symbol, value in definitions.items()} | dict(state["observables"])
    for name, value in everything.items():
        stable[name] = _stable(_expanded(value, state["gain"]), equations, resolvents)
    theory = Theory(
        name=energy.name,
        unknowns=tuple(_unknown(u, e, r) for u, e, r in zip(unknowns, equations, resolvents, strict=True)),
        equations=tuple(equations),
        residuals=tuple(residual_forms(e, r) for e, r in zip(equations, resolvents, strict=True)),
        definitions=definitions,
        observables=dict(state["observables"]),
        stable=stable,
        parameters=tuple(parameter_of(p) for p in energy.parameters),
        validity=getattr(energy, "validity", ""),
        references=energy.references,
        conditions=conditions(energy),
    )
    return {"theory": theory, **_normal_forms(theory, resolvents)}


def _stable(value: sp.Expr, equations, resolvents: list[Resolvent | None]) -> sp.Expr:
    for equation, resolvent in zip(equations, resolvents, strict=True):
        if resolvent is not None:
            value = without_cancellation(value, resolvent, sp.expand(equation.rhs - equation.lhs))
    return value


def _unknown(unknown: sp.Symbol, equation: sp.Eq, resolvent: Resolvent | None) -> Unknown:
    """With bounds where the map is provably increasing: its values at 0 and at infinity."""
    meaning = MEANINGS.get(unknown.name, "order parameter")
    if equation.lhs != unknown or resolvent is None:
        return Unknown(unknown, meaning)
    slope, _ = resolvent.named(sp.diff(equation.rhs, unknown))
    if not slope.is_nonnegative:
        return Unknown(unknown, meaning)
    try:
        lower, upper = (limit_value(equation.rhs, unknown, end) for end in (sp.S.Zero, sp.oo))
    except DerivationError:
        return Unknown(unknown, meaning)
    return Unknown(unknown, meaning, lower, upper)


def _normal_forms(theory: Theory, resolvents: list[Resolvent | None]) -> dict[str, Any]:
    """Fixed point and scalar observables in degrees of freedom, where one ridge-like parameter can be eliminated."""
    if len(theory.unknowns) != 1 or resolvents[0] is None:
        return {}
    equation, resolvent = theory.equations[0], resolvents[0]
    bare = sp.Add(*[t for t in sp.Add.make_args(equation.rhs) if not outermost(t)])
    if not isinstance(bare, sp.Symbol):
        return {}
    shown: dict[sp.Symbol, sp.Expr] = {}
    names: dict = {}
    for name in (bare.name, *[n for n in theory.observables if not _per_mode(theory.observables[n])]):
        expression = bare if name == bare.name else theory.expanded(name)
        value, used = normal_form(expression, resolvent, bare, equation)
        shown[bare if name == bare.name else name] = value
        names |= used
    return {"normal_form": shown, "degrees_of_freedom": names}


def _per_mode(expression: sp.Expr) -> bool:
    return any(isinstance(s, ModeIndex) for s in expression.free_symbols)


def parameter_of(parameter):
    """A declared parameter with the symbol that stands for it in the theory."""
    symbol = parameter.symbol
    if isinstance(symbol, Dim):
        symbol = size(symbol.name)
    elif given(symbol):
        symbol = array_of(symbol)
    elif parameter.ndim == 2:
        symbol = ModeArray(symbol.name, rank=2, real=True)
    return replace(parameter, symbol=symbol)
