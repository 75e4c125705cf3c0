"""Linear regression by stochastic gradient descent, with and without reuse of the data, and its limits (2502.05074, 2106.02713)."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Dim, Energy, Gaussian, Noise, Parameter, Spectrum, State, mean, sum_over
from theory.declaration.descent import Descent
from theory.symbols import learning_rate, noise, weight_decay


class SGDLinearRegression(Descent):
    """Minibatch gradient descent of linear regression on P fixed samples, each batch of B drawn from them with replacement.

    The predictor is f(x) = Σ_k √s_k w_k φ_k(x), the target Σ_k a_k φ_k(x) plus noise; from w = 0 each step takes
    w ← (1 - η δ) w - (η/B) Σ_b ∇ (f(x_b) - y_b)²/2, with the learning rate η and the weight decay δ (a ridge of P δ). E_g is the
    test error without the noise floor, E_train the error on the P noisy samples. Under ``replicate(r)`` P, B and the modes become
    r-fold with their eigenvalues kept, so that η and δ keep their meaning.

    Sources: Atanasov, Bordelon, Zavatone-Veth, Paquette and Pehlevan, 2502.05074; Bordelon and Pehlevan, 2106.02713.
    """

    def __init__(self) -> None:
        super().__init__(**linear_regression("minibatch", "sgd-linear-regression"))


class OnePassLinearRegression(Descent):
    """The same on a fresh batch at every step, one pass through unlimited data; exact for Gaussian data at any batch size."""

    def __init__(self) -> None:
        super().__init__(**linear_regression("one-pass", "one-pass-linear-regression"))


class GDLinearRegression(Descent):
    """The same with all P samples at every step: full-batch gradient descent."""

    def __init__(self) -> None:
        super().__init__(**linear_regression("full-batch", "gd-linear-regression"))


class FlowLinearRegression(Descent):
    """Gradient flow dw/dt = -η ∇ E/P on P fixed samples; its limit is the ridge estimate."""

    def __init__(self) -> None:
        super().__init__(**linear_regression("flow", "flow-linear-regression"))


def linear_regression(method: str, name: str) -> dict:
    """What a Descent is made of."""
    s, a2 = Spectrum("s", scaling=0), Spectrum("a2")
    modes = Dim("M", s, a2)
    weights = State("w", modes)
    return descent_of(method, name, modes, sp.sqrt(s) * weights, weights, [])


def descent_of(method: str, name: str, modes: Dim, learned, state, parameters: list[Parameter]) -> dict:
    """A linear model that learns a target, descended by one of the methods."""
    one_pass = method == "one-pass"
    samples = Dim("B" if one_pass else "P")
    data, errors = Gaussian("Phi", samples, modes), Noise("epsilon", samples, variance=noise)
    (s, a2), target = modes.spectra, sp.sqrt(modes.spectra[1])
    residual = data @ learned - data @ target - errors
    observe = {"E_g": sum_over(modes, (learned - target) ** 2)}
    if not one_pass:
        observe["E_train"] = mean(samples, residual**2)
    energy = Energy(residual.square() / 2 + weight_decay * samples * state.square() / 2, over=state, observe=observe, name=name)
    batch = Dim("B") if method == "minibatch" else None
    sizes = [Parameter("P", samples, "number of training samples", lower=0, lower_open=True)] if not one_pass else []
    if method in ("minibatch", "one-pass"):
        meaning = "samples in a batch" if batch is not None else "fresh samples in a step"
        sizes.append(Parameter("batch", batch if batch is not None else samples, meaning, lower=0, lower_open=True))
    return {
        "energy": energy,
        "samples": samples,
        "rate": learning_rate,
        "batch": batch,
        "fresh": one_pass,
        "continuous": method == "flow",
        "name": name,
        "reference": ("2502.05074", "2106.02713"),
        "parameters": [
            *sizes,
            *parameters,
            Parameter("learning_rate", learning_rate, "learning rate η of the mean gradient", lower=0, lower_open=True),
            Parameter("weight_decay", weight_decay, "weight decay δ: a ridge of P δ", lower=0, default=0.0),
            Parameter("noise", noise, "variance σ² of the label noise", lower=0, default=0.0),
            Parameter("eigenvalues", s, "eigenvalues s_k of the covariance", lower=0),
            Parameter("target_power", a2, "squared target coefficients a_k²", lower=0),
        ],
    }
