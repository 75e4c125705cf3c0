"""The replica-symmetric free energy, and the order parameters where it is stationary, as functions of each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp

from theory.replica.ansatz import Mixed, Overlaps
from theory.replica.data import total
from theory.replica.elimination import factored
from theory.replica.forms import Entry
from theory.replica.joint import Model, Samples
from theory.replica.sample_law import SampleLaw
from theory.replica.site_law import SiteLaw, square_of
from theory.small_matrices import inverse as inverse_of
from theory.symbols import beta, size

State = Mapping[str, Any]


def entry_value(entry: Entry, values) -> sp.Expr:
    """A covariance in terms of the values of the forms."""
    return sp.Add(*[c * values[r] for c, r in entry.factors])


def sample_law(state: State, samples: Samples, values: Mapping[str, Any] | None = None) -> SampleLaw:
    """The problem of one sample in the order parameters, or in other ``values`` of the forms."""
    pairs, singles = state["overlaps"], state["mixed"]
    known = values or {
        "width": [p.width for p in pairs], "overlap": [p.overlap for p in pairs], "mixed": [p.value for p in singles]
    }  # fmt: skip
    n, count = len(samples.active), len(samples.active) + len(samples.passive)

    def pair(i: int, j: int, name: str) -> sp.Expr:
        return entry_value(samples.covariance[min(i, j), max(i, j)], known[name])

    width = sp.Matrix(n, n, lambda i, j: pair(i, j, "width"))

    def between(i: int, j: int) -> sp.Expr:
        name = "overlap" if max(i, j) < n else "mixed"
        return pair(i, j, name) + samples.covariance[min(i, j), max(i, j)].rest

    means = tuple(entry_value(e, known["mixed"]) + e.rest for e in samples.means)
    return SampleLaw(samples, width, sp.Matrix(count, count, between), means, state["regime"])


def site_laws(state: State) -> list[SiteLaw]:
    """The problems of one site of every population."""
    model: Model = state["model"]
    found = []
    for p, people in enumerate(model.populations):
        n, variables, copies = len(people.states), people.variables, people.copies
        curvature, spread, bias = sp.zeros(n, n), sp.zeros(n, n), [sp.S.Zero] * n
        for form, order in zip(model.bilinear, state["overlaps"], strict=True):
            part = form.parts[p]
            for s in range(n):
                for t in range(n):
                    both = (part.coeff_monomial(variables[s] * copies[t]) + part.coeff_monomial(variables[t] * copies[s])) / 2
                    curvature[s, t] += order.stiffness * both
                    spread[s, t] += order.drive * both
                one = (part.coeff_monomial(variables[s]) + part.coeff_monomial(copies[s])) / 2
                bias[s] -= order.stiffness * one
        for form, order in zip(model.linear, state["mixed"], strict=True):
            for s in range(n):
                bias[s] += order.pull * form.parts[p].coeff_monomial(variables[s])
        for s, (leaf, prior) in enumerate(zip(people.states, people.priors, strict=True)):
            curvature[s, s] += sp.S.One if prior == "gaussian" else state["multipliers"].get(leaf.name, sp.S.Zero)
        if "eliminated" in state:
            first = state["eliminated"][0]
            curvature = curvature.applyfunc(lambda e, first=first: closed(factored(e.xreplace(first)) if first else e, state))
            spread, bias = spread.applyfunc(lambda e: closed(e, state)), [closed(e, state) for e in bias]
        found.append(SiteLaw(people, curvature, tuple(bias), spread, state["regime"]))
    return found


def closed(expression: sp.Expr, state: State) -> sp.Expr:
    """In the unknowns of the closed equations."""
    for rule in state["eliminated"]:
        expression = expression.xreplace(rule)
    return expression.xreplace({beta: state["beta"]})


def free_energy(state: State) -> sp.Expr:
    """Free energy of one replica, −β F; over β where the temperature is zero."""
    model, cold = state["model"], state["regime"] == "UNSAT"
    action = sp.S.Zero
    for number, law in enumerate(site_laws(state)):
        fixed = [p.stiffness * _constant(form.parts[number]) for form, p in zip(model.bilinear, state["overlaps"], strict=True)]
        action += law.value(-sp.Add(*fixed) / 2)
    for s in model.samples:
        action += s.total(sample_law(state, s).average(lambda fields, _: fields.values()))
    for p in state["overlaps"]:
        action += (p.overlap * p.stiffness - p.width * p.drive + (0 if cold else p.width * p.stiffness)) / 2
    for form, p in zip(model.linear, state["mixed"], strict=True):
        fixed = [people.total(_constant(part)) for part, people in zip(form.parts, model.populations, strict=True)]
        action += p.pull * (sp.Add(*fixed) - p.value)
    for people in model.populations:
        for leaf in people.states:
            action += state["multipliers"].get(leaf.name, sp.S.Zero) * size(people.dim.name) / 2
            if leaf.how.get("prior") == "gaussian":
                action -= sp.log(2 * sp.pi) * size(people.dim.name) / 2
    return action


def _constant(part: sp.Poly) -> sp.Expr:
    return part.coeff_monomial(1)


def saddle(state: State) -> dict[str, Any]:
    """Every order parameter as a function of the others: conjugates by samples, overlaps by sites."""
    model, found = state["model"], {}
    pairs: tuple[Overlaps, ...] = state["overlaps"]
    singles: tuple[Mixed, ...] = state["mixed"]
    for symbol in [x for p in pairs if p.free[1] for x in (p.drive, p.stiffness)] + [p.pull for p in singles if p.free[1]]:
        if symbol != 0:
            found[symbol] = sp.S.Zero
    for s in model.samples:
        for symbol, value in _by_samples(state, s).items():
            found[symbol] += value
    laws = site_laws(state)
    for form, p in zip(model.bilinear, pairs, strict=True):
        if not p.free[0]:
            continue
        sums = [overlap_of(part, law) for part, law in zip(form.parts, laws, strict=True)]
        if p.width != 0:
            found[p.width] = sp.Add(*[width for width, _ in sums])
        found[p.overlap] = sp.Add(*[overlap for _, overlap in sums])
    for form, p in zip(model.linear, singles, strict=True):
        if p.free[0]:
            found[p.value] = sp.Add(*[mixed_of(part, law) for part, law in zip(form.parts, laws, strict=True)])
    norms = {}
    for law in laws:
        for i, leaf in enumerate(law.people.states):
            if leaf.name in state["multipliers"]:
                square = law.sum(law.mean(i) * law.mean(i))
                norms[leaf.name] = square + (0 if state["regime"] == "UNSAT" else law.sum(law.variance(i, i)))
    rule = {beta: state["beta"]}
    return {"saddle": {x: e.xreplace(rule) for x, e in found.items()}, "norms": {x: e.xreplace(rule) for x, e in norms.items()}}


def _by_samples(state: State, s: Samples) -> dict[sp.Symbol, sp.Expr]:
    """What one set of samples adds to the conjugates."""
    law, n = sample_law(state, s), len(s.active)
    found: dict[sp.Symbol, sp.Expr] = {}
    known: dict[tuple[int, int], sp.Expr] = {}

    def add(p: Overlaps | Mixed, symbol: sp.Expr, factor: sp.Expr, value: Callable[[], sp.Expr]) -> None:
        if p.free[1] and isinstance(symbol, sp.Symbol):
            found[symbol] = found.get(symbol, sp.S.Zero) + s.total(factor * value())

    def bend(i: int, j: int) -> sp.Expr:
        key = (min(i, j), max(i, j))
        if key not in known:
            known[key] = law.average(lambda f, _: f.curvature(*key))
        return known[key]

    for (i, j), entry in s.covariance.items():
        if j >= n:
            continue
        times = 1 if i == j else 2
        for c, r in entry.factors:
            p = state["overlaps"][r]
            add(p, p.drive, times * c, lambda i=i, j=j: law.average(lambda f, _: f.slope(i) * f.slope(j)))
            add(p, p.stiffness, -times * c, lambda i=i, j=j: bend(i, j))
    inverse = inverse_of(law.covariance[n:, n:]) if s.passive else sp.zeros(0, 0)
    for i in range(n):
        for c, l in s.means[i].factors:
            add(state["mixed"][l], state["mixed"][l].pull, c, lambda i=i: law.average(lambda f, _: f.slope(i)))
        row: list[sp.Expr] = []
        if law.joint:
            for g, u in enumerate(s.passive):
                for c, l in s.covariance[i, n + g].factors:
                    p = state["mixed"][l]
                    add(p, p.pull, c, lambda i=i, u=u: law.average(lambda f, _: f.slope(i), by=u))
            continue
        for g, u in enumerate(s.passive):
            tilted = law.average(lambda f, _, i=i, u=u, g=g: f.slope(i).scaled(u - law.means[n + g]))
            row.append(tilted - sp.Add(*[bend(i, j) * law.covariance[j, n + g] for j in range(n)]))
        for g in range(len(s.passive)):
            for c, l in s.covariance[i, n + g].factors:
                value = sp.Add(*[row[k] * inverse[k, g] for k in range(len(row))])
                add(state["mixed"][l], state["mixed"][l].pull, c, lambda value=value: value)
    return found


def overlap_of(part: sp.Poly, law: SiteLaw) -> tuple[sp.Expr, sp.Expr]:
    """Connected and disconnected part of a bilinear form, summed over the sites of a population."""
    people = law.people
    width, overlap = sp.S.Zero, people.total(_constant(part))
    if len(people.variables) == 1:
        # The two sides are alike, and their means the same.
        (w,), (copy,) = people.variables, people.copies
        found = square_of(sp.expand(part.as_expr().xreplace({copy: w})), w)
        if found is not None:
            factor, centre = found
            return law.sum(law.variance(0, 0), factor), total(people.dim, law.square(0, centre, factor), people.index)
    for s, w in enumerate(people.variables):
        one = part.coeff_monomial(w) + part.coeff_monomial(people.copies[s])
        overlap += law.sum(law.mean(s), one)
        for t, copy in enumerate(people.copies):
            both = part.coeff_monomial(w * copy)
            if both != 0:
                width += law.sum(law.variance(s, t), both)
                overlap += law.sum(law.mean(s) * law.mean(t), both)
    return width, overlap


def mixed_of(part: sp.Poly, law: SiteLaw) -> sp.Expr:
    """A linear form, summed over the sites of a population."""
    people = law.people
    value = people.total(_constant(part))
    for s, w in enumerate(people.variables):
        value += law.sum(law.mean(s), part.coeff_monomial(w))
    return value
