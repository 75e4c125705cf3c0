"""The end of a replica calculation with averages over a few fields: observables, and the theory."""

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
from theory.replica.saddle_point import closed, mixed_of, overlap_of, sample_law, site_laws
from theory.replica.site_law import SiteLaw
from theory.replica.verdicts import exchanged, overlaps
from theory.symbols import size

State = Mapping[str, Any]
MEANINGS = {
    "q": "overlap of two replicas",
    "m": "overlap with the teacher",
    "c": "variance of one replica",
    "chi": "response of the overlap (susceptibility)",
}


def observables(state: State, energy) -> dict[str, Any]:
    """Every declared observable in the unknowns of the closed equations."""
    model, values = state["model"], {}
    laws = dict(zip((p.dim for p in model.populations), site_laws(state), strict=True))
    for name, observable in energy.observe.items():
        if isinstance(observable, Vec):
            if observable.dim is None or observable.dim not in laws:
                raise DerivationError(f"observable {name}: it has one value for each of {observable.dim}; sum over them")
            value = _site(observable.expr, laws[observable.dim]).xreplace(
                {laws[observable.dim].people.index: ModeIndex(observable.dim.name)}
            )
        elif isinstance(observable, sp.Expr):
            value = _scalar(observable, state, laws)
        else:
            raise DerivationError(
                f"observable {name}: contributions of modes are derived for quadratic energies; observe the modes"
            )
        values[name] = closed(value, state)
    both = {leaf: (_self_overlap(leaf, laws), _scalar(other, state, laws)) for leaf, other in exchanged(energy).items()}
    both = {leaf: (closed(one, state), closed(other, state)) for leaf, (one, other) in both.items()}
    return {"observables": values, "overlaps_of_draws": overlaps(energy, both)}


def _self_overlap(name: str, laws) -> sp.Expr:
    """Mean over sites of the squared thermal mean of a state."""
    for dim, law in laws.items():
        for i, leaf in enumerate(law.people.states):
            if leaf.name == name:
                return law.sum(law.mean(i) * law.mean(i)) / size(dim.name)
    raise DerivationError(f"nishimori of {name}: it has no sites of its own")


def _site(expression: sp.Expr, law: SiteLaw) -> sp.Expr:
    """Expectation of a site expression; ``average(...)`` in it stands for an expectation of its own."""
    inner = {}
    for top in tops(expression):
        if isinstance(top, Average):
            inner[top] = sp.Dummy("average", real=True)
        elif isinstance(top, sp.Expr) and not isinstance(top, sp.Symbol):
            raise DerivationError(f"observable: the sum {top} inside another one; write it as an observable of its own")
    values = {stand_in: _site(top.expr, law) for top, stand_in in inner.items()}
    return law.expectation(law.people.at_site(expression.xreplace(inner))).xreplace(values)


def _scalar(expression: sp.Expr, state: State, laws) -> sp.Expr:
    """Expectation of a function of sums over sites and samples, which do not fluctuate."""
    rule = {}
    for top in tops(expression):
        if isinstance(top, Over) and top.dim in laws:
            law = laws[top.dim]
            rule[top] = total(top.dim, _site(top.expr, law), law.people.index)
        elif isinstance(top, Over):
            rule[top] = _samples(top, state)
        else:
            raise DerivationError(f"observable: {top} is no sum over a dimension; wrap it in sum_over or mean")
    return plain(expression.xreplace(rule))


def _samples(top: Over, state: State) -> sp.Expr:
    """A sum over samples of the energy, or over others: these are new ones, which the states have not seen."""
    own = [s for s in state["model"].samples if s.dim == top.dim]
    if own:
        return sp.Add(*[s.total(sample_law(state, s).expectation(s.in_fields(top.expr))) for s in own])
    new = state["model"].fresh(top.expr, top.dim)
    values = _values(new, state)
    laws = [sample_law(state, s, values) for s in new.samples]
    return sp.Add(*[s.total(law.expectation(s.in_fields(top.expr))) for s, law in zip(new.samples, laws, strict=True)])


def _values(new, state: State) -> dict[str, list[sp.Expr]]:
    """Covariances of the fields of new samples, as sums over sites."""
    laws, cold = site_laws(state), state["regime"] == "UNSAT"
    both = [[overlap_of(p, law) for p, law in zip(form.parts, laws, strict=True)] for form in new.bilinear]
    return {
        "width": [sp.S.Zero if cold else sp.Add(*[width for width, _ in sums]) for sums in both],
        "overlap": [sp.Add(*[overlap for _, overlap in sums]) for sums in both],
        "mixed": [sp.Add(*[mixed_of(p, law) for p, law in zip(form.parts, laws, strict=True)]) for form in new.linear],
    }


def assembled(state: State, energy) -> dict[str, Any]:
    """The theory: unknowns with the intervals that hold them, equations, definitions, observables, parameters."""
    unknowns = tuple(_unknown(u, state) for u in state["unknowns"])
    theory = Theory(
        name=energy.name,
        unknowns=unknowns,
        equations=tuple(state["fixed_point"]),
        residuals=tuple((e,) for e in state["residual"]),
        definitions={**state["definitions"], **state["overlaps_of_draws"]},
        observables={**state["observables"], **({"capacity": state["capacity"]} if state["capacity"] is not None else {})},
        stable={},
        parameters=tuple(parameter_of(p) for p in energy.parameters),
        validity=getattr(energy, "validity", ""),
        references=energy.references,
        conditions=state["conditions"],
    )
    return {"theory": theory}


def _bent_down(state: State, number: int) -> list[tuple[sp.Expr, sp.Expr]]:
    """Samples at temperature zero whose energy is a parabola with a maximum: how much it bends, and the factor of the form of that
    number in the response of their field, which must be below one over both."""
    found = []
    for s in state["model"].samples if state["regime"] == "UNSAT" else ():
        bend = sp.diff(s.potential, *(2 * s.active)) if len(s.active) == 1 else sp.S.Zero
        if bend.is_negative:
            found += [(-bend, c) for c, r in s.covariance[0, 0].factors if r == number]
    return found


def _unknown(unknown: sp.Symbol, state: State) -> Unknown:
    """Positive ones from zero; an overlap up to the value at which the width that it leaves is zero."""
    meaning = MEANINGS.get(unknown.name.split("_")[0], "conjugate of an overlap")
    if not unknown.is_positive:
        return Unknown(unknown, meaning, -sp.oo, sp.oo, odd=True)
    ends = [1 / (stiffness * c) for r, p in enumerate(state["overlaps"]) if p.width == unknown
            for stiffness, c in _bent_down(state, r)]  # fmt: skip
    if ends:
        return Unknown(unknown, meaning, sp.S.Zero, ends[0] if len(ends) == 1 else sp.Min(*ends))
    for p in state["overlaps"]:
        width = state["eliminated"][-1].get(p.width)
        if unknown == p.overlap and width is not None and sp.expand(width + unknown).free_symbols.isdisjoint({unknown}):
            return Unknown(unknown, meaning, sp.S.Zero, sp.expand(width + unknown), vanishes=True)
    # Where energy and prior are even, all fields and overlaps between replicas vanish together.
    return Unknown(unknown, meaning, vanishes=any(unknown in (p.overlap, p.drive) for p in state["overlaps"]))
