"""Nested averages over a hierarchy of replicas at temperature zero, where F/β -> G, a maximum, with blocks y/β.

G has kinks, where two maxima cross. So the innermost average of exp(y G) is taken piece by piece; it is smooth, and the other
levels are a :class:`~theory.replica.tree.Tree` of its logarithm. Without steps only the average of G itself is left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

import sympy as sp

from theory.piecewise import Pieces, joined
from theory.replica.folded import FoldedTree
from theory.replica.one_body import OMEGA, WIDTH, log_factor, weights
from theory.replica.tree import ALONE, Outer
from theory.special import LogSum
from theory.symbols import beta
from theory.truncated import around, density

Closed = Callable[[sp.Expr], sp.Expr]
FIELD = sp.Dummy("h", real=True)
"""The field over which the innermost average is taken."""


@dataclass(frozen=True)
class GroundTree:
    """``value`` and ``slope`` are G and its derivative in ``OMEGA``, in pieces; ``spreads`` and ``blocks`` are as in
    :class:`~theory.replica.tree.Tree`, the latter in units of the temperature, as is ``width``: ∂G/∂width = G'^2/2; so is
    ``outer``."""

    value: Pieces
    slope: Pieces
    curvature: Pieces
    spreads: tuple[sp.Expr, ...]
    blocks: tuple[sp.Expr, ...]
    width: sp.Expr = sp.S.Zero
    outer: Outer = ALONE

    @property
    def crosses(self) -> bool:
        """Whether maxima cross, so that replicas split at any temperature however low."""
        return bool(self._kinks)

    @cached_property
    def _kinks(self) -> list[tuple[sp.Expr, sp.Expr, sp.Expr]]:
        """Where the slope jumps, by how much, and the value there."""
        found, parts = [], list(zip(self.value, self.slope, strict=True))
        for ((_, edge, value), (_, _, left)), (_, (_, _, right)) in pairwise(parts):
            at = {OMEGA: edge}
            jump = sp.simplify((right - left).xreplace(at))
            if jump != 0:
                found.append((edge, jump, value.xreplace(at)))
        return found

    # The innermost level

    @cached_property
    def _logarithms(self) -> list[sp.Expr]:
        """What the pieces contribute to <exp(y G)> over the innermost Gaussian, around ``OMEGA``."""
        return [e + log_factor(factor) for e, factor in self._weighted(self.value.map(lambda _: sp.S.One))]

    def _share(self, exponent: sp.Expr) -> sp.Expr:
        """exp(exponent) / <exp(y G)>, in differences: both may be large."""
        return sp.exp(-log_sum([level - exponent for level in self._logarithms]))

    def _weighted(self, body: Pieces) -> list[tuple[sp.Expr, sp.Expr]]:
        cut = joined(self.value.map(lambda g: -g), body).subs({OMEGA: FIELD})
        rule = {WIDTH: self.spreads[0], beta: self.blocks[0]}
        return [(a.xreplace(rule), b.xreplace(rule)) for a, b in weights(Pieces(FIELD, cut.edges, cut.bodies))]

    @lru_cache(maxsize=256)  # noqa: B019
    def _near(self, body: Pieces) -> sp.Expr:
        """Average over the innermost Gaussian with the weight exp(y G); over the only one without steps."""
        if len(set(body.bodies)) == 1 and OMEGA not in body.bodies[0].free_symbols:
            return body.bodies[0] * (1 if self.blocks else self.outer.mass)
        if not self.blocks:
            mean, deviation = self.outer.mean, sp.sqrt(self.spreads[0])
            return body.average(mean, deviation, lambda z: self.outer.weight.xreplace({OMEGA: mean + deviation * z}))
        return sp.Add(*[self._share(exponent) * factor for exponent, factor in self._weighted(body)])

    def _crossings(self, weight: Callable[[sp.Expr], sp.Expr]) -> sp.Expr:
        """The same for a function of the jump of the slope at every kink, times a delta function there."""
        deviation, total = sp.sqrt(self.spreads[0]), sp.S.Zero
        for edge, jump, value in self._kinks:
            here = density((edge - (OMEGA if self.blocks else self.outer.mean)) / deviation) / deviation
            shared = self.outer.weight.xreplace({OMEGA: edge})
            total += weight(jump) * here * (self._share(self.blocks[0] * value) if self.blocks else shared)
        return total

    @cached_property
    def _outer(self) -> SmoothedTree:
        """The levels around the innermost one, of G averaged over it."""
        block, square = self.blocks[0], self._near(self.slope.map(lambda g: g**2))
        value, slope = log_sum(self._logarithms) / block, self._near(self.slope)
        curvature = self._bent() + block * square - block * slope**2
        grows = (block, (self._near(self.value) - value) / block), (self.width, square / 2)
        parts = (value, slope, curvature, self.spreads[1:], self.blocks[1:], self.spreads[0], block)
        # A narrow average leaves a kink nearly as sharp as it is; where maxima cross it is never narrow.
        edges = self.value.edges[1:-1]
        sharp = edges[0] if len(edges) == 1 and not self.crosses else None
        return SmoothedTree(*parts, outer=self.outer, grows=grows, sharp=sharp)

    def _far(self, body: sp.Expr) -> sp.Expr:
        return self._outer.mean(0, body) if self.blocks else body

    # All levels

    def mean(self, level: int, body: Pieces) -> sp.Expr:
        """Average of a function of the field in pieces, over all levels; ``level`` is 0."""
        return self._far(self._near(body))

    def total(self) -> sp.Expr:
        """The functional."""
        return self._outer.total() if self.blocks else self._near(self.value)

    def square(self, level: int) -> sp.Expr:
        """Average of the squared mean of G' at a level."""
        return self._outer.square(level - 1) if level else self.mean(0, self.slope.map(lambda g: g**2))

    def bend(self) -> sp.Expr:
        """Average of G'', kinks included."""
        return self._far(self._bent())

    def _bent(self) -> sp.Expr:
        return self._near(self.curvature) + self._crossings(lambda jump: jump)

    def derivative(self, symbol: sp.Symbol) -> sp.Expr:
        """Derivative by a parameter of covariance, blocks or width."""
        if self.blocks:
            return self._outer.derivative(symbol)
        left = self.spreads[0] if self.outer.variance is None else self.outer.variance
        spread, width = (sp.diff(e, symbol) for e in (left, self.width))
        return (spread * self.bend() if spread != 0 else spread) / 2 + (width * self.square(0) if width != 0 else width) / 2

    def spreading(self) -> sp.Expr:
        """<F''^2>/β²; at a kink two exponentials cross, F = log(exp(β G_1) + exp(β G_2)), whose squared curvature has the integral
        β³ jump³/6."""
        smooth = self._near(self.curvature.map(lambda g: g**2))
        return self._far(smooth + beta * self._crossings(lambda jump: jump**3 / 6))


