"""Spins of a glass: ±1 in a tree of fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from theory.piecewise import pieces
from theory.replica.fields import W
from theory.replica.folded import FoldedTree
from theory.replica.ground_tree import closed_pieces, ground_tree
from theory.replica.one_body import OMEGA
from theory.replica.tree import Outer
from theory.replica.tree_sites import TreeSites
from theory.replica.zero_temperature import per_beta
from theory.special import log_cosh
from theory.symbols import beta


def halves(function: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """The parts of a function of a spin that are even and odd in it, without the spin."""
    up, down = (function.xreplace({W: sp.Integer(s)}) for s in (1, -1))
    return sp.expand((up + down) / 2), sp.expand((up - down) / 2)


@dataclass(frozen=True)
class IsingSites(TreeSites):
    """Spins ±1: of a penalty its odd part is a field, the even one a constant."""

    @property
    def crosses(self) -> bool:
        """Whether two states of a site cross at temperature zero."""
        return self.order.cold

    def apart(self) -> tuple[sp.Expr, sp.Expr]:
        return sp.S.Zero, -halves(self.penalty)[1]

    def tree(self, outer: Outer, spread: sp.Expr, potential: sp.Expr = sp.S.Zero) -> Any:
        value, mean = sp.log(2) + log_cosh(beta * OMEGA), sp.tanh(beta * OMEGA)
        spreads, blocks, shared = self.spreads(spread), self.order.tree_blocks, self.shared(outer)
        if self.order.cold:
            maximum = closed_pieces(pieces(per_beta(value), OMEGA), self.closed)
            slopes = [maximum.map(lambda g, k=k: sp.diff(g, OMEGA, k)) for k in (1, 2)]
            return ground_tree(maximum, *slopes, spreads, blocks, sp.S.Zero, shared)
        value, slope, curvature = map(self.closed, (value, beta * mean, beta**2 * (1 - mean**2)))
        return FoldedTree(value, slope, curvature, spreads, blocks, outer=shared)

    @property
    def _constant(self) -> sp.Expr:
        return self.glass.per_site(-self.order.unit * halves(self.penalty)[0])

    def value(self) -> sp.Expr:
        return super().value() + self.closed(self.glass.size * self._constant)

    def derivative(self, symbol: sp.Symbol) -> sp.Expr:
        return super().derivative(symbol) + self.closed(self.glass.size * sp.diff(self._constant, symbol))

    def free_width(self, slope: sp.Expr) -> sp.Expr:
        """χ, what the innermost overlap leaves of one, in units of the temperature where that is zero."""
        return self.averaged(lambda tree: tree.bend())

    def expectation(self, function: sp.Expr) -> sp.Expr:
        even, odd = halves(function)
        total = self.closed(self.glass.per_site(even))
        return total + (self.averaged(lambda tree: tree.mean(0, tree.slope), odd) / self.closed(self.order.unit) if odd != 0 else 0)
