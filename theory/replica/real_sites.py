"""Real sites of a glass in any penalty: one body in a tree of fields, with the stiffness that the rest of the system gives it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from theory.piecewise import Pieces
from theory.replica.breaking import STIFFNESS
from theory.replica.fields import W
from theory.replica.folded import FoldedTree
from theory.replica.ground_tree import GroundTree, closed_pieces, ground_tree
from theory.replica.one_body import OMEGA, WIDTH, OneBody, one_body
from theory.replica.tree import Outer
from theory.replica.tree_sites import TreeSites
from theory.replica.zero_temperature import per_beta
from theory.symbols import beta


@dataclass(frozen=True)
class RealSites(TreeSites):
    """States w of any norm in exp(-β (penalty + A w²/2 - ω w)), A the ``STIFFNESS`` and ω the field: one body in a Gaussian of mean
    ω/A. A standard Gaussian prior is a part of the penalty."""

    @property
    def crosses(self) -> bool:
        """Whether minima of the penalty cross."""
        if not self.order.cold:
            return False
        potential, _ = self.apart()
        return self.tree(Outer(variance=self.order.conjugates[0]), self.order.conjugates[0], potential).crosses

    def apart(self) -> tuple[sp.Expr, sp.Expr]:
        penalty = self.penalty + (W**2 / (2 * beta) if self.glass.prior == "gaussian" else 0)
        slope = sp.Add(*[t / W for t in sp.Add.make_args(sp.expand(penalty)) if not (t / W).has(W)])
        return sp.expand(penalty - slope * W), -slope

    def body(self, potential: sp.Expr) -> OneBody:
        return one_body(potential, W, "broken" if self.order.cold else "warm")

    @property
    def _place(self) -> dict[sp.Symbol, sp.Expr]:
        """Mean and width of the Gaussian of the one body, in units of the temperature where that is zero."""
        return {OMEGA: OMEGA / STIFFNESS, WIDTH: 1 / STIFFNESS if self.order.cold else 1 / (beta * STIFFNESS)}

    def _placed(self, found: Pieces) -> Pieces:
        """A function of the mean of the Gaussian as one of the field."""
        edges = tuple(STIFFNESS * e.xreplace(self._place) for e in found.edges)
        return closed_pieces(Pieces(OMEGA, edges, tuple(b.xreplace(self._place) for b in found.bodies)), self.closed)

    def tree(self, outer: Outer, spread: sp.Expr, potential: sp.Expr) -> Any:
        body, unit = self.body(potential), self.order.unit
        normal = 1 if self.glass.prior == "gaussian" else 2 * sp.pi
        measure = sp.S.Zero if self.order.cold else sp.log(normal / (beta * STIFFNESS)) / 2
        value = self._added(body.value, unit * OMEGA**2 / (2 * STIFFNESS) + measure, sp.S.One)
        slope = self._added(body.slope, unit * OMEGA / STIFFNESS, 1 / STIFFNESS)
        curvature = self._added(body.curvature, unit / STIFFNESS, 1 / STIFFNESS**2)
        spreads, blocks, shared = self.spreads(spread), self.order.tree_blocks, self.shared(outer)
        if self.order.cold:
            return ground_tree(value, slope, curvature, spreads, blocks, sp.S.Zero, shared)
        return FoldedTree(value.bodies[0], slope.bodies[0], curvature.bodies[0], spreads, blocks, outer=shared)

    def _added(self, found: Pieces, rest: sp.Expr, factor: sp.Expr) -> Pieces:
        placed = self._placed(found)
        return placed.map(lambda e: self.closed(factor) * e + self.closed(rest))

    def legendre(self) -> sp.Expr:
        value = beta * STIFFNESS * self.order.norm / 2
        return super().legendre() + (per_beta(value) if self.order.cold else value)

    def derivative(self, symbol: sp.Symbol) -> sp.Expr:
        slope = sp.diff(self.apart()[0], symbol)
        explicit = self.order.unit * replace(self, closed=sp.sympify).expectation(slope) if slope != 0 else sp.S.Zero
        return super().derivative(symbol) - self.closed(self.glass.size * explicit)

    def free_width(self, slope: sp.Expr) -> sp.Expr:
        """Variance of one replica, over the temperature where that is zero."""
        if self.order.cold:
            return self.averaged(lambda tree: tree.bend())
        return self.averaged(lambda tree: tree.mean(0, tree.curvature)) / self.closed(beta**2)

    def stiffness(self, slope: sp.Expr) -> sp.Expr:
        """From the slope in the innermost overlap of all that is not the sites, per site, the norm moving with it."""
        block = self.order.blocks[-1] if self.order.count else sp.S.Zero
        return (self.order.unit**2 * block * self.order.conjugates[-1] - 2 * slope) / self.order.unit

    def expectation(self, function: sp.Expr) -> sp.Expr:
        if W not in function.free_symbols:
            return self.closed(self.glass.per_site(function))

        def mean(tree: Any, potential: sp.Expr, seen: sp.Expr) -> sp.Expr:
            found = self._placed(self.body(potential).expectation(seen))
            return tree.mean(0, found) if isinstance(tree, GroundTree) else tree.mean(0, found.bodies[0])

        return self.averaged(mean, seen=function)
