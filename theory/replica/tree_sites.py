"""Sites of a glass in a tree of fields: any state of one site, with whatever random vectors and data the sites have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from theory.replica.breaking import Breaking
from theory.replica.cells import bounded, cases
from theory.replica.couplings import Glass
from theory.replica.fields import W
from theory.replica.hierarchy import per_replica
from theory.replica.shared import Shared
from theory.replica.tree import Outer
from theory.replica.zero_temperature import per_beta
from theory.symbols import beta

Closed = Callable[[sp.Expr], sp.Expr]
Quantity = Callable[[Any], sp.Expr]


@dataclass(frozen=True)
class TreeSites:
    """States of one site in ``exp(-β penalty)`` and a Gaussian field whose covariance between replicas is the conjugate of the
    overlap."""

    glass: Glass
    order: Breaking
    penalty: sp.Expr
    closed: Closed = sp.sympify
    """Writes order parameters in those of the closed equations; short expressions are, before averages nest around them."""

    def apart(self) -> tuple[sp.Expr, sp.Expr]:
        """The potential of the state, and the field on it: what the penalty adds to that of the tree."""
        raise NotImplementedError

    def tree(self, outer: Outer, spread: sp.Expr, potential: sp.Expr) -> Any:
        """One site; ``OMEGA`` is the field on it, ``spread`` the variance of the outermost level."""
        raise NotImplementedError

    def spreads(self, spread: sp.Expr) -> tuple[sp.Expr, ...]:
        """Increments of the covariance of the field, innermost first."""
        return tuple(map(self.closed, (*self.order.spreads(self.order.conjugates)[:-1], spread)))

    def shared(self, outer: Outer) -> Outer:
        """The outermost average in the order parameters of the closed equations."""
        return Outer(*map(self.closed, (outer.mean, outer.weight, outer.mass, outer.variance)))

    def averaged(
        self, quantity: Callable[..., sp.Expr], factor: sp.Expr = sp.S.One, by: sp.Symbol | None = None, seen: sp.Expr = sp.S.Zero
    ) -> sp.Expr:
        """Mean over sites of ``factor``, a function of random vectors and data there, times ``quantity(tree)`` of one site; times
        the derivative of the field on it ``by`` a symbol, where one is given. Of a function of the state that is ``seen`` and of
        the potential, the quantity learns what they are at the site: ``quantity(tree, potential, seen)``."""
        total = sp.S.Zero
        for weight, shared, at_site in self._laws(factor, *self.apart(), seen):
            times, potential, inside = at_site
            bodies = sp.Tuple(shared.mean, times if by is None else times * shared.drift(by), potential, inside)
            for _, edges, (mean, here, v, g) in cases(bodies, (W,), shared.passive, False):
                if here == 0:
                    continue

                def of(outer: Outer, spread: sp.Expr, v=v, g=g) -> sp.Expr:
                    tree = self.tree(outer, spread, v)
                    return quantity(tree) if seen == 0 else quantity(tree, v, g)

                held = v.free_symbols | g.free_symbols
                total += weight * replace(shared, mean=mean).average(of, self.closed(here), bounded(edges), held)
        return self.glass.per_site(total)

    def _laws(
        self, factor: sp.Expr, potential: sp.Expr, field: sp.Expr, seen: sp.Expr
    ) -> Iterator[tuple[sp.Expr, Shared, tuple[sp.Expr, ...]]]:
        """For every value of the discrete random vectors that matter its probability, the field on the site, and the factor,
        potential and observable there."""
        people, parts = self.glass.people, (field, factor, potential, seen)
        held = set().union(*(e.free_symbols for e in parts)) & set(people.noise)
        found = [(case.weight, [e.xreplace(case.values) for e in parts], case.noise) for case in people.cases(held)]
        for sign in [t for t in sorted(held, key=str) if people.noise[t] is None]:
            values = [{sign: sp.S.One}, {sign: sp.S.NegativeOne}]
            found = [(p / 2, [e.xreplace(t) for e in here], noise) for p, here, noise in found for t in values]
        for weight, (h, *at_site), noise in found:
            h = sp.expand(h)
            there = set().union(*(e.free_symbols for e in (h, *at_site)))
            passive = tuple(t for t, law in noise.items() if law is not None and t in there)
            slopes = [h.diff(t) for t in passive]
            slopes = [sp.S.Zero if c.free_symbols & set(passive) else c for c in slopes]
            variances = [noise[t] for t in passive]
            base = sp.expand(h - sp.Add(*[c * t for c, t in zip(slopes, passive, strict=True)]))
            mixed = tuple(c * v for c, v in zip(slopes, variances, strict=True))
            spread = self.order.conjugates[0] + sp.Add(*[c * m for c, m in zip(slopes, mixed, strict=True)])
            means = (sp.S.Zero,) * len(passive)
            covariance = sp.ImmutableMatrix(sp.diag(*variances))
            yield weight, Shared(base, spread, passive, means, covariance, mixed), tuple(at_site)

    def value(self) -> sp.Expr:
        """Contribution of all sites to the free energy of one replica, coupling of overlap and conjugate included."""
        return self.closed(self.glass.size) * (self.averaged(lambda tree: tree.total()) + self.closed(self.legendre()))

    def legendre(self) -> sp.Expr:
        """The coupling of overlap and conjugate, per site."""
        value = -per_replica((self.order.overlap @ self.order.conjugate).trace()) * beta**2 / 2
        return per_beta(value) if self.order.cold else value

    def derivative(self, symbol: sp.Symbol) -> sp.Expr:
        """Derivative of the value by a conjugate, a block or a field."""
        # At fixed other order parameters, which may depend on the symbol in the closed equations.
        open_ = replace(self, closed=sp.sympify)
        slope = open_.averaged(lambda tree: tree.derivative(symbol)) + sp.diff(self.legendre(), symbol)
        slope += open_.averaged(lambda tree: tree.mean(0, tree.slope), by=symbol)
        return self.closed(self.glass.size * slope)

    def overlaps(self) -> list[sp.Expr]:
        """Every overlap as a function of the conjugates: the derivative by a conjugate is that of the coupling of both, times the
        distance of the overlap from the product of two states that part at its level."""
        unit = self.closed(self.order.unit**2)
        return [self.averaged(lambda tree, k=k: tree.square(k)) / unit for k in range(self.order.count, -1, -1)]

    def bending(self) -> sp.Expr:
        """Average of (d overlap / d conjugate) of one site, squared, in units of the temperature: what a further step of breaking
        sees of the sites."""
        return self.averaged(lambda tree: tree.spreading()) / self.closed(self.order.unit**2)

    def expectation(self, function: sp.Expr) -> sp.Expr:
        """Expectation of a function of the state, random vectors and data at one site."""
        raise NotImplementedError

    def means(self, fields: dict[sp.Symbol, sp.Symbol]) -> dict[sp.Symbol, sp.Expr]:
        """Sums over sites from stationarity in the fields that belong to them, ``{sum: field}``."""
        return {total: self.expectation(self.glass.sums[total]) for total in fields}
