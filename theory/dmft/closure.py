"""Closed equations of a linear dynamics in frequency: responses at one, correlations at two, and both at infinite time."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from theory.dmft.action import SingleSite
from theory.dmft.fields import Fields
from theory.dmft.notation import OrderParameter, z, z_other
from theory.dmft.process import Transfer, noise_of, transfers
from theory.errors import DerivationError
from theory.replica.data import total
from theory.saddle import eliminate, pulled_out, tidy

Sources = dict[tuple[sp.Expr, bool], sp.Expr]


@dataclass(frozen=True)
class Linear:
    """Everything that a linear dynamics needs in frequency: fields, single site, and transfer functions by dimension."""

    fields: Fields
    site: SingleSite
    transfer: dict

    @classmethod
    def of(cls, fields: Fields, site: SingleSite) -> Linear:
        """DerivationError, naming the law, for a dynamics that is not linear."""
        return cls(fields, site, {dim: transfers(fields, site, dim) for dim in fields.populations})

    def parameters(self, kind: str) -> list[OrderParameter]:
        found = [p for p in self.site.parameters.values() if p.kind == kind]
        return sorted(found, key=lambda p: p.name)

    def response(self, parameter: OrderParameter) -> sp.Expr:
        """Σ over sites of the weighted response: the right-hand side of its equation."""
        transfer: Transfer = self.transfer[parameter.dim]
        summand = parameter.weight * transfer.push(parameter.x, parameter.y)
        return total(parameter.dim, sp.factor(summand), self.fields.index(parameter.dim))

    def primed(self, expression: sp.Expr) -> sp.Expr:
        """At the other frequency."""
        rule = {p.transform: p.other for p in self.parameters("R")}
        return expression.xreplace({**rule, z: z_other})

    def pair(self, first: Sources, second: Sources, at_infinity: bool = False) -> sp.Expr:
        """<x(z) y(z')> at a site, from the factors of their sources; at infinite time, the limit of z z' <x y> at z, z' = 0."""
        found = sp.S.Zero
        for (a, lasting), factor in first.items():
            for (b, other_lasting), other in second.items():
                covariance = self._covariance(a, b, at_infinity)
                if covariance == 0:
                    continue
                noisy = a in self._noises
                if at_infinity and not noisy and not (lasting and other_lasting):
                    continue  # what acts once is forgotten
                if at_infinity:
                    found += covariance * _at_zero(factor) * _at_zero(other)
                    continue
                found += covariance * factor * self.primed(other) / (z if lasting else 1) / (z_other if other_lasting else 1)
        return found

    @property
    def _noises(self) -> dict[sp.Symbol, sp.Symbol]:
        return {noise_of(use.out): use.out for use in self.fields.uses}

    def _covariance(self, a: sp.Expr, b: sp.Expr, at_infinity: bool) -> sp.Expr:
        noises = self._noises
        if a in noises and b in noises:
            covariance = self.site.noise.get((noises[a], noises[b]), sp.S.Zero)
            return covariance.replace(
                lambda e: isinstance(e, sp.core.function.AppliedUndef), lambda e: self._transformed(e, at_infinity)
            )
        if a in noises or b in noises:
            return sp.S.Zero
        if a == b:
            return self.fields.variances.get(a, sp.S.One)
        return sp.S.Zero

    def _transformed(self, correlation: sp.Expr, at_infinity: bool) -> sp.Expr:
        parameter = next(p for value, p in self.site.parameters.items() if value.func == correlation.func)
        if at_infinity:
            return parameter.limit
        return parameter.transform if correlation.args[0].name == "t" else self.swapped(parameter)

    @staticmethod
    def swapped(parameter: OrderParameter) -> sp.Symbol:
        """C(z', z): needed where two fields differ."""
        return sp.Symbol(parameter.name + "^T", real=True) if parameter.x != parameter.y else parameter.transform

    def correlations(self, at_infinity: bool = False) -> dict[sp.Symbol, sp.Expr]:
        """Every correlation with its right-hand side, linear in the correlations."""
        equations = {}
        for p in self.parameters("C"):
            transfer, index = self.transfer[p.dim], self.fields.index(p.dim)
            x, y = (transfer.mixed({s: sp.S.One}) for s in (p.x, p.y))
            forms = [(p.limit if at_infinity else p.transform, x, y)]
            if p.x != p.y and not at_infinity:
                forms.append((self.swapped(p), y, x))
            for symbol, first, second in forms:
                summand = p.weight * self.pair(first, second, at_infinity)
                equations[symbol] = total(p.dim, sp.factor(summand), index)
        return equations

    def solved(self, at_infinity: bool = False) -> dict[sp.Symbol, sp.Expr]:
        """The correlations themselves, in the responses: their equations are linear."""
        equations = self.correlations(at_infinity)
        unknowns = list(equations)
        spread = [pulled_out(x - value, unknowns) for x, value in equations.items()]
        remaining, found = eliminate(spread, unknowns)
        if remaining:
            raise DerivationError("correlations: their linear equations have no unique solution; give every state a law of its own")
        return found


def _at_zero(factor: sp.Expr) -> sp.Expr:
    value = sp.cancel(factor).xreplace({z: sp.S.Zero})
    if value.has(sp.zoo, sp.nan, sp.oo):
        raise DerivationError(f"infinite time: {factor} has no limit at frequency 0; add a decay such as a ridge")
    return value


def reduced(linear: Linear) -> tuple[list[sp.Expr], dict[sp.Symbol, sp.Expr]]:
    """Equations of the responses with those eliminated that stand alone, and what they are."""
    responses = linear.parameters("R")
    equations = [p.transform - linear.response(p) for p in responses]
    remaining, solved = eliminate(equations, [p.transform for p in responses])
    return [tidy(e) for e in remaining], {x: tidy(v) for x, v in solved.items()}
