"""Sums over an axis in compiled expressions."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray


class Summed(sp.Expr):
    """``expression`` times the weights of an axis, summed over that axis."""

    is_commutative = True
    name = "_sum"

    def __new__(cls, expression, weight, axis):
        return sp.Expr.__new__(cls, expression, weight, sp.Integer(axis))

    def _numpycode(self, printer):
        body, weight, axis = self.args
        return f"{self.name}({printer._print(body)}, {printer._print(weight)}, {axis})"


class EvenlySummed(Summed):
    """The same over the nodes of a Gaussian."""

    name = "_even"


def plain(body: Any, weight: NDArray, axis: int) -> Any:
    return np.sum(body * weight, axis=axis, keepdims=True)


def even(body: Any, weight: NDArray, axis: int) -> Any:
    """The sum over symmetric nodes, z and -z first, so that what is odd vanishes exactly."""
    terms = body * weight
    return np.sum(terms + np.flip(terms, axis), axis=axis, keepdims=True) / 2
