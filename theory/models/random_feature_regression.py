"""Linear random-feature ridge regression: a network of width N of which only the last layer learns (2502.05074)."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Dim, Energy, Gaussian, Noise, Parameter, Spectrum, State, mean, sum_over
from theory.symbols import noise, ridge


class RandomFeatureRegression(Energy):
    """Ridge regression on N random features of P samples of a target Σ_k a_k φ_k(x) plus noise.

    The predictor is f(x) = Σ_k √η_k (W a)_k φ_k(x) with W of variance 1/N, so that N -> oo is kernel regression with the kernel
    Σ_k η_k φ_k(x) φ_k(x'). The ridge λ is added to the kernel of the samples itself, not to its P-th part. Errors leave the noise
    floor out; the training error is measured on the noisy labels and keeps it. Data and features are Gaussian.

    Source: Atanasov, Bordelon, Zavatone-Veth, Paquette and Pehlevan, 2502.05074.
    """

    engine = "resolvent"
    validity = "Gaussian data and features; P, N, M -> oo together; bias 1/r under replicate(r)"

    def __init__(self) -> None:
        eta, a2 = Spectrum("eta"), Spectrum("a2")
        modes, samples, width = Dim("M", eta, a2), Dim("P"), Dim("N")
        data, features = Gaussian("Phi", samples, modes), Gaussian("W", modes, width, variance=1 / width)
        errors, readout = Noise("epsilon", samples, variance=noise), State("a", width)
        learned = sp.sqrt(eta) * (features @ readout)
        residual = data @ learned - data @ sp.sqrt(a2) - errors
        super().__init__(
            residual.square() / 2 + ridge * readout.square() / 2,
            over=readout,
            name="random-feature-regression",
            observe={"E_g": sum_over(modes, (learned - sp.sqrt(a2)) ** 2), "E_train": mean(samples, residual**2)},
            parameters=[
                Parameter("P", samples, "number of training samples", lower=0, lower_open=True),
                Parameter("N", width, "number of random features", lower=0, lower_open=True),
                Parameter("ridge", ridge, "ridge λ added to the kernel matrix", lower=0, lower_open=True),
                Parameter("noise", noise, "variance σ² of the label noise", lower=0, default=0.0),
                Parameter("eigenvalues", eta, "kernel eigenvalues η_k", lower=0, ndim=1, dimension="M"),
                Parameter("target_power", a2, "squared target coefficients a_k²", lower=0, ndim=1, dimension="M"),
            ],
            reference="2502.05074",
        )

    def derive(self):
        """The deterministic equivalent of the minimum."""
        return self.minimiser().derive()
