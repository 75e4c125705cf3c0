"""The replica calculation of any energy of one field of the state per sample, with a teacher or without, at replica symmetry.

Energies that are quadratic in everything random have integrals that are exact in the number of replicas, and go by
:mod:`theory.replica.engine`; here the limit n -> 0 is taken with the ansatz, and one-body averages remain.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from theory.derivation import Derivation, Step
from theory.errors import DerivationError
from theory.replica.ansatz import Overlaps, overlaps
from theory.replica.capacity import capacity
from theory.replica.data import moments, plain, total
from theory.replica.elimination import factored, linear
from theory.replica.general_results import assembled, definitions, observables
from theory.replica.joint import read_model
from theory.replica.mean_field import SampleLaw, SiteLaw
from theory.symbols import beta, size

State = Mapping[str, Any]


def derive_general(energy) -> Derivation:
    """Derivation of an :class:`~theory.declaration.Energy` with Gaussian disorder; DerivationError names what is not derived."""
    regime = "warm" if energy.temperature != 0 else energy.phase
    steps = [
        Step(
            "local fields",
            "The energy acts on each sample through Gaussian fields: h of the state, u of a teacher; their "
            "covariances are sums over sites.",
            lambda s: _fields(energy, regime),
        ),
        Step(
            "ansatz",
            "Replica symmetry: the overlap is c on the diagonal besides q everywhere; m is the overlap with the teacher. "
            "Conjugates are written with the signs that make them positive.",
            _ansatz,
        ),
        Step(
            "free energy",
            "n -> 0: each sample and each site is one body in a Gaussian field. At zero temperature with one minimum "
            "c = chi/beta, and the effective potential is the Moreau envelope.",
            _free_energy,
        ),
        Step(
            "saddle point",
            "The free energy is stationary; derivatives of Gaussian averages by covariances are taken by parts.",
            _saddle,
        ),
        Step("closed equations", "Whatever enters linearly is eliminated.", lambda s: _closed(s, energy)),
        Step(
            "stability and entropy",
            "The replicon eigenvalue of the one-step functional at the replica-symmetric point, and the "
            "free energy at the saddle point.",
            lambda s: definitions(s, energy),
        ),
        Step("observables", "Expectations in the one-body problems.", lambda s: observables(s, energy)),
        Step(
            "capacity",
            "Where states of zero energy fill no volume any more, the overlap of two of them tends to that of one with "
            "itself: dominant balance.",
            capacity,
        ),
        Step("theory", "Unknowns, equations, observables, parameters.", lambda s: assembled(s, energy)),
    ]
    return Derivation(f"{energy.name}: replicas", steps).run({"regime": regime})


def _fields(energy, regime: str) -> dict[str, Any]:
    model = read_model(energy)
    _posed(model, regime)
    value = 1 / plain(sp.sympify(energy.temperature)) if regime == "warm" else beta
    return {
        "model": model,
        "beta": value,
        "potential": {sp.Symbol(f"V_{s.dim}"): s.potential for s in model.samples},
        "penalty": {sp.Symbol("U"): model.penalty},
    }


def _posed(model, regime: str) -> None:
    """Refuse measures that do not exist."""
    name = model.state.name
    if regime == "SAT" and model.penalty != 0:
        raise DerivationError(
            f"penalty {model.penalty}: a volume of zero-energy states has no room for it; give {name} a prior instead"
        )
    if regime == "UNSAT" and model.prior in ("ising", "gaussian"):
        raise DerivationError(
            f"prior {model.prior!r} of {name}: at temperature 0 the energy outweighs it; declare a temperature, "
            "phase='SAT' or a penalty"
        )
    if regime != "UNSAT" and model.prior is None and model.penalty == 0:
        raise DerivationError(f"state {name}: its measure is not normalisable; give it a prior or a penalty")


def _ansatz(state: State) -> dict[str, Any]:
    model, cold = state["model"], state["regime"] == "UNSAT"
    several = len(model.samples) > 1
    parameters = tuple(overlaps(str(s.dim) if several else "", cold, s.teacher is not None) for s in model.samples)
    multiplier = sp.Symbol("mu", real=True) if model.prior == "spherical" else None
    return {
        "order_parameters": parameters,
        "multiplier": multiplier,
        "entries": {sp.Symbol(f"Q_{s.dim}"): sp.Tuple(p.width, p.overlap) for s, p in zip(model.samples, parameters, strict=True)},
    }


def sample_laws(state: State) -> list[SampleLaw]:
    """The one-body problem of a sample, for every set of samples."""
    return [
        SampleLaw(s, p.width, p.overlap + s.noise, (p.mixed + s.shared) if p.mixed is not None else sp.S.Zero, state["regime"])
        for s, p in zip(state["model"].samples, state["order_parameters"], strict=True)
    ]


def site_law(state: State) -> SiteLaw:
    """The one-body problem of a site."""
    model = state["model"]
    curvature = sp.S.One if model.prior == "gaussian" else sp.S.Zero
    if state["multiplier"] is not None:
        curvature += state["multiplier"]
    bias, spread = sp.S.Zero, sp.S.Zero
    for s, p in zip(model.samples, state["order_parameters"], strict=True):
        curvature += p.stiffness * s.form[2]
        bias -= p.stiffness * s.form[1]
        spread += p.drive * s.form[2]
        if p.pull is not None:
            bias += p.pull * s.cross[1]
    if "eliminated" in state:
        first = state["eliminated"][0]
        curvature = factored(curvature.xreplace(first)) if first else curvature
        curvature, bias, spread = (closed(e, state) for e in (curvature, bias, spread))
    return SiteLaw(model, curvature, bias, spread, state["regime"])


def closed(expression: sp.Expr, state: State) -> sp.Expr:
    """In the unknowns of the closed equations."""
    for rule in state["eliminated"]:
        expression = expression.xreplace(rule)
    return expression.xreplace({beta: state["beta"]})


def _free_energy(state: State) -> dict[str, Any]:
    return {"free_energy": free_energy(state).xreplace({beta: state["beta"]})}


def free_energy(state: State) -> sp.Expr:
    """Free energy of one replica, −β F; over β where the temperature is zero."""
    model, cold = state["model"], state["regime"] == "UNSAT"
    action = site_law(state).value()
    for s, p, law in zip(model.samples, state["order_parameters"], sample_laws(state), strict=True):
        action += size(s.dim.name) * law.mean(lambda body, _: body.value)
        action += (p.overlap * p.stiffness - p.width * p.drive + (0 if cold else p.width * p.stiffness)) / 2
        constant = -p.stiffness * s.form[0] / 2
        if p.mixed is not None:
            action -= p.mixed * p.pull
            constant += p.pull * s.cross[0]
        action += total(model.dim, moments(constant, model.site_noise), model.index)
    if state["multiplier"] is not None:
        action += state["multiplier"] * size(model.dim.name) / 2
    return action


def _saddle(state: State) -> dict[str, Any]:
    """Every order parameter as a function of the others: conjugates by samples, overlaps by sites."""
    model, site, saddle = state["model"], site_law(state), {}
    mean, variance = site.moments()
    square = mean.map(lambda e: e**2)
    for s, p, law in zip(model.samples, state["order_parameters"], sample_laws(state), strict=True):
        count = size(s.dim.name)
        bend = law.mean(lambda body, _: body.curvature)
        saddle[p.drive] = count * law.mean(lambda body, _: body.slope.map(lambda e: e**2))
        saddle[p.stiffness] = -count * bend
        saddle[p.width] = site.sum(variance, s.form[2])
        fixed = total(model.dim, moments(s.form[0], model.site_noise), model.index)
        saddle[p.overlap] = site.sum(square, s.form[2]) + site.sum(mean, 2 * s.form[1]) + fixed
        if p.mixed is not None:
            saddle[p.pull] = count * (law.mean(lambda body, _: body.slope, power=1) - law.mixed * bend) / s.teacher
            fixed = total(model.dim, moments(s.cross[0], model.site_noise), model.index)
            saddle[p.mixed] = site.sum(mean, s.cross[1]) + fixed
    saddle = {x: e.xreplace({beta: state["beta"]}) for x, e in saddle.items()}
    norm = None
    if state["multiplier"] is not None:
        norm = site.sum(square) + (0 if state["regime"] == "UNSAT" else site.sum(variance))
    return {"saddle": saddle, "norm": norm}


def _closed(state: State, energy) -> dict[str, Any]:
    parameters: tuple[Overlaps, ...] = state["order_parameters"]
    saddle, multiplier = dict(state["saddle"]), state["multiplier"]
    conjugate = {x: saddle.pop(x) for p in parameters for x in (p.drive, p.stiffness, p.pull) if x is not None}
    given: dict[sp.Symbol, sp.Expr] = {}
    extra: dict[sp.Symbol, sp.Expr] = {}
    fixed = _fixed_norm(state)
    if fixed is not None:
        p, norm = fixed
        given = {p.overlap: norm} if state["regime"] == "UNSAT" else {p.width: norm - p.overlap}
        if multiplier is not None:
            extra = {multiplier: linear(p.width - saddle.pop(p.width), multiplier)}
        else:
            saddle.pop(p.width)
    elif multiplier is not None:
        saddle[multiplier] = multiplier + _excess(state, state)
    rules = [extra, conjugate, given]
    if len(saddle) > 1:
        # Conjugates stay: their equations are short, and written into each other they are not.
        saddle, rules = {**saddle, **conjugate}, [extra, {}, given]
    again = _saddle({**state, "eliminated": rules})
    final = {**again["saddle"], multiplier: (multiplier or sp.S.Zero) + _excess(state, again)}
    written = {x: closed(final[x], {**state, "eliminated": rules}) for x in saddle}
    unknowns = tuple(x for x in saddle if x not in given)
    equations = [sp.Eq(x, written[x], evaluate=False) for x in unknowns]
    if len(unknowns) < len(saddle):
        # The overlap is known; its equation determines the width.
        p, norm = fixed
        unknowns, equations = (
            (*unknowns, p.width),
            [*equations, sp.Eq(p.width, p.width * written[p.overlap] / norm, evaluate=False)],
        )
    return {"fixed_point": equations, "residual": [e.lhs - e.rhs for e in equations], "eliminated": rules, "unknowns": unknowns}


def _excess(state: State, saddle: Mapping[str, Any]) -> sp.Expr:
    """By how much the squares of the state exceed what the prior allows."""
    return sp.S.Zero if saddle["norm"] is None else saddle["norm"] - size(state["model"].dim.name)


def _fixed_norm(state: State) -> tuple[Overlaps, sp.Expr] | None:
    """The order parameter whose diagonal Q_aa is fixed by the prior, and its value: fixed norm, alike sites, no target in h."""
    model = state["model"]
    if model.prior not in ("spherical", "ising"):
        return None
    for s, p in zip(model.samples, state["order_parameters"], strict=True):
        if s.form[0] == s.form[1] == 0 and model.index not in s.form[2].free_symbols:
            return p, s.form[2] * size(model.dim.name)
    return None
