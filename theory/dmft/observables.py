"""Observables of a linear dynamics: moments at one or two frequencies, and how the observable is made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from theory.averages import outermost
from theory.declaration.dimensions import Dim
from theory.declaration.observables import Contribution
from theory.declaration.scalars import Average, Over
from theory.declaration.sites import tops
from theory.declaration.tensors import Contraction
from theory.declaration.vectors import Vec
from theory.declaration.walks import collect, replace_tops
from theory.dmft.closure import Linear, Product, Sources, parted
from theory.dmft.fields import Fields
from theory.dmft.process import linear_form
from theory.errors import DerivationError
from theory.modes import ModeIndex
from theory.replica.data import array_of, plain, total


@dataclass(frozen=True)
class Moment:
    """A sum over sites whose value at time t is the inverse transform of a sum of ``products``, in z or at equal times
    in z and z'.

    ``order`` is the number of frequencies. ``source`` is None, or data of the target: then it has one value for each mode, what
    the source's entry of that mode contributes.
    """

    symbol: sp.Symbol
    order: int
    products: tuple[Product, ...]
    source: sp.Symbol | None = None


class Moments:
    """The moments that observables are made of, collected as they are read."""

    def __init__(self, linear: Linear):
        self.linear = linear
        self.found: dict[sp.Symbol, Moment] = {}

    def observable(self, name: str, value) -> sp.Expr:
        """The observable in moments, sizes and parameters; one with a free mode index has a value for each mode."""
        if isinstance(value, Contribution):
            raise DerivationError(f"observable {name}: a contribution is made from the observable {value.of}")
        if isinstance(value, Vec):
            index = self.linear.fields.index(value.dim)
            made = self._site(name, collect(value).expr, value.dim, lambda e: e, False)
            return made.xreplace({index: ModeIndex(value.dim.name)})
        rule = {}
        for top in sorted(tops(value), key=str):
            if not isinstance(top, Over) or top.dim.finite:
                raise DerivationError(f"observable {name}: {top} is no sum over an infinite dimension; wrap it in sum_over or mean")
            index = self.linear.fields.index(top.dim)
            rule[top] = self._site(name, collect(top.expr), top.dim, lambda e, d=top.dim, i=index: total(d, e, i), True)
        return plain(replace_tops(value, rule))

    def _site(self, name: str, expression: sp.Expr, dim: Dim, over_sites, summed: bool) -> sp.Expr:
        """A site expression of degree one or two in the fields, as moments."""
        averages = {a: sp.Dummy("average", real=True) for a in sorted(tops(expression), key=str) if isinstance(a, Average)}
        lowered = self.linear.fields.lower(replace_tops(expression, averages), dim)
        means = {dummy: self._mean(name, a.expr, dim) for a, dummy in averages.items()}
        moving = (set(self.linear.fields.dims) | set(means)) & lowered.free_symbols
        result = sp.S.Zero
        for coefficient, factors in products_of(lowered, moving, name):
            forms = [self._sources(f, means, dim, name) for f in factors]
            if not forms:
                result += over_sites(coefficient)
            else:
                result += self._moment(name, dim, coefficient, forms, summed)
        return result

    def _mean(self, name: str, expression: sp.Expr, dim: Dim) -> Sources:
        lowered = self.linear.fields.lower(collect(expression), dim)
        return {s: f for s, f in self._sources(lowered, {}, dim, name).items() if s[0] == 1}

    def _sources(self, expression: sp.Expr, means: dict[sp.Symbol, Sources], dim: Dim, name: str) -> Sources:
        inner = {dummy: sp.S.Zero for dummy in means}
        form = linear_form(expression.xreplace(inner), self.linear.fields, f"observable {name}")
        found = self.linear.transfer[dim].mixed(form)
        for dummy, sources in means.items():
            for source, factor in sources.items():
                found[source] = sp.cancel(found.get(source, sp.S.Zero) + expression.diff(dummy) * factor)
        return {s: f for s, f in found.items() if f != 0}

    def _moment(self, name: str, dim: Dim, coefficient: sp.Expr, forms: list[Sources], summed: bool) -> sp.Expr:
        if len(forms) == 2:
            products = self.linear.occurring(self.linear.products(dim, coefficient, *forms, summed))
        else:
            given = [(parted(factor), lasting) for (source, lasting), factor in forms[0].items() if source == 1]
            one = sp.S.One
            products = [Product(dim, one, coefficient * w, f, one, (int(lasting), 0), summed) for (w, f), lasting in given]
        if not products:
            return sp.S.Zero
        for known in self.found.values():
            if (known.order, known.products, known.source) == (len(forms), tuple(products), None):
                return known.symbol
        symbol = sp.Symbol(f"{name}_{len(self.found) + 1}", real=True)
        self.found[symbol] = Moment(symbol, len(forms), tuple(products))
        return symbol

    def contribution(self, name: str, contribution: Contribution, observable: sp.Expr, dim: Dim) -> sp.Expr:
        """Source times the derivative by the source's value at one mode, moment by moment; responses do not depend on it."""
        array = array_of(contribution.source)
        linear = self.linear
        moments = [self.found[s] for s in sorted(observable.free_symbols & set(self.found), key=str)]
        read = [linear.response(p) for p in linear.parameters("R")]
        every = [p for products in linear.correlations().values() for p in products] + [p for m in moments for p in m.products]
        if any(array in e.free_symbols for e in [*read, observable, *(f for p in every for f in (p.first, p.second))]):
            raise DerivationError(
                f"observable {name}: responses or coefficients depend on {contribution.source}; "
                "only sources of the target are derived"
            )
        result = sp.S.Zero
        for moment in moments:
            made = sp.Symbol(f"{name}_{len(self.found) + 1}", real=True)
            self.found[made] = Moment(made, moment.order, moment.products, array)
            result += observable.diff(moment.symbol) * made
        return result


