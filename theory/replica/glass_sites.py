"""Sites of a glass: spins in a tree of fields, and Gaussian or spherical sites, whose integral is an algebra of the overlaps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from theory.declaration.sites import Site
from theory.errors import DerivationError
from theory.piecewise import pieces
from theory.replica.breaking import CHI, Breaking
from theory.replica.couplings import Glass
from theory.replica.elimination import linear
from theory.replica.fields import W
from theory.replica.folded import FoldedTree
from theory.replica.gaussian import quadratic
from theory.replica.ground_tree import GroundTree, closed_pieces, ground_tree
from theory.replica.hierarchy import Hierarchical, per_replica
from theory.replica.one_body import OMEGA
from theory.replica.tree import Tree
from theory.replica.zero_temperature import per_beta
from theory.special import log_cosh
from theory.symbols import beta
from theory.symbols import replicas as n
from theory.truncated import average

Closed = Callable[[sp.Expr], sp.Expr]


@dataclass(frozen=True)
class IsingSites:
    """Spins ±1 in ``exp(-β penalty)`` and a Gaussian field whose covariance between replicas is the conjugate of the overlap."""

    glass: Glass
    order: Breaking
    penalty: sp.Expr
    closed: Closed = sp.sympify
    """Writes order parameters in those of the closed equations; short expressions are, before averages nest around them."""

    def tree(self) -> Tree | GroundTree:
        """One spin; ``OMEGA`` is the field on it."""
        up, down = (self.penalty.xreplace({W: sp.Integer(s)}) for s in (1, -1))
        field = beta * OMEGA - beta * (up - down) / 2
        value = sp.log(2) + log_cosh(field) - beta * (up + down) / 2
        spreads = tuple(map(self.closed, self.order.spreads(self.order.conjugates)))
        if self.order.cold:
            maximum = closed_pieces(pieces(per_beta(value), OMEGA), self.closed)
            slopes = [maximum.map(lambda g, k=k: sp.diff(g, OMEGA, k)) for k in (1, 2)]
            return ground_tree(maximum, *slopes, spreads, self.order.tree_blocks)
        mean = sp.tanh(field)
        parts = (value, beta * mean, beta**2 * (1 - mean**2))
        return FoldedTree(*map(self.closed, parts), spreads, self.order.tree_blocks)

    def averaged(self, quantity: Callable[[Any], sp.Expr]) -> sp.Expr:
        """A quantity of one spin, averaged over random vectors at the site."""
        value = quantity(self.tree())
        for sign in self.glass.signs(self.closed(self.penalty)):
            value = (value.xreplace({sign: sp.S.One}) + value.xreplace({sign: sp.S.NegativeOne})) / 2
        for symbol, variance in self.glass.noise.items():
            if symbol in self.penalty.free_symbols:
                value = average(lambda y, s=symbol, v=variance, e=value: e.xreplace({s: sp.sqrt(v) * y}))
        return value

    def value(self) -> sp.Expr:
        """Contribution of all sites to the free energy of one replica, coupling of overlap and conjugate included."""
        return self.closed(self.glass.size) * (self.averaged(lambda tree: tree.total()) + self.closed(self._legendre()))

    def _legendre(self) -> sp.Expr:
        value = -per_replica((self.order.overlap @ self.order.conjugate).trace()) * beta**2 / 2
        return per_beta(value) if self.order.cold else value

    def derivative(self, symbol: sp.Symbol) -> sp.Expr:
        """Its derivative by a conjugate, a block or a field."""
        # At fixed other order parameters, which may depend on the symbol in the closed equations.
        open_ = replace(self, closed=sp.sympify)
        slope = open_.averaged(lambda tree: tree.derivative(symbol)) + sp.diff(self._legendre(), symbol)
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
        """Expectation of a function of the state at one site."""
        up, down = (function.xreplace({W: sp.Integer(s)}) for s in (1, -1))
        signs = [s for s in self.glass.signs(function) if s not in self.penalty.free_symbols]
        if signs or set(self.glass.noise) & function.free_symbols - self.penalty.free_symbols:
            raise DerivationError(f"observable {function}: it holds a random vector that the energy does not; observe the state")
        if up == down:
            return self.averaged(lambda tree: up)
        return self.averaged(lambda tree: self.closed((up + down) / 2) + self.closed((up - down) / 2) * self.magnetisation(tree))

    def magnetisation(self, tree: Any) -> sp.Expr:
        """Mean of one spin."""
        return tree.mean(0, tree.slope) / self.closed(self.order.unit)

    def bending(self) -> sp.Expr:
        """Average of (d overlap / d conjugate) of one spin, squared, in units of the temperature: what a further step of breaking
        sees of the sites."""
        return self.averaged(lambda tree: tree.spreading()) / self.closed(self.order.unit**2)

    def means(self, fields: dict[sp.Symbol, sp.Symbol]) -> dict[sp.Symbol, sp.Expr]:
        """Sums over sites from stationarity in the fields that belong to them, ``{sum: field}``."""
        return {total: self.expectation(self.glass.sums[total]) for total in fields}


@dataclass(frozen=True)
class GaussianSites:
    """Real states of fixed norm, or with a standard Gaussian prior, in a quadratic penalty; the conjugates are integrated over."""

    glass: Glass
    order: Breaking
    penalty: sp.Expr
    mean: sp.Symbol | None
    closed: Closed = sp.sympify

    def coefficients(self) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
        """Those of W**2, W and 1 in the penalty."""
        found = quadratic(self.penalty, W, f"penalty of {self.glass.state.name}")
        if any(f.has(Site) for f in found):
            raise DerivationError(f"penalty {self.penalty}: random vectors on real states are derived with Ising states only")
        return found

    def matrix(self) -> Hierarchical:
        """Overlaps around the mean."""
        overlap = self.order.overlap
        return overlap if self.mean is None else overlap + overlap.scaled_ones(-(self.mean**2))

    def value(self) -> sp.Expr:
        square, slope, constant = self.coefficients()
        measure = -(self.order.norm + sp.log(2 * sp.pi)) / 2 if self.glass.prior == "gaussian" else sp.S.Zero
        entropy = (per_replica(self.matrix().log_det()) + 1 + sp.log(2 * sp.pi)) / 2
        energy = square * self.order.norm + slope * (self.mean or 0) + constant
        value = entropy + measure - beta * energy
        return self.closed(self.glass.size * (per_beta(value) if self.order.cold else value))

    def derivative(self, symbol: sp.Symbol) -> sp.Expr:
        open_ = replace(self, closed=sp.sympify)
        return self.closed(sp.diff(open_.value(), symbol))

    def overlaps(self) -> list[sp.Expr]:
        """The overlap is the inverse of minus the conjugate off the diagonal: increments of one over those of the other are
        products of eigenvalues."""
        own, inverse = self.matrix().coefficients, self.matrix().inverse().coefficients
        conjugates = self.order.spreads(self.order.conjugates)
        found: list[sp.Expr] = []
        for j in range(len(own) - 1, 0, -1):
            ratio = sp.factor(-own[j] / inverse[j]).xreplace({n: sp.S.Zero})
            step = conjugates[j - 1] * (per_beta(beta**2 * ratio, 0) if self.order.cold else beta**2 * ratio)
            found.append(step + (self.mean**2 if self.mean is not None else 0) if not found else found[-1] + step)
        return [self.closed(e) for e in found]

    def free_width(self, slope: sp.Expr) -> sp.Expr:
        """The width, from the slope in the innermost overlap of all that is not the sites, per site, the norm moving with it.

        A free norm makes it the inverse of a stiffness. A fixed one at temperature zero is reached by it: overlaps are of degree
        two in the width and what blocks add to it.
        """
        if self.glass.prior == "spherical":
            return self.closed(CHI / sp.sqrt(self.overlaps()[-1]))
        square, *_ = self.coefficients()
        block = self.order.blocks[-1] if self.order.count else sp.S.Zero
        prior = 1 if self.glass.prior == "gaussian" else 0
        unit = self.order.unit
        return self.closed(1 / (prior + 2 * unit * square + unit**2 * block * self.order.conjugates[-1] - 2 * slope))

    def expectation(self, function: sp.Expr) -> sp.Expr:
        """Expectation of a polynomial of degree two at one site."""
        square, slope, constant = quadratic(function, W, "observable of a site")
        if function.has(Site):
            raise DerivationError(f"observable {function}: it holds a random vector; observe the state")
        return self.closed(square * self.order.norm + slope * (self.mean or 0) + constant)

    def bending(self) -> sp.Expr:
        value = beta**2 * self.order.width**2
        return self.closed(per_beta(value, 0) if self.order.cold else value)

    def means(self, fields: dict[sp.Symbol, sp.Symbol]) -> dict[sp.Symbol, sp.Expr]:
        """The mean from stationarity in it, at given field."""
        if self.mean is None:
            return {}
        slope = sp.diff(replace(self, closed=sp.sympify).value(), self.mean)
        return {self.mean: self.closed(linear(slope, self.mean))}


def sites_of(
    glass: Glass, order: Breaking, fields: dict[sp.Symbol, sp.Symbol], closed: Closed = sp.sympify
) -> IsingSites | GaussianSites:
    """The sites with the fields of collective variables in their penalty; DerivationError for other priors."""
    penalty = glass.penalty + sp.Add(*[field * glass.sums[total] for total, field in fields.items()])
    if glass.prior == "ising":
        return IsingSites(glass, order, penalty, closed)
    if glass.prior not in (("spherical", None) if order.cold else ("spherical", "gaussian")):
        what = f"state {glass.state.name}: with couplings or broken replicas it needs a prior"
        if order.cold:
            what = f"prior {glass.prior!r} of {glass.state.name}: at temperature 0 the energy outweighs it; declare a temperature"
            raise DerivationError(f"{what}, or no prior and a penalty")
        raise DerivationError(f"{what}, ising, spherical or gaussian; declare one")
    strange = [f for f in glass.sums.values() if f != W]
    if strange:
        raise DerivationError(f"sum of {strange[0]}: with a {glass.prior} prior only functions of the mean state are derived")
    if glass.prior != "spherical" and glass.couplings:
        raise DerivationError(
            f"state {glass.state.name}: couplings {glass.couplings[0].leaf.name} of states of any norm fall without bound; "
            "give it the spherical prior"
        )
    linear_part = sp.expand(penalty).coeff(W, 1)
    mean = next(iter(fields), sp.Symbol("m", real=True)) if linear_part != 0 else None
    return GaussianSites(glass, order, penalty, mean, closed)
