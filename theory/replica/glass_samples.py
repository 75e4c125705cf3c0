"""Samples of a glass: quadratic ones by the algebra of hierarchical matrices, any others by a tree of averages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from theory.replica.breaking import Breaking
from theory.replica.couplings import Field
from theory.replica.fields import H
from theory.replica.folded import FoldedTree
from theory.replica.gaussian import sample_average
from theory.replica.ground_tree import GroundTree, closed_pieces, ground_tree
from theory.replica.hierarchy import Hierarchical, per_replica
from theory.replica.one_body import WIDTH, OneBody, one_body
from theory.replica.tree import Tree
from theory.replica.zero_temperature import per_beta
from theory.symbols import beta, size

Closed = Callable[[sp.Expr], sp.Expr]


@dataclass(frozen=True)
class QuadraticSamples:
    """Samples whose energy is a quadratic polynomial of the field."""

    samples: Field
    order: Breaking
    covariance: Hierarchical
    closed: Closed = sp.sympify
    nested = False

    def _value(self, weight: sp.Expr) -> sp.Expr:
        value = per_replica(sample_average(self.covariance, weight))
        return size(self.samples.dim.name) * (per_beta(value) if self.order.cold else value)

    def value(self) -> sp.Expr:
        return self.closed(self._value(-beta * self.samples.potential))

    def derivative(self, symbol: sp.Symbol) -> sp.Expr:
        return self.closed(sp.diff(self._value(-beta * self.samples.potential), symbol))

    def expectation(self, function: sp.Expr) -> sp.Expr:
        """Expectation of a quadratic function of the field, summed over samples."""
        source = sp.Symbol("j")
        found = sp.diff(self._value(-beta * self.samples.potential + source * beta / self.order.unit * function), source)
        return self.closed(found.xreplace({source: sp.S.Zero}))

    def bending(self) -> sp.Expr:
        """Average of (d conjugate / d overlap) of one sample, squared, summed over samples, in units of the temperature."""
        gain = self.covariance.coefficients[0] / self.order.width
        curvature = sp.diff(-beta * self.samples.potential, H, 2)
        bent = (gain * curvature / (1 - curvature * self.covariance.coefficients[0]) / beta) ** 2
        return self.closed(size(self.samples.dim.name) * (per_beta(bent, 0) if self.order.cold else bent))


@dataclass(frozen=True)
class TreeSamples:
    """Samples of any energy: the one-body problem of the innermost level in a tree of fields."""

    samples: Field
    order: Breaking
    covariance: Hierarchical
    volume: bool
    closed: Closed = sp.sympify
    nested = True

    def body(self) -> OneBody:
        return one_body(self.samples.potential, H, "SAT" if self.volume else "broken" if self.order.cold else "warm")

    def tree(self) -> Tree | GroundTree:
        body, width = self.body(), self._width()
        spreads = tuple(map(self.closed, self.covariance.coefficients[1:]))
        parts = [p.subs({WIDTH: width}) for p in (body.value, body.slope, body.curvature)]
        if self.order.cold:
            return ground_tree(*(closed_pieces(p, self.closed) for p in parts), spreads, self.order.tree_blocks, self.closed(width))
        bodies = (self.closed(p.bodies[0]) for p in parts)
        return FoldedTree(*bodies, spreads, self.order.tree_blocks, self.closed(width))

    def _width(self) -> sp.Expr:
        """Variance of the field between the innermost blocks, in units of the temperature where that is zero."""
        return sp.expand(self.covariance.coefficients[0] * (beta if self.order.cold else 1))

    def value(self) -> sp.Expr:
        return size(self.samples.dim.name) * self.tree().total()

    def derivative(self, symbol: sp.Symbol) -> sp.Expr:
        return size(self.samples.dim.name) * self.tree().derivative(symbol)

    def expectation(self, function: sp.Expr) -> sp.Expr:
        seen = closed_pieces(self.body().expectation(function).subs({WIDTH: self._width()}), self.closed)
        tree = self.tree()
        mean = tree.mean(0, seen) if isinstance(tree, GroundTree) else tree.mean(0, seen.bodies[0])
        return size(self.samples.dim.name) * mean

    def bending(self) -> sp.Expr:
        gain = self.covariance.coefficients[0] / self.order.width
        return self.closed(size(self.samples.dim.name) * gain**2 / self.order.unit**2) * self.tree().spreading()


def sample_terms(state: Mapping[str, Any], closed: Closed = sp.sympify) -> list[QuadraticSamples | TreeSamples]:
    """The samples of a glass with the covariance of their fields between replicas."""
    order, glass, found = state["order"], state["glass"], []
    for s in glass.samples:
        overlap = order.overlap
        covariance = glass.size * s.gain * overlap + overlap.scaled_ones(s.noise)
        quadratic = s.potential.is_polynomial(H) and sp.degree(s.potential, H) <= 2
        if quadratic and not state["volume"]:
            found.append(QuadraticSamples(s, order, covariance, closed))
        else:
            found.append(TreeSamples(s, order, covariance, state["volume"], closed))
    return found
