"""Weights and variances of a mixture at every site, from the values of its parameters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from theory.declaration.mixtures import Mixture
from theory.errors import ParameterError

SiteValues = Callable[[sp.Expr], NDArray]
"""The values (sites,) of an expression in parameters and per-mode data."""


def log_weights(law: Mixture, values: SiteValues, name: str) -> NDArray:
    """Logarithms of the weights, shape (parts, sites); ParameterError where they are none."""
    weights = np.array([values(weight) for weight in law.weights])
    if not (np.all(weights >= 0) and np.all(np.abs(weights.sum(axis=0) - 1) < 1e-9)):
        raise ParameterError(f"law of {name}: a weight is {weights.min():g}; weights lie from 0 to 1")
    with np.errstate(divide="ignore"):
        return np.log(weights)


def positive_variances(variances: NDArray, name: str) -> NDArray:
    """Themselves; ParameterError where one is not positive."""
    if np.any(variances <= 0):
        raise ParameterError(f"law of {name}: a variance is {variances.min():g}; it must be positive")
    return variances
