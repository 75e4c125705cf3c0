"""A declared symmetry of an energy: how it acts on order parameters, and which of them are left where it is not broken.

An exchange of states and random vectors turns each form of the sites into a combination of forms. The values of the forms are what
these combinations say, v = A v; the free energy does not change either, so that its slopes, the conjugates, obey v̂ = Aᵀ v̂.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sympy as sp

from theory.declaration.sites import Leaf, Site
from theory.errors import DerivationError
from theory.replica.populations import Population

State = Mapping[str, Any]


def symmetric(state: State, energy) -> dict[str, Any]:
    """Order parameters that the declared exchanges leave as they are, written in the fewest of them."""
    model, pairs, singles = state["model"], state["overlaps"], state["mixed"]
    two = [_action(model.bilinear, model.populations, rule, True) for rule in energy.symmetry]
    one = [_action(model.linear, model.populations, rule, False) for rule in energy.symmetry]
    shown: dict[sp.Symbol, sp.Expr] = {}

    def reduced(symbols: Sequence[sp.Expr], maps: list[sp.Matrix]) -> list[tuple[sp.Expr, bool]]:
        values = _invariant(symbols, maps)
        shown.update({x: v for x, v in zip(symbols, values, strict=True) if x != v})
        return [(v, x == v) for x, v in zip(symbols, values, strict=True)]

    dual = [a.T for a in two]
    fields = [reduced([p.width for p in pairs], two), reduced([p.overlap for p in pairs], two)]
    fields += [reduced([p.drive for p in pairs], dual), reduced([p.stiffness for p in pairs], dual)]
    overlaps = []
    for p, width, overlap, drive, stiffness in zip(pairs, *fields, strict=True):
        free = (overlap[1], drive[1])
        overlaps.append(replace(p, width=width[0], overlap=overlap[0], drive=drive[0], stiffness=stiffness[0], free=free))
    values = reduced([p.value for p in singles], one)
    pulls = reduced([p.pull for p in singles], [a.T for a in one])
    mixed = [replace(p, value=v, pull=f, free=(a, b)) for p, (v, a), (f, b) in zip(singles, values, pulls, strict=True)]
    multipliers = _merged(state["multipliers"], energy.symmetry)
    shown |= {old: multipliers[name] for name, old in state["multipliers"].items() if old != multipliers[name]}
    return {"overlaps": tuple(overlaps), "mixed": tuple(mixed), "multipliers": multipliers, "relations": shown}


def _merged(multipliers: Mapping[str, sp.Symbol], rules: Sequence[Mapping[Leaf, Leaf]]) -> dict[str, sp.Symbol]:
    """Multipliers by state, one for states that are exchanged."""
    found = dict(multipliers)
    for rule in rules:
        for a, b in rule.items():
            if a.name in found and b.name in found:
                kept = min(found[a.name], found[b.name], key=str)
                both = {found[a.name], found[b.name]}
                found = {name: kept if symbol in both else symbol for name, symbol in found.items()}
    return found


def _action(forms: Sequence, people: Sequence[Population], rule: Mapping[Leaf, Leaf], two: bool) -> sp.Matrix:
    """The matrix A with (exchanged form r) = Σ_s A_rs form s."""
    if not forms:
        return sp.zeros(0, 0)
    before = [_vector(form.parts, people, {}, two) for form in forms]
    after = [_vector(form.parts, people, _renamed(people, rule), two) for form in forms]
    monomials = sorted(set().union(*before, *after), key=str)
    basis = sp.Matrix(len(monomials), len(forms), lambda m, s: before[s].get(monomials[m], 0))
    rows = []
    for form, moved in zip(forms, after, strict=True):
        target = sp.Matrix([moved.get(m, sp.S.Zero) for m in monomials])
        try:
            solution, free = basis.gauss_jordan_solve(target)
        except ValueError:
            written = sp.Add(*[part.as_expr() for part in form.parts])
            raise DerivationError(f"symmetry: it turns the overlap {written} into one that no field has; leave it out") from None
        rows.append(list(solution.xreplace(dict.fromkeys(free, sp.S.Zero))))
    return sp.Matrix(rows)


def _renamed(people: Sequence[Population], rule: Mapping[Leaf, Leaf]) -> dict[sp.Symbol, sp.Symbol]:
    """Symbols at a site, and what an exchange puts in their place."""
    found: dict[sp.Symbol, sp.Symbol] = {}
    for p in people:
        for names in (p.variables, p.copies):
            places = dict(zip(p.states, names, strict=True))
            found |= {places[a]: places[b] for a, b in rule.items() if a in places}
        found |= {Site(a): Site(b) for a, b in rule.items() if Site(a) in p.noise}
    return found


def _vector(parts, people: Sequence[Population], names: Mapping[sp.Symbol, sp.Symbol], two: bool) -> dict[Any, sp.Expr]:
    """Coefficients by population and monomial of a form, the two replicas of a bilinear one exchanged and halved."""
    found: dict[Any, sp.Expr] = {}
    for number, (part, p) in enumerate(zip(parts, people, strict=True)):
        expression = part.as_expr().xreplace(names)
        if two:
            turn = {**dict(zip(p.variables, p.copies, strict=True)), **dict(zip(p.copies, p.variables, strict=True))}
            expression = (expression + expression.xreplace(turn)) / 2
        symbols = (*p.variables, *p.copies, *p.noise)
        if not expression.is_polynomial(*symbols):
            raise DerivationError(f"symmetry: the overlap {expression} is no polynomial of what is exchanged; leave it out")
        for monomial, c in sp.Poly(expression, *symbols).terms():
            if c != 0:
                found[number, monomial] = c
    return found


def _invariant(symbols: Sequence[sp.Expr], maps: Sequence[sp.Matrix]) -> list[sp.Expr]:
    """The symbols, where they are not changed by any of the maps, in the first ones of them that are independent."""
    count = len(symbols)
    if not count or not maps:
        return list(symbols)
    conditions = sp.Matrix.vstack(*[a - sp.eye(count) for a in maps])
    backwards = conditions[:, ::-1]
    reduced, pivots = backwards.rref()
    found = list(symbols)
    for row, pivot in enumerate(pivots):
        rest = [reduced[row, j] * symbols[count - 1 - j] for j in range(pivot + 1, count)]
        found[count - 1 - pivot] = -sp.Add(*rest)
    return found

