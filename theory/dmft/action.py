"""The action of a dynamics, its average over the random matrices, and the action of one site that is left.

Discrete time, every rate taken before the step (pre-point). A field x with law x = f contributes i x̂ (x − f); a matrix J meets the
bilinear W_ij of the fields that it joins, and <exp(−i Σ_ij J_ij W_ij)> is the exponential of −½ Σ cov W W. In each of its terms two
factors stand at one site and two at another, whose sum over sites is an order parameter.
"""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp

from theory.declaration.sites import Leaf
from theory.dmft.fields import Fields, Use, weights
from theory.dmft.notation import Entry, OrderParameter, past, step
from theory.replica.data import plain
from theory.symbols import time

ROW, COLUMN = "i", "j"


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


def bilinear(uses: Iterable[Use], at: sp.Expr, row: str, column: str) -> sp.Expr:
    """W_ij(t): a field that J makes conjugates its row, one that J.T makes conjugates its column."""
    total = sp.S.Zero
    for use in uses:
        out, into = (column, row) if use.transposed else (row, column)
        total += Entry(use.out, out, at, conjugate=True) * Entry(use.into, into, at)
    return total


def matrix_average(leaf: Leaf, uses: Iterable[Use]) -> sp.Expr:
    """Exponent of the averaged coupling per pair of sites and times, in units of the row and column covariance at i and j."""
    uses = list(uses)
    first, variance = bilinear(uses, time, ROW, COLUMN), plain(leaf.how["variance"])
    exponent = variance * first * bilinear(uses, past, ROW, COLUMN)
    if "symmetry" in leaf.how:
        exponent += leaf.how["symmetry"] * variance * first * bilinear(uses, past, COLUMN, ROW)
    return sp.expand(-exponent / 2)


class SingleSite:
    """The action of one site: order parameters in the place of sums over the other sites.

    ``noise[h, g]`` is the covariance of the noises on two local fields, ``memory[h]`` lists (coefficient, response, field): what
    h(t) adds up over the past of the field. ``vanishing`` are responses that causality sets to zero: no chain of laws leads there.
    """

    def __init__(self, fields: Fields, averages: dict[Leaf, sp.Expr]):
        self.fields, self.averages = fields, averages
        self.parameters: dict[sp.Expr, OrderParameter] = {}
        self.reach = self._closed({})
        while True:
            # A memory makes more fields respond, and those may bring further memories.
            self._read()
            reach = self._closed({h: {y for _, _, y in terms} for h, terms in self.memory.items()})
            if reach == self.reach:
                break
            self.reach = reach

    def _closed(self, memories: dict[sp.Symbol, set[sp.Symbol]]) -> dict[sp.Symbol, set[sp.Symbol]]:
        """Every field with all those on which it depends at its own site."""
        fields = self.fields
        laws = {**fields.laws, **fields.auxiliary, **{u.out: sp.S.Zero for u in fields.uses}}
        direct = {x: (law.free_symbols & set(laws)) | memories.get(x, set()) | {x} for x, law in laws.items()}
        while True:
            wider = {x: set().union(*(direct[y] for y in ys)) for x, ys in direct.items()}
            if wider == direct:
                return direct
            direct = wider

    def _read(self) -> None:
        self.parameters, self.vanishing = {}, {}
        self.noise: dict[tuple[sp.Symbol, sp.Symbol], sp.Expr] = {}
        self.memory: dict[sp.Symbol, list[tuple[sp.Expr, sp.Expr, sp.Symbol]]] = {}
        self.exponent: dict[str, sp.Expr] = {}
        for leaf, average in self.averages.items():
            rows, columns = weights(leaf)
            for term in sp.Add.make_args(average):
                coefficient, entries = _taken_apart(term)
                at_row = [e for e in entries if e.site == ROW]
                at_column = [e for e in entries if e.site == COLUMN]
                self._contribute(coefficient * rows, at_row, leaf, columns, at_column)
                self._contribute(coefficient * columns, at_column, leaf, rows, at_row)

    def _contribute(self, coefficient, here: list[Entry], leaf: Leaf, weight: sp.Expr, there: list[Entry]) -> None:
        """One term at one site, the entries ``there`` of the others averaged and summed."""
        value = self._order_parameter(leaf, weight, there)
        if value == 0:
            return
        self._keep(self.fields.dims[here[0].of].name, coefficient * here[0] * here[1] * value)
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
            if not any(f.args[0] == time for f in added.atoms(sp.core.function.AppliedUndef)):
                return
            response = next(iter(added.atoms(sp.core.function.AppliedUndef)))
            self._remember(hat.of, added.xreplace({response: sp.S.One}), response, y.of)

    def _remember(self, h, coefficient, response, y) -> None:
        terms = self.memory.setdefault(h, [])
        for position, (old, r, field) in enumerate(terms):
            if (r, field) == (response, y):
                terms[position] = (old + coefficient, r, field)
                return
        terms.append((coefficient, response, y))

    def _keep(self, population: str, term: sp.Expr) -> None:
        self.exponent[population] = self.exponent.get(population, sp.S.Zero) + term

    def _order_parameter(self, leaf: Leaf, weight: sp.Expr, pair: list[Entry]) -> sp.Expr:
        """Average of two entries: 0 for two conjugates, i R for one (by a source on it), C for none."""
        conjugates = [e for e in pair if e.conjugate]
        if len(conjugates) == 2:
            return sp.S.Zero
        if conjugates:
            (source,), (x,) = conjugates, [e for e in pair if not e.conjugate]
            kind, first, second = "R", x, source
        else:
            kind, (first, second) = "C", sorted(pair, key=lambda e: (e.of.name, e.at == past))
        label = "" if weight == 1 else leaf.name
        parameter = OrderParameter(kind, first.of, second.of, weight, self.fields.dims[first.of], label)
        value = parameter.at(first.at, second.at)
        if kind == "R" and second.of not in self.reach[first.of]:
            self.vanishing[parameter.at(time, past)] = sp.S.Zero
            return sp.S.Zero
        self.parameters[value.func(time, past)] = parameter
        return sp.I * value if kind == "R" else value


def _taken_apart(term: sp.Expr) -> tuple[sp.Expr, list[Entry]]:
    coefficient, entries = sp.S.One, []
    for factor in sp.Mul.make_args(term):
        base, power = factor.as_base_exp()
        if isinstance(base, Entry):
            entries += [base] * int(power)
        else:
            coefficient *= factor
    return coefficient, entries
