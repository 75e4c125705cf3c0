"""Dynamical mean-field theory of a declared dynamics, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from theory.declaration.members import joined
from theory.declaration.mixtures import refuse_drawn
from theory.derivation import Derivation, Step
from theory.dmft import sampled, scheduled
from theory.dmft.action import SingleSite, bare_action
from theory.dmft.closure import Linear, reduced
from theory.dmft.disorder import averages, bilinear, kernels, learnt_part
from theory.dmft.notation import past, z
from theory.dmft.observables import register
from theory.dmft.process import in_time, variations
from theory.dmft.reading import read_fields
from theory.dmft.results import assembled, canonical
from theory.dmft.scaling import check_scaling
from theory.symbols import time

State = Mapping[str, Any]


def derive(model, closed: bool = True) -> Derivation:
    """Derivation of a :class:`~theory.declaration.step.Step` with Gaussian disorder.

    A linear law ends in a :class:`~theory.dmft.results.LinearDynamics`, its ``.theory``, and one that changes with time in a
    :class:`~theory.dmft.scheduled.LinearProcess`, unless ``closed`` is False; any other one ends in the process of one site, a
    :class:`~theory.dmft.sampled.SiteProcess` that a sampler follows in time.
    DerivationError where the dynamics is beyond what is derived, naming the part.
    """
    model = joined(model)
    refuse_drawn(model.leaves, "a dynamics")
    kind = _kind(model) if closed else "sampled"
    steps = [
        Step(
            "fields",
            "Local fields of the random matrices, what they act on, and the laws in steps δ of time: every rate is taken "
            "before the step. A flow is the limit δ -> 0, discrete dynamics is δ = 1.",
            lambda s: _fields(model, kind == "sampled"),
        ),
        Step(
            "action",
            "Each law is enforced by a conjugate field; what each field adds to the exponent, and the bilinear that "
            "each matrix meets.",
            _action,
        ),
        Step("disorder average", "The matrices are Gaussian: <exp(−i Σ J_ij W_ij)>, per pair of sites and times.", _average),
        Step(
            "order parameters",
            "In each term two factors stand at one site, and the sum over the others concentrates. Conjugates "
            "alone average to zero, and so does the response to what cannot be felt.",
            _order_parameters,
        ),
        Step("single site", "A product of two conjugates is Gaussian noise, one of a conjugate and a field is memory.", _process),
        Step(
            "responses",
            "A small push on a local field spreads by the chain rule; average over sites gives the responses.",
            lambda s: {"variations": variations(s["read"], s["site"])},
        ),
    ]
    title = f"{model.name}: dynamical mean-field theory"
    if kind == "sampled":
        steps += [
            Step("causality", "The fields of one time follow from each other in this order; states move last.", sampled.ordered),
            Step("theory", "The process of one site, with its global fields, to be followed in time.",
                 lambda s: sampled.assembled(s, model)),
        ]
        return Derivation(title, steps).run()
    if kind == "scheduled":
        why = "Linear forms in the fields, whose coefficients may change with time: to be marched, row by row of two times."
        steps.append(Step("theory", why, lambda s: scheduled.assembled(s, model)))
        return Derivation(title, steps).run()
    steps += [
        Step(
            "frequency",
            "x(z) = δ Σ_n (1 + δz)^(-n-1) x_n turns a step into z x(z) − x(0) and a memory into a product, at every δ; "
            "at δ -> 0 it is the Laplace transform.",
            _frequency,
        ),
        Step("closed equations", "Responses and correlations as sums over sites of the transfer functions.", _closed),
        Step(
            "elimination",
            "Responses that enter linearly are eliminated; the effective ridge of the resolvent is the unknown.",
            canonical,
        ),
        Step("theory", "Unknowns, equations, observables at two frequencies, parameters.", lambda s: assembled(s, model)),
    ]
    return Derivation(title, steps).run()


def _kind(model) -> str:
    """One of "closed" for linear laws, "scheduled" for linear ones that change with time, else "sampled"."""
    fields = read_fields(model)
    if not fields.is_linear:
        return "sampled"
    return "scheduled" if fields.is_scheduled else "closed"


def _fields(model, observe: bool) -> dict[str, Any]:
    fields = read_fields(model, observe)
    if not observe:
        register(fields, model.observe)
    check_scaling(model, fields)
    rates = {sp.Derivative(sp.Function(x.name)(time), time): rate for x, rate in fields.laws.items()}
    starts = {sp.Function(x.name)(0): start for x, start in fields.starts.items()}
    return {"read": fields, "definitions": dict(fields.definitions), "rates": rates, "starts": starts}


def _action(state: State) -> dict[str, Any]:
    fields = state["read"]
    by_leaf: dict = {}
    for use in fields.uses:
        by_leaf.setdefault(use.leaf, []).append(use)
    shown = {sp.Symbol(f"W^{leaf.name}_ij"): bilinear(uses, time, "i", "j") for leaf, uses in by_leaf.items()}
    return {"matrices": by_leaf, "action": bare_action(fields), "bilinears": shown}


def _average(state: State) -> dict[str, Any]:
    matrices, fields = state["matrices"], state["read"]
    learnt = {leaf: learnt_part(leaf, uses, fields) for leaf, uses in matrices.items() if leaf in fields.learnt}
    found: dict[str, Any] = {"averages": averages(matrices, fields)}
    return {**found, "learnt": learnt, "kernels": kernels(fields)} if learnt else found


def _order_parameters(state: State) -> dict[str, Any]:
    site = SingleSite(state["read"], state["averages"], state.get("learnt"))
    meanings = {value: _meaning(p) for value, p in sorted(site.parameters.items(), key=lambda item: item[1].name)}
    return {"site": site, "order_parameters": meanings, "vanishing": dict(site.vanishing)}


def _meaning(parameter) -> sp.Expr:
    x = sp.Function(parameter.x.name, real=True)(time)
    y = sp.Function(parameter.y.name, real=True)(past)
    pushed = sp.Derivative(x, y) if parameter.kind == "R" else x * y
    return sp.Function(rf"\sum_{{{sp.latex(sp.Symbol(parameter.dim.name.lower()))}}}")(parameter.weight * pushed)


def _process(state: State) -> dict[str, Any]:
    fields, site = state["read"], state["site"]
    covariance = {sp.Symbol(f"<u_{h} u_{g}>"): value for (h, g), value in site.noise.items()}
    return {
        "single_site_action": {sp.Symbol(f"S_{name}"): e for name, e in site.exponent.items()},
        "laws": in_time(fields, site),
        "noise": covariance,
    }


def _frequency(state: State) -> dict[str, Any]:
    linear = Linear.of(state["read"], state["site"])
    shown = {}
    for transfer in linear.transfer.values():
        for x, factors in transfer.of.items():
            for (source, lasting), factor in factors.items():
                shown[sp.Symbol(f"T_{x},{source}")] = factor / (z if lasting else 1)
    return {"linear": linear, "transfer_functions": shown}


def _closed(state: State) -> dict[str, Any]:
    linear = state["linear"]
    remaining, solved = reduced(linear)
    return {
        "responses": {p.transform: linear.response(p) for p in linear.parameters("R")},
        "correlations": linear.correlations(),
        "equations": remaining,
        "eliminated": solved,
    }
