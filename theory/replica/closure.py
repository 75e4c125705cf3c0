"""From the saddle point to closed equations: conjugates eliminated, the effective ridge found, feedback resolved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from theory.averages import outermost
from theory.errors import DerivationError
from theory.replica.verdicts import free_name, taken_by
from theory.saddle import change_variable, eliminate, feedback, opaque, poles, separated, solve_linear, tidy
from theory.symbols import gamma, kappa, positive, size

State = Mapping[str, Any]


def _physical(state: State) -> tuple[list[sp.Symbol], list[sp.Symbol]]:
    """Overlap symbols (responses c or χ, then overlaps q) and conjugate symbols, as they stand after the temperature step."""
    rule = {old: new for p in state["order_parameters"] for old, (new, _) in p.scaled.items()} if state["cold"] else {}
    overlaps = [rule.get(s, s) for p in state["order_parameters"] for s in p.overlap.coefficients if s.is_Symbol]
    conjugates = [rule.get(s, s) for p in state["order_parameters"] for s in p.conjugate.coefficients if s.is_Symbol]
    return overlaps, conjugates


def conjugates_eliminated(state: State) -> dict[str, Any]:
    """Every conjugate is solved for; with several sets of samples, the responses instead of their conjugates, which add up."""
    overlaps, conjugates = _physical(state)
    several = len(state["order_parameters"]) > 1
    responses, kept = overlaps[::2], conjugates[::2]
    away = [*responses, *conjugates[1::2]] if several else conjugates
    equations, solved = eliminate(state["equations"], away)
    unknowns = [*kept, *overlaps[1::2]] if several else overlaps
    return {"equations": [tidy(e) for e in equations], "eliminated": solved, "unknowns": tuple(unknowns)}


def with_canonical_variable(state: State, energy) -> dict[str, Any]:
    """The constant of the resolvent under the sums becomes the unknown in the place of the response in it."""
    equations, eliminated, unknowns = list(state["equations"]), dict(state["eliminated"]), list(state["unknowns"])
    definitions: dict[sp.Symbol, sp.Expr] = {}
    sizes = [size(channel.dim.name) for channel in state["fields"].channels]
    for definition in poles(equations, unknowns, sizes):
        old = next(x for x in unknowns if x in definition.free_symbols)
        new = positive(free_name(f"kappa_{len(definitions) + 1}" if definitions else kappa.name, taken_by(energy)))
        changed = change_variable(equations, definition, old, new)
        if changed is None or any(x in definition.free_symbols for x in unknowns if x != old):
            continue
        equations, inverse = changed
        eliminated = {x: tidy(value.xreplace({old: inverse})) for x, value in eliminated.items()} | {old: inverse}
        definitions[new] = definition
        unknowns[unknowns.index(old)] = new
        break
    return {"canonical": definitions, "equations": equations, "eliminated": eliminated, "unknowns": tuple(unknowns)}


def closed_equations(state: State, energy) -> dict[str, Any]:
    """Overlaps that enter their own equation linearly are solved; the gain of a single one is the order parameter γ."""
    unknowns = list(state["unknowns"])
    remaining = [e for e in state["equations"] if e != 0]
    gains: dict[sp.Symbol, sp.Expr] = {}
    overlaps = [q for p in state["order_parameters"] for q in _physical({**state, "order_parameters": (p,)})[0][1:]]
    own = [e for e in remaining if set(overlaps) & e.free_symbols]
    loop = feedback(own[0], overlaps[0]) if len(overlaps) == len(own) == 1 else None
    if loop is not None and loop[1] != 0:
        name = positive(free_name(gamma.name, taken_by(energy)))
        source, gains[name] = loop
        solved = {overlaps[0]: over_gain(recognised(separated(source), name, gains[name]) / (1 - name), name)}
        remaining.remove(own[0])
    else:
        remaining, solved = eliminate(remaining, overlaps)
    fixed = [u for u in unknowns if u not in solved]
    if len(remaining) != len(fixed):
        raise DerivationError(
            f"{energy.name}: {len(remaining)} equations for the unknowns {', '.join(map(str, fixed))}; "
            "the saddle point does not close, declare a simpler energy"
        )
    return {
        "fixed_point": [explicit(e, u) for e, u in zip(_ordered(remaining, fixed), fixed, strict=True)],
        "gain": gains,
        "overlaps": solved,
        "fixed_unknowns": tuple(fixed),
    }


def over_gain(expression: sp.Expr, gain: sp.Symbol = gamma) -> sp.Expr:
    """Factored, with 1 − γ, γ the ``gain``, in denominators rather than γ − 1."""
    plain, back = opaque(expression)
    above, below = sp.fraction(sp.factor(plain))
    turned = sp.Mul(*[(1 - gain) ** f.as_base_exp()[1] if f.as_base_exp()[0] == gain - 1 else f for f in sp.Mul.make_args(below)])
    sign = sp.cancel(below / turned)
    return (sp.factor(above * sign) / turned).xreplace(back) if sign in (1, -1) else sp.factor(plain).xreplace(back)


def recognised(expression: sp.Expr, name: sp.Symbol, definition: sp.Expr) -> sp.Expr:
    """The expression with the average that makes up ``definition`` (a multiple of one average) written through its name."""
    averages = outermost(definition)
    if len(averages) != 1:
        return expression.subs(definition, name)
    average = averages[0]
    stand_in = sp.Dummy("average")
    value = solve_linear(definition.xreplace({average: stand_in}) - name, stand_in)
    return expression if value is None else expression.xreplace({average: value})


def _ordered(equations: list[sp.Expr], unknowns: list[sp.Symbol]) -> list[sp.Expr]:
    """Each unknown beside an equation that contains it."""
    rest, ordered = list(equations), []
    for unknown in unknowns:
        own = next((e for e in rest if unknown in e.free_symbols), rest[0])
        rest.remove(own)
        ordered.append(own)
    return ordered


def explicit(equation: sp.Expr, unknown: sp.Symbol) -> sp.Eq:
    """``equation = 0`` as ``unknown = map``: the map that is left when the term proportional to the unknown alone is isolated."""
    above, _ = sp.fraction(sp.together(equation))
    above = sp.expand(above)
    bare = [t for t in sp.Add.make_args(above) if not outermost(t) and unknown in t.free_symbols]
    slope = sp.cancel(sp.Add(*bare) / unknown)
    if not bare or unknown in slope.free_symbols:
        return sp.Eq(tidy(equation), 0, evaluate=False)
    rest = sp.Add(*[sp.cancel(-t / slope) if not outermost(t) else -t / slope for t in sp.Add.make_args(above) if t not in bare])
    return sp.Eq(unknown, sp.expand(rest), evaluate=False)
