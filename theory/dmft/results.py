"""The end of a derivation: a linear dynamics in closed form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import sympy as sp

from theory.declaration.observables import Contribution
from theory.declaration.parameters import Parameter
from theory.dmft.closure import Linear, Product
from theory.dmft.notation import step, z, z_other
from theory.dmft.observables import Moment, Moments
from theory.equations import Theory, Unknown
from theory.modes import ModeIndex
from theory.replica.closure import explicit
from theory.replica.results import parameter_of
from theory.saddle import change_variable, eliminate, opaque, poles, tidy
from theory.symbols import kappa, size

State = Mapping[str, Any]


@dataclass(frozen=True)
class LinearDynamics(Theory):
    """Closed equations of a linear dynamics in frequency.

    ``responses`` maps each response R(z) to its right-hand side, in which the responses stand again; ``correlations`` maps each
    C(z, z') to the products that sum to it, linear in the correlations; ``moments`` are what the observables are made of.
    ``residuals`` are all that is summed over modes: what a solver must know of the data. ``other`` renames frequency and responses
    at z to those at z'. ``continuous``: a flow, whose frequencies are those of Laplace, and at a finite ``time_step`` those of
    Euler's steps; else steps of length one. ``equations`` are those of the reduced unknowns.
    """

    responses: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    correlations: Mapping[sp.Symbol, tuple[Product, ...]] = field(default_factory=dict)
    other: Mapping[sp.Symbol, sp.Symbol] = field(default_factory=dict)
    moments: Mapping[sp.Symbol, Moment] = field(default_factory=dict)
    continuous: bool = True
    linear: Any = field(default=None, compare=False, repr=False)
    at_infinity: Any = field(default=None, compare=False, repr=False)

    @cached_property
    def signature(self) -> str:
        """Digest of the mathematics, equal in every process."""
        from theory.signatures import signature

        products = [p for ps in (*self.correlations.values(), *(m.products for m in self.moments.values())) for p in ps]
        parts = [e for p in products for e in (p.dim.name, p.lasting, p.summed, p.carrier, p.weight, p.first, p.second)]
        owned = [(s, len(ps)) for s, ps in self.correlations.items()]
        owned += [(s, len(m.products), m.order) for s, m in self.moments.items()]
        kept = [m.source for m in self.moments.values()]
        sides = [e for item in (*self.responses.items(), *self.observables.items()) for e in item]
        return signature(self.name, self.continuous, *owned, *kept, *parts, *sides)

    @property
    def order_parameters(self) -> tuple[str, ...]:
        """None that has a value at a time: the unknowns are functions of frequency."""
        return ()

    @property
    def per_mode(self) -> set[str]:
        """Observables with one value for each mode."""
        single = {s for s, m in self.moments.items() if m.source is not None or not all(p.summed for p in m.products)}
        return {n for n, e in self.observables.items() if e.free_symbols & single}

    def lines(self) -> list[sp.Basic]:
        """Equations, correlations, moments and observables as relations."""
        at = {1: (z,), 2: (z, z_other)}
        pairs = [sp.Eq(sp.Function(c.name)(z, z_other), self.written(ps), evaluate=False) for c, ps in self.correlations.items()]
        made = [
            sp.Eq(sp.Function(s.name)(*at[m.order]), self.written(m.products), evaluate=False)
            for s, m in self.moments.items()
            if m.source is None
        ]
        seen = [sp.Eq(sp.Symbol(n), value, evaluate=False) for n, value in self.observables.items()]
        return [*self.equations, *pairs, *made, *seen]

    def written(self, products: tuple[Product, ...]) -> sp.Expr:
        """A sum of products as mathematics."""
        expression = self.linear.written(products)
        free = sorted((s for s in expression.free_symbols if isinstance(s, ModeIndex)), key=str)
        return expression.xreplace({i: ModeIndex(i.dimension) for i in free})

    def stationary(self) -> Theory:
        """The theory at infinite time: equations at z = 0, observables in their unknowns.

        DerivationError where there is no limit, for instance without a ridge.
        """
        return self.at_infinity()

    @cached_property
    def transformed(self) -> Theory:
        """The theory at two real frequencies ``z`` and ``other_z``: equations at both, observables as double transforms in time.

        Where an equation has several solutions the one is sought that at large frequencies grows (κ) or vanishes (responses).
        """
        from theory.dmft.frequencies import at_frequencies

        return at_frequencies(self)

    def __reduce__(self):
        return _again, (self.at_infinity.model,)


def _again(model):
    """The theory of a model that has crossed to another process: derived there."""
    return model.theory()


def canonical(state: State) -> dict[str, Any]:
    """The constant of the resolvent under the sums becomes the unknown in the place of the response in it."""
    equations, eliminated = list(state["equations"]), dict(state["eliminated"])
    linear: Linear = state["linear"]
    unknowns = [p.transform for p in linear.parameters("R") if p.transform not in eliminated]
    definitions: dict[sp.Symbol, sp.Expr] = {}
    sizes = {size(d.name) for d in linear.fields.populations}
    for definition in poles(equations, unknowns, sizes):
        for old in [x for x in unknowns if x in definition.free_symbols]:
            changed = change_variable(equations, definition, old, kappa)
            if changed is not None:
                equations, eliminated, unknowns = _in_terms_of_kappa(changed, old, eliminated, unknowns)
                definitions[kappa] = definition
                break
        if definitions:
            break
    ordered = [explicit(_primitive(e, u), u) for e, u in zip(_paired(equations, unknowns), unknowns, strict=True)]
    if kappa in unknowns and (scale := _scale(ordered[unknowns.index(kappa)], sizes)) != 1:
        # In units where the ridge enters by itself: κ = λ + z + …
        rule = {kappa: kappa / scale}
        definitions[kappa] = sp.factor(scale * definitions[kappa])
        ordered = [explicit(_primitive((e.lhs - e.rhs).xreplace(rule), u), u) for e, u in zip(ordered, unknowns, strict=True)]
        eliminated = {x: tidy(value.xreplace(rule)) for x, value in eliminated.items()}
    return {"canonical": definitions, "closed": ordered, "unknowns": tuple(unknowns), "in_unknowns": eliminated}


def _in_terms_of_kappa(changed, old, eliminated, unknowns):
    """The old response expressed in κ; others that have become explicit go too."""
    equations, inverse = changed
    unknowns = [kappa if x == old else x for x in unknowns]
    eliminated = {x: tidy(value.xreplace({old: inverse})) for x, value in eliminated.items()} | {old: inverse}
    equations, solved = eliminate([_cleared(e) for e in equations], unknowns, keep=[kappa])
    eliminated = {x: tidy(value.xreplace(solved)) for x, value in eliminated.items()} | solved
    return equations, eliminated, [x for x in unknowns if x not in solved]


def _cleared(equation: sp.Expr) -> sp.Expr:
    plain, back = opaque(tidy(equation))
    return sp.fraction(sp.together(plain))[0].xreplace(back)


def _primitive(equation: sp.Expr, unknown: sp.Symbol) -> sp.Expr:
    """An equation without factors that hold neither the unknown nor a sum over sites."""
    plain, back = opaque(tidy(equation))
    above, _ = sp.fraction(sp.together(plain))
    kept = [f**n for f, n in sp.factor_list(above)[1] if f.free_symbols & {unknown, *back}]
    return sp.Mul(*[f for f in kept if f != unknown]).xreplace(back)


def _scale(equation: sp.Eq, sizes: set[sp.Symbol]) -> sp.Expr:
    """1/c where the equation reads κ = c z + …, with c made of sizes; 1 otherwise."""
    plain, _ = opaque(sp.expand(equation.rhs))
    slope = sp.cancel(plain.diff(z))
    return 1 / slope if slope != 0 and slope.free_symbols <= sizes else sp.S.One


def _paired(equations: list[sp.Expr], unknowns: list[sp.Symbol]) -> list[sp.Expr]:
    rest, ordered = list(equations), []
    for unknown in unknowns:
        own = next((e for e in rest if unknown in e.free_symbols), rest[0])
        rest.remove(own)
        ordered.append(own)
    return ordered


TIME_STEP = Parameter("time_step", step, "length of Euler's steps of the flow; 0 is the flow itself", lower=0, default=0.0)


def assembled(state: State, model) -> dict[str, Any]:
    """The theory, with observables as moments at one and two frequencies."""
    from theory.dmft.stationary import AtInfinity

    linear: Linear = state["linear"]
    moments, observables = _observables(linear, model)
    responses = {p.transform: linear.response(p) for p in linear.parameters("R")}
    correlations = linear.correlations()
    products = [p for ps in (*correlations.values(), *(m.products for m in moments.values())) for p in ps]
    bare = dict.fromkeys(replace(p, carrier=sp.S.One, lasting=(0, 0)) for p in products)
    summed = [*responses.values(), *map(linear.summand, bare)]
    parameters = [parameter_of(p) for p in model.parameters]
    if model.continuous and all(p.name != TIME_STEP.name for p in parameters):
        parameters.append(TIME_STEP)
    theory = LinearDynamics(
        name=model.name,
        unknowns=tuple(Unknown(u, "response or effective ridge at z") for u in state["unknowns"]),
        equations=tuple(state["closed"]),
        residuals=tuple((e,) for e in summed),
        definitions={},
        observables=observables,
        stable={},
        parameters=tuple(parameters),
        validity=getattr(model, "validity", ""),
        references=model.references,
        responses=responses,
        correlations=correlations,
        other=linear.other,
        moments=moments,
        continuous=model.continuous,
        linear=linear,
        at_infinity=AtInfinity(model, linear, moments, observables, state),
    )
    return {"theory": theory}


def _observables(linear: Linear, model) -> tuple[dict[sp.Symbol, Moment], dict[str, sp.Expr]]:
    made = Moments(linear)
    values = {n: made.observable(n, v) for n, v in model.observe.items() if not isinstance(v, Contribution)}
    for name, value in model.observe.items():
        if isinstance(value, Contribution):
            home = next(d for d in model.dimensions if value.source in d.spectra)
            values[name] = made.contribution(name, value, values[value.of], home)
    return made.found, {name: values[name] for name in model.observe}
