"""The process of one site, in time and in frequency: laws driven by Gaussian noise and by the memory of the other sites."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from theory.declaration.dimensions import Dim
from theory.dmft.action import SingleSite
from theory.dmft.disorder import kept
from theory.dmft.fields import Fields
from theory.dmft.notation import Past, SampleSum, past, step, z
from theory.errors import DerivationError
from theory.symbols import time


def noise_of(local: sp.Symbol) -> sp.Symbol:
    """The Gaussian noise on a local field."""
    return sp.Symbol(f"u_{local}", real=True)


def in_time(fields: Fields, site: SingleSite) -> list[sp.Eq]:
    """Laws of every field at one site: ahead of a state, the same time for the others; then the global fields."""

    def at(symbol, when):
        return sp.Function(symbol.name, real=True)(when)

    def now(expression):
        still = {*fields.variances, *fields.data} - fields.fresh
        return expression.xreplace({s: at(s, time) for s in fields.dims if s not in still})

    laws = [sp.Eq(at(x, time + step), at(x, time) + step * now(rate), evaluate=False) for x, rate in fields.laws.items()]
    for use in fields.uses:
        felt = [*site.memory.get(use.out, ()), *site.learning.get(use.out, ())]
        memory = sum(Past(summed(c * r * at(y, past), r, y, fields, site), past) for c, r, y in felt)
        noise = at(noise_of(use.out), time)
        if use.leaf in fields.learnt and not fields.learnt[use.leaf].lasts:
            noise *= kept(use.leaf, time)
        laws.append(sp.Eq(at(use.out, time), noise + memory, evaluate=False))
    laws += [sp.Eq(at(x, time), now(value), evaluate=False) for x, value in fields.auxiliary.items()]
    for x, total in fields.sums.items():
        average = sp.Function(rf"\sum_{{{sp.latex(sp.Symbol(total.dim.name.lower()))}}}")(now(total.summand))
        laws.append(sp.Eq(at(x, time), average, evaluate=False))
    return laws + [sp.Eq(now(held), 0, evaluate=False) for held in fields.constraints.values()]


def summed(term: sp.Expr, kernel: sp.Expr, remembered: sp.Symbol, fields: Fields, site: SingleSite) -> sp.Expr:
    """A term of the memory, summed over the samples of the field that it remembers."""
    parameter = site.parameters[kernel.func(time, past)]
    other = parameter.y if kernel.args[1] == past else parameter.x
    carried = {d for x in (other, remembered) for d in fields.batches[x]}
    for dim in sorted(carried, key=lambda d: d.name):
        term = SampleSum(term, dim)
    return term


def push(x: sp.Symbol) -> sp.Symbol:
    """How a field has moved, per strength of a small push."""
    return sp.Symbol(f"chi_{x}", real=True)


def tangent(expression: sp.Expr, moving: set[sp.Symbol]) -> sp.Expr:
    """First-order change of a site expression, in the pushes of the fields ``moving``; global fields stay as they are."""
    inner = {s: sp.Dummy(real=True) for s in sorted(expression.atoms(SampleSum), key=str)}
    outer = {s: d for s, d in inner.items() if not any(s in o.body.atoms(SampleSum) for o in inner if o != s)}
    opened = expression.xreplace(outer)
    change = sp.Add(*[opened.diff(x) * push(x) for x in sorted(opened.free_symbols & moving, key=str)])
    for node, dummy in outer.items():
        change += opened.diff(dummy) * SampleSum(tangent(node.body, moving), node.dim)
    return change.xreplace({d: s for s, d in outer.items()})


def variations(fields: Fields, site: SingleSite) -> list[sp.Eq]:
    """How each field responds to a small push on each local field at an earlier time, from its law by the chain rule."""
    found = []
    for source in sorted({p.y for p in site.parameters.values() if p.kind == "R"}, key=str):
        population = [x for x in fields.of(fields.dims[source]) if source in site.reach[x]]

        def chi(x, when, source=source):
            return sp.Function(rf"\chi_{{{sp.latex(x)} {sp.latex(source)}}}", real=True)(when, sp.Symbol("s'"))

        pushes = {push(x): chi(x, time) for x in population}
        for x in population:
            law = fields.laws.get(x, fields.auxiliary.get(x, sp.S.Zero))
            change = tangent(law, set(population)).xreplace(pushes)
            if x in fields.laws:
                found.append(sp.Eq(chi(x, time + step), chi(x, time) + step * change, evaluate=False))
                continue
            felt = [term for term in (*site.memory.get(x, ()), *site.learning.get(x, ())) if term[2] in population]
            change += sum(Past(summed(c * r * chi(y, past), r, y, fields, site), past) for c, r, y in felt)
            pushed = sp.KroneckerDelta(time, sp.Symbol("s'")) if x == source else 0
            found.append(sp.Eq(chi(x, time), change + pushed, evaluate=False))
    return found


@dataclass(frozen=True)
class Transfer:
    """Solution of the linear equations of one population, per site.

    ``of[x][source]`` is the factor of a source in the transform of x. Sources are the noises on local fields, drawn vectors, and 1
    for what is given; those in ``lasting`` act at all times, and come with 1/z; others act once, at time zero.
    """

    of: dict[sp.Symbol, dict[tuple[sp.Expr, bool], sp.Expr]]

    def push(self, x: sp.Symbol, local: sp.Symbol) -> sp.Expr:
        """Response of x to a field added to a local field."""
        return self.of[x].get((noise_of(local), False), sp.S.Zero)

    def mixed(self, form: dict[sp.Symbol, sp.Expr]) -> dict[tuple[sp.Expr, bool], sp.Expr]:
        """Factors of the sources in Σ coefficient x; drawn vectors and 1 may stand in the form themselves."""
        total: dict[tuple[sp.Expr, bool], sp.Expr] = {}
        for x, coefficient in form.items():
            factors = self.of.get(x, {(x, True): sp.S.One})
            for source, factor in factors.items():
                total[source] = total.get(source, sp.S.Zero) + coefficient * factor
        return {s: value for s, f in total.items() if (value := sp.cancel(f)) != 0}


def linear_form(expression: sp.Expr, fields: Fields, what: str) -> dict[sp.Symbol, sp.Expr]:
    """``expression = Σ coefficient * field``, with the symbol 1 for what holds none; DerivationError unless it is linear."""
    symbols = [s for s in sorted(expression.free_symbols & set(fields.dims), key=str)]
    expanded = sp.expand(expression)
    form = {s: expanded.diff(s) for s in symbols}
    if any(c.free_symbols & set(fields.dims) for c in form.values()):
        raise DerivationError(f"{what}: {expression} is not linear in the fields; only linear laws go on to frequencies")
    rest = expanded.xreplace({s: sp.S.Zero for s in symbols})
    form = {s: c for s, c in form.items() if c != 0}
    return form | ({sp.S.One: rest} if rest != 0 else {})


def transfers(fields: Fields, site: SingleSite, dim: Dim) -> Transfer:
    """The transforms of the fields of a population: z x(z) − x(0) = rate(z) at any step, and convolutions become products."""
    unknowns = fields.of(dim)
    rows, sources = [], []
    for x in unknowns:
        name = f"law of {fields.definitions.get(x, x)}"
        row, source = {x: sp.S.One}, {}
        if x in fields.laws:
            row[x] = z
            for s, c in linear_form(fields.starts[x], fields, f"initial value of {x}").items():
                source[(s, False)] = c
        elif x not in fields.auxiliary:
            source[(noise_of(x), False)] = sp.S.One
            for c, response, y in site.memory.get(x, ()):
                row[y] = row.get(y, sp.S.Zero) - c * site.parameters[response].transform
        law = fields.laws.get(x, fields.auxiliary.get(x, sp.S.Zero))
        for s, c in linear_form(law, fields, name).items():
            if s in unknowns:
                row[s] = row.get(s, sp.S.Zero) - c
            else:
                source[(s, True)] = source.get((s, True), sp.S.Zero) + c
        rows.append(row)
        sources.append(source)
    of: dict[sp.Symbol, dict] = {x: {} for x in unknowns}
    solved: dict[tuple, sp.Matrix] = {}
    for group in _connected(unknowns, rows):
        matrix = sp.Matrix([[rows[i].get(unknowns[j], sp.S.Zero) for j in group] for i in group])
        if matrix.to_DM().to_field().rank() < len(group):
            why = "their linear equations have no unique solution"
            raise DerivationError(f"laws over {dim}: {why}; give every state a law of its own")
        names = list(dict.fromkeys(s for i in group for s in sorted(sources[i], key=str)))
        right = sp.Matrix([[sources[i].get(s, sp.S.Zero) for s in names] for i in group])
        key = matrix.as_immutable(), right.as_immutable()
        if key not in solved:  # members of an ensemble have the same equations
            solved[key] = matrix.LUsolve(right).applyfunc(lambda e: sp.factor(sp.cancel(e))) if names else right
        for row, i in enumerate(group):
            of[unknowns[i]] = {s: value for s, value in zip(names, solved[key].row(row), strict=True) if value != 0}
    return Transfer(of)


def _connected(unknowns: list[sp.Symbol], rows: list[dict[sp.Symbol, sp.Expr]]) -> list[list[int]]:
    """Numbers of the equations that hang together, in order: members of an ensemble have equations of their own."""
    place, group = {x: i for i, x in enumerate(unknowns)}, list(range(len(unknowns)))
    for i, row in enumerate(rows):
        for y in row:
            old, new = group[place[y]], group[i]
            group = [new if g == old else g for g in group]
    return [[i for i, g in enumerate(group) if g == own] for own in dict.fromkeys(group)]
