"""The action of a dynamics, its average over the random matrices, and the action of one site that is left.

Discrete time, every rate taken before the step (pre-point). A field x with law x = f contributes i x̂ (x − f); a matrix J meets the
bilinear W_ij of the fields that it joins, and <exp(−i Σ_ij J_ij W_ij)> is the exponential of −½ Σ cov W W. In each of its terms two
factors stand at one site and two at another, whose sum over sites is an order parameter. A tensor joins more sites.
"""

from __future__ import annotations

import sympy as sp
from sympy.core.function import AppliedUndef

from theory.declaration.sites import Leaf
from theory.dmft.disorder import ROW, SITES
from theory.dmft.fields import Fields, weights
from theory.dmft.members import Members
from theory.dmft.notation import Entry, OrderParameter, past, step
from theory.symbols import time


def bare_action(fields: Fields) -> dict[sp.Symbol, sp.Expr]:
    """What each field contributes to the exponent at a site and time, without the matrices."""
    shown = {}
    for state, rate in fields.laws.items():
        ahead = Entry(state, ROW, time + step, conjugate=True)
        moved = Entry(state, ROW, time + step) - Entry(state, ROW, time) - step * _entries(rate, fields)
        shown[sp.Symbol(f"S_{state}")] = sp.I * ahead * moved
    for symbol, value in fields.auxiliary.items():
        shown[sp.Symbol(f"S_{symbol}")] = (
            sp.I * Entry(symbol, ROW, time, True) * (Entry(symbol, ROW, time) - _entries(value, fields))
        )
    for use in fields.uses:
        shown[sp.Symbol(f"S_{use.out}")] = sp.I * Entry(use.out, ROW, time, True) * Entry(use.out, ROW, time)
    return shown


def _entries(expression: sp.Expr, fields: Fields) -> sp.Expr:
    return expression.xreplace({s: Entry(s, ROW, time) for s in fields.dims if s not in fields.variances})


