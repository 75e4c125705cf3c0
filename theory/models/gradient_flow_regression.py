"""Gradient flow on linear regression: kernel regression that has learned for a finite time (2601.01010)."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Dim, Gaussian, Noise, Parameter, Spectrum, State, Step, average, mean, sum_over
from theory.symbols import noise, ridge, time


class GradientFlowRegression(Step):
    """dw/dt = −∇E with E = Σ (f(x) − y)²/2 + λ|w|²/2 on P samples of a target Σ_k a_k φ_k(x) plus noise, from w = 0.

    The predictor is f(x) = Σ_k √η_k w_k φ_k(x). The loss is a sum over the samples: the time of a flow on the mean loss is P t, and
    the end is kernel regression with ridge λ. Errors leave the noise floor out; the training error is measured on the noisy labels
    and keeps it. With noise, early stopping does what a ridge does. Data are Gaussian.

    Source: Bordelon and Pehlevan, 2601.01010.
    """

    validity = "Gaussian data; P, M -> oo together; bias 1/r under replicate(r)"

    def __init__(self) -> None:
        eta, a2 = Spectrum("eta"), Spectrum("a2")
        modes, samples = Dim("M", eta, a2), Dim("P")
        data, weights = Gaussian("Phi", samples, modes), State("w", modes)
        errors = Noise("epsilon", samples, variance=noise)
        learned = sp.sqrt(eta) * weights
        residual = data @ (learned - sp.sqrt(a2)) - errors
        super().__init__(
            {weights: -sp.sqrt(eta) * (data.T @ residual) - ridge * weights},
            name="gradient-flow-regression",
            observe={
                "E_g": sum_over(modes, (learned - sp.sqrt(a2)) ** 2),
                "E_train": mean(samples, residual**2),
                "variance": sum_over(modes, (learned - average(learned)) ** 2),
                "mode_errors": (learned - sp.sqrt(a2)) ** 2,
            },
            parameters=[
                Parameter("t", time, "time", lower=0),
                Parameter("P", samples, "number of training samples", lower=0, lower_open=True),
                Parameter("ridge", ridge, "ridge λ added to the kernel matrix", lower=0, default=0.0),
                Parameter("noise", noise, "variance σ² of the label noise", lower=0, default=0.0),
                Parameter("eigenvalues", eta, "kernel eigenvalues η_k", lower=0, ndim=1, dimension="M"),
                Parameter("target_power", a2, "squared target coefficients a_k²", lower=0, ndim=1, dimension="M"),
            ],
            reference="2601.01010",
        )
