"""A theory: what a derivation ends in. Unknowns, equations, definitions, observables and parameters, all live SymPy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from theory.conditions import Condition
from theory.errors import ParameterError, did_you_mean
from theory.labels import label
from theory.signatures import signature


@dataclass(frozen=True)
class Unknown:
    """An order parameter that the equations determine, with the interval that holds it (expressions in the parameters).

    ``start`` (None: left to the solver) is where a search begins. One that ``vanishes`` may be exactly zero, its lower end. Where
    ``owner``, another unknown, is zero, nothing depends on this one, which then takes its upper end. ``grown`` unknowns are where
    their equations, maps all of them, settle when they are iterated from ``start``, and nowhere else. A ``guard`` follows from the
    others by its equation, a map: where that is not inside its interval, there is no solution. One that is ``odd`` may be zero by a
    symmetry, which is left where an iteration of the equations leaves it.
    """

    symbol: sp.Symbol
    meaning: str
    lower: sp.Expr = sp.S.Zero
    upper: sp.Expr = sp.oo
    start: sp.Expr | None = None
    vanishes: bool = False
    owner: sp.Symbol | None = None
    grown: bool = False
    guard: bool = False
    odd: bool = False

    name = property(lambda self: self.symbol.name)


@dataclass(frozen=True)
class Theory:
    """Closed mean-field equations of a model.

    ``equations`` are relations, as the literature writes them. ``residuals[i]`` holds expressions that all vanish with equation i,
    each a sum of terms; where they differ is in which of them round-off is small, and a solver picks the one with the least.
    ``definitions`` are named combinations (γ), in the order in which they build on each other. ``observables`` are written in
    unknowns, definitions and parameters; an observable with a free mode index has one value per mode. ``stable`` holds, for
    definitions and observables, a form without cancellation that is equal on the solutions of the equations. ``conditions`` are
    what a solution must obey besides: stability, a non-negative entropy, identities. Parameters named in
    ``semidefinite`` are matrices that have no negative eigenvalue.
    """

    name: str
    unknowns: tuple[Unknown, ...]
    equations: tuple[sp.Eq, ...]
    residuals: tuple[tuple[sp.Expr, ...], ...]
    definitions: Mapping[sp.Symbol, sp.Expr]
    observables: Mapping[str, sp.Expr]
    stable: Mapping[str, sp.Expr]
    parameters: tuple[Any, ...]
    validity: str = ""
    references: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    semidefinite: tuple[str, ...] = ()
    derivation: Any = field(default=None, compare=False, repr=False)

    def parameter(self, name: str) -> Any:
        """The parameter of that public name; ParameterError with the nearest name otherwise."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        raise ParameterError(f"no parameter {name!r} of {self.name}; {did_you_mean(name, [p.name for p in self.parameters])}")

    def expanded(self, name: str) -> sp.Expr:
        """An observable or definition in unknowns and parameters alone."""
        by_name = {symbol.name: symbol for symbol in self.definitions}
        if name in by_name:
            expression: sp.Expr = by_name[name]
        elif name in self.observables:
            expression = self.observables[name]
        else:
            known = [*by_name, *self.observables]
            raise ParameterError(f"no observable {name!r} of {self.name}; {did_you_mean(name, known)}")
        for symbol, value in reversed(list(self.definitions.items())):
            expression = expression.xreplace({symbol: value})
        return expression

    def well_conditioned(self, name: str) -> sp.Expr:
        """The form of an observable or definition that a solver evaluates."""
        return self.stable.get(name, self.expanded(name))

    @property
    def order_parameters(self) -> tuple[str, ...]:
        """Names of the unknowns and of the definitions built on them."""
        return (*(u.name for u in self.unknowns), *(symbol.name for symbol in self.definitions))

    @property
    def signature(self) -> str:
        """Digest of the mathematics, equal in every process."""
        parts = [*self.equations, *self.definitions.values(), *self.observables.values()]
        return signature(self.name, *parts)

    def cite(self) -> str:
        """BibTeX of the papers that the theory reproduces."""
        from theory.papers import bibtex

        return bibtex(self.references)

    def lines(self) -> list[sp.Basic]:
        """Equations, definitions and observables as relations."""
        named = [sp.Eq(symbol, value, evaluate=False) for symbol, value in self.definitions.items()]
        seen = [sp.Eq(sp.Symbol(name), value, evaluate=False) for name, value in self.observables.items()]
        return [*self.equations, *named, *seen]

    def latex(self) -> str:
        """Equations as a LaTeX align* environment."""
        observed = {sp.Symbol(name): label(name) for name in self.observables}
        rows = [rf"{observed.get(line.lhs) or sp.latex(line.lhs)} &= {sp.latex(line.rhs)}" for line in self.lines()]
        return "\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}"

    def _repr_latex_(self) -> str:
        return self.latex()

    def __str__(self) -> str:
        rows = [f"  {line.lhs} = {line.rhs}" for line in self.lines()]
        return "\n".join([self.name, *rows, *([f"  valid: {self.validity}"] if self.validity else [])])
