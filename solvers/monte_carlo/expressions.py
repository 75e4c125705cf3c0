"""Values of SymPy expressions in a draw: functions that jump do so beside what an algorithm leaves of a zero."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import sympy as sp

from solvers import expressions
from solvers.expressions import Value
from theory.declaration.elementwise import Wall

TOUCHING = 1e-8
"""A wall is touched, not passed, up to this."""
SHARP = 1e-7
"""What a minimum leaves of the values that it puts where a function jumps, next to the others."""


def _settled(x: Value) -> Value:
    """Values over sites, with zero for those that are zero up to what the algorithm that set them leaves."""
    return np.where(np.abs(x) > SHARP * np.sqrt(np.mean(np.square(x))), x, 0.0) if np.size(x) > 1 else x


FUNCTIONS: Mapping[Any, Callable[..., Value]] = {
    **expressions.FUNCTIONS,
    sp.sign: lambda x: np.sign(_settled(x)),
    sp.Heaviside: lambda x, at_zero=0.5: np.heaviside(_settled(x), at_zero),
    Wall: lambda x: np.where(x > TOUCHING, np.inf, 0.0),
}
"""The functions that a site expression may hold."""


def evaluate(expression: sp.Basic, atom: Callable[[sp.Expr], Value], is_atom: Callable[[sp.Basic], bool]) -> Value:
    """As :func:`solvers.expressions.evaluate`, in a draw."""
    return expressions.evaluate(expression, atom, is_atom, FUNCTIONS)
