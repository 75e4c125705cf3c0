"""Linear random features trained by stochastic gradient descent, with and without reuse of the data (2502.05074)."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Dim, Gaussian, Parameter, Spectrum, State
from theory.declaration.descent import Descent
from theory.models.sgd_linear_regression import descent_of


class SGDRandomFeatures(Descent):
    """Minibatch gradient descent of the readout of N random features, on P fixed samples, each batch drawn with replacement.

    The predictor is f(x) = Σ_k √s_k (W a)_k φ_k(x) with W of variance 1/N and only the readout a trained, from a = 0; steps and
    parameters are those of sgd-linear-regression, which is its limit N -> oo in function space.

    Source: Atanasov, Bordelon, Zavatone-Veth, Paquette and Pehlevan, 2502.05074.
    """

    def __init__(self) -> None:
        super().__init__(**random_features("minibatch", "sgd-random-features"))


class OnePassRandomFeatures(Descent):
    """The same on a fresh batch at every step: one pass through unlimited data."""

    def __init__(self) -> None:
        super().__init__(**random_features("one-pass", "one-pass-random-features"))


class GDRandomFeatures(Descent):
    """The same with all P samples at every step: full-batch gradient descent."""

    def __init__(self) -> None:
        super().__init__(**random_features("full-batch", "gd-random-features"))


class FlowRandomFeatures(Descent):
    """Gradient flow of the readout on P fixed samples; its limit is random-feature ridge regression."""

    def __init__(self) -> None:
        super().__init__(**random_features("flow", "flow-random-features"))


def random_features(method: str, name: str) -> dict:
    """What a Descent is made of."""
    s, a2 = Spectrum("s", scaling=0), Spectrum("a2")
    modes, width = Dim("M", s, a2), Dim("N")
    features, readout = Gaussian("W", modes, width, variance=1 / width), State("a", width)
    learned = sp.sqrt(s) * (features @ readout)
    named = [Parameter("N", width, "number of random features", lower=0, lower_open=True)]
    return descent_of(method, name, modes, learned, readout, named)
