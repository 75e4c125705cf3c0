"""The sites of an energy: dimensions with the states that live on them, their penalty, their priors, and random vectors there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from theory.declaration.dimensions import Dim
from theory.declaration.sites import Leaf, Site
from theory.errors import DerivationError
from theory.modes import ModeIndex
from theory.piecewise import pieces
from theory.replica.data import at_mode, moments, plain, total
from theory.replica.fields import V, W

Averages = Mapping[sp.Symbol, sp.Expr | None]
"""Random numbers at a site by their symbol: the variance of a Gaussian, None for a fair sign."""


@dataclass(frozen=True)
class Population:
    """Sites of one dimension: ``variables`` are its states at one site, ``copies`` those of another replica."""

    dim: Dim
    index: ModeIndex
    states: tuple[Leaf, ...]
    variables: tuple[sp.Symbol, ...]
    copies: tuple[sp.Symbol, ...]
    noise: Averages
    penalty: sp.Expr = sp.S.Zero

    @property
    def priors(self) -> tuple[str | None, ...]:
        return tuple(state.how.get("prior") for state in self.states)

    def at_site(self, expression: sp.Expr, replica: int = 0) -> sp.Expr:
        """A site expression over the dimension in the variables of the first or the second replica, and in per-mode data."""
        symbols = self.copies if replica else self.variables
        rule = {Site(state): symbol for state, symbol in zip(self.states, symbols, strict=True)}
        return at_mode(expression.xreplace(rule), self.index)

    def mean(self, expression: sp.Expr) -> sp.Expr:
        """Average of a function of the random vectors at one site."""
        signs = [s for s, variance in self.noise.items() if variance is None and s in expression.free_symbols]
        for sign in signs:
            expression = sp.expand((expression.xreplace({sign: sp.S.One}) + expression.xreplace({sign: -sp.S.One})) / 2)
        gaussian = {s: v for s, v in self.noise.items() if v is not None and s in expression.free_symbols}
        if expression.is_polynomial(*gaussian):
            return moments(expression, gaussian)
        for symbol, variance in gaussian.items():
            expression = pieces(expression, symbol).average(sp.S.Zero, sp.sqrt(variance))
        return expression

    def total(self, expression: sp.Expr) -> sp.Expr:
        """Sum over the sites of the average of a function of the random vectors."""
        return total(self.dim, self.mean(expression), self.index)


def populations(energy) -> tuple[Population, ...]:
    """The populations of an energy, without their penalties, in the order of the names of their dimensions."""
    for state in energy.states:
        if len(state.dims) != 1 or state.dim is None:
            homes = ", ".join(map(str, state.dims))
            raise DerivationError(f"state {state.name}: it has the dimensions {homes}; declare it over one")
    found = []
    for dim in sorted({state.dim for state in energy.states}, key=lambda d: d.name):
        states = tuple(sorted((s for s in energy.states if s.dim == dim), key=lambda s: s.name))
        index = ModeIndex(dim.name, "k")
        one = len(energy.states) == 1
        variables = (W,) if one else tuple(sp.Symbol(s.name, real=True) for s in states)
        copies = (V,) if one else tuple(sp.Symbol(f"{s.name}'", real=True) for s in states)
        random = [leaf for leaf in energy.leaves if leaf.kind in ("noise", "signs") and leaf.dim == dim]
        noise = {Site(leaf): plain(at_mode(leaf.how["variance"], index)) if leaf.kind == "noise" else None for leaf in random}
        found.append(Population(dim, index, states, variables, copies, noise))
    return tuple(found)
