"""Nodes and weights for averages over a standard Gaussian and for integrals over a half line."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from theory.errors import ParameterError

LEVELS = (201, 801, 3201, 12801)
"""Nodes of Gaussian averages, tried in turn until the forward error is small enough."""
NESTED = {2: (61, 121, 241), 3: (31, 61, 91), 4: (17, 25, 33)}
"""The same where averages are nested, by their depth."""
FOLDED = (61, 121, 241, 481, 1201)
"""The same for averages over trees."""


def gaussian_rule(nodes: int, rule: str = "hermite") -> tuple[NDArray, NDArray]:
    """Nodes and weights for averages over a standard Gaussian.

    ``"hermite"`` is exact for polynomials; ``"uniform"`` (trapezoidal on [-10, 10]) is the one to use for the sharp
    integrands of low temperature.
    """
    if rule == "hermite":
        x, w = np.polynomial.hermite_e.hermegauss(nodes)
    elif rule == "uniform":
        x = np.linspace(-10.0, 10.0, nodes)
        w = np.exp(-(x**2) / 2)
    else:
        raise ParameterError(f"rule: {rule!r} is no quadrature rule; use 'hermite' or 'uniform'")
    # Symmetric to the last bit, so that averages of odd functions vanish.
    x, w = (x - x[::-1]) / 2, w + w[::-1]
    return x, w / w.sum()


@lru_cache(maxsize=16)
def half_line_rule(nodes: int) -> tuple[NDArray, NDArray]:
    """Nodes and weights on [0, 24] for integrals over t > 0 of what decays like a Gaussian that begins 12 widths to the left.

    Even steps of y in t = ln(1 + exp(y - exp(-y - 10))): even in t where it is large, in its logarithm where it is small, so that
    what changes fast next to zero is seen as well.
    """
    y, step = np.linspace(-13.25, 24.0, nodes, retstep=True)
    inner = np.exp(-y - 10)
    share = np.exp(y - inner)
    return np.log1p(share), step * share / (1 + share) * (1 + inner)


def levels_of(depth: int, folded: bool) -> tuple[int, ...]:
    """Numbers of nodes to try for averages that nest so deep, or that are folded."""
    if folded:
        return FOLDED
    return LEVELS if depth < 2 else NESTED[min(depth, max(NESTED))]