@dataclass(frozen=True)
class SmoothedTree(FoldedTree):
    """A tree around an innermost average; ``grows`` holds pairs of a block or width inside it and the derivative of F by it,
    ``sharp``, if there is one, the place at which F changes fast."""

    grows: tuple[tuple[sp.Expr, sp.Expr], ...] = ()
    sharp: sp.Expr | None = None

    def mean(self, level: int, body: sp.Expr) -> sp.Expr:
        if self.steps or self.sharp is None or OMEGA not in sp.sympify(body).free_symbols:
            return super().mean(level, body)
        deviation = sp.sqrt(self.spreads[0])
        at, weighted = self.outer.mean, body * self.outer.weight
        return around(lambda z: weighted.xreplace({OMEGA: at + deviation * z}), (self.sharp - at) / deviation)

    def _terms(self, body: sp.Expr) -> sp.Expr:
        return sp.Add(*[sp.Mul(*factors) for factors in map(sp.Mul.make_args, sp.Add.make_args(body))])

    def _explicit(self, symbol: sp.Symbol) -> sp.Expr:
        return sp.Add(*[sp.diff(inside, symbol) * slope for inside, slope in self.grows])


def log_sum(levels: list[sp.Expr]) -> sp.Expr:
    """Logarithm of the sum of their exponentials."""
    return LogSum(*levels) if len(levels) > 1 else levels[0]


@lru_cache(maxsize=64)
def ground_tree(*parts) -> GroundTree:
    """The :class:`GroundTree` of these parts, whose averages are found once."""
    return GroundTree(*parts)


def closed_pieces(function: Pieces, closed: Closed) -> Pieces:
    """Edges and bodies in the unknowns of the closed equations."""
    return Pieces(function.variable, tuple(map(closed, function.edges)), tuple(map(closed, function.bodies)))
