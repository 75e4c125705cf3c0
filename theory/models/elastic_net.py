"""Elastic-net regression on Gaussian data: LASSO at ridge 0."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Dim, Energy, Gaussian, Noise, Parameter, State, absolute, mean, sum_over
from theory.symbols import noise

l1, l2 = sp.Symbol("lambda_1", positive=True), sp.Symbol("lambda_2", nonnegative=True)


class ElasticNet(Energy):
    """Least squares with the penalty λ₁ Σ|w| + λ₂ Σw²/2 on P samples of a linear target with N independent weights of variance one.

    Data have variance 1/N; the loss is Σ(y − x·w)²/2, so that penalties are those of the unnormalised sum.
    """

    validity = "P, N -> oo together; independent Gaussian features; bias 1/r under replicate(r)"

    def __init__(self) -> None:
        features, samples = Dim("N"), Dim("P")
        x = Gaussian("X", samples, features, variance=1 / features)
        target, errors = Noise("w0", features), Noise("epsilon", samples, variance=noise)
        weights = State("w", features)
        residual = x @ (weights - target) - errors
        super().__init__(
            residual.square() / 2 + l1 * sum_over(features, absolute(weights)) + l2 * weights.square() / 2,
            over=weights,
            name="elastic-net",
            reference=("zou2005regularization",),
            observe={
                "E_g": mean(features, (weights - target) ** 2),
                "E_train": mean(samples, residual**2),
                "norm": mean(features, absolute(weights)),
            },
            parameters=[
                Parameter("P", samples, "number of training samples", lower=0, lower_open=True),
                Parameter("N", features, "number of features", lower=0, lower_open=True),
                Parameter("penalty", l1, "weight λ₁ of the absolute values", lower=0, lower_open=True),
                Parameter("ridge", l2, "weight λ₂ of the squares", lower=0, default=0.0),
                Parameter("noise", noise, "variance of the label noise", lower=0, default=0.0),
            ],
        )
