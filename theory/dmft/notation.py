"""Symbols of a dynamical action: fields at a site and time, order parameters at two times, sums over the past."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from theory.declaration.dimensions import Dim
from theory.symbols import time

past = sp.Symbol("s", nonnegative=True)
"""The earlier of two times."""
step = sp.Symbol("delta", positive=True)
"""Step of the discrete time; a flow is its limit at zero."""
z, z_other = sp.Symbol("z", positive=True), sp.Symbol("z'", positive=True)
"""Frequencies of a generating function: x(z) = step Σ_n (1 + step z)^(-n-1) x_n, the Laplace transform at step 0."""


class Entry(sp.Symbol):
    """A field at a site and time, or its conjugate: the integration variables of the action."""

    __slots__ = ("at", "conjugate", "of", "site")

    def __new__(cls, of: sp.Symbol, site: str, at: sp.Expr, conjugate: bool = False) -> Entry:
        at = sp.sympify(at)
        new = sp.Symbol.__xnew__(cls, f"{'hat_' * conjugate}{of}_{site}({at})", real=True)
        new.of, new.site, new.at, new.conjugate = of, site, at, conjugate
        return new

    def __reduce_ex__(self, protocol):
        return Entry, (self.of, self.site, self.at, self.conjugate)

    def _latex(self, printer) -> str:
        name = printer._print(sp.Symbol(self.of.name))
        name = rf"\hat{{{name}}}" if self.conjugate else name
        site = f"_{{{self.site}}}" if "_" not in name else f",{self.site}"
        text = name + site if "_" not in name else rf"{{{name}}}_{{{self.site}}}"
        return rf"{text}\!\left({printer._print(self.at)}\right)"


class Past(sp.Expr):
    """Sum of a body over the times up to now, ``Past(R(t, s)*y, s)``; the integral over the past in a flow."""

    is_commutative = True
    precedence = 45

    def __new__(cls, body, variable):
        body = sp.sympify(body)
        return sp.S.Zero if body.is_zero else sp.Expr.__new__(cls, body, variable)

    def _latex(self, printer) -> str:
        variable = printer._print(self.args[1])
        return rf"\sum_{{{variable} \leq {printer._print(time)}}} {printer.parenthesize(self.args[0], 45)}"

    def _sympystr(self, printer) -> str:
        return f"sum_({self.args[1]} <= {time}) {printer.parenthesize(self.args[0], 45)}"


class SampleSum(sp.Expr):
    """Sum of a site expression over a finite dimension, such as the samples of a network."""

    is_commutative = True
    precedence = 45

    def __new__(cls, body, dim):
        body = sp.sympify(body)
        return sp.S.Zero if body.is_zero else sp.Expr.__new__(cls, body, dim)

    body = property(lambda self: self.args[0])
    dim = property(lambda self: self.args[1])

    @property
    def free_symbols(self):
        return self.body.free_symbols

    def _eval_derivative(self, symbol):
        return SampleSum(self.body.diff(symbol), self.dim)

    def _xreplace(self, rule):
        # The dimension is bound: the number of samples elsewhere is not that of the sum.
        if self in rule:
            return rule[self], True
        body, changed = self.body._xreplace(rule)
        return (SampleSum(body, self.dim), True) if changed else (self, False)

    def _latex(self, printer) -> str:
        index = sp.latex(sp.Symbol(self.dim.name.lower()))
        return rf"\sum_{{{index}}} {printer.parenthesize(self.body, 45)}"

    def _sympystr(self, printer) -> str:
        return f"sum_{self.dim}({printer._print(self.body)})"


@dataclass(frozen=True)
class OrderParameter:
    """A sum over the sites of ``dim``, with the weights of the matrix that carries it.

    ``kind`` "C": weight <x(t) y(s)>; "R": weight <dx(t)/du(s)>, u a field added to the local field y.
    """

    kind: str
    x: sp.Symbol
    y: sp.Symbol
    weight: sp.Expr
    dim: Dim
    label: str = ""
    samples: tuple[str, str] = ("", "")
    """Indices of the samples of both fields, where they carry any."""

    @property
    def name(self) -> str:
        both = f"{sp.latex(self.x)} {sp.latex(self.y)}"
        if any(self.samples):
            both += f", {' '.join(filter(None, self.samples))}"
        return f"{self.kind}^{{{self.label}}}_{{{both}}}" if self.label else f"{self.kind}_{{{both}}}"

    def at(self, first: sp.Expr, second: sp.Expr) -> sp.Expr:
        """In time."""
        return sp.Function(self.name, real=True)(first, second)

    @property
    def transform(self) -> sp.Symbol:
        """Of its frequencies: R(z), C(z, z')."""
        return sp.Symbol(self.name, real=True)

    @property
    def other(self) -> sp.Symbol:
        """At the other frequency: R(z')."""
        return sp.Symbol(self.name + "'", real=True)

    @property
    def limit(self) -> sp.Symbol:
        """At infinite time."""
        return sp.Symbol(self.name + r"(\infty)", real=True)
