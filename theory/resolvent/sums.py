"""Sums over modes under names: degrees of freedom df_m of each effective ridge, so that the algebra of a reduction is rational."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import sympy as sp

from theory.averages import Average, ModeSum
from theory.declaration.dimensions import Dim, Spectrum
from theory.declaration.sites import split_factor, varies
from theory.modes import ModeIndex
from theory.normal_form import Resolvent, SumName
from theory.ratios import Ratio, Ratios
from theory.replica.data import array_of, at_mode, plain
from theory.resolvent.names import NamedTrace
from theory.symbols import size


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

    def __init__(self, ratios: Ratios | None = None) -> None:
        self.ratios = Ratios() if ratios is None else ratios
        self.poles: list[Pole] = []
        self.meaning: dict[sp.Symbol, sp.Expr] = {}
        self.by_sum: dict[sp.Expr, sp.Symbol] = {}
        self.sites: dict[sp.Symbol, tuple[Dim, sp.Expr]] = {}
        self.known: set[NamedTrace] = set()

    def named(self, dim: Dim, expression: sp.Expr) -> sp.Expr:
        """Trace over ``dim`` of a function of its spectra, in names."""
        return self.total(dim, self.ratios.of(expression)).factor()

    def total(self, dim: Dim, site: Ratio) -> Ratio:
        """As :meth:`named`, of a ratio."""
        moving = {s for s in site.symbols if self._moves(s)}
        if not moving:
            return site * self.ratios.of(size(dim.name))
        for pole in self.poles:
            others = {p.kappa for p in self.poles if p != pole} & site.symbols
            inside = pole.dim == dim and not others and any(pole.spectrum in s.free_symbols for s in moving)
            if inside and (written := self._in_basis(pole, site, moving)) is not None:
                return written
        return self._monomials(dim, site, moving)

    @staticmethod
    def _moves(generator: sp.Expr) -> bool:
        return not isinstance(generator, Average) and varies(generator)

    def _in_basis(self, pole: Pole, site: Ratio, moving: set[sp.Expr]) -> Ratio | None:
        """The sum in degrees of freedom of an effective ridge; None where the site has other denominators.

        In v = κ/(κ + b s) and with s = κ (1 − v)/(b v) every term is a polynomial in v, divided by some power of it.
        """
        ratios, resolvent = self.ratios, pole.resolvent
        whole = ratios.of(pole.kappa + plain(pole.slope) * pole.spectrum)
        number, powers = ratios.factored(whole.above)
        (own,) = [i for i in powers if any(pole.spectrum in s.free_symbols for s in ratios.inside(i))]
        degree, constant = site.below.get(own, 0), {i: p for i, p in site.below.items() if i != own}
        if any(ratios.inside(i) & moving for i in constant):
            return None
        ridge, slope = ratios.of(pole.kappa), ratios.of(plain(pole.slope))
        front = ratios.over(number, {i: p for i, p in powers.items() if i != own}, whole.below) / ridge
        front = front**degree * ratios.over(1, {}, constant)
        names = sorted(moving, key=str)
        found: dict[tuple[int, sp.Expr], list[Ratio]] = {}
        for exponents, coefficient in site.collected(names).items():
            factors = dict(zip(names, exponents, strict=True))
            count = 2 * factors.pop(pole.spectrum, 0) + factors.pop(sp.sqrt(pole.spectrum), 0)
            if count % 2:
                return None
            rest, count = sp.Mul(*[f**p for f, p in factors.items()]), count // 2
            term = coefficient * front * (ridge / slope) ** count
            for i in range(count + 1):
                sign = ratios.of(sp.Integer((-1) ** i * math.comb(count, i)))
                found.setdefault((degree - count + i, rest), []).append(sign * term)
        weighted = any(rest != 1 for _, rest in found)
        total = []
        for (exponent, rest), terms in found.items():
            if coefficient := ratios.sum(terms):
                total.append(coefficient * self._name_of(pole, exponent, at_mode(rest, resolvent.index), weighted))
        return ratios.sum(total)

    def _name_of(self, pole: Pole, exponent: int, rest: sp.Expr, weighted: bool) -> Ratio:
        written = pole.resolvent.power(exponent, rest, weighted)
        return self.ratios.of(written.xreplace({s: self.named_as(s, pole) for s in written.free_symbols if isinstance(s, SumName)}))

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

    def _monomials(self, dim: Dim, site: Ratio, moving: set[sp.Expr]) -> Ratio:
        """What multiplies each product of per-mode data stands in front of its sum."""
        ratios, index, names = self.ratios, ModeIndex(dim.name, "k"), sorted(moving, key=str)
        inside = {i: p for i, p in site.below.items() if ratios.inside(i) & moving}
        below = ratios.over(1, {}, inside).as_expr()
        outside, found = ratios.over(1, {}, {i: p for i, p in site.below.items() if i not in inside}), []
        for exponents, coefficient in site.collected(names).items():
            body = sp.Mul(*[f**p for f, p in zip(names, exponents, strict=True)]) * below
            if not varies(body):
                found.append(coefficient * outside * ratios.of(size(dim.name)))
                continue
            name = self._opaque(ModeSum(at_mode(body, index), index))
            if name in self.meaning:
                self.sites[name] = dim, body
            found.append(coefficient * outside * ratios.of(name))
        return ratios.sum(found)

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


def linear_poles(factors: Iterable[sp.Expr], unknowns: set[sp.Symbol]) -> list[tuple[Spectrum, sp.Expr, sp.Expr]]:
    """Those of the form c + b·s, s a spectrum, with an unknown in c or b and no other spectrum: (s, c, b)."""
    found = []
    for factor in factors:
        spectra = [s for s in factor.free_symbols if isinstance(s, Spectrum)]
        if len(spectra) == 1 and factor.free_symbols & unknowns and sp.degree(factor, spectra[0]) == 1:
            slope, constant = sp.Poly(factor, spectra[0]).all_coeffs()
            found.append((spectra[0], constant, slope))
    return found
