"""Errors of two ridge estimates at once: the two-point functions behind every learning dynamics of a linear model (2502.05074)."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Diag, Dim, Expression, Gaussian, Noise, Parameter, Spectrum, Vec, mean, sum_over
from theory.symbols import noise, positive, ridge


class TwoRidgeRegression(Expression):
    """Correlation of the errors of two ridge estimates from the same P samples, with ridges of their own.

    The estimates are f(x) = Σ_k √η_k w_k φ_k(x) as in kernel-regression; E_g is the mean of the product of both errors on fresh
    data, E_train that of both residuals on the samples. At equal ridges they are those of kernel-regression. Contour integrals over
    both ridges give the errors of any two functions of the empirical covariance.

    Source: Atanasov, Bordelon, Zavatone-Veth, Paquette and Pehlevan, 2502.05074.
    """

    def __init__(self) -> None:
        eta, a2, other = Spectrum("eta"), Spectrum("a2"), positive("lambda_2")
        modes, samples = Dim("M", eta, a2), Dim("P")
        data, errors, target = Gaussian("Phi", samples, modes), Noise("epsilon", samples, variance=noise), Vec(modes, sp.sqrt(a2))
        labels, features = data @ target + errors, data @ Diag(modes, sp.sqrt(eta))

        def learned(strength):
            return sp.sqrt(eta) * ((features.T @ features + strength).inv @ (features.T @ labels))

        first, second = learned(ridge), learned(other)
        super().__init__(
            {
                "E_g": sum_over(modes, (first - target) * (second - target)),
                "E_train": mean(samples, (data @ first - labels) * (data @ second - labels)),
            },
            name="two-ridge-regression",
            parameters=[
                Parameter("P", samples, "number of training samples", lower=0, lower_open=True),
                Parameter("ridge", ridge, "ridge λ of the first estimate", lower=0, lower_open=True),
                Parameter("other_ridge", other, "ridge of the second estimate", lower=0, lower_open=True),
                Parameter("noise", noise, "variance σ² of the label noise", lower=0, default=0.0),
                Parameter("eigenvalues", eta, "kernel eigenvalues η_k", lower=0),
                Parameter("target_power", a2, "squared target coefficients a_k²", lower=0),
            ],
            reference="2502.05074",
        )
