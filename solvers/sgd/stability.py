"""The largest stable learning rate of a descent: where the noise of its batches, or a single step, starts to grow."""

from __future__ import annotations

from typing import Any

import numpy as np

from solvers.compile import compile_expressions
from solvers.modes.mode_data import mode_data
from solvers.sgd.courses import equivalents, spectrum_scale
from solvers.sgd.descents import check_batch
from solvers.sgd.ridge_branches import upper_edge
from solvers.values import bind
from theory.averages import ModeSum
from theory.errors import ParameterError

EDGE = 1e-9
FAINT = 1e-9
"""Stands for a weight decay of zero, relative to the spectrum."""


def largest_stable_rate(theory: Any, *, leading: bool = False, **values: Any) -> float:
    """The learning rate at which the loss of a descent stops being stable as t -> oo; parameters by public name, no axes.

    The smaller one of 2/(largest eigenvalue of the Hessian plus decay), where a mean step grows, and of the rate at which the
    noise of batches feeds on itself: strength Σ_u K(u) = 1. Of a one-pass theory that is exact, ``leading=True`` gives the
    threshold where many modes matter. ParameterError for a flow, which is stable at any rate, and for bad values.
    """
    method = getattr(theory, "method", None)
    if method in (None, "", "flow"):
        name = getattr(theory, "name", theory)
        raise ParameterError(f"{name}: no steps, hence no largest stable rate; take the theory of a descent")
    given = {"t": 0, "learning_rate": 1.0, **{k: v for k, v in values.items() if k not in ("t", "learning_rate")}}
    bound = bind(theory, given)
    if bound.axes:
        raise ParameterError(f"{next(iter(bound.axes))}: several values; the threshold is found at one point")
    fixed = {p.name: bound.fixed[p.name] for p in theory.parameters}
    data, _ = mode_data(theory, {p.name: fixed[p.name] for p in theory.parameters if p.ndim}, bound.multiplicity)
    scalars = {p.symbol: float(fixed[p.name]) for p in theory.parameters if not p.ndim}
    rate = theory.parameter("learning_rate").symbol
    if hasattr(theory, "step"):
        return _of_modes(theory, scalars, data, rate, leading)
    check_batch(theory, scalars)
    found = equivalents(theory)
    scale = spectrum_scale(data)
    edge, decay = upper_edge(found.branch, scalars, data, scale), found.numbers(scalars)[1]
    most = 2 / (edge + decay)
    if theory.kernels is None:
        return most
    compiled, branch = found.kernels[theory.loss], found.branch

    def trace(ridge: float) -> float:
        return float(np.real(found.value(branch, compiled, np.array([ridge]), scalars, data, scale)[0]))

    at_decay = trace(max(decay, FAINT * scale))

    def excess(eta: float) -> float:
        # Σ_u (1 - η(x+δ))^2u = [1/(x+δ) + 1/(2/η-δ-x)]/(2η): two resolvents, one on each side of the spectrum.
        total = (at_decay - trace(decay - 2 / eta)) / (2 * eta)
        return found.numbers({**scalars, rate: eta})[2] * total - 1

    return _root(excess, most)


def _of_modes(theory: Any, scalars, data, rate, leading: bool) -> float:
    gain = theory.gain(leading)
    (total,) = gain.atoms(ModeSum)
    body, fresh = total.opened()
    summand = gain / total * body.xreplace({fresh: theory.index})
    compiled, pole = compile_expressions([gain]), compile_expressions([1 / summand])

    def values(eta: float, which) -> np.ndarray:
        known = {**data.sizes, **scalars, rate: eta}
        with np.errstate(all="ignore"):
            return which({s: known[s] for s in which.scalars}, data.arrays, data.weights, data.counts)[0]

    decaying = max(float(np.max(a)) for a in data.arrays.values())
    most = 4 / decaying
    # Beyond the first pole a mode grows by itself: terms turn negative.
    low, high = 0.0, most
    for _ in range(200):
        middle = (low + high) / 2
        terms = values(middle, pole)
        low, high = (middle, high) if np.all(np.isinf(terms) | (terms >= 0)) else (low, middle)
    return _root(lambda eta: float(values(eta, compiled)) - 1, low)


def _root(excess: Any, most: float) -> float:
    from scipy.optimize import brentq

    high = most * (1 - EDGE)
    if excess(high) <= 0:
        return most
    low = high
    while excess(low) > 0:
        low /= 4
    return float(brentq(excess, low, high, xtol=1e-14 * high, rtol=1e-13))
