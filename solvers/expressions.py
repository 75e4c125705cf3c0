"""NumPy values of SymPy expressions, by a walk over the tree: no code is generated, and nothing but the expression is read.

Solvers and simulations both evaluate what a declaration gives so; what they make of it they do not share.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np
import sympy as sp

from theory.errors import DeclarationError

Value = Any  # a float or an array


def _erf(x: Value) -> Value:
    from scipy.special import erf

    return erf(x)


FUNCTIONS: Mapping[Any, Callable[..., Value]] = {
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
    sp.sign: np.sign,
    sp.floor: np.floor,
    sp.Heaviside: lambda x, at_zero=0.5: np.heaviside(x, at_zero),
    sp.erf: _erf,
    sp.Max: lambda *values: reduce(np.maximum, values),
    sp.Min: lambda *values: reduce(np.minimum, values),
}
"""The functions that an expression may hold."""


def evaluate(
    expression: sp.Basic,
    atom: Callable[[sp.Expr], Value],
    is_atom: Callable[[sp.Basic], bool],
    functions: Mapping[Any, Callable[..., Value]] = FUNCTIONS,
) -> Value:
    """Value of an expression whose atoms (symbols, sums, averages: whatever ``is_atom`` accepts) have the values ``atom``.

    DeclarationError for a function that is not among ``functions``.
    """
    if isinstance(expression, sp.Number | sp.NumberSymbol):
        return float(expression)
    if is_atom(expression):
        return atom(expression)  # type: ignore[arg-type]
    if isinstance(expression, sp.Piecewise):
        return _pieces(expression, lambda part: evaluate(part, atom, is_atom, functions))
    values = [evaluate(argument, atom, is_atom, functions) for argument in expression.args]
    if isinstance(expression, sp.Add):
        return sum(values[1:], values[0])
    if isinstance(expression, sp.Mul):
        return reduce(np.multiply, values)
    if isinstance(expression, sp.Pow):
        return _power(*values)
    if expression.func in functions:
        return functions[expression.func](*values)
    known = ", ".join(sorted(function.__name__ for function in functions))
    raise DeclarationError(f"function {expression.func.__name__} in {expression} has no numerical value here; known: {known}")


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
            raise DeclarationError(f"condition {condition} in {expression} has no numerical value here; compare two numbers")
    return result


def _power(base: Value, exponent: Value) -> Value:
    if np.ndim(exponent) == 0:
        if exponent == 2:
            return base * base
        if exponent == 0.5:
            return np.sqrt(base)
    return np.power(np.asarray(base, dtype=float), exponent)
