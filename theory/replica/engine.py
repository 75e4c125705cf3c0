"""The replica calculation of a declared energy, step by step: fields, replicated action, n -> 0, saddle point, zero temperature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from theory.asymptotics import leading
from theory.averages import ModeSum
from theory.derivation import Derivation, Step
from theory.errors import DerivationError
from theory.replica.ansatz import replica_symmetric
from theory.replica.closure import closed_equations, conjugates_eliminated, with_canonical_variable
from theory.replica.couplings import is_glass
from theory.replica.data import moments, plain, total
from theory.replica.fields import V, W, read_fields
from theory.replica.gaussian import is_exact, sample_average, site_integral
from theory.replica.general import derive_general
from theory.replica.hierarchy import per_replica
from theory.replica.minimum import CrossingError
from theory.replica.observables import SOURCE, SiteLaw
from theory.replica.results import assembled, expectations
from theory.replica.rsb import derive_glass
from theory.replica.verdicts import taken_by
from theory.symbols import Internal, beta

State = Mapping[str, Any]


def derive(energy) -> Derivation:
    """Derivation of an :class:`~theory.declaration.Energy` with Gaussian disorder; ``.theory`` is its last result.

    Every result is a live SymPy object, and any of them can be replaced: ``d.replace("ansatz", order_parameters=...)``.
    Raises DerivationError where the energy is beyond what is derived, naming the part.
    """
    if is_glass(energy):
        return derive_glass(energy)
    if not is_exact(energy):
        try:
            return derive_general(energy)
        except CrossingError:
            # Minima that cross are the hierarchical ansatz's, without steps too.
            return derive_glass(energy)
    cold = energy.temperature == 0
    steps = [
        Step(
            "local fields",
            "The energy acts through Gaussian local fields, one per sample; between replicas they covary as "
            "the overlap Q_ab, a sum over sites.",
            lambda s: _fields(energy),
        ),
        Step(
            "ansatz",
            "The overlap between replicas and its conjugate are hierarchical matrices; replica symmetry has one "
            "diagonal and one off-diagonal entry.",
            lambda s: _ansatz(s, energy),
        ),
        Step(
            "replicated action",
            "Average of the replicated partition function: samples, coupling of overlap and conjugate, sites. Exact in n.",
            _action,
        ),
        Step("limit n -> 0", "Free energy of one replica.", lambda s: {"free_energy": per_replica(s["action"])}),
        Step("saddle point", "The free energy is stationary in every order parameter.", _saddle),
    ]
    if cold:
        steps.append(Step("zero temperature", "The scaling of the ansatz is inserted and the leading power of β kept.", _cold))
    else:
        steps.append(Step("temperature", "β is the inverse of the declared temperature.", lambda s: _warm(s, energy)))
    steps += [
        Step("elimination", "Conjugates and whatever else enters linearly are eliminated.", conjugates_eliminated),
        Step(
            "canonical variable",
            "The effective ridge of the resolvent under the sums is the natural unknown.",
            lambda s: with_canonical_variable(s, energy),
        ),
        Step(
            "closed equations",
            "The fixed point, and the overlap that feeds back on itself with a gain.",
            lambda s: closed_equations(s, energy),
        ),
        Step("observables", "Derivatives by sources, in the variables of the closed equations.", lambda s: expectations(s, energy)),
        Step("theory", "Unknowns with their bounds, equations, observables, parameters.", lambda s: assembled(s, energy)),
    ]
    return Derivation(f"{energy.name}: replicas", steps).run({"cold": cold})


def _fields(energy) -> dict[str, Any]:
    fields = read_fields(energy)
    if not fields.channels:
        raise DerivationError(
            f"energy of {energy.name}: no Gaussian matrix acts on {fields.state.name}; there is no disorder to average"
        )
    q = sp.Function("Q")(sp.Symbol("a"), sp.Symbol("b"))
    wa, wb = sp.Symbol("w_a", real=True), sp.Symbol("w_b", real=True)
    shown = {}
    for channel in fields.channels:
        form = channel.form.subs({W: wa, V: wb}, simultaneous=True)
        shown[sp.Symbol(f"Q_{channel.dim}") if len(fields.channels) > 1 else q] = ModeSum(form, fields.index)
    return {
        "fields": fields,
        "potential": {sp.Symbol(f"V_{c.dim}"): c.potential for c in fields.channels},
        "overlap": shown,
        "covariance": {sp.Symbol(f"C_{c.dim}"): c.gain * sp.Symbol("Q") + c.noise for c in fields.channels},
        "penalty": {sp.Symbol("U"): fields.penalty},
    }


def _ansatz(state: State, energy) -> dict[str, Any]:
    channels = state["fields"].channels
    labels = [str(c.dim) if len(channels) > 1 else "" for c in channels]
    parameters = tuple(replica_symmetric(label, taken_by(energy)) for label in labels)
    return {
        "order_parameters": parameters,
        "entries": {sp.Symbol(f"Q{label}"): sp.Tuple(*p.overlap.entries()) for label, p in zip(labels, parameters, strict=True)},
    }


def samples_term(state: State, weights: Mapping[Any, sp.Expr] | None = None) -> sp.Expr:
    """Contribution of the samples to the replicated action; ``weights`` adds to the exponent of one channel."""
    action = sp.S.Zero
    for channel, parameter in zip(state["fields"].channels, state["order_parameters"], strict=True):
        covariance = channel.gain * parameter.overlap + parameter.overlap.scaled_ones(channel.noise)
        weight = -beta * channel.potential + (weights or {}).get(channel.dim, 0)
        action += total(channel.dim, sample_average(covariance, weight), channel.index)
    return action


def one_site(state: State, source: sp.Expr = sp.S.Zero) -> sp.Expr:
    """Contribution of one site to the replicated action, with a source added to the exponent, at given site noise."""
    fields = state["fields"]
    pairs = [(p.conjugate, c.form) for c, p in zip(fields.channels, state["order_parameters"], strict=True)]
    return site_integral(pairs, -beta * fields.penalty + source)


def _action(state: State) -> dict[str, Any]:
    fields = state["fields"]
    coupling = sum((p.overlap @ p.conjugate).trace() / 2 for p in state["order_parameters"])
    site = moments(one_site(state), fields.site_noise)
    return {"action": samples_term(state) + coupling + total(fields.dim, site, fields.index)}


def _saddle(state: State) -> dict[str, Any]:
    symbols = [s for p in state["order_parameters"] for s in p.symbols]
    return {"equations": [sp.diff(state["free_energy"], s) for s in symbols]}


def _cold(state: State) -> dict[str, Any]:
    small = Internal("varepsilon", positive=True)
    rule: dict[sp.Symbol, sp.Expr] = {}
    for parameter in state["order_parameters"]:
        rule |= {old: new * beta**power for old, (new, power) in parameter.scaled.items()}

    def limit(expression: sp.Expr, order: int | None = None) -> sp.Expr:
        power, coefficient = leading(expression.xreplace(rule).xreplace({beta: 1 / small}), small)
        if order is None or power == order:
            return coefficient
        if power < order:
            raise DerivationError(f"zero temperature: {expression} diverges as beta**{-power}; the ansatz scales otherwise")
        return sp.S.Zero

    return {"equations": [limit(e) for e in state["equations"]], "scaling": rule, "at_temperature": limit}


def _warm(state: State, energy) -> dict[str, Any]:
    value = 1 / plain(sp.sympify(energy.temperature))

    def at(expression: sp.Expr, order: int | None = None) -> sp.Expr:
        return expression.xreplace({beta: value})

    return {"equations": [at(e) for e in state["equations"]], "scaling": {beta: value}, "at_temperature": at}


def site_law(state: State) -> SiteLaw:
    """Mean and variance of the state at one site, by sources, at the declared temperature."""
    at = state["at_temperature"]
    first = per_replica(sp.diff(one_site(state, SOURCE * W), SOURCE).xreplace({SOURCE: sp.S.Zero}))
    second = per_replica(sp.diff(one_site(state, SOURCE * W**2), SOURCE).xreplace({SOURCE: sp.S.Zero}))
    mean = at(first, 0)
    return SiteLaw(mean, sp.expand(at(second, 0) - mean**2))


def thermal_variance(state: State) -> sp.Expr:
    """Variance of the state at one site at given disorder: the cumulant of the sum of replicas, linear in n."""
    second = per_replica(sp.diff(one_site(state, SOURCE * W), SOURCE, 2).xreplace({SOURCE: sp.S.Zero}))
    return state["at_temperature"](second, 0)


def sample_expectation(state: State, channel, function: sp.Expr) -> sp.Expr:
    """Expectation of the sum over samples of a function of the local field, by a source."""
    action = samples_term(state, {channel.dim: SOURCE * function})
    derivative = per_replica(sp.diff(action, SOURCE).xreplace({SOURCE: sp.S.Zero}))
    return state["at_temperature"](derivative, 0)
