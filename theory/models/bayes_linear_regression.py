"""Bayesian linear regression: weights drawn from their posterior, for a prior and a noise that are those of the data or not."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Dim, Energy, Gaussian, Noise, Parameter, State, mean
from theory.symbols import noise

assumed = sp.Symbol("s2", positive=True)
spread = sp.Symbol("tau2", positive=True)


class BayesLinearRegression(Energy):
    """Weights w from the posterior of P samples y = x·w₀ + ε of N Gaussian features of variance 1/N, with w₀ of variance one.

    The posterior takes the noise to have variance ``assumed_noise`` (the temperature) and the weights ``prior_variance``. Where
    these are true, posterior draws and target are exchangeable (Nishimori): the error of a draw is twice that of the posterior
    mean, and its norm is that of the target. The posterior mean is ridge regression, of ridge assumed_noise/prior_variance.
    """

    validity = "P, N -> oo together; Gaussian features; bias 1/r under replicate(r)"

    def __init__(self) -> None:
        features, samples = Dim("N"), Dim("P")
        x = Gaussian("X", samples, features, variance=1 / features)
        target, errors = Noise("w0", features), Noise("epsilon", samples, variance=noise)
        weights = State("w", features)
        residual = x @ (weights - target) - errors
        super().__init__(
            residual.square() / 2 + assumed / spread * weights.square() / 2,
            over=weights,
            temperature=assumed,
            algorithm="gibbs",
            nishimori={weights: target},
            matched={assumed: noise, spread: 1},
            name="bayes-linear-regression",
            observe={
                "E_g": mean(features, (weights - target) ** 2),
                "overlap": mean(features, weights * target),
                "norm": mean(features, weights**2),
                "E_train": mean(samples, residual**2),
            },
            parameters=[
                Parameter("P", samples, "number of training samples", lower=0, lower_open=True),
                Parameter("N", features, "number of features", lower=0, lower_open=True),
                Parameter("noise", noise, "variance of the label noise", lower=0, default=1.0),
                Parameter("assumed_noise", assumed, "noise that the posterior assumes", lower=0, lower_open=True, default=1.0),
                Parameter("prior_variance", spread, "variance that it assumes for a weight", lower=0, lower_open=True, default=1.0),
            ],
        )
