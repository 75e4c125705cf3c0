"""Sums over modes under names: degrees of freedom df_m of each effective ridge, so that the algebra of a reduction is rational."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sympy as sp

from theory.averages import ModeSum
from theory.declaration.dimensions import Dim, Spectrum
from theory.declaration.sites import split_factor, varies
from theory.modes import ModeIndex
from theory.normal_form import Resolvent, SumName
from theory.replica.data import array_of, at_mode, plain
from theory.resolvent.dyson import traced
from theory.resolvent.names import NamedTrace


@dataclass(frozen=True)
class Pole:
    """The factor ``kappa + slope · spectrum`` in denominators of a dimension."""

    kappa: sp.Symbol
    slope: sp.Expr
    spectrum: Spectrum
    dim: Dim

    @property
    def resolvent(self) -> Resolvent:
        return Resolvent(self.kappa, plain(self.slope), array_of(self.spectrum), self.dim.name)


class Sums:
    """The names in use. A sum with one effective ridge goes into its degrees of freedom, others are split into monomials."""

    def __init__(self) -> None:
        self.poles: list[Pole] = []
        self.meaning: dict[sp.Symbol, sp.Expr] = {}
        self.by_sum: dict[sp.Expr, sp.Symbol] = {}
        self.sites: dict[sp.Symbol, tuple[Dim, sp.Expr]] = {}
        self.known: set[NamedTrace] = set()

    def named(self, dim: Dim, expression: sp.Expr) -> sp.Expr:
        """Trace over ``dim`` of a function of its spectra, in names."""
        if not varies(expression):
            return plain(dim * expression)
        for pole in self.poles:
            others = {p.kappa for p in self.poles if p != pole} & expression.free_symbols
            if pole.dim == dim and pole.spectrum in expression.free_symbols and not others:
                written, names = pole.resolvent.named(traced(dim, expression))
                if not written.atoms(ModeSum):
                    rule = {name: self.named_as(name, pole) for name in names}
                    return sp.factor(written.xreplace(rule)) if any(k != v for k, v in rule.items()) else written
        return self._monomials(dim, expression)

    def named_as(self, name: SumName, pole: Pole) -> sp.Expr:
        """A name of its own for each effective ridge; plain sums always as df_m, the number of modes being the size."""
        if name.rest == 1 and not name.order:
            terms = [sp.binomial(name.falling, j) * (-1) ** j * self.degrees(j, 0, pole) for j in range(1, name.falling + 1)]
            return plain(pole.dim) + sp.Add(*terms)
        return self.degrees(name.order, name.falling, pole, name.rest)

    def degrees(self, order: int, falling: int, pole: Pole, rest: sp.Expr = sp.S.One) -> sp.Symbol:
        """The name of Σ rest u^order (1−u)^falling."""
        name = SumName(order, falling, rest)
        symbol: sp.Symbol = name
        if pole != self.poles[0] and order + falling:
            symbol = sp.Symbol(f"{name}_{self.poles.index(pole) + 1}", nonnegative=True)
        self.meaning[symbol] = pole.resolvent.sum_of(name)
        return symbol

    def _monomials(self, dim: Dim, expression: sp.Expr) -> sp.Expr:
        """What multiplies each product of per-mode data stands in front of its sum."""
        above, below = sp.fraction(sp.cancel(expression))
        index, found = ModeIndex(dim.name, "k"), sp.S.Zero
        below = sp.factor(below)
        moving = sp.Mul(*[f for f in sp.Mul.make_args(below) if varies(f)])
        for term in sp.Add.make_args(sp.expand(above)):
            inside = [f for f in sp.Mul.make_args(term) if varies(f)]
            body = sp.Mul(*inside) / moving
            outside = term / sp.Mul(*inside) / (below / moving)
            name = self._opaque(ModeSum(at_mode(body, index), index))
            if name in self.meaning:
                self.sites[name] = dim, body
            found += plain(outside) * name
        return found

    def separated(self, expression: sp.Expr) -> sp.Expr:
        """Sums over several effective ridges by those over one each: there are no relations left, but poles where two are equal."""
        rule = {}
        for symbol in sorted(expression.free_symbols & set(self.sites), key=str):
            dim, body = self.sites[symbol]
            spectra = {p.spectrum for p in self.poles if p.dim == dim and p.kappa in body.free_symbols}
            if len(spectra) == 1:
                parts = [split_factor(term, dim) for term in sp.Add.make_args(sp.apart(body, spectra.pop()))]
                rule[symbol] = sp.Add(*[plain(outside) * self.named(dim, inside) for outside, inside in parts])
        return expression.xreplace(rule)

    def _opaque(self, value: sp.Expr) -> sp.Expr:
        if not isinstance(value, ModeSum) or value.atoms(NamedTrace) - self.known:
            return value  # a sum has a name once its unknowns are solved for
        if value not in self.by_sum:
            positive = {"positive": True} if value.is_positive else {}
            self.by_sum[value] = sp.Symbol(f"S_{len(self.by_sum) + 1}", **positive)
            self.meaning[self.by_sum[value]] = value
        return self.by_sum[value]

    def written_out(self, expression: sp.Expr) -> sp.Expr:
        """Names replaced by their sums, in which there may be names again."""
        while names := expression.free_symbols & set(self.meaning):
            expression = expression.xreplace({s: self.meaning[s] for s in names})
        return expression


def linear_poles(expressions: Iterable[sp.Expr], unknowns: set[sp.Symbol]) -> list[tuple[Spectrum, sp.Expr, sp.Expr]]:
    """Factors c + b·s of denominators, s a spectrum, with an unknown in c or b and no other spectrum: (s, c, b)."""
    found = []
    for expression in expressions:
        for factor in (f.as_base_exp()[0] for f in sp.Mul.make_args(sp.factor(sp.fraction(expression)[1]))):
            spectra = [s for s in factor.free_symbols if isinstance(s, Spectrum)]
            if len(spectra) != 1 or not factor.free_symbols & unknowns or sp.degree(factor, spectra[0]) != 1:
                continue
            slope, constant = sp.Poly(factor, spectra[0]).all_coeffs()
            if (entry := (spectra[0], constant, slope)) not in found:
                found.append(entry)
    return found
