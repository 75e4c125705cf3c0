"""Closed equations of a linear dynamics in frequency: responses at one, correlations at two, and both at infinite time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

import sympy as sp

from theory.declaration.dimensions import Dim
from theory.dmft.action import SingleSite
from theory.dmft.fields import Fields
from theory.dmft.notation import OrderParameter, z, z_other
from theory.dmft.process import Transfer, noise_of, transfers
from theory.errors import DerivationError
from theory.modes import ModeIndex, ModeValue
from theory.replica.data import total
from theory.saddle import eliminate, tidy

Sources = dict[tuple[sp.Expr, bool], sp.Expr]


@dataclass(frozen=True)
class Product:
    """One term of <x(z) y(z')>, summed over the sites of ``dim``: carrier * weight * first(z) * second(z').

    ``carrier`` is a correlation, or 1; ``weight`` holds neither frequencies nor responses. ``second`` is written at z, and taken at
    z'. ``lasting`` counts factors 1/z and 1/z' of sources that act at all times. ``summed`` False: one value for each mode.
    """

    dim: Dim
    carrier: sp.Expr
    weight: sp.Expr
    first: sp.Expr
    second: sp.Expr
    lasting: tuple[int, int]
    summed: bool = True

    def over_sites(self, summand: sp.Expr) -> sp.Expr:
        """Summed over the sites, or as it is where each mode has a value of its own."""
        return total(self.dim, summand, ModeIndex(self.dim.name, "k")) if self.summed else summand


@dataclass(frozen=True)
class Linear:
    """Everything that a linear dynamics needs in frequency: fields, single site, and transfer functions by dimension."""

    fields: Fields
    site: SingleSite
    transfer: dict
    _cache: dict = field(default_factory=dict, compare=False, repr=False)
    _responses: dict[OrderParameter, sp.Expr] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, fields: Fields, site: SingleSite) -> Linear:
        """DerivationError, naming the law, for a dynamics that is not linear."""
        return cls(fields, site, {dim: transfers(fields, site, dim) for dim in fields.populations})

    def parameters(self, kind: str) -> list[OrderParameter]:
        members = self.site.members
        found = [p for p in self.site.parameters.values() if p.kind == kind and (kind == "R" or members.is_seen(p.x, p.y))]
        return sorted(found, key=lambda p: p.name)

    def response(self, parameter: OrderParameter) -> sp.Expr:
        """Σ over sites of the weighted response: the right-hand side of its equation."""
        if parameter not in self._responses:
            transfer: Transfer = self.transfer[parameter.dim]
            summand = parameter.weight * transfer.push(parameter.x, parameter.y)
            self._responses[parameter] = total(parameter.dim, sp.factor(summand), self.fields.index(parameter.dim))
        return self._responses[parameter]

    @property
    def other(self) -> dict[sp.Symbol, sp.Symbol]:
        """Symbols of frequency and responses at z, and the same at z'."""
        return {**{p.transform: p.other for p in self.parameters("R")}, z: z_other}

    def products(self, dim: Dim, coefficient: sp.Expr, first: Sources, second: Sources, summed: bool = True) -> list[Product]:
        """Σ over sites of coefficient <x(z) y(z')>, from the factors of their sources."""
        found: dict[tuple, sp.Expr] = {}
        for (a, lasting), factor in first.items():
            for (b, other_lasting), other in second.items():
                for carrier, covariance in self._covariance(a, b).items():
                    kept, one = parted(factor)
                    also, two = parted(other)
                    key = (carrier, one, two, (int(lasting), int(other_lasting)))
                    found[key] = found.get(key, sp.S.Zero) + coefficient * covariance * kept * also
        return [Product(dim, c, sp.factor(w), one, two, n, summed) for (c, one, two, n), w in found.items() if w != 0]

    def _covariance(self, a: sp.Expr, b: sp.Expr) -> dict[sp.Expr, sp.Expr]:
        """Covariance of two sources as a linear form in correlations (or 1)."""
        noises = {noise_of(use.out): use.out for use in self.fields.uses}
        if a in noises and b in noises:
            covariance = sp.expand(self.site.noise.get((noises[a], noises[b]), sp.S.Zero))
            functions = sorted(covariance.atoms(sp.core.function.AppliedUndef), key=str)
            return {self._transformed(f): covariance.coeff(f) for f in functions}
        if a == b and a not in noises:
            return {sp.S.One: self.fields.variances.get(a, sp.S.One)}
        return {}

    def _transformed(self, correlation: sp.Expr) -> sp.Symbol:
        parameter = next(p for value, p in self.site.parameters.items() if value.func == correlation.func)
        return parameter.transform if correlation.args[0].name == "t" else self.swapped(parameter)

    def swapped(self, parameter: OrderParameter) -> sp.Symbol:
        """C(z', z): needed where two fields differ, and not only in the member to which they belong."""
        if self.site.members.exchangeable(parameter.x, parameter.y):
            return parameter.transform
        return sp.Symbol(parameter.name + "^T", real=True)

    @property
    def limits(self) -> dict[sp.Symbol, sp.Symbol]:
        """Every correlation of two frequencies with its name at infinite time."""
        return {s: p.limit for p in self.parameters("C") for s in (p.transform, self.swapped(p))}

    def correlations(self) -> dict[sp.Symbol, tuple[Product, ...]]:
        """Every correlation as a sum of products, linear in the correlations; those that nothing drives vanish."""
        if not self._cache:
            found: dict[sp.Symbol, list[Product]] = {}
            for p in self.parameters("C"):
                x, y = (self.transfer[p.dim].mixed({s: sp.S.One}) for s in (p.x, p.y))
                found[p.transform] = self.products(p.dim, p.weight, x, y)
                if self.swapped(p) != p.transform:
                    found[self.swapped(p)] = self.products(p.dim, p.weight, y, x)
            self._cache.update(_driven(found))
        return self._cache

    def occurring(self, products: Iterable[Product]) -> tuple[Product, ...]:
        """Without those whose correlation vanishes."""
        known = self.correlations()
        return tuple(p for p in products if p.carrier == 1 or p.carrier in known)

    def written(self, products: Iterable[Product]) -> sp.Expr:
        """A sum of products as mathematics, at z and z'."""
        other = self.other
        terms = []
        for p in products:
            body = sp.factor(p.weight * p.first * p.second.xreplace(other))
            terms.append(p.carrier * p.over_sites(body) / z ** p.lasting[0] / z_other ** p.lasting[1])
        return sp.Add(*terms)

    def summand(self, product: Product) -> sp.Expr:
        """A product without its carrier, summed over the sites."""
        return product.over_sites(product.weight * product.first * product.second.xreplace(self.other))

    def at_infinity(self, products: Iterable[Product]) -> list[tuple[sp.Expr, sp.Expr]]:
        """Limits of z z' times the products at z = z' = 0: pairs of carrier and coefficient, still in the responses."""
        limits, found = self.limits, []
        for p in products:
            if p.carrier == 1 and p.lasting != (1, 1):
                continue  # what acts once is forgotten
            body = p.weight * _at_zero(p.first) * _at_zero(p.second)
            found.append((limits.get(p.carrier, sp.S.One), p.over_sites(sp.factor(body))))
        return found


