"""The end of a derivation: a linear dynamics in closed form, and what it comes to at infinite time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from theory.declaration.observables import Contribution
from theory.dmft.closure import Linear
from theory.dmft.notation import z
from theory.dmft.observables import Moment, Moments
from theory.equations import Theory, Unknown
from theory.errors import DerivationError
from theory.replica.closure import explicit
from theory.replica.results import parameter_of
from theory.saddle import change_variable, opaque, poles, tidy
from theory.symbols import kappa, size

State = Mapping[str, Any]


@dataclass(frozen=True)
class LinearDynamics(Theory):
    """Closed equations of a linear dynamics in frequency.

    ``responses`` maps each response R(z) to its right-hand side, in which the responses stand again; ``moments`` are what the
    observables are made of, functions of z and R(z), and of z' and R(z'), written with primes (``other``). ``continuous`` says
    whether the frequencies belong to a flow (Laplace) or to steps. ``equations`` are the reduced ones.
    """

    responses: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    other: Mapping[sp.Symbol, sp.Symbol] = field(default_factory=dict)
    moments: Mapping[sp.Symbol, Moment] = field(default_factory=dict)
    continuous: bool = True
    at_infinity: Any = field(default=None, compare=False, repr=False)

    @property
    def signature(self) -> str:
        """Digest of the mathematics, equal in every process."""
        from theory.signatures import signature

        parts = [*self.responses.values(), *(m.expression for m in self.moments.values()), *self.observables.values()]
        return signature(self.name, *parts)

    def lines(self) -> list[sp.Basic]:
        """Equations, moments and observables as relations."""
        from theory.dmft.notation import z_other

        at = {1: (z,), 2: (z, z_other)}
        made = [sp.Eq(sp.Function(s.name)(*at[m.order]), m.expression, evaluate=False) for s, m in self.moments.items()]
        seen = [sp.Eq(sp.Symbol(n), value, evaluate=False) for n, value in self.observables.items()]
        return [*self.equations, *made, *seen]

    def stationary(self) -> Theory:
        """The theory at infinite time: equations at z = 0, observables in their unknowns.

        DerivationError where there is no limit, for instance without a ridge.
        """
        return self.at_infinity()


def canonical(state: State) -> dict[str, Any]:
    """The constant of the resolvent under the sums becomes the unknown in the place of the response in it."""
    equations, eliminated = list(state["equations"]), dict(state["eliminated"])
    linear: Linear = state["linear"]
    unknowns = [p.transform for p in linear.parameters("R") if p.transform not in eliminated]
    definitions: dict[sp.Symbol, sp.Expr] = {}
    for definition in poles(equations, unknowns, [size(d.name) for d in linear.fields.populations]):
        old = next(x for x in unknowns if x in definition.free_symbols)
        changed = change_variable(equations, definition, old, kappa)
        if changed is None or any(x in definition.free_symbols for x in unknowns if x != old):
            continue
        equations, inverse = changed
        eliminated = {x: tidy(value.xreplace({old: inverse})) for x, value in eliminated.items()} | {old: inverse}
        definitions[kappa] = definition
        unknowns[unknowns.index(old)] = kappa
        break
    ordered = [explicit(_primitive(e, u), u) for e, u in zip(_paired(equations, unknowns), unknowns, strict=True)]
    if definitions and (scale := _scale(ordered[unknowns.index(kappa)])) != 1:
        # In units where the ridge enters by itself: κ = λ + z + …
        rule = {kappa: kappa / scale}
        definitions[kappa] = sp.factor(scale * definitions[kappa])
        ordered = [explicit(_primitive((e.lhs - e.rhs).xreplace(rule), u), u) for e, u in zip(ordered, unknowns, strict=True)]
        eliminated = {x: tidy(value.xreplace(rule)) for x, value in eliminated.items()}
    return {"canonical": definitions, "closed": ordered, "unknowns": tuple(unknowns), "in_unknowns": eliminated}


def _primitive(equation: sp.Expr, unknown: sp.Symbol) -> sp.Expr:
    """An equation without factors that hold neither the unknown nor a sum over sites."""
    plain, back = opaque(tidy(equation))
    above, _ = sp.fraction(sp.together(plain))
    kept = [f**n for f, n in sp.factor_list(above)[1] if f.free_symbols & {unknown, *back}]
    return sp.Mul(*[f for f in kept if f != unknown]).xreplace(back)


def _scale(equation: sp.Eq) -> sp.Expr:
    """1/c where the equation reads κ = c z + …, with c made of sizes; 1 otherwise."""
    plain, _ = opaque(sp.expand(equation.rhs))
    slope = sp.cancel(plain.diff(z))
    sizes = {size(s.name) for s in slope.free_symbols}
    return 1 / slope if slope != 0 and slope.free_symbols <= sizes else sp.S.One


def _paired(equations: list[sp.Expr], unknowns: list[sp.Symbol]) -> list[sp.Expr]:
    rest, ordered = list(equations), []
    for unknown in unknowns:
        own = next((e for e in rest if unknown in e.free_symbols), rest[0])
        rest.remove(own)
        ordered.append(own)
    return ordered


def assembled(state: State, model) -> dict[str, Any]:
    """The theory, with observables as moments at one and two frequencies."""
    linear: Linear = state["linear"]
    moments, observables = _observables(linear, model, None)
    theory = LinearDynamics(
        name=model.name,
        unknowns=tuple(Unknown(u, "response or effective ridge at z") for u in state["unknowns"]),
        equations=tuple(state["closed"]),
        residuals=(tuple(linear.response(p) for p in linear.parameters("R")),),
        definitions={},
        observables=observables,
        stable={},
        parameters=tuple(parameter_of(p) for p in model.parameters),
        validity=getattr(model, "validity", ""),
        references=model.references,
        responses={p.transform: linear.response(p) for p in linear.parameters("R")},
        other={p.transform: p.other for p in linear.parameters("R")},
        moments=moments,
        continuous=model.continuous,
        at_infinity=lambda: _stationary(state, model),
    )
    return {"theory": theory}


def _observables(linear: Linear, model, limits) -> tuple[dict[sp.Symbol, Moment], dict[str, sp.Expr]]:
    made = Moments(linear, linear.solved(), limits)
    plainly = {n: v for n, v in model.observe.items() if not isinstance(v, Contribution)}
    values = {name: made.observable(name, value) for name, value in plainly.items()}
    for name, value in model.observe.items():
        if isinstance(value, Contribution):
            home = next(d for d in model.dimensions if value.source in d.spectra)
            values[name] = made.contribution(name, value, values[value.of], home)
    return made.found, {name: values[name] for name in model.observe}


def _stationary(state: State, model) -> Theory:
    linear: Linear = state["linear"]
    at_zero = {z: sp.S.Zero}
    responses = {x: tidy(v.xreplace(at_zero)) for x, v in state["in_unknowns"].items()}
    limits = linear.solved(at_infinity=True)
    moments, values = _observables(linear, model, limits)
    ends = {s: tidy(m.limit.xreplace(at_zero).xreplace(responses)) for s, m in moments.items()}
    observables = {name: tidy(value.xreplace(ends)) for name, value in values.items()}
    if any(v.has(sp.zoo, sp.nan, sp.oo) for v in observables.values()):
        raise DerivationError(f"{model.name}: no limit at infinite time; add a decay such as a ridge")
    equations = tuple(sp.Eq(e.lhs, tidy(e.rhs.xreplace(at_zero)), evaluate=False) for e in state["closed"])
    return Theory(
        name=f"{model.name} at infinite time",
        unknowns=tuple(Unknown(u, "order parameter") for u in state["unknowns"]),
        equations=equations,
        residuals=tuple((e.lhs - e.rhs,) for e in equations),
        definitions={},
        observables=observables,
        stable={},
        parameters=tuple(p for p in map(parameter_of, model.parameters) if p.name != "t"),
        references=model.references,
    )
