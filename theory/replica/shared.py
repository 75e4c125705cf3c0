"""Fields that all replicas share: the common part of the field in a tree, beside those of a teacher, of noise, of data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import sympy as sp

from theory.piecewise import Pieces
from theory.replica.one_body import OMEGA
from theory.replica.products import Gaussians, nested
from theory.replica.tree import Outer
from theory.small_matrices import inverse

NONE = sp.ImmutableMatrix(0, 0, [])
Quantity = Callable[[Outer, sp.Expr], sp.Expr]
"""Of the outermost average and of the variance of its Gaussian."""


@dataclass(frozen=True)
class Shared:
    """The field ω that all replicas have in common, of ``mean`` and ``variance``, and ``passive`` fields, all Gaussian.

    ``means`` and ``covariance`` are those of the passive fields, ``mixed`` their covariances with ω. The mean of ω may depend on
    passive fields that it is not correlated with.
    """

    mean: sp.Expr
    variance: sp.Expr
    passive: tuple[sp.Symbol, ...] = ()
    means: tuple[sp.Expr, ...] = ()
    covariance: sp.Matrix = NONE
    mixed: tuple[sp.Expr, ...] = ()

    @property
    def even(self) -> bool:
        """Whether the law stays the same when all fields change their signs."""
        return self.mean == 0 and not any(self.means)

    @property
    def _gains(self) -> list[sp.Expr]:
        """Slopes of the mean of ω in the passive fields, at their given values."""
        return self._over_covariance(self.mixed)

    def _over_covariance(self, row: Sequence[sp.Expr]) -> list[sp.Expr]:
        if not any(row):
            return [sp.S.Zero] * len(row)
        return list(sp.Matrix([row]) * inverse(sp.Matrix(self.covariance)))

    @property
    def left(self) -> sp.Expr:
        """Variance of ω at given passive fields."""
        return self.variance - sp.Add(*[a * b for a, b in zip(self._gains, self.mixed, strict=True)])

    def drift(self, symbol: sp.Symbol) -> sp.Expr:
        """Derivative by a parameter of the mean of ω at given passive fields."""
        gains = self._over_covariance([sp.diff(c, symbol) for c in self.mixed])
        moved = [g * (u - m) for g, u, m in zip(gains, self.passive, self.means, strict=True)]
        return sp.diff(self.mean, symbol) + sp.Add(*moved)

    def average(
        self, quantity: Quantity, factor: sp.Expr, bounds: Mapping[sp.Symbol, Pieces], held: Collection[sp.Symbol]
    ) -> sp.Expr:
        """Average of ``factor``, a function of the passive fields, times a quantity of the tree, in which those in ``held`` stand;
        within ``bounds``.

        Passive fields outside the tree are averaged first, at given ω: a weight.
        """
        around = [u for u in self.passive if u in held or u in self.mean.free_symbols]
        inside = [u for u in self.passive if u not in around and (u in bounds or u in factor.free_symbols)]
        covariance = {(OMEGA, OMEGA): self.variance} | {(OMEGA, u): c for u, c in zip(self.passive, self.mixed, strict=True)}
        for i, a in enumerate(self.passive):
            covariance |= {(a, b): self.covariance[i, j] for j, b in enumerate(self.passive) if i <= j}
        gaussian = Gaussians({**dict(zip(self.passive, self.means, strict=True)), OMEGA: self.mean}, covariance, (OMEGA,))
        chain = gaussian.chain([*around, OMEGA, *inside])
        _, mean, deviation = chain[len(around)]
        rest, within = factor.as_independent(*inside, as_Add=False)
        weight = nested(chain[len(around) + 1 :], bounds, within)
        mass = nested(gaussian.chain([*around, *inside])[len(around) :], bounds, within) if inside else within
        outer = Outer(mean, weight, mass, self.left)
        return nested(chain[: len(around)], bounds, rest * quantity(outer, deviation**2))
