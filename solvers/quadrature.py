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
BASE = {"": (-10.0, 10.0), "+": (-13.25, 24.0), "|": (-3.3, 3.3)}
"""Ends of the coordinate in which nodes lie evenly, by kind of bound variable; that of a Gaussian is z itself."""


def gaussian_rule(nodes: int, rule: str = "hermite") -> tuple[NDArray, NDArray]:
    """Nodes and weights for averages over a standard Gaussian.

    ``"hermite"`` is exact for polynomials; ``"uniform"`` (trapezoidal on [-10, 10]) is the one to use for the sharp
    integrands of low temperature.
    """
    if rule == "hermite":
        x, w = np.polynomial.hermite_e.hermegauss(nodes)
    elif rule == "uniform":
        x = np.linspace(*BASE[""], nodes)
        w = np.exp(-(x**2) / 2)
    else:
        raise ParameterError(f"rule: {rule!r} is no quadrature rule; use 'hermite' or 'uniform'")
    # Symmetric to the last bit, so that averages of odd functions vanish.
    x, w = (x - x[::-1]) / 2, w + w[::-1]
    return x, w / w.sum()


@lru_cache(maxsize=32)
def even_rule(kind: str, nodes: int) -> tuple[NDArray, NDArray]:
    """Nodes and weights of even steps in the coordinate of a kind of bound variable.

    ``"+"``, for integrals over t > 0 of what decays like a Gaussian that begins 12 widths to the left:
    t = ln(1 + exp(y - exp(-y - 10))) on [0, 24], even in t where it is large, in its logarithm where it is small, so that what
    changes fast next to zero is seen as well. ``"|"``, over 0 < u < 1: u = 1/(1 + exp(-π sinh y)), in the logarithm of the distance
    from each end.
    """
    y, step = np.linspace(*BASE[kind], nodes, retstep=True)
    x, pace = from_even(kind, y)
    return x, step * pace


def from_even(kind: str, y: NDArray) -> tuple[NDArray, NDArray]:
    """A bound variable at a place of its even coordinate, and its slope there."""
    if kind == "|":
        share = np.exp(-np.pi * np.abs(np.sinh(y)))
        near, far = share / (1 + share), 1 / (1 + share)
        return np.where(y < 0, near, far), np.pi * np.cosh(y) * near * far
    if kind == "+":
        inner = np.exp(-y - 10)
        share = np.exp(y - inner)
        return np.log1p(share), share / (1 + share) * (1 + inner)
    return y, np.ones_like(y)


def to_even(kind: str, x: NDArray) -> tuple[NDArray, NDArray]:
    """The place of a bound variable in its even coordinate, and its slope there; NaN outside its domain."""
    if kind == "|":
        x = np.where((x > 0) & (x < 1), x, np.nan)
        y = np.arcsinh(np.log(x / (1 - x)) / np.pi)
        return y, from_even(kind, y)[1]
    if kind == "+":
        x = np.where(x > 0, x, np.nan)
        level = x + np.log(-np.expm1(-x))
        y = np.maximum(level, BASE[kind][0])
        for _ in range(60):  # from below, on a curve that bends down
            inner = np.exp(-y - 10)
            step = (level - y + inner) / (1 + inner)
            y = y + step
            if not np.any(step > 1e-12):
                break
        return y, from_even(kind, y)[1]
    return x, np.ones_like(x)


def weighted(kind: str, y: NDArray, steps: NDArray) -> tuple[NDArray, NDArray]:
    """Nodes and weights at places ``y`` in the even coordinate with ``steps`` between them, along the last axis."""
    if kind:
        x, pace = from_even(kind, y)
        return x, steps * pace
    w = np.exp(-(y**2) / 2) * steps
    return y, w / w.sum(axis=-1, keepdims=True)


def levels_of(depth: int, folded: bool) -> tuple[int, ...]:
    """Numbers of nodes to try for averages that nest so deep, or that are folded."""
    if folded:
        return FOLDED
    return LEVELS if depth < 2 else NESTED[min(depth, max(NESTED))]
