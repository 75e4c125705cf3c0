"""Capacity at any number of steps of breaking: where the volume of states of zero energy shrinks to points.

There the innermost overlap is the norm, 1 - q_k = ε -> 0, with blocks ε y_j. The logarithm of the volume is then a free energy
over ε which vanishes and is stationary: a ground state's with 1/ε for β, among walls around what has zero energy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import sympy as sp

from theory.derivation import Derivation, Step
from theory.equations import Theory
from theory.errors import DerivationError, did_you_mean
from theory.piecewise import pieces
from theory.replica.breaking import breaking
from theory.replica.elimination import factored, linear
from theory.replica.fields import H
from theory.replica.joint import potentials
from theory.replica.results import parameter_of
from theory.replica.rsb import free_energy, interactions, saddle, sites, slope_in
from theory.replica.rsb_results import observables, replicon, unknown_of
from theory.replica.verdicts import conditions, free_name, taken_by
from theory.symbols import beta, size

State = Mapping[str, Any]


def derive_capacity(energy, over=None) -> Derivation:
    """Derivation of the number of samples, of the dimension ``over`` if there are several, beyond which no state of an
    :class:`~theory.declaration.Energy` in phase SAT has zero energy; DerivationError where it has another form."""
    steps = [
        Step("interactions", "Samples forbid states whose energy is not zero: walls.", lambda s: _walled(energy, over)),
        Step(
            "ansatz",
            "The innermost overlap is the norm up to χ/β, where 1/β -> 0 is the size of the space that is left; blocks are y/β.",
            lambda s: _ansatz(energy),
        ),
        Step("free energy", "n -> 0: the logarithm of the volume over β.", lambda s: {"free_energy": free_energy(_at(s))}),
        Step(
            "capacity",
            "The volume is neither small nor large where it vanishes, which is linear in the number of samples. It depends on y χ "
            "alone: χ = 1.",
            lambda s: _capacity(s, energy),
        ),
        Step("saddle point", "The free energy is stationary in overlaps, increments of which add up to one, and blocks.", saddle),
        Step("closed equations", "Conjugates that the overlaps give explicitly are eliminated.", _closed),
        Step("stability", "The replicon: the share of the degrees of freedom that constraints in force leave.",
             lambda s: _stable(s, energy)),
        Step("observables", "Expectations in the last states.", lambda s: observables(s, energy)),
        Step("theory", "Unknowns, equations, observables, parameters.", lambda s: _assembled(s, energy)),
    ]  # fmt: skip
    return Derivation(f"{energy.name}: capacity, {energy.ansatz}", steps).run({})


def _walled(energy, over) -> dict[str, Any]:
    if energy.phase != "SAT" or energy.temperature != 0:
        raise DerivationError(f"capacity of {energy.name}: states of zero energy are what it counts; declare phase='SAT'")
    state = interactions(energy)
    glass = state["glass"]
    if glass.prior != "spherical":
        form = "they are left until their entropy vanishes, trace that" if glass.prior == "ising" else "their norm is free"
        raise DerivationError(
            f"capacity of {energy.name}: the volume of states with prior {glass.prior!r} does not shrink to points, {form}; "
            "spherical states have a capacity of this form"
        )
    taught = next((s.dim for s in glass.samples if s.passive), None)
    if taught is not None:
        raise DerivationError(f"capacity of {energy.name}: a teacher labels {taught}; its own state has zero energy always")
    names = list(dict.fromkeys(s.dim.name for s in glass.samples))
    wanted = names if over is None else [str(over)]
    if len(wanted) != 1 or wanted[0] not in names:
        hint = did_you_mean(wanted[0], names) if over is not None else f"give one of {', '.join(names)}"
        raise DerivationError(f"capacity of {energy.name}: samples over {', '.join(wanted)}; {hint}")
    glass.samples = tuple(replace(s, potential=_walls(s.potential)) for s in glass.samples)
    if all(s.potential == 0 for s in glass.samples if s.dim.name == wanted[0]):
        raise DerivationError(f"capacity of {energy.name}: every state has zero energy on {wanted[0]}")
    allowed = potentials(glass.samples)
    return {**state, "volume": False, "action": sp.S.Zero, "potential": allowed, "counted": size(wanted[0])}


def _walls(potential: sp.Expr) -> sp.Expr:
    """Zero where a potential is, infinite elsewhere."""
    cases = [(sp.S.Zero if sp.expand(body) == 0 else sp.oo, H < upper) for _, upper, body in pieces(potential, H)]
    return sp.Piecewise(*cases[:-1], (cases[-1][0], True))


def _ansatz(energy) -> dict[str, Any]:
    order = breaking(energy.ansatz, None, True, taken_by(energy))
    scale = {order.free_width: sp.S.One}
    return {"order": order, "fields": {}, "blocks": {sp.Symbol("y"): sp.Tuple(*order.blocks)}, "scale": scale}


def _at(state: State) -> State:
    """The state with order parameters in units of the width, in increments."""
    rules = (state.get("conjugates", {}), state["order"].written_out, {beta: state["beta"]}, state["scale"])
    return {**state, "eliminated": rules}


def _capacity(state: State, energy) -> dict[str, Any]:
    value, order = linear(state["free_energy"], state["counted"]), state["order"]
    if value is None:
        raise DerivationError(f"capacity of {energy.name}: its volume is not linear in {state['counted']}")
    alone = {} if order.count else {order.base: sp.S.One}
    name = sp.Symbol(free_name("capacity", taken_by(energy)), positive=True)
    return {"capacity": name, "count": {**alone, name: factored(value.xreplace(alone))}, "scale": {**state["scale"], **alone}}


def _closed(state: State) -> dict[str, Any]:
    done, order = _at(state), state["order"]
    if not order.count:
        return {"fixed_point": [], "eliminated": done["eliminated"], "unknowns": ()}
    law = sites(done)
    values = law.overlaps()
    # The number of samples at which they add up to the norm.
    whole = {state["counted"]: linear(values[-1] - 1, state["counted"])}
    steps = [values[0], *[b - a for a, b in pairwise(values)]]
    unknowns = {x: e.xreplace(whole) for x, e in zip((order.base, *order.steps), steps, strict=True)}
    equations = [sp.Eq(x, e, evaluate=False) for x, e in unknowns.items()]
    equations += [sp.Eq(slope_in(done, x) + law.derivative(x), 0, evaluate=False) for x in order.blocks]
    return {"fixed_point": equations, "eliminated": done["eliminated"], "unknowns": (*unknowns, *order.blocks)}


def _stable(state: State, energy) -> dict[str, Any]:
    name = sp.Symbol(free_name("replicon", taken_by(energy)), real=True)
    found = {**state["count"], name: replicon(state)}
    return {"definitions": found, "conditions": conditions(energy, name.name)}


def _assembled(state: State, energy) -> dict[str, Any]:
    parameters = [parameter_of(p) for p in energy.parameters]

    def at(expression: Any) -> Any:
        return expression.xreplace({state["counted"]: state["capacity"]})

    theory = Theory(
        name=f"{energy.name}-capacity",
        unknowns=tuple(unknown_of(u, state) for u in state["unknowns"]),
        equations=tuple(map(at, state["fixed_point"])),
        residuals=tuple((at(e.lhs - e.rhs),) for e in state["fixed_point"]),
        definitions={symbol: at(e) for symbol, e in state["definitions"].items()},
        observables={name: at(e) for name, e in state["observables"].items()},
        stable={},
        parameters=tuple(p for p in parameters if p.symbol != state["counted"]),
        validity=f"{state['counted']} at which states of zero energy end",
        references=energy.references,
        conditions=state["conditions"],
    )
    return {"theory": theory}
