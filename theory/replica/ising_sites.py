"""Spins of a glass: ±1 in a tree of fields, with whatever random vectors and data the sites have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from theory.piecewise import pieces
from theory.replica.breaking import Breaking
from theory.replica.cells import cases
from theory.replica.couplings import Glass
from theory.replica.fields import W
from theory.replica.folded import FoldedTree
from theory.replica.ground_tree import closed_pieces, ground_tree
from theory.replica.hierarchy import per_replica
from theory.replica.one_body import OMEGA
from theory.replica.shared import Shared
from theory.replica.tree import Outer
from theory.replica.zero_temperature import per_beta
from theory.special import log_cosh
from theory.symbols import beta

Closed = Callable[[sp.Expr], sp.Expr]
Quantity = Callable[[Any], sp.Expr]


def halves(function: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """The parts of a function of a spin that are even and odd in it, without the spin."""
    up, down = (function.xreplace({W: sp.Integer(s)}) for s in (1, -1))
    return sp.expand((up + down) / 2), sp.expand((up - down) / 2)


@dataclass(frozen=True)
class IsingSites:
    """Spins ±1 in ``exp(-β penalty)`` and a Gaussian field whose covariance between replicas is the conjugate of the overlap."""

    glass: Glass
    order: Breaking
    penalty: sp.Expr
    closed: Closed = sp.sympify
    """Writes order parameters in those of the closed equations; short expressions are, before averages nest around them."""

    @property
    def crosses(self) -> bool:
        """Whether two states of a site cross at temperature zero."""
        return self.order.cold

    def tree(self, outer: Outer, spread: sp.Expr) -> Any:
        """One spin; ``OMEGA`` is the field on it, ``spread`` the variance of the outermost level."""
        value, mean = sp.log(2) + log_cosh(beta * OMEGA), sp.tanh(beta * OMEGA)
        inner = self.order.spreads(self.order.conjugates)[:-1]
        spreads, blocks = tuple(map(self.closed, (*inner, spread))), self.order.tree_blocks
        shared = Outer(*map(self.closed, (outer.mean, outer.weight, outer.mass, outer.variance)))
        if self.order.cold:
            maximum = closed_pieces(pieces(per_beta(value), OMEGA), self.closed)
            slopes = [maximum.map(lambda g, k=k: sp.diff(g, OMEGA, k)) for k in (1, 2)]
            return ground_tree(maximum, *slopes, spreads, blocks, sp.S.Zero, shared)
        value, slope, curvature = map(self.closed, (value, beta * mean, beta**2 * (1 - mean**2)))
        return FoldedTree(value, slope, curvature, spreads, blocks, outer=shared)

    def averaged(self, quantity: Quantity, factor: sp.Expr = sp.S.One, by: sp.Symbol | None = None) -> sp.Expr:
        """Mean over sites of ``factor``, a function of random vectors and data there, times a quantity of one spin; times the
        derivative of the field on it ``by`` a symbol, where one is given."""
        total = sp.S.Zero
        for weight, shared, times in self._laws(factor):
            bodies = sp.Tuple(shared.mean, times if by is None else times * shared.drift(by))
            for _, bounds, (mean, inside) in cases(bodies, (), shared.passive, False):
                if inside != 0:
                    at = replace(shared, mean=mean)
                    total += weight * at.average(lambda o, s: quantity(self.tree(o, s)), self.closed(inside), bounds, ())
        return self.glass.per_site(total)

    def _laws(self, factor: sp.Expr) -> Iterator[tuple[sp.Expr, Shared, sp.Expr]]:
        """For every value of the discrete random vectors that matter its probability, the field on the spin, and the factor."""
        people, field = self.glass.people, -halves(self.penalty)[1]
        held = (field.free_symbols | factor.free_symbols) & set(people.noise)
        found = [(c.weight, field.xreplace(c.values), factor.xreplace(c.values), c.noise) for c in people.cases(held)]
        for sign in [t for t in sorted(held, key=str) if people.noise[t] is None]:
            values = [{sign: sp.S.One}, {sign: sp.S.NegativeOne}]
            found = [(p / 2, h.xreplace(t), f.xreplace(t), noise) for p, h, f, noise in found for t in values]
        for weight, h, f, noise in found:
            h = sp.expand(h)
            passive = tuple(t for t, law in noise.items() if law is not None and t in h.free_symbols | f.free_symbols)
            slopes = [h.diff(t) for t in passive]
            slopes = [sp.S.Zero if c.free_symbols & set(passive) else c for c in slopes]
            variances = [noise[t] for t in passive]
            base = sp.expand(h - sp.Add(*[c * t for c, t in zip(slopes, passive, strict=True)]))
            mixed = tuple(c * v for c, v in zip(slopes, variances, strict=True))
            spread = self.order.conjugates[0] + sp.Add(*[c * m for c, m in zip(slopes, mixed, strict=True)])
            means = (sp.S.Zero,) * len(passive)
            yield weight, Shared(base, spread, passive, means, sp.ImmutableMatrix(sp.diag(*variances)), mixed), f

    def value(self) -> sp.Expr:
        """Contribution of all sites to the free energy of one replica, coupling of overlap and conjugate included."""
        even = self.closed(self.glass.per_site(-self.order.unit * halves(self.penalty)[0]))
        return self.closed(self.glass.size) * (self.averaged(lambda tree: tree.total()) + even + self.closed(self._legendre()))

    def _legendre(self) -> sp.Expr:
        value = -per_replica((self.order.overlap @ self.order.conjugate).trace()) * beta**2 / 2
        return per_beta(value) if self.order.cold else value

    def derivative(self, symbol: sp.Symbol) -> sp.Expr:
        """Its derivative by a conjugate, a block or a field."""
        # At fixed other order parameters, which may depend on the symbol in the closed equations.
        open_ = replace(self, closed=sp.sympify)
        slope = open_.averaged(lambda tree: tree.derivative(symbol)) + sp.diff(self._legendre(), symbol)
        slope += open_.averaged(lambda tree: tree.mean(0, tree.slope), by=symbol)
        slope -= self.glass.per_site(self.order.unit * sp.diff(halves(self.penalty)[0], symbol))
        return self.closed(self.glass.size * slope)

    def overlaps(self) -> list[sp.Expr]:
        """Every overlap as a function of the conjugates: the derivative by a conjugate is that of the coupling of both, times the
        distance of the overlap from the product of two spins that part at its level."""
        unit = self.closed(self.order.unit**2)
        return [self.averaged(lambda tree, k=k: tree.square(k)) / unit for k in range(self.order.count, -1, -1)]

    def free_width(self, slope: sp.Expr) -> sp.Expr:
        """χ, what the innermost overlap leaves of one, in units of the temperature where that is zero."""
        return self.averaged(lambda tree: tree.bend())

    def expectation(self, function: sp.Expr) -> sp.Expr:
        """Expectation of a function of the state, random vectors and data at one site."""
        even, odd = halves(function)
        total = self.closed(self.glass.per_site(even))
        return total + (self.averaged(lambda tree: tree.mean(0, tree.slope), odd) / self.closed(self.order.unit) if odd != 0 else 0)

    def bending(self) -> sp.Expr:
        """Average of (d overlap / d conjugate) of one spin, squared, in units of the temperature: what a further step of breaking
        sees of the sites."""
        return self.averaged(lambda tree: tree.spreading()) / self.closed(self.order.unit**2)

    def means(self, fields: dict[sp.Symbol, sp.Symbol]) -> dict[sp.Symbol, sp.Expr]:
        """Sums over sites from stationarity in the fields that belong to them, ``{sum: field}``."""
        return {total: self.expectation(self.glass.sums[total]) for total in fields}
