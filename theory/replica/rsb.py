"""The replica calculation with a hierarchical ansatz: states that meet in random couplings, samples, collective variables.

Replica symmetry is the case without steps. Everything is a function of one overlap matrix between replicas; the action is its
conjugate's Legendre transform, and every equation a derivative of the free energy as n -> 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp

from theory.averages import outermost
from theory.derivation import Derivation, Step
from theory.errors import DerivationError
from theory.replica.breaking import STIFFNESS, breaking
from theory.replica.breaks import check_breaks
from theory.replica.couplings import OVERLAP, Glass, read_glass
from theory.replica.data import plain
from theory.replica.elimination import linear
from theory.replica.folded import TreeAverage
from theory.replica.glass_samples import sample_terms
from theory.replica.glass_sites import sites_of
from theory.replica.hierarchy import per_replica
from theory.replica.joint import potentials
from theory.replica.real_sites import RealSites
from theory.replica.rsb_results import assembled, definitions, observables
from theory.replica.tree_sites import TreeSites
from theory.replica.verdicts import taken_by
from theory.replica.zero_temperature import per_beta
from theory.symbols import Internal, beta

State = Mapping[str, Any]


def derive_glass(energy) -> Derivation:
    """Derivation of an :class:`~theory.declaration.Energy` at the replica ansatz that it declares ("RS", "1RSB", "2RSB", ...).

    DerivationError names what is not derived.
    """
    steps = [
        Step(
            "interactions",
            "Between two replicas of overlap Q the random couplings have a covariance that depends on Q alone; samples act through "
            "fields of covariance linear in Q, beside fields of a teacher that all replicas share; functions of sums over sites, "
            "such as the overlap with a teacher, are collective.",
            lambda s: interactions(energy),
        ),
        Step(
            "ansatz",
            "The overlaps between replicas and their conjugates, the covariances of the field on a site, are hierarchical "
            "matrices; in every block the overlap is larger. A sum has the same value in every replica.",
            lambda s: _ansatz(s, energy),
        ),
        Step(
            "replicated action",
            "The average over random couplings, exact in n: a function of every entry of the overlap matrix.",
            _couplings,
        ),
        Step(
            "free energy",
            "n -> 0: couplings, samples, sites and the coupling of overlap and conjugate; nested averages, one for each level.",
            _free_energy,
        ),
        Step(
            "saddle point",
            "Stationarity in overlaps gives their conjugates, stationarity in conjugates the overlaps, in fields the collective "
            "variables, in blocks the blocks. Gaussian averages are integrated by parts.",
            saddle,
        ),
        Step(
            "closed equations",
            "Conjugates that the overlaps give explicitly are eliminated; overlaps are written in their increments.",
            lambda s: _closed(s),
        ),
        Step(
            "stability and entropy",
            "The replicon: the response of one further step of breaking inside the innermost level. Energy and entropy are "
            "derivatives of the free energy by the temperature.",
            lambda s: definitions(s, energy),
        ),
        Step("observables", "Expectations in the tree of fields, and derivatives by the strengths of couplings.",
             lambda s: observables(s, energy)),
        Step("theory", "Unknowns, equations, observables, parameters.", lambda s: assembled(s, energy)),
    ]  # fmt: skip
    return Derivation(f"{energy.name}: replicas, {energy.ansatz}", steps).run({})


def interactions(energy) -> dict[str, Any]:
    glass = read_glass(energy)
    if energy.phase == "SAT" and (glass.couplings or glass.collective != 0 or glass.penalty != 0):
        raise DerivationError(f"phase SAT of {energy.name}: only samples have states of zero energy; declare a temperature")
    hot = energy.temperature != 0
    return {
        "glass": glass,
        "volume": energy.phase == "SAT" and not hot,
        "beta": 1 / plain(sp.sympify(energy.temperature)) if hot else sp.S.One,
        "covariance": {sp.Symbol(c.leaf.name): c.covariance for c in glass.couplings},
        "potential": potentials(glass.samples),
        "penalty": {sp.Symbol("U"): glass.penalty},
        "collective": {sp.Symbol("F"): glass.collective},
    }


def _ansatz(state: State, energy) -> dict[str, Any]:
    glass: Glass = state["glass"]
    cold = energy.temperature == 0 and not state["volume"]
    if cold and energy.ansatz != "RS":
        check_breaks(energy, glass)
    order = breaking(energy.ansatz, sp.S.One if glass.prior in ("spherical", "ising") else None, cold, taken_by(energy))
    entries = {q: sp.Symbol(f"Q_{j}") for j, q in enumerate(order.overlaps)}
    return {
        "order": order,
        "fields": {total: Internal(f"h_{total.name}", real=True) for total in glass.sums},
        "overlap": {sp.Symbol("Q"): sp.Tuple(order.norm, *reversed(entries))},
        "blocks": {sp.Symbol("x"): sp.Tuple(*order.blocks)},
    }


def _couplings(state: State) -> dict[str, Any]:
    order = state["order"]
    actions = {
        c.leaf: beta**2 / 2 * order.overlap.hadamard(lambda q, e=c.covariance: e.xreplace({OVERLAP: q})).total()
        for c in state["glass"].couplings
    }
    return {"actions": actions, "action": sp.Add(*actions.values())}


def sites(state: State) -> Any:
    """The sites; in the unknowns of the closed equations once these are known."""
    return sites_of(state["glass"], state["order"], state["fields"], rule(state))


def samples(state: State) -> Any:
    """The samples, likewise."""
    return sample_terms(state, rule(state))


def rule(state: State) -> Callable[[sp.Expr], sp.Expr]:
    """How expressions are written in the unknowns of the closed equations."""
    return lambda expression: closed(expression, state.get("eliminated", ()))


def limit(state: State, expression: sp.Expr) -> sp.Expr:
    """What hierarchical matrices contribute to the free energy, or to a derivative of it; over β at temperature zero."""
    return per_beta(expression) if state["order"].cold else expression


def closed(expression: sp.Expr, rules) -> sp.Expr:
    """Substitutions made one after the other."""
    for one in rules:
        expression = expression.xreplace(one)
    return expression


def free_energy(state: State) -> sp.Expr:
    """Free energy of one replica, −β F, as a function of every order parameter; over β at temperature zero."""
    collective = -beta * state["glass"].collective + _legendre(state)
    smooth = per_replica(state["action"]) if state["action"] != 0 else sp.S.Zero
    smooth = limit(state, smooth + collective)
    return sp.Add(rule(state)(smooth), *[s.value() for s in samples(state)], sites(state).value())


def _legendre(state: State) -> sp.Expr:
    """Collective variables with the fields that belong to them."""
    return sp.Add(*[beta * state["glass"].size * total * field for total, field in state["fields"].items()])


def _free_energy(state: State) -> dict[str, Any]:
    return {"free_energy": free_energy({**state, "eliminated": [{beta: state["beta"]}]})}


def slope_in(state: State, symbol: sp.Symbol) -> sp.Expr:
    """Derivative of the free energy by an overlap, a block or the width, at given conjugates, of all that is not the sites."""
    smooth = sp.diff(state["action"], symbol)
    smooth = limit(state, per_replica(smooth)) if smooth != 0 else smooth
    return sp.Add(rule(state)(smooth), *[s.derivative(symbol) for s in samples(state)])


def _pull(state: State, total: sp.Symbol) -> sp.Expr:
    """Derivative of the energy by a sum: by the collective part, and by the law of the fields of samples."""
    slopes = [s.derivative(total) for s in samples(state)]
    return sp.diff(state["glass"].collective, total) - sp.Add(*slopes) / state["order"].unit


def saddle(state: State) -> dict[str, Any]:
    order, glass = state["order"], state["glass"]
    conjugates = {}
    for j, (overlap, conjugate) in enumerate(zip(order.overlaps, order.conjugates, strict=True)):
        slope, share, power = slope_in(state, overlap), order.share(j), 1
        if order.free_width is not None and overlap == order.overlaps[-1]:
            # At a fixed norm, to which another conjugate belongs. In χ/β a derivative by the width is the largest.
            slope, share = (0 if order.cold else slope) - slope_in(state, order.free_width), share - 1
            power = 2
        legendre = -(beta**2) / 2 * glass.size * share * conjugate
        conjugates[conjugate] = linear(slope + (per_beta(legendre, power) if order.cold else legendre), conjugate)
    fields = {field: _pull(state, total) / glass.size for total, field in state["fields"].items()}
    overlaps = dict(zip(order.overlaps, sites(state).overlaps(), strict=True))
    return {"conjugates": conjugates, "fields_of": fields, "overlaps": overlaps}


def _stiffness(state: State) -> dict[sp.Symbol, sp.Expr]:
    """Curvature that all but the sites gives a real state in a tree."""
    law = sites(state)
    if not isinstance(law, RealSites):
        return {}
    return {STIFFNESS: law.stiffness(slope_in(state, state["order"].overlaps[-1]) / state["glass"].size)}


def _closed(state: State) -> dict[str, Any]:
    order, glass, conjugates = state["order"], state["glass"], state["conjugates"]
    nested = isinstance(sites(state), TreeSites) and any(s.nested for s in samples(state))
    # Averages written into averages would be long; conjugates that hold some stay as unknowns.
    kept = state["fields_of"] if nested else {}
    kept = {field: e for field, e in kept.items() if outermost(e) or e.has(TreeAverage)}
    given = {field: e for field, e in state["fields_of"].items() if field not in kept}
    stiffness = _stiffness(state)
    known = [{}, {}] if nested else [stiffness, conjugates]
    rules = [given, *known, order.written_out, {beta: state["beta"]}]
    done = {**state, "eliminated": rules}
    law = sites(done)
    unknowns: dict[sp.Symbol, sp.Expr] = law.means(state["fields"])
    values = law.overlaps()
    for j, symbol in enumerate((order.base, *order.steps)):
        unknowns[symbol] = values[j] - values[j - 1] if j else values[0]
    if order.free_width is not None:
        unknowns[order.free_width] = law.free_width(slope_in(state, order.overlaps[-1]) / glass.size)
    if nested:
        unknowns |= {x: closed(e, rules) for x, e in {**kept, **conjugates, **stiffness}.items()}
    equations = [sp.Eq(x, e, evaluate=False) for x, e in unknowns.items()]
    # Stationarity in a block is at fixed conjugates.
    equations += [sp.Eq(slope_in(done, x) + law.derivative(x), 0, evaluate=False) for x in order.blocks]
    return {"fixed_point": equations, "eliminated": rules, "unknowns": (*unknowns, *order.blocks)}