def _driven(found: dict[sp.Symbol, list[Product]]) -> dict[sp.Symbol, tuple[Product, ...]]:
    """The correlations to which a chain of products leads from a source."""
    driven: set[sp.Expr] = {sp.S.One}
    while True:
        wider = driven | {c for c, products in found.items() if any(p.carrier in driven for p in products)}
        if wider == driven:
            return {c: tuple(p for p in ps if p.carrier in driven) for c, ps in found.items() if c in driven}
        driven = wider


@lru_cache(maxsize=512)
def parted(factor: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """A factor as data times what holds frequencies and responses; roots of data never stay with the latter alone."""
    data, rest = sp.S.One, sp.S.One
    for part in sp.Mul.make_args(sp.factor(factor)):
        loose = part.free_symbols - {s for v in part.atoms(ModeValue) for s in v.free_symbols}
        if part.has(ModeValue) and not loose:
            data *= part
        else:
            rest *= part
    return data, rest


def _at_zero(factor: sp.Expr) -> sp.Expr:
    value = sp.cancel(factor).xreplace({z: sp.S.Zero})
    if value.has(sp.zoo, sp.nan, sp.oo):
        raise DerivationError(f"infinite time: {factor} has no limit at frequency 0; add a decay such as a ridge")
    return value


def reduced(linear: Linear) -> tuple[list[sp.Expr], dict[sp.Symbol, sp.Expr]]:
    """Equations of the responses with those eliminated that stand alone, and what they are."""
    responses = linear.parameters("R")
    equations = [p.transform - linear.response(p) for p in responses]
    remaining, solved = eliminate(equations, [p.transform for p in responses])
    return [tidy(e) for e in remaining], {x: tidy(v) for x, v in solved.items()}
