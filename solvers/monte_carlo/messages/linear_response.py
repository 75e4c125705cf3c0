"""Whether variances are those of linear response: what a matrix of independent entries grants, and others do not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solvers.monte_carlo.messages.graph import Graph
from solvers.monte_carlo.messages.iteration import Messages
from theory.errors import ConvergenceError

DEVIATION, FLUCTUATION = 0.02, 4.0
"""Relative deviation of the mean variance that is let pass, and its part that falls as size times (1 - growth of errors)²."""


def covariance(graph: Graph, messages: Messages) -> NDArray:
    """Covariance of the states: derivatives of their means by fields that act on them, at fixed local measures.

    Opper and Winther, Phys. Rev. E 64, 056131 (2001): the inverse of the couplings beside the local precisions 1/v - b.
    """
    inverse = np.diag(1 / np.maximum(messages.variance, 1e-300) - messages.b)
    if graph.coupling is not None:
        inverse = inverse - graph.coupling
    for channel, spread, gain in zip(graph.channels, messages.spread, messages.gain, strict=True):
        with np.errstate(divide="ignore"):
            stiffness = 1 / (1 / gain - spread)
        inverse = inverse + (channel.matrix.T * np.where(gain == 0, 0.0, stiffness)) @ channel.matrix
    return np.linalg.inv(inverse)


def check_response(graph: Graph, messages: Messages, growth: float, names: str) -> None:
    """ConvergenceError where the mean variance is not that of linear response; ``growth`` is that of random errors."""
    expected, found = float(np.mean(np.diag(covariance(graph, messages)))), float(np.mean(messages.variance))
    allowed = DEVIATION + FLUCTUATION / graph.size / (1 - growth) ** 2
    if not abs(expected - found) <= allowed * found:
        raise ConvergenceError(
            f"{names}: the variance of message passing, {found:.4g}, is not the {expected:.4g} of linear response; entries of the "
            "matrix are not independent, or the system is too small: sample by another algorithm"
        )
