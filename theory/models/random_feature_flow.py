"""Gradient flow on random features of power-law data: the dynamical model of neural scaling laws (2402.01092)."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Dim, Gaussian, Noise, Parameter, Spectrum, State, Step, mean, redrawn, sum_over
from theory.symbols import noise, time

decay = sp.Symbol("lambda", nonnegative=True)


class RandomFeatureFlow(Step):
    """Gradient flow on the mean loss of P samples over the readout a of N random features, from a = 0, with a weight decay.

    The predictor is f(x) = Σ_k √η_k (W a)_k φ_k(x) with W of variance 1/N, the target Σ_k a_k φ_k(x); eigenvalues η_k are the
    variances of the data, and their number of order one does not shrink when the model grows. The loss per sample keeps the time
    of the population flow: dv/dt = −(W Wᵀ)(√η ΦᵀΦ √η/P) v for what is not yet learned. ``test_loss`` leaves the noise floor
    out, ``train_loss`` is measured on the noisy labels and keeps it. ``ensemble_loss`` is the test loss of the mean of ``members``
    predictors with features of their own on the same data, ``bagged_loss`` that of predictors with the same features on data of
    their own, ``ensemble_bagged_loss`` of predictors that share neither.

    Source: Bordelon, Atanasov and Pehlevan, 2402.01092.
    """

    validity = "Gaussian data and features; P, N, M -> oo together; bias 1/r under replicate(r)"

    def __init__(self) -> None:
        eta, a2 = Spectrum("eta", scaling=0), Spectrum("a2")
        modes, samples, width = Dim("M", eta, a2), Dim("P"), Dim("N")
        data, features = Gaussian("Phi", samples, modes), Gaussian("W", modes, width, variance=1 / width)
        errors, readout = Noise("epsilon", samples, variance=noise), State("a", width)
        learned = sp.sqrt(eta) * (features @ readout)
        gap = learned - sp.sqrt(a2)
        residual, count = data @ gap - errors, sp.Symbol("E", positive=True)

        def mean_of(*drawn):
            """Loss of the mean of ``members`` predictors that differ in the draw of these."""
            return sum_over(modes, gap**2) / count + (1 - 1 / count) * sum_over(modes, gap * redrawn(gap, *drawn))

        super().__init__(
            {readout: -(features.T @ (sp.sqrt(eta) * (data.T @ residual))) / samples - decay * readout},
            name="random-feature-flow",
            observe={
                "test_loss": sum_over(modes, gap**2),
                "train_loss": mean(samples, residual**2),
                "ensemble_loss": mean_of(features),
                "bagged_loss": mean_of(data, errors),
                "ensemble_bagged_loss": mean_of(features, data, errors),
            },
            parameters=[
                Parameter("t", time, "time", lower=0),
                Parameter("N", width, "number of random features", lower=0, lower_open=True),
                Parameter("P", samples, "number of training samples", lower=0, lower_open=True),
                Parameter("weight_decay", decay, "weight decay λ, a ridge beside the mean loss", lower=0, default=0.0),
                Parameter("members", count, "number of predictors in an ensemble", lower=1, default=1.0),
                Parameter("noise", noise, "variance σ² of the label noise", lower=0, default=0.0),
                Parameter("eigenvalues", eta, "variances η_k of the data", lower=0, ndim=1, dimension="M"),
                Parameter("target_power", a2, "squared target coefficients a_k²", lower=0, ndim=1, dimension="M"),
            ],
            reference="2402.01092",
        )
