"""Functions of one real variable at every site of a draw, as message passing needs them: values, kinks, slopes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.monte_carlo.expressions import evaluate
from solvers.monte_carlo.realisation import Realisation
from theory.declaration.elementwise import Wall
from theory.declaration.sites import Functional

STEPS = (sp.Abs, sp.sign, sp.Heaviside, Wall)


class Potential:
    """``factor * value`` where the symbol ``name`` is slope * x + offset, for x of shape (rows, points).

    Every other atom of the expression is evaluated once, in ``origin``. ``slope`` and ``offset`` have shape (rows,).
    """

    def __init__(self, value: sp.Expr, name: sp.Symbol, origin: Realisation, factor: float = 1.0,
                 slope: NDArray | float = 1.0, offset: NDArray | float = 0.0):  # fmt: skip
        self.value, self.name, self.factor = value, name, factor
        self.slope, self.offset = (np.asarray(v, dtype=float).reshape(-1, 1) for v in (slope, offset))
        others = (_others(value) | _others(_slope(value, name)) | _others(_slope(_slope(value, name), name))) - {name}
        self.given = {atom: np.asarray(origin.site(atom), dtype=float) for atom in others}

    def _at(self, expression: sp.Expr, x: NDArray) -> NDArray:
        field = self.slope * x + self.offset
        found = evaluate(expression, lambda atom: field if atom == self.name else self.given[atom], _is_atom)
        return np.broadcast_to(np.asarray(found, dtype=float), field.shape)

    def __call__(self, x: NDArray) -> NDArray:
        return self.factor * self._at(self.value, x)

    def first(self, x: NDArray) -> NDArray:
        """Derivative by x, on one side or the other of a kink."""
        return self.factor * self.slope * self._at(_slope(self.value, self.name), x)

    def second(self, x: NDArray) -> NDArray:
        """Second derivative by x beside the kinks."""
        return self.factor * self.slope**2 * self._at(_slope(_slope(self.value, self.name), self.name), x)

    @property
    def piecewise_linear(self) -> bool:
        """Whether it is linear between kinks that are all known."""
        turns = {a for a in _arguments(self.value) if a.has(self.name)}
        return bool(turns) and turns == set(_turns(self.value, self.name)) and _slope(_slope(self.value, self.name), self.name) == 0

    def kinks(self, rows: int) -> list[NDArray]:
        """Where the function or its slope may jump, shape (rows,) each; infinite where there is no such point."""
        found = []
        zero = np.zeros((rows, 1))
        with np.errstate(all="ignore"):
            for argument in _turns(self.value, self.name):
                base, slope = self._at(argument, zero), self._at(argument.diff(self.name), zero) * self.slope
                at = np.broadcast_to(-base / slope, (rows, 1))[:, 0]
                found.append(np.where(np.isfinite(at), at, np.inf))
        return found


@lru_cache(maxsize=1024)
def _slope(value: sp.Expr, name: sp.Symbol) -> sp.Expr:
    """The derivative without the peaks that it has at steps."""
    return value.diff(name).replace(sp.DiracDelta, lambda *a: sp.S.Zero)


@lru_cache(maxsize=1024)
def _turns(value: sp.Expr, name: sp.Symbol) -> tuple[sp.Expr, ...]:
    """Arguments, affine in the name, at whose zeros the expression turns or jumps."""
    found = dict.fromkeys(_arguments(value))
    return tuple(a for a in found if a.has(name) and not a.diff(name).has(name))


def _arguments(value: sp.Basic) -> Iterator[sp.Expr]:
    if isinstance(value, STEPS):
        yield sp.sympify(value.args[0])
    if isinstance(value, (sp.Max, sp.Min)):
        yield from (a - b for i, a in enumerate(value.args) for b in value.args[i + 1 :])
    if isinstance(value, sp.core.relational.Relational):
        yield value.lhs - value.rhs
    for argument in () if _is_atom(value) else value.args:
        yield from _arguments(argument)


def _others(value: sp.Basic) -> frozenset[sp.Expr]:
    if _is_atom(value):
        return frozenset([value])  # type: ignore[list-item]
    return frozenset().union(*map(_others, value.args))


def _is_atom(value: Any) -> bool:
    return isinstance(value, sp.Symbol | Functional)


@lru_cache(maxsize=1024)
def without_quadratic(value: sp.Expr, name: sp.Symbol) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    """``value = bend name**2/2 + slope name + rest`` up to a constant: polynomial summands of degree two and less, and others."""
    quadratic, rest = [], []
    for part in sp.Add.make_args(value):
        plain = part.is_polynomial(name) and sp.Poly(part, name).degree() <= 2
        (quadratic if plain else rest).append(part)
    polynomial = sp.Add(*quadratic)
    return polynomial.diff(name, 2), polynomial.diff(name).subs(name, 0), sp.Add(*rest)
