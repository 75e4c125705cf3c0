"""LASSO regression on features whose targets have sizes of their own, most of them perhaps zero."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Dim, Energy, Gaussian, Noise, Parameter, Spectrum, State, absolute, mean, sum_over
from theory.symbols import noise

l1 = sp.Symbol("lambda_1", positive=True)


class Lasso(Energy):
    """The minimum of Σ(y − x·w)²/2 + λ₁ Σ|w| over P samples y = x·w₀ + ε, with independent Gaussian features of variance 1/N.

    ``target_power`` holds the variance of each of the N weights w₀: entries of zero make a sparse target. The limit ridge 0 of the
    elastic net.
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
            residual.square() / 2 + l1 * sum_over(features, absolute(weights)),
            over=weights,
            name="lasso",
            reference=("0907.3574",),
            observe={
                "E_g": mean(features, (weights - target) ** 2),
                "E_train": mean(samples, residual**2),
                "norm": mean(features, absolute(weights)),
            },
            parameters=[
                Parameter("P", samples, "number of training samples", lower=0, lower_open=True),
                Parameter("penalty", l1, "weight λ₁ of the absolute values", lower=0, lower_open=True),
                Parameter("noise", noise, "variance of the label noise", lower=0, default=0.0),
                Parameter("target_power", power, "variance of the target weight of each feature", lower=0, ndim=1, dimension="N"),
            ],
        )
