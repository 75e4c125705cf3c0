"""Gradient flow on random features of power-law data: the dynamical model of neural scaling laws (2402.01092)."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Dim, Gaussian, Noise, Parameter, Spectrum, State, Step, mean, sum_over
from theory.symbols import noise, time


class RandomFeatureFlow(Step):
    """Gradient flow on the mean loss of P samples over the readout a of N random features, from a = 0.

    The predictor is f(x) = Σ_k √η_k (W a)_k φ_k(x) with W of variance 1/N, the target Σ_k a_k φ_k(x); eigenvalues η_k are the
    variances of the data, and their number of order one does not shrink when the model grows. The loss per sample keeps the time
    of the population flow: dv/dt = −(W Wᵀ)(√η ΦᵀΦ √η/P) v for what is not yet learned. ``test_loss`` leaves the noise floor
    out, ``train_loss`` is measured on the noisy labels and keeps it.

    Source: Bordelon, Atanasov and Pehlevan, 2402.01092.
    """

    validity = "Gaussian data and features; P, N, M -> oo together; bias 1/r under replicate(r)"

    def __init__(self) -> None:
        eta, a2 = Spectrum("eta", scaling=0), Spectrum("a2")
        modes, samples, width = Dim("M", eta, a2), Dim("P"), Dim("N")
        data, features = Gaussian("Phi", samples, modes), Gaussian("W", modes, width, variance=1 / width)
        errors, readout = Noise("epsilon", samples, variance=noise), State("a", width)
        learned = sp.sqrt(eta) * (features @ readout)
        residual = data @ (learned - sp.sqrt(a2)) - errors
        super().__init__(
            {readout: -(features.T @ (sp.sqrt(eta) * (data.T @ residual))) / samples},
            name="random-feature-flow",
            observe={"test_loss": sum_over(modes, (learned - sp.sqrt(a2)) ** 2), "train_loss": mean(samples, residual**2)},
            parameters=[
                Parameter("t", time, "time", lower=0),
                Parameter("N", width, "number of random features", lower=0, lower_open=True),
                Parameter("P", samples, "number of training samples", lower=0, lower_open=True),
                Parameter("noise", noise, "variance σ² of the label noise", lower=0, default=0.0),
                Parameter("eigenvalues", eta, "variances η_k of the data", lower=0, ndim=1, dimension="M"),
                Parameter("target_power", a2, "squared target coefficients a_k²", lower=0, ndim=1, dimension="M"),
            ],
            reference="2402.01092",
        )
