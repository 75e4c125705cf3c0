"""A linear dynamics at infinite time: responses at frequency zero, correlations from their linear equations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from theory.averages import mode_derivative, outermost
from theory.dmft.closure import Linear, Product
from theory.dmft.notation import z
from theory.dmft.observables import Moment
from theory.equations import Theory, Unknown
from theory.errors import DerivationError
from theory.modes import ModeIndex
from theory.normal_form import Resolvent, SumName, resolvent_of, written_out
from theory.replica.results import parameter_of
from theory.saddle import opaque, tidy
from theory.symbols import kappa


@dataclass
class AtInfinity:
    """How a linear dynamics goes on to infinite time; called, it gives the theory."""

    model: Any
    linear: Linear
    moments: Mapping[sp.Symbol, Moment]
    observables: Mapping[str, sp.Expr]
    state: Mapping[str, Any]

    def __call__(self) -> Theory:
        """DerivationError where there is no limit."""
        name, at_zero = self.model.name, {z: sp.S.Zero}
        equations = tuple(sp.Eq(e.lhs, tidy(e.rhs.xreplace(at_zero)), evaluate=False) for e in self.state["closed"])
        self.responses = {x: tidy(v.xreplace(at_zero)) for x, v in self.state["in_unknowns"].items()}
        basis = resolvent_of(sp.Add(*[e.rhs for e in equations]), kappa)
        names = _Names(basis)
        limits = self._correlations(names)
        single = {m.source for m in self.moments.values()} - {None}
        ends = {s: self._sum(m.products, names, limits) for s, m in self.moments.items()}
        observables = {n: _indexed(names.back(_rational(value.xreplace(ends)))) for n, value in self.observables.items()}
        if single:
            observables |= self._contributions(observables, ends, names)
        if any(v.has(sp.zoo, sp.nan, sp.oo) for v in observables.values()):
            raise DerivationError(f"{name}: no limit at infinite time; add a decay such as a ridge")
        return Theory(
            name=f"{name} at infinite time",
            unknowns=tuple(Unknown(u, "order parameter") for u in self.state["unknowns"]),
            equations=equations,
            residuals=tuple((e.lhs - e.rhs,) for e in equations),
            definitions={},
            observables=observables,
            stable={},
            parameters=tuple(p for p in map(parameter_of, self.model.parameters) if p.name != "t"),
            references=self.model.references,
        )

    def _sum(self, products: tuple[Product, ...], names: _Names, limits: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
        pairs = self.linear.at_infinity(products)
        return sp.Add(*[limits.get(c, c) * names(self._settled(e)) for c, e in pairs])

    def _settled(self, expression: sp.Expr) -> sp.Expr:
        """In the unknowns; a sum without a limit is named."""
        value = tidy(expression.xreplace(self.responses))
        if value.has(sp.zoo, sp.nan, sp.oo):
            raise DerivationError(f"{self.model.name}: {expression} has no limit at infinite time; add a decay such as a ridge")
        return value

    def _correlations(self, names: _Names) -> dict[sp.Symbol, sp.Expr]:
        """Limits of the correlations, from their linear equations, in the names of sums."""
        parameters = [p for p in self.linear.parameters("C") if p.transform in self.linear.correlations()]
        unknowns = [p.limit for p in parameters]
        if not unknowns:
            return {}
        rows = [p.limit - self._sum(self.linear.correlations()[p.transform], names, {}) for p in parameters]
        matrix, right = sp.linear_eq_to_matrix(rows, unknowns)
        a, b = matrix.to_DM().to_field().unify(right.to_DM().to_field())
        try:
            solution = a.lu_solve(b).to_Matrix()
        except sp.polys.matrices.exceptions.DMNonInvertibleMatrixError:
            raise DerivationError(
                f"{self.model.name}: the correlations have no unique limit at infinite time; add a decay such as a ridge"
            ) from None
        return dict(zip(unknowns, solution, strict=True))

    def _contributions(self, observables, ends, names) -> dict[str, sp.Expr]:
        """Observables of single modes of the target: its entry times the derivative by it."""
        found = {}
        for name, value in self.observables.items():
            sources = {self.moments[s].source for s in value.free_symbols & set(self.moments)} - {None}
            if sources:
                (array,) = sources
                dim = next(p.dim.name for m in self.moments.values() for p in m.products if m.source == array)
                entry = array[ModeIndex(dim)]
                found[name] = tidy(entry * mode_derivative(observables[name], entry))
        return found


def _indexed(expression: sp.Expr) -> sp.Expr:
    """With the free mode index of observables."""
    return expression.xreplace({s: ModeIndex(s.dimension) for s in expression.free_symbols if isinstance(s, ModeIndex)})


def _rational(expression: sp.Expr) -> sp.Expr:
    plain, back = opaque(expression)
    return sp.factor(plain).xreplace(back)


class _Names:
    """Sums over modes as symbols: those of the normal form, and dummies for what has none."""

    def __init__(self, basis: Resolvent | None):
        self.basis = basis
        self.stand_ins: dict[sp.Expr, sp.Symbol] = {}

    def __call__(self, expression: sp.Expr) -> sp.Expr:
        if self.basis is not None:
            expression, _ = self.basis.named(expression)
        # An entry of one mode is no sum, but no rational symbol either.
        return expression.xreplace({s: self._stand_in(s) for s in outermost(expression)})

    def _stand_in(self, average: sp.Expr) -> sp.Symbol:
        return self.stand_ins.setdefault(average, sp.Symbol(f"_sum{len(self.stand_ins)}", real=True))

    def back(self, expression: sp.Expr) -> sp.Expr:
        """Written out again."""
        expression = expression.xreplace({s: a for a, s in self.stand_ins.items()})
        if self.basis is not None and any(isinstance(s, SumName) for s in expression.free_symbols):
            return written_out(expression, self.basis)
        return expression
