"""Bayesian regression with a prior that favours sparse weights: draws from the posterior of the Laplace prior."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Dim, Energy, Gaussian, Noise, Parameter, Spectrum, State, absolute, mean, sum_over
from theory.symbols import noise

assumed = sp.Symbol("s2", positive=True)
decay = sp.Symbol("lambda_1", positive=True)


class BayesSparseRegression(Energy):
    """Weights w from the posterior of P samples y = x·w₀ + ε under the prior exp(−λ₁|w|) of each, for N features of variance 1/N.

    The posterior takes the noise to have the variance ``assumed_noise``, which is the temperature. ``target_power`` holds the
    variance of each of the N weights w₀: entries of zero make a sparse target. The most probable weights are those of ``lasso`` at
    the penalty λ₁ times ``assumed_noise``.

    Source: Park and Casella, J. Am. Stat. Assoc. 103, 681 (2008).
    """

    validity = "P, N -> oo together; independent Gaussian features; bias 1/r under replicate(r)"

    def __init__(self) -> None:
        # Copies of a feature have targets of one variance: nothing is shared out.
        power = Spectrum("a2", scaling=0)
        features, samples = Dim("N", power), Dim("P")
        x = Gaussian("X", samples, features, variance=1 / features)
        target, errors = Noise("w0", features, variance=power), Noise("epsilon", samples, variance=noise)
        weights = State("w", features)
        residual = x @ (weights - target) - errors
        super().__init__(
            residual.square() / 2 + assumed * decay * sum_over(features, absolute(weights)),
            over=weights,
            temperature=assumed,
            algorithm="hmc",
            name="bayes-sparse-regression",
            observe={
                "E_g": mean(features, (weights - target) ** 2),
                "overlap": mean(features, weights * target),
                "norm": mean(features, absolute(weights)),
                "E_train": mean(samples, residual**2),
            },
            parameters=[
                Parameter("P", samples, "number of training samples", lower=0, lower_open=True),
                Parameter("decay", decay, "rate λ₁ at which the prior falls", lower=0, lower_open=True),
                Parameter("noise", noise, "variance of the label noise", lower=0, default=0.1),
                Parameter("assumed_noise", assumed, "variance that the posterior takes it to have", lower=0, lower_open=True),
                Parameter("target_power", power, "variance of the target weight of each feature", lower=0, ndim=1, dimension="N"),
            ],
        )
