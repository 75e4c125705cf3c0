"""Kernel ridge regression: the model that the field starts from (2002.02561, 2006.13198)."""

from __future__ import annotations

import sympy as sp

from theory.declaration import (
    Contribution,
    Dim,
    Energy,
    Gaussian,
    Noise,
    Parameter,
    Spectrum,
    State,
    average,
    mean,
    sum_over,
)
from theory.symbols import noise, ridge


class KernelRegression(Energy):
    """Ridge regression with a kernel K(x, x') = Σ_k η_k φ_k(x) φ_k(x') on P samples of a target Σ_k a_k φ_k(x) plus noise.

    The predictor is f(x) = k(x)ᵀ (K + λ)⁻¹ y = Σ_k √η_k w_k φ_k(x), with the ridge λ added to K itself, not to K/P. Features are
    Gaussian, which holds for kernels of high effective dimension and fails for low-dimensional ones. Errors leave the noise floor
    out; the training error is measured on the noisy labels and keeps it.

    Sources: Bordelon, Canatar and Pehlevan, 2002.02561; Canatar, Bordelon and Pehlevan, 2006.13198.
    """

    validity = "Gaussian features: kernels of high effective dimension; P, M -> oo together; bias 1/r under replicate(r)"

    def __init__(self) -> None:
        eta, a2 = Spectrum("eta"), Spectrum("a2")
        modes, samples = Dim("M", eta, a2), Dim("P")
        features = Gaussian("Phi", samples, modes)
        errors, weights = Noise("epsilon", samples, variance=noise), State("w", modes)
        labels = features @ sp.sqrt(a2) + errors
        learned = sp.sqrt(eta) * weights
        residual = features @ learned - labels
        super().__init__(
            residual.square() / 2 + ridge * weights.square() / 2,
            over=weights,
            name="kernel-regression",
            observe={
                "E_g": sum_over(modes, (learned - sp.sqrt(a2)) ** 2),
                "E_train": mean(samples, residual**2),
                "variance": sum_over(modes, (learned - average(learned)) ** 2),
                "mode_errors": (learned - sp.sqrt(a2)) ** 2,
                "target_mode_contributions": Contribution("E_g", a2),
            },
            parameters=[
                Parameter("P", samples, "number of training samples", lower=0, lower_open=True),
                Parameter("ridge", ridge, "ridge λ added to the kernel matrix", lower=0, limit_at_lower=True),
                Parameter("noise", noise, "variance σ² of the label noise", lower=0, default=0.0),
                Parameter("eigenvalues", eta, "kernel eigenvalues η_k", lower=0, ndim=1, dimension="M"),
                Parameter("target_power", a2, "squared target coefficients a_k²", lower=0, ndim=1, dimension="M"),
            ],
            reference=("2002.02561", "2006.13198"),
        )
