"""From the saddle point to closed equations: widths that a norm fixes, conjugates and multipliers that enter linearly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from theory.errors import DerivationError
from theory.replica.ansatz import Overlaps
from theory.replica.elimination import linear
from theory.replica.saddle_point import closed, saddle
from theory.symbols import beta, size

State = Mapping[str, Any]


def closed_equations(state: State) -> dict[str, Any]:
    """Unknowns and their equations; conjugates stay where several unknowns would be written into each other."""
    found, norms = dict(state["saddle"]), state["norms"]
    pairs: tuple[Overlaps, ...] = state["overlaps"]
    conjugate = {x: found.pop(x) for p in pairs if p.free[1] for x in (p.drive, p.stiffness) if x != 0}
    conjugate |= {p.pull: found.pop(p.pull) for p in state["mixed"] if p.free[1]}
    cold, multipliers = state["regime"] == "UNSAT", state["multipliers"]
    given: dict[sp.Symbol, sp.Expr] = {}
    extra: dict[sp.Symbol, sp.Expr] = {}
    fixed = _fixed_norms(state)
    for p, (name, norm) in fixed.items():
        given[p.overlap if cold else p.width] = norm if cold else norm - p.overlap
        if name in multipliers:
            mu = multipliers[name]
            value = linear(p.width - found[p.width], mu)
            if value is None:
                found[mu] = mu + norms[name] - _count(state, name)
            else:
                extra[mu] = value
            found.pop(p.width)
        else:
            found.pop(p.width)
    for name, mu in multipliers.items():
        if mu not in extra and mu not in found:
            found[mu] = mu + norms[name] - _count(state, name)
    rules = [extra, conjugate, given]
    if len(found) > 1:
        # Conjugates stay: their equations are short, and written into each other they are not.
        found, rules = {**found, **conjugate}, [extra, {}, given]
    again = saddle({**state, "eliminated": rules})
    final = dict(again["saddle"])
    for name, mu in multipliers.items():
        final[mu] = mu + again["norms"][name] - _count(state, name)
    written = {x: closed(final[x], {**state, "eliminated": rules}) for x in found}
    unknowns = tuple(x for x in found if x not in given)
    equations = [sp.Eq(x, written[x], evaluate=False) for x in unknowns]
    for p, (_, norm) in fixed.items():
        if cold:
            # The overlap is known; its equation determines the width.
            unknowns = (*unknowns, p.width)
            equations.append(sp.Eq(p.width, p.width * written[p.overlap] / norm, evaluate=False))
    return {"fixed_point": equations, "residual": [e.lhs - e.rhs for e in equations], "eliminated": rules, "unknowns": unknowns}


def check_complete(state: State) -> None:
    """Refuse order parameters, put in by hand, that do not fit the forms of the model."""
    model = state["model"]
    for what, forms in (("overlaps", model.bilinear), ("mixed", model.linear)):
        if len(state[what]) != len(forms):
            raise DerivationError(
                f"ansatz: {len(state[what])} order parameters in {what!r} for {len(forms)} forms of the model; give one for each"
            )


def _count(state: State, name: str) -> sp.Expr:
    return next(size(p.dim.name) for p in state["model"].populations for leaf in p.states if leaf.name == name)


def _fixed_norms(state: State) -> dict[Overlaps, tuple[str, sp.Expr]]:
    """Order parameters whose diagonal Q_aa is fixed by a prior: fixed norm, alike sites, nothing else in the field."""
    model, found, done = state["model"], {}, set()
    for form, p in zip(model.bilinear, state["overlaps"], strict=True):
        moving = [(part, people) for part, people in zip(form.parts, model.populations, strict=True) if not part.is_zero]
        if len(moving) != 1 or p.width == 0 or not p.free[0]:
            continue
        ((part, people),) = moving
        for s, leaf in enumerate(people.states):
            alone = part.monoms() == sp.Poly(people.variables[s] * people.copies[s], *part.gens).monoms()
            factor = part.coeff_monomial(people.variables[s] * people.copies[s])
            local = factor.free_symbols & {people.index, *people.noise}
            if leaf.how.get("prior") in ("spherical", "ising") and alone and not local and leaf.name not in done:
                found[p] = (leaf.name, (factor * size(people.dim.name)).xreplace({beta: state["beta"]}))
                done.add(leaf.name)
    return found
