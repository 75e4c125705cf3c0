"""What must be known before what: the order in which the fields of one time are found, and which fields never move."""

from __future__ import annotations

import sympy as sp

from theory.dmft.action import SingleSite
from theory.dmft.fields import Fields
from theory.dmft.notation import past
from theory.errors import DerivationError
from theory.symbols import time


def still(fields: Fields, site: SingleSite) -> set[sp.Symbol]:
    """Fields that are the same at all times: draws, given values, and what is made of them by matrices that do not move."""
    found = {*fields.data, *(x for x in fields.variances if x not in fields.fresh)}
    while True:
        new = {x for x, value in fields.auxiliary.items() if _made_of(value, found, fields)}
        new |= {x for x, total in fields.sums.items() if _made_of(total.summand, found, fields)}
        for use in fields.uses:
            moves = use.leaf in fields.learnt or "fresh" in use.leaf.how or site.memory.get(use.out)
            if use.into in found and not moves:
                new.add(use.out)
        if new <= found:
            return found
        found |= new


def _made_of(expression: sp.Expr, found: set[sp.Symbol], fields: Fields) -> bool:
    used = expression.free_symbols & set(fields.dims)
    return used <= found and time not in expression.free_symbols and not used & fields.fresh


def immediate(fields: Fields, site: SingleSite) -> dict[sp.Symbol, set[sp.Symbol]]:
    """Every field without a law in time, with the local fields of its own site whose push it feels at once, itself among them.

    What a local field remembers of the same time is part of that: where x answers to g at once, h = J x remembers y(t) through it.
    """
    made = _made(fields)
    own = {x: (fields.auxiliary.get(x, sp.S.Zero).free_symbols) & made for x in made if fields.dims[x]}
    while True:
        feels = _closed(own)
        new = {x: set(of) for x, of in own.items()}
        for h, y in _remembered_at_once(fields, site, feels):
            new[h] |= {y} & set(own)
        if new == own:
            return feels
        own = new


def _made(fields: Fields) -> set[sp.Symbol]:
    return {*fields.auxiliary, *fields.sums, *(u.out for u in fields.uses)}


def _closed(direct: dict[sp.Symbol, set[sp.Symbol]]) -> dict[sp.Symbol, set[sp.Symbol]]:
    direct = {x: of | {x} for x, of in direct.items()}
    while True:
        wider = {x: set().union(*(direct[y] for y in of if y in direct)) for x, of in direct.items()}
        if wider == direct:
            return direct
        direct = wider


def _remembered_at_once(fields: Fields, site: SingleSite, feels) -> list[tuple[sp.Symbol, sp.Symbol]]:
    """Pairs of a local field and what it remembers of its own time."""
    found = []
    for use in fields.uses:
        for _, response, y in site.memory.get(use.out, ()):
            parameter = site.parameters[response.func(time, past)]
            if parameter.y in feels.get(parameter.x, ()):
                found.append((use.out, y))
    return found


def at_once(fields: Fields, site: SingleSite) -> dict[sp.Symbol, set[sp.Symbol]]:
    """Every field without a law in time, with those that must be known at the same time before it."""
    made = _made(fields)
    needs = {x: value.free_symbols & made for x, value in fields.auxiliary.items()}
    needs |= {x: total.summand.free_symbols & made for x, total in fields.sums.items()}
    for use in fields.uses:
        # Its memory needs the responses, and what it has learnt the correlations, of the field that the matrix acts on.
        needs[use.out] = {use.into} & made
    for use in fields.uses:
        for _, response, _ in site.memory.get(use.out, ()):
            needs[use.out] |= {site.parameters[response.func(time, past)].x} & made
    for h, y in _remembered_at_once(fields, site, immediate(fields, site)):
        needs[h] |= {y} & made
    return needs


def schedule(fields: Fields, site: SingleSite) -> list[sp.Symbol]:
    """Fields without a law in time, each behind those that it needs; DerivationError where they run in a circle."""
    needs, order, path = at_once(fields, site), [], []

    def visit(x: sp.Symbol) -> None:
        if x in path:
            circle = " -> ".join(map(str, [*path[path.index(x) :], x]))
            raise DerivationError(
                f"{fields.model.name}: instantaneous cycle {circle}; each needs the other at the same time, give one a rule in time"
            )
        if x in order:
            return
        path.append(x)
        for y in sorted(needs[x], key=str):
            visit(y)
        path.pop()
        order.append(x)

    for x in sorted(needs, key=str):
        visit(x)
    return order
