"""The end of a replica calculation with one-body averages: stability, free energy, observables, and the theory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from theory.declaration.scalars import Average, Over
from theory.declaration.sites import tops
from theory.declaration.vectors import Vec
from theory.equations import Theory, Unknown
from theory.errors import DerivationError
from theory.modes import ModeIndex
from theory.replica.data import plain, total
from theory.replica.results import parameter_of
from theory.symbols import size

State = Mapping[str, Any]
MEANINGS = {
    "q": "overlap of two replicas",
    "m": "overlap with the teacher",
    "c": "variance of one replica",
    "chi": "response of the overlap (susceptibility)",
}


def definitions(state: State, energy) -> dict[str, Any]:
    """The replicon eigenvalue, stable while positive (one set of samples), and the energy or entropy at the saddle point."""
    from theory.replica.general import closed, free_energy, sample_laws, site_law

    model, found = state["model"], {}
    if len(model.samples) == 1:
        (s,), (law,), site = model.samples, sample_laws(state), site_law(state)
        bend = size(s.dim.name) * law.mean(lambda body, _: body.curvature.map(lambda e: e**2))
        _, variance = site.moments()
        found["replicon"] = 1 - bend * site.sum(variance.map(lambda e: e**2), s.form[2] ** 2)
    if state["regime"] == "UNSAT":
        found["ground_state_energy"] = -free_energy(state)
    elif state["regime"] == "SAT":
        found["entropy"] = free_energy(state)
    taken = {*energy.observe, *(p.name for p in energy.parameters)}
    values = {name: closed(value, state) for name, value in found.items() if name not in taken}
    return {"definitions": {sp.Symbol(name, real=True): value for name, value in values.items()}}


def observables(state: State, energy) -> dict[str, Any]:
    """Every declared observable in the unknowns of the closed equations."""
    from theory.replica.general import closed

    values = {}
    for name, observable in energy.observe.items():
        if isinstance(observable, Vec):
            at_index = _site(observable.expr, state)
            value = at_index.xreplace({state["model"].index: ModeIndex(state["model"].dim.name)})
        elif isinstance(observable, sp.Expr):
            value = _scalar(observable, state)
        else:
            raise DerivationError(
                f"observable {name}: contributions of modes are derived for quadratic energies; observe the modes"
            )
        values[name] = closed(value, state)
    return {"observables": values}


def _site(expression: sp.Expr, state: State) -> sp.Expr:
    """Expectation of a site expression; ``average(...)`` in it stands for an expectation of its own."""
    from theory.replica.general import site_law

    inner = {}
    for top in tops(expression):
        if isinstance(top, Average):
            inner[top] = sp.Dummy("average", real=True)
        elif isinstance(top, sp.Expr) and not isinstance(top, sp.Symbol):
            raise DerivationError(f"observable: the sum {top} inside another one; write it as an observable of its own")
    values = {stand_in: _site(top.expr, state) for top, stand_in in inner.items()}
    return site_law(state).expectation(state["model"].at_site(expression.xreplace(inner))).xreplace(values)


def _scalar(expression: sp.Expr, state: State) -> sp.Expr:
    """Expectation of a function of sums over sites and samples, which do not fluctuate."""
    model, rule = state["model"], {}
    for top in tops(expression):
        if isinstance(top, Over) and top.dim == model.dim:
            rule[top] = total(model.dim, _site(top.expr, state), model.index)
        elif isinstance(top, Over):
            rule[top] = _samples(top, state)
        else:
            raise DerivationError(f"observable: {top} is no sum over a dimension; wrap it in sum_over or mean")
    return plain(expression.xreplace(rule))


def _samples(top: Over, state: State) -> sp.Expr:
    from theory.replica.general import sample_laws

    for s, law in zip(state["model"].samples, sample_laws(state), strict=True):
        if s.dim == top.dim:
            return size(s.dim.name) * law.expectation(s.in_fields(top.expr))
    raise DerivationError(
        f"observable over {top.dim}: the energy has no samples there; sum over {state['model'].dim} or its samples"
    )


def assembled(state: State, energy) -> dict[str, Any]:
    """The theory: unknowns with the intervals that hold them, equations, definitions, observables, parameters."""
    unknowns = tuple(_unknown(u, state) for u in state["unknowns"])
    theory = Theory(
        name=energy.name,
        unknowns=unknowns,
        equations=tuple(state["fixed_point"]),
        residuals=tuple((e,) for e in state["residual"]),
        definitions=dict(state["definitions"]),
        observables={**state["observables"], **({"capacity": state["capacity"]} if state["capacity"] is not None else {})},
        stable={},
        parameters=tuple(parameter_of(p) for p in energy.parameters),
        validity=getattr(energy, "validity", ""),
        references=energy.references,
    )
    return {"theory": theory}


def _unknown(unknown: sp.Symbol, state: State) -> Unknown:
    """Positive ones from zero; an overlap up to the value at which the width that it leaves is zero."""
    meaning = MEANINGS.get(unknown.name.split("_")[0], "conjugate of an overlap")
    if not unknown.is_positive:
        return Unknown(unknown, meaning, -sp.oo, sp.oo)
    for p in state["order_parameters"]:
        width = state["eliminated"][-1].get(p.width)
        if unknown == p.overlap and width is not None and sp.expand(width + unknown).free_symbols.isdisjoint({unknown}):
            return Unknown(unknown, meaning, sp.S.Zero, sp.expand(width + unknown))
    return Unknown(unknown, meaning)
