"""The sites of an energy: dimensions with the states that live on them, their penalty, their priors, and random vectors there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import sympy as sp

from theory.declaration.dimensions import Dim
from theory.declaration.mixtures import Atom, Mixture, Normal, Part
from theory.declaration.sites import Leaf, Site
from theory.errors import DerivationError
from theory.modes import ModeIndex
from theory.piecewise import pieces
from theory.replica.data import at_mode, moments, plain, total
from theory.replica.fields import V, W
from theory.symbols import Internal

LAWS = {"noise": "variance", "drawn": "law", "signs": ""}
"""Kinds of random vectors at the sites, and where their law is said."""
Averages = Mapping[sp.Symbol, sp.Expr | Mixture | None]
"""Random numbers at a site by their symbol: the variance of a Gaussian, a mixture, None for a fair sign."""


class AtSite(Internal):
    """One of several states at a site, by its name."""

    __slots__ = ()


@dataclass(frozen=True)
class Case:
    """One part of each mixture at a site: its ``weight``, the ``values`` that the random numbers take in terms of centred Gaussian
    ones, and the ``noise`` that is left."""

    weight: sp.Expr
    values: Mapping[sp.Symbol, sp.Expr]
    noise: Averages


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
    def priors(self) -> tuple[str | Mixture | None, ...]:
        """By state, with per-mode data at the site."""
        laws = [state.how.get("prior") for state in self.states]
        return tuple(_law(law, self.index) if isinstance(law, Mixture) else law for law in laws)

    def at_site(self, expression: sp.Expr, replica: int = 0) -> sp.Expr:
        """A site expression over the dimension in the variables of the first or the second replica, and in per-mode data."""
        symbols = self.copies if replica else self.variables
        rule = {Site(state): symbol for state, symbol in zip(self.states, symbols, strict=True)}
        return at_mode(expression.xreplace(rule), self.index)

    def cases(self, held: Collection[sp.Symbol] | None = None) -> list[Case]:
        """The parts of the mixtures among the random numbers (those in ``held``, by default all), one from each."""
        found = [Case(sp.S.One, {}, self.noise)]
        for symbol, law in self.noise.items():
            if not isinstance(law, Mixture) or (held is not None and symbol not in held):
                continue
            found = [_case(case, symbol, weight, part) for case in found for weight, part in law.args]
        return found

    def mean(self, expression: sp.Expr) -> sp.Expr:
        """Average of a function of the random vectors at one site."""
        cases = self.cases(expression.free_symbols)
        return sp.Add(*[case.weight * _mean(expression.xreplace(case.values), case.noise) for case in cases])

    def total(self, expression: sp.Expr) -> sp.Expr:
        """Sum over the sites of the average of a function of the random vectors."""
        return total(self.dim, self.mean(expression), self.index)


def _case(case: Case, symbol: sp.Symbol, weight: sp.Expr, part: Part) -> Case:
    if isinstance(part, Atom):
        noise = {s: v for s, v in case.noise.items() if s != symbol}
        return Case(case.weight * weight, {**case.values, symbol: part.position}, noise)
    if not isinstance(part, Normal):
        raise DerivationError(f"law of {symbol}: averages over what is drawn from {part} are not derived; mix Gaussians and atoms")
    values = case.values if part.mean == 0 else {**case.values, symbol: part.mean + symbol}
    return Case(case.weight * weight, values, {**case.noise, symbol: part.variance})


def _mean(expression: sp.Expr, noise: Averages) -> sp.Expr:
    signs = [s for s, variance in noise.items() if variance is None and s in expression.free_symbols]
    for sign in signs:
        expression = sp.expand((expression.xreplace({sign: sp.S.One}) + expression.xreplace({sign: -sp.S.One})) / 2)
    gaussian = {s: v for s, v in noise.items() if v is not None and s in expression.free_symbols}
    if expression.is_polynomial(*gaussian):
        return moments(expression, gaussian)
    for symbol, variance in gaussian.items():
        expression = pieces(expression, symbol).average(sp.S.Zero, sp.sqrt(variance))
    return expression


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
        variables = (W,) if one else tuple(AtSite(s.name, real=True) for s in states)
        copies = (V,) if one else tuple(AtSite(f"{s.name}'", real=True) for s in states)
        random = [leaf for leaf in energy.leaves if leaf.kind in LAWS and leaf.dim == dim]
        noise = {Site(leaf): _law(leaf.how[LAWS[leaf.kind]], index) if LAWS[leaf.kind] else None for leaf in random}
        found.append(Population(dim, index, states, variables, copies, noise))
    return tuple(found)


def _law(law: sp.Basic, index: ModeIndex):
    return plain(at_mode(law, index))
