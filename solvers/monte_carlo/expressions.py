"""NumPy values of SymPy expressions, by a walk over the tree: no code is generated, and nothing but the expression is read."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import sympy as sp

from theory.declaration.elementwise import Wall
from theory.errors import DeclarationError

Value = Any  # a float or an array


def _erf(x: Value) -> Value:
    from scipy.special import erf

    return erf(x)


TOUCHING = 1e-8
"""A wall is touched, not passed, up to this."""
SHARP = 1e-7
"""What a minimum leaves of the values that it puts where a function jumps, next to the others."""


def _heaviside(x: Value, at_zero: Value = 0.5) -> Value:
    return np.heaviside(_settled(x), at_zero)


def _settled(x: Value) -> Value:
    """Values over sites, with zero for those that are zero up to what the algorithm that set them leaves."""
    return np.where(np.abs(x) > SHARP * np.sqrt(np.mean(np.square(x))), x, 0.0) if np.size(x) > 1 else x


FUNCTIONS: dict[Any, Callable[..., Value]] = {
    sp.exp: np.exp,
    sp.log: np.log,
    sp.sin: np.sin,
    sp.cos: np.cos,
    sp.tan: np.tan,
    sp.atan: np.arctan,
    sp.acos: np.arccos,
    sp.asin: np.arcsin,
    sp.sinh: np.sinh,
    sp.cosh: np.cosh,
    sp.tanh: np.tanh,
    sp.Abs: np.abs,
    sp.sign: lambda x: np.sign(_settled(x)),
    sp.floor: np.floor,
    sp.Heaviside: _heaviside,
    Wall: lambda x: np.where(x > TOUCHING, np.inf, 0.0),
    sp.erf: _erf,
    sp.Max: lambda *values: reduce(np.maximum, values),
    sp.Min: lambda *values: reduce(np.minimum, values),
}
"""The functions that a site expression may hold."""


def evaluate(expression: sp.Basic, atom: Callable[[sp.Expr], Value], is_atom: Callable[[sp.Basic], bool]) -> Value:
    """Value of an expression whose atoms (symbols, sums, averages: whatever ``is_atom`` accepts) have the values ``atom``.

    DeclarationError for a function that is not known here.
    """
    if isinstance(expression, sp.Number | sp.NumberSymbol):
        return float(expression)
    if is_atom(expression):
        return atom(expression)  # type: ignore[arg-type]
    if isinstance(expression, sp.Piecewise):
        return _pieces(expression, lambda part: evaluate(part, atom, is_atom))
    values = [evaluate(argument, atom, is_atom) for argument in expression.args]
    if isinstance(expression, sp.Add):
        return sum(values[1:], values[0])
    if isinstance(expression, sp.Mul):
        return reduce(np.multiply, values)
    if isinstance(expression, sp.Pow):
        return _power(*values)
    if expression.func in FUNCTIONS:
        return FUNCTIONS[expression.func](*values)
    known = ", ".join(sorted(function.__name__ for function in FUNCTIONS))
    raise DeclarationError(f"function {expression.func.__name__} in {expression} cannot be simulated; known: {known}")


def _pieces(expression: sp.Piecewise, value: Callable[[sp.Expr], Value]) -> Value:
    """The first piece whose condition, a comparison, holds."""
    result: Value = np.nan
    for piece, condition in reversed(expression.args):
        if condition is sp.true:
            result = value(piece)
        elif isinstance(condition, (sp.StrictGreaterThan, sp.StrictLessThan)):
            result = np.where(value(condition.gts - condition.lts) > 0, value(piece), result)
        elif isinstance(condition, (sp.GreaterThan, sp.LessThan)):
            result = np.where(value(condition.gts - condition.lts) >= 0, value(piece), result)
        else:
            raise DeclarationError(f"condition {condition} in {expression} cannot be simulated; compare two numbers")
    return result


def _power(base: Value, exponent: Value) -> Value:
    if np.ndim(exponent) == 0:
        if exponent == 2:
            return base * base
        if exponent == 0.5:
            return np.sqrt(base)
    return np.power(np.asarray(base, dtype=float), exponent)
