"""Samples of a glass: quadratic ones by the algebra of hierarchical matrices, any others by a tree of averages around the fields
that all replicas share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from theory.replica.breaking import Breaking
from theory.replica.cells import bounded, cases
from theory.replica.fields import H
from theory.replica.folded import FoldedTree
from theory.replica.gaussian import sample_average
from theory.replica.glass_fields import Field
from theory.replica.ground_tree import GroundTree, closed_pieces, ground_tree
from theory.replica.hierarchy import Hierarchical, per_replica
from theory.replica.one_body import WIDTH, OneBody, one_body
from theory.replica.shared import Shared
from theory.replica.tree import Outer
from theory.replica.zero_temperature import per_beta
from theory.symbols import Internal, beta

Closed = Callable[[sp.Expr], sp.Expr]
NONE: Mapping = {}


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
        return self.samples.total(per_beta(value) if self.order.cold else value)

    def value(self) -> sp.Expr:
        return self.closed(self._value(-beta * self.samples.potential))

    def derivative(self, symbol: sp.Symbol) -> sp.Expr:
        return self.closed(sp.diff(self._value(-beta * self.samples.potential), symbol))

    def expectation(self, function: sp.Expr) -> sp.Expr:
        """Expectation of a quadratic function of the field, summed over samples."""
        source = Internal("j")
        found = sp.diff(self._value(-beta * self.samples.potential + source * beta / self.order.unit * function), source)
        return self.closed(found.xreplace({source: sp.S.Zero}))

    def bending(self) -> sp.Expr:
        """Average of (d conjugate / d overlap) of one sample, squared, summed over samples, in units of the temperature."""
        gain = self.covariance.coefficients[0] / self.order.width
        curvature = sp.diff(-beta * self.samples.potential, H, 2)
        bent = (gain * curvature / (1 - curvature * self.covariance.coefficients[0]) / beta) ** 2
        return self.closed(self.samples.total(per_beta(bent, 0) if self.order.cold else bent))


@dataclass(frozen=True)
class TreeSamples:
    """Samples of any energy: the one-body problem of the innermost level in a tree of fields."""

    samples: Field
    order: Breaking
    covariance: Hierarchical
    volume: bool
    closed: Closed = sp.sympify
    nested = True

    @property
    def shared(self) -> Shared:
        """The outermost level of the tree beside the passive fields, at open order parameters."""
        s = self.samples
        return Shared(s.mean, self.covariance.coefficients[-1], s.passive, s.means, s.covariance, s.mixed)

    def body(self, potential: sp.Expr, edges: Mapping[sp.Symbol, tuple[sp.Expr, sp.Expr]] = NONE) -> OneBody:
        """The one-body problem in a cell of the passive fields, whose signs may decide about kinks of the potential."""
        signs = {u: 1 for u, (low, _) in edges.items() if low == 0} | {u: -1 for u, (_, high) in edges.items() if high == 0}
        sizes = {u: sp.Dummy(u.name, positive=True) for u in signs if u in potential.free_symbols}
        there, back = {u: signs[u] * size_ for u, size_ in sizes.items()}, {size_: signs[u] * u for u, size_ in sizes.items()}
        body = one_body(potential.xreplace(there), H, "SAT" if self.volume else "broken" if self.order.cold else "warm")
        if not sizes:
            return body
        value, slope, curvature = (p.subs(back) for p in (body.value, body.slope, body.curvature))
        return OneBody(value, slope, curvature, lambda function: body.expectation(function.xreplace(there)).subs(back))

    def tree(self, body: OneBody, outer: Outer, spread: sp.Expr) -> Any:
        """The tree around a one-body problem, ``spread`` the variance of its outermost level."""
        width = self._width()
        spreads = tuple(map(self.closed, (*self.covariance.coefficients[1:-1], spread)))
        shared = Outer(*map(self.closed, (outer.mean, outer.weight, outer.mass, outer.variance)))
        parts = [p.subs({WIDTH: width}) for p in (body.value, body.slope, body.curvature)]
        blocks, width = self.order.tree_blocks, self.closed(width)
        if self.order.cold:
            return ground_tree(*(closed_pieces(p, self.closed) for p in parts), spreads, blocks, width, shared)
        value, slope, curvature = (self.closed(p.bodies[0]) for p in parts)
        return FoldedTree(value, slope, curvature, spreads, blocks, width, outer=shared)

    def _width(self) -> sp.Expr:
        """Variance of the field between the innermost blocks, in units of the temperature where that is zero."""
        return sp.expand(self.covariance.coefficients[0] * (beta if self.order.cold else 1))

    def _cases(self, seen: sp.Expr) -> Iterator[tuple[sp.Expr, dict, sp.Expr, sp.Expr]]:
        """(weight, edges of the passive fields, potential, observable) of every class of a label and every cell."""
        for values, weight in self.samples.samples.classes:
            bodies = sp.Tuple(self.samples.potential, seen).xreplace(dict(values))
            found = cases(bodies, (H,), self.samples.passive, weight == 1 and self.shared.even)
            yield from ((times * weight, edges, *parts) for times, edges, parts in found)

    def average(self, quantity: Callable[..., sp.Expr], factor: sp.Expr = sp.S.One, seen: sp.Expr = sp.S.Zero) -> sp.Expr:
        """Average over passive fields of ``factor`` times ``quantity(tree, body, seen)``, summed over samples."""
        shared, total = self.shared, sp.S.Zero
        for weight, edges, potential, inside in self._cases(seen):
            body, held = self.body(potential, edges), potential.free_symbols | inside.free_symbols

            def of(outer: Outer, spread: sp.Expr, body=body, inside=inside) -> sp.Expr:
                return quantity(self.tree(body, outer, spread), body, inside)

            total += shared.average(of, weight * self.closed(factor), bounded(edges), held)
        return self.samples.total(total)

    def value(self) -> sp.Expr:
        return self.average(lambda tree, *_: tree.total())

    def derivative(self, symbol: sp.Symbol) -> sp.Expr:
        """Derivative by an overlap, a block or a sum; what shared fields do to the mean of the field is a part of it."""
        total = self.average(lambda tree, *_: tree.derivative(symbol))
        drift = self.shared.drift(symbol)
        return total + (self.average(lambda tree, *_: tree.mean(0, tree.slope), drift) if drift != 0 else 0)

    def expectation(self, function: sp.Expr) -> sp.Expr:
        def mean(tree: Any, body: OneBody, inside: sp.Expr) -> sp.Expr:
            found = closed_pieces(body.expectation(inside).subs({WIDTH: self._width()}), self.closed)
            return tree.mean(0, found) if isinstance(tree, GroundTree) else tree.mean(0, found.bodies[0])

        return self.average(mean, seen=function)

    @property
    def crosses(self) -> bool:
        """Whether minima of the energy cross in a sample."""
        bodies = [self.body(potential, edges) for _, edges, potential, _ in self._cases(sp.S.Zero)]
        return self.order.cold and any(self.tree(b, Outer(), self.covariance.coefficients[-1]).crosses for b in bodies)

    def bending(self) -> sp.Expr:
        gain = self.covariance.coefficients[0] / self.order.width
        return self.closed(gain**2 / self.order.unit**2) * self.average(lambda tree, *_: tree.spreading())


def sample_terms(state: Mapping[str, Any], closed: Closed = sp.sympify) -> list[QuadraticSamples | TreeSamples]:
    """The samples of a glass with the covariance of their fields between replicas."""
    order, glass, found = state["order"], state["glass"], []
    for s in glass.samples:
        overlap = order.overlap
        covariance = glass.size * s.gain * overlap + overlap.scaled_ones(s.shift)
        quadratic = s.potential.is_polynomial(H) and sp.degree(s.potential, H) <= 2 and not s.passive and s.mean == 0
        quadratic = quadratic and len(s.samples.classes) == 1
        if quadratic and not state["volume"]:
            found.append(QuadraticSamples(s, order, covariance, closed))
        else:
            found.append(TreeSamples(s, order, covariance, state["volume"], closed))
    return found
