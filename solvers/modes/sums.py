"""Sums over an axis in compiled expressions."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

SHORT = 2048
"""Up to so many terms a plain dot product rounds as little as a pairwise sum."""


class Summed(sp.Expr):
    """``expression`` times the weights of an axis, summed over that axis."""

    is_commutative = True
    name = "_sum"

    def __new__(cls, expression, weight, axis):
        return sp.Expr.__new__(cls, expression, weight, sp.Integer(axis))

    def _numpycode(self, printer):
        body, weight, axis = self.args
        return f"{self.name}({printer._print(body)}, {printer._print(weight)}, {axis})"


class Squared(sp.Function):
    """A square that SymPy leaves as it stands: NumPy multiplies."""

    nargs = 1

    def _numpycode(self, printer):
        return f"_square({printer._print(self.args[0])})"


class EvenlySummed(Summed):
    """The same over the nodes of a Gaussian."""

    name = "_even"


def plain(body: Any, weight: NDArray, axis: int) -> Any:
    depth, length = -axis, weight.shape[0]
    if length > SHORT or body.shape[axis:] != weight.shape:
        return np.add.reduce(body * weight, axis=axis, keepdims=True)
    front = body.shape[:axis]
    return np.vecdot(weight.reshape(length), body.reshape(*front, length)).reshape(*front, *(1,) * depth)


def even(body: Any, weight: NDArray, axis: int) -> Any:
    """The sum over symmetric nodes, z and -z first, so that what is odd vanishes exactly."""
    if weight.ndim > -axis:  # each point has nodes of its own
        terms = body * weight
        return np.add.reduce(terms + np.flip(terms, axis), axis=axis, keepdims=True) / 2
    return plain(body + np.flip(body, axis), weight, axis) / 2