class SingleSite:
    """The action of one site: order parameters in the place of sums over the other sites.

    ``noise[h, g]`` is the covariance of the noises on two local fields, ``memory[h]`` lists (coefficient, response, field): what
    h(t) adds up over the past of the field; ``learning[h]`` (coefficient, correlation, field) what the coupling has learnt since.
    ``vanishing`` are responses that causality sets to zero: no chain of laws leads there.
    """

    def __init__(self, fields: Fields, averages: dict[Leaf, sp.Expr], learnt: dict[Leaf, sp.Expr] | None = None):
        self.fields, self.averages, self.learnt, self.members = fields, averages, learnt or {}, Members(fields)
        self.parameters: dict[sp.Expr, OrderParameter] = {}
        self.reach = self._closed({})
        while True:
            # A memory makes more fields respond, and those may bring further memories.
            self._read()
            felt = [*self.memory.items(), *self.learning.items()]
            reach = self._closed({h: {y for k, terms in felt if k == h for _, _, y in terms} for h, _ in felt})
            if reach == self.reach:
                break
            self.reach = reach

    def _closed(self, memories: dict[sp.Symbol, set[sp.Symbol]]) -> dict[sp.Symbol, set[sp.Symbol]]:
        """Every field with all those on which it depends at its own site."""
        fields = self.fields
        laws = {**fields.laws, **fields.auxiliary, **{u.out: sp.S.Zero for u in fields.uses}}
        direct = {x: (law.free_symbols & set(laws)) | (memories.get(x, set()) & set(laws)) | {x} for x, law in laws.items()}
        while True:
            wider = {x: set().union(*(direct[y] for y in ys)) for x, ys in direct.items()}
            if wider == direct:
                return direct
            direct = wider

    def _read(self) -> None:
        self.parameters, self.vanishing = {}, {}
        self.noise: dict[tuple[sp.Symbol, sp.Symbol], sp.Expr] = {}
        self.memory: dict[sp.Symbol, list[tuple[sp.Expr, sp.Expr, sp.Symbol]]] = {}
        self.learning: dict[sp.Symbol, list[tuple[sp.Expr, sp.Expr, sp.Symbol]]] = {}
        self.exponent: dict[str, sp.Expr] = {}
        parts = [(leaf, e, dict(zip(SITES, weights(leaf), strict=True)), False) for leaf, e in self.averages.items()]
        parts += [(leaf, e, {}, True) for leaf, e in self.learnt.items()]
        for leaf, exponent, own, before in parts:
            for term in sp.Add.make_args(exponent):
                coefficient, entries = _taken_apart(term)
                places = sorted({e.site for e in entries})
                at = [(own.get(place, sp.S.One), [e for e in entries if e.site == place]) for place in places]
                for k, (weight, here) in enumerate(at if len(at) > 1 else ()):
                    self._contribute(coefficient * weight, here, leaf, at[:k] + at[k + 1 :], before)

    def _contribute(self, coefficient, here: list[Entry], leaf: Leaf, there: list[tuple], before: bool) -> None:
        """One term at one site, the weighted entries of the others averaged and summed; ``before``: s is before t."""
        values = [self._order_parameter(leaf, weight, entries, before) for weight, entries in there]
        value = sp.Mul(*values)
        pushed = {e.at for _, entries in there for e in entries if e.conjugate}
        if value == 0 or len(pushed) > 1:
            # A response forth and one back: one of them is to the future.
            return
        one, two = (Entry(e.of, ROW, e.at, e.conjugate) for e in here)
        self._keep(self.fields.dims[one.of].name, coefficient * one * two * value)
        conjugates = [e for e in here if e.conjugate]
        if len(conjugates) == 2:
            # Both orders of the times stand in the sum; −½ ĥ C ĝ is the weight of a noise of covariance C.
            first, second = sorted(conjugates, key=lambda e: e.at == past)
            key = (first.of, second.of)
            self.noise[key] = self.noise.get(key, sp.S.Zero) - 2 * coefficient * value
        elif len(conjugates) == 1:
            (hat,), (y,) = conjugates, [e for e in here if not e.conjugate]
            # −i ĥ(t) r y(s) is a law h = r y; the two orders of the times are one and the same past.
            added = sp.I * coefficient * value
            if hat.at == past:
                added = added.subs({time: past, past: time}, simultaneous=True)
            found = {f: self.parameters.get(f.func(time, past)) for f in added.atoms(AppliedUndef)}
            responses = [f for f, p in found.items() if p is not None and p.kind == "R"]
            into = self.memory if responses else self.learning
            (parameter,) = responses or [f for f, p in found.items() if p is not None]
            if responses:
                # Of one field with itself, a correlation has no order of times.
                added = added.xreplace({f: f.func(time, past) for f, p in found.items() if p is not None and p.x == p.y})
            if into is self.learning or parameter.args[0] == time:
                self._remember(into, hat.of, added.xreplace({parameter: sp.S.One}), parameter, y.of)

    @staticmethod
    def _remember(into, h, coefficient, response, y) -> None:
        terms = into.setdefault(h, [])
        for position, (old, r, field) in enumerate(terms):
            if (r, field) == (response, y):
                terms[position] = (old + coefficient, r, field)
                return
        terms.append((coefficient, response, y))

    def _keep(self, population: str, term: sp.Expr) -> None:
        self.exponent[population] = self.exponent.get(population, sp.S.Zero) + term

    def _order_parameter(self, leaf: Leaf, weight: sp.Expr, pair: list[Entry], before: bool) -> sp.Expr:
        """Average of two entries: 0 for two conjugates, i R for one (by a source on it), C for none; no response to the future."""
        conjugates = [e for e in pair if e.conjugate]
        if len(conjugates) == 2:
            return sp.S.Zero
        if conjugates:
            (source,), (x,) = conjugates, [e for e in pair if not e.conjugate]
            kind, first, second = "R", x, source
        else:
            kind, (first, second) = "C", pair
        felt = kind == "C" or (not before and second.of in self.reach.get(first.of, ()))
        first, second = self.members.entries(first, second)
        if kind == "C":
            first, second = sorted((first, second), key=lambda e: (e.of.name, e.at == past))
        label = "" if weight == 1 else self.members.names.get(leaf.name, leaf.name)
        dim, samples = self.fields.dims[first.of], self._samples(first, second)
        parameter = OrderParameter(kind, first.of, second.of, weight, dim, label, samples)
        value = parameter.at(first.at, second.at)
        if not felt:
            self.vanishing[parameter.at(past, time) if before else parameter.at(time, past)] = sp.S.Zero
            return sp.S.Zero
        self.parameters[value.func(time, past)] = parameter
        return sp.I * value if kind == "R" else value

    def _samples(self, first: Entry, second: Entry) -> tuple[str, str]:
        """Letters of the samples that two fields carry."""
        one, other = ([sp.latex(sp.Symbol(d.name.lower())) for d in self.fields.batches[e.of]] for e in (first, second))
        return " ".join(one), " ".join(f"{letter}'" for letter in other)


def _taken_apart(term: sp.Expr) -> tuple[sp.Expr, list[Entry]]:
    coefficient, entries = sp.S.One, []
    for factor in sp.Mul.make_args(term):
        base, power = factor.as_base_exp()
        if isinstance(base, Entry):
            entries += [base] * int(power)
        else:
            coefficient *= factor
    return coefficient, entries
