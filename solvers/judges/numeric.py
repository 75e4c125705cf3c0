"""Expressions of a theory evaluated at a point, on the derived solution, to any number of digits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import mpmath
import sympy as sp

from solvers.precision import evaluate, evaluate_expression
from theory.averages import outermost
from theory.equations import Theory
from theory.errors import ConvergenceError
from theory.modes import ModeIndex, ModeValue
from theory.symbols import size
from theory.vocabulary import rebuilt

GUARD = 15


class Evaluator:
    """Values of expressions in the unknowns and parameters of a theory.

    Called with a point and a number of digits, it yields the tuple of values, one tuple for every choice of the free modes. Raises
    ArithmeticError or ValueError where a value is not a finite real number.
    """

    def __init__(self, theory: Theory, expressions: Sequence[Any]):
        self.theory = theory
        entries: dict[Any, sp.Dummy] = {}

        def entry(node: Any) -> Any:
            free = isinstance(node, ModeValue) and isinstance(node.indices[0], ModeIndex) and node.indices[0].serial == 0
            return entries.setdefault(node, sp.Dummy(str(node), real=True)) if free else None

        whole = [rebuilt(sp.sympify(e), entry) for e in expressions]
        names = set(entries.values())
        # Sums that do not see a free mode are done once for all choices of it.
        self.sums = {s: sp.Dummy() for e in whole for s in outermost(e) if not s.free_symbols & names}
        self.expressions = [e.xreplace(self.sums) for e in whole]
        self.entries = entries
        self.free = sorted({i for e in entries for i in e.indices}, key=lambda i: (i.name, i.serial))
        self.bare = not set().union(*(e.free_symbols for e in whole)) & {u.symbol for u in theory.unknowns}
        self.count = size(next((p.dimension for p in theory.parameters if p.ndim), "M"))

    def solution(self, values: Mapping[str, Any], digits: int) -> dict[Any, Any]:
        """The unknowns at a point, by symbol."""
        found = evaluate(self.theory, digits=digits, observables=[], **values) if self.theory.unknowns else {}
        return {u.symbol: found[u.name] for u in self.theory.unknowns}

    def __call__(self, values: Mapping[str, Any], digits: int = 30) -> Iterator[tuple[Any, ...]]:
        return self.at(values, {} if self.bare else self.solution(values, digits + GUARD), digits)

    def at(self, values: Mapping[str, Any], unknowns: Mapping[Any, Any], digits: int) -> Iterator[tuple[Any, ...]]:
        """The same with values of the unknowns that need not solve the equations."""
        scalars, arrays = dict(unknowns), {}
        for parameter in self.theory.parameters:
            if parameter.ndim:
                arrays[parameter.symbol] = values[parameter.name]
                scalars[self.count] = len(values[parameter.name])
            else:
                scalars[parameter.symbol] = values[parameter.name]
        scalars |= {name: _value(s, scalars, arrays, digits + GUARD) for s, name in self.sums.items()}
        modes = len(next(iter(arrays.values()), ()))
        for choice in product(range(modes), repeat=len(self.free)):
            at = dict(zip(self.free, choice, strict=True))
            here = scalars | {name: arrays[e.array][at[e.indices[0]]] for e, name in self.entries.items()}
            yield tuple(_real(_value(e, here, arrays, digits), digits) for e in self.expressions)


def _value(expression: Any, scalars: Mapping[Any, Any], arrays: Mapping[Any, Any], digits: int) -> Any:
    """Where terms cancel altogether no digit stands, and what is left is compared with 1."""
    try:
        return evaluate_expression(expression, scalars, arrays, digits)
    except ConvergenceError:
        with mpmath.workdps(2 * digits):
            rest = evaluate_expression(1 + expression, scalars, arrays, digits) - 1
            if abs(rest) > mpmath.mpf(10) ** -digits:
                raise
            return mpmath.mpf(0)


def _real(value: Any, digits: int) -> Any:
    value = mpmath.mpmathify(value)
    if isinstance(value, mpmath.mpc):
        if abs(value.imag) > mpmath.mpf(10) ** (3 - digits) * abs(value):
            raise ValueError("the value is complex")
        value = value.real
    if not mpmath.isfinite(value):
        raise ValueError("the value is not finite")
    return value


def agreement(left: Any, right: Any) -> float:
    """Digits to which two numbers agree, relative to the larger one; infinite where they are equal."""
    if left == right:
        return float("inf")
    with mpmath.workdps(60):
        return float(-mpmath.log10(abs(left - right) / max(abs(left), abs(right))))
