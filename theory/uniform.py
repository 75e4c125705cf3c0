"""Theories with the same data at every mode (white spectra): closed forms, and where a curve stops being monotone."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import sympy as sp

from theory.averages import ModeSum, outermost
from theory.equations import Theory
from theory.errors import DerivationError
from theory.modes import ModeArray, ModeIndex, ModeValue
from theory.special import Support


def constant_data(expression: sp.Expr, values: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
    """The expression with the same value of each array at every mode; sums over modes become multiples of the size."""
    rule = {}
    for average in outermost(expression):
        body, fresh = average.opened()
        rule[average] = average.func(constant_data(body, values), fresh)
    expression = expression.xreplace(rule)
    entries = {v: values[v.array] for v in expression.atoms(ModeValue) if v.array in values}
    return expression.xreplace(entries).replace(Support, lambda x: sp.Integer(1) if x.is_positive else Support(x))


@dataclass(frozen=True)
class UniformTheory:
    """A one-unknown theory on uniform data: ``equation`` (a polynomial in ``unknown`` that vanishes), observables, and its root.

    ``observables`` are written in the unknown and the parameters; :meth:`closed_form` has the root in the place of the unknown.
    """

    unknown: sp.Symbol
    equation: sp.Expr
    root: sp.Expr
    observables: dict[str, sp.Expr]

    def closed_form(self, name: str) -> sp.Expr:
        """An observable or definition in the parameters alone."""
        return self.observables[name].xreplace({self.unknown: self.root})

    def along(self, name: str, parameter: sp.Symbol) -> tuple[sp.Expr, sp.Expr]:
        """The parameter, and the observable, as functions of the unknown along the curve in that parameter."""
        solutions = sp.solve(self.equation, parameter)
        if len(solutions) != 1:
            raise DerivationError(
                f"curve in {parameter}: the fixed point gives {len(solutions)} values of it; choose another parameter"
            )
        return solutions[0], sp.cancel(sp.together(self.observables[name].xreplace({parameter: solutions[0]})))

    def turning_points(self, name: str, parameter: sp.Symbol) -> sp.Expr:
        """Polynomial in the unknown whose roots are the extrema of the observable along the curve in the parameter."""
        _, observable = self.along(name, parameter)
        return sp.expand(sp.fraction(sp.cancel(sp.together(sp.diff(observable, self.unknown))))[0])

    def tangency(self, name: str, parameter: sp.Symbol) -> list[sp.Expr]:
        """Factors of the discriminant of the turning points: where one vanishes, a minimum and a maximum may appear or merge."""
        discriminant = sp.factor_list(sp.discriminant(self.turning_points(name, parameter), self.unknown))
        return [factor for factor, _ in discriminant[1] if len(sp.Add.make_args(factor)) > 1]

    def initial_slope(self, name: str, parameter: sp.Symbol) -> sp.Expr:
        """Factors beside the sign of the slope of the curve where the parameter starts from zero."""
        start = sp.solve(self.equation.xreplace({parameter: sp.S.Zero}), self.unknown)
        (value,) = [x for x in start if x != 0]
        return sp.factor(self.turning_points(name, parameter).xreplace({self.unknown: value}))


def uniform(theory: Theory, values: dict[str, sp.Expr], **scalars: sp.Expr) -> UniformTheory:
    """The theory with ``values`` (by public name) at every mode of its dimension, and scalar parameters replaced.

    For kernel regression on a white spectrum of N modes and total power 1::

        uniform(th, {"eigenvalues": 1 / M, "target_power": 1 / M}, P=alpha * M)

    DerivationError where the theory has several unknowns, or a fixed point that is not quadratic on uniform data.
    """
    if len(theory.unknowns) != 1:
        raise DerivationError(f"{theory.name}: {len(theory.unknowns)} unknowns; closed forms are derived for one")
    data = {theory.parameter(name).symbol: sp.sympify(value) for name, value in values.items()}
    rule = {theory.parameter(name).symbol: sp.sympify(value) for name, value in scalars.items()}

    def at(expression: sp.Expr) -> sp.Expr:
        return sp.cancel(sp.together(constant_data(expression, data).xreplace(rule)))

    unknown = theory.unknowns[0].symbol
    relation = theory.equations[0]
    equation = sp.expand(sp.fraction(at(relation.rhs - relation.lhs))[0])
    loose = equation.atoms(ModeArray, ModeIndex, ModeSum) or unknown not in equation.free_symbols
    if loose or sp.degree(equation, unknown) > 2:
        raise DerivationError(f"{theory.name}: {equation} is no quadratic in {unknown}; give every per-mode parameter a value")
    lower = at(theory.unknowns[0].lower)
    root = _root(equation, unknown, lower)
    names = [*(s.name for s in theory.definitions), *theory.observables]
    return UniformTheory(
        unknown, equation, root, {name: at(theory.expanded(name)) for name in names if not _per_mode(theory, name)}
    )


def _per_mode(theory: Theory, name: str) -> bool:
    return any(isinstance(s, ModeIndex) for s in theory.expanded(name).free_symbols)


def _root(equation: sp.Expr, unknown: sp.Symbol, lower: sp.Expr) -> sp.Expr:
    """The root above the unknown's lower bound, told apart at random rational parameters."""
    roots = sp.roots(sp.Poly(equation, unknown))
    random = Random(1)
    for _ in range(8):
        symbols = sorted(equation.free_symbols | lower.free_symbols, key=str)
        point = {s: sp.Rational(random.randint(1, 50), random.randint(1, 20)) for s in symbols if s != unknown}
        roots = [r for r in roots if sp.N((r - lower).xreplace(point)) > 0]
    if len(roots) != 1:
        raise DerivationError(f"fixed point {equation}: {len(roots)} roots above {lower}; the physical one is not told apart")
    return roots[0]