def register(fields: Fields, observe: Mapping[str, object]) -> None:
    """Make known to the derivation what only observables apply a matrix to."""
    for value in observe.values():
        if isinstance(value, Contribution):
            continue
        value = by_sites(value)
        sites = [(value.expr, value.dim)] if isinstance(value, Vec) else [(t.expr, t.dim) for t in sorted(tops(value), key=str)
                                                                          if isinstance(t, Over) and not t.dim.finite]  # fmt: skip
        for expression, dim in sites:
            inner = sorted((a for a in tops(collect(expression)) if isinstance(a, Average)), key=str)
            for part in (expression, *(a.expr for a in inner)):
                plain_part = replace_tops(collect(part), {a: sp.S.Zero for a in inner})
                fields.lower(plain_part, dim)


def by_sites(value):
    """An observable with the contractions of tensors in it as sums over sites."""
    if isinstance(value, Vec):
        return value
    return replace_tops(value, {c: c.by_sites for c in sorted(tops(value), key=str) if isinstance(c, Contraction)})


def products_of(expression: sp.Expr, moving: set[sp.Symbol], name: str) -> list[tuple[sp.Expr, list[sp.Expr]]]:
    """The expression as a sum of coefficient times at most two linear factors, squares kept whole."""
    whole = _factors(expression, moving)
    if whole is None:
        whole = _factors(sp.factor(expression), moving)
    if whole is not None:
        return [whole]
    found = []
    for term in sp.Add.make_args(sp.expand(expression)):
        product = _factors(term, moving)
        if product is None:
            raise DerivationError(f"observable {name}: {term} is of higher than second degree in the fields; only such are derived")
        found.append(product)
    return found


def _factors(expression: sp.Expr, moving: set[sp.Symbol]) -> tuple[sp.Expr, list[sp.Expr]] | None:
    coefficient, factors = sp.S.One, []
    for factor in sp.Mul.make_args(expression):
        base, power = factor.as_base_exp()
        if not factor.free_symbols & moving:
            coefficient *= factor
        elif power in (1, 2) and all(sp.expand(base).diff(a, b) == 0 for a in moving for b in moving):
            factors += [base] * int(power)
        else:
            return None
    return (coefficient, factors) if len(factors) <= 2 and not outermost(expression) else None
