"""Kernel regression tested on another distribution than that of its training samples (2106.02261)."""

from __future__ import annotations

import sympy as sp

from theory.declaration import (
    Deterministic,
    Dim,
    Energy,
    Gaussian,
    Noise,
    Parameter,
    Quenched,
    Spectrum,
    State,
    mean,
    quadratic_form,
    sum_over,
)
from theory.symbols import noise, ridge


class OutOfDistribution(Energy):
    """Kernel ridge regression on P samples of a target Σ_k a_k φ_k(x) plus noise, tested on samples of another distribution.

    Eigenvalues and eigenfunctions are those of the kernel under the training distribution, E[φ_k φ_l] = δ_kl; the test distribution
    enters through the overlap O_kl = Ẽ[φ_k φ_l], a full symmetric matrix, and so the signs of the target's coefficients count.
    ``E_g`` is the error on the test distribution, ``E_matched`` that on the training distribution; both leave the noise floor out.
    The ridge is added to the kernel matrix itself. Linear regression is the case of one feature per direction: eigenvalues of the
    training covariance C, target C^(1/2) β, overlap C^(-1/2) C̃ C^(-1/2), all in the eigenbasis of C.

    Source: Canatar, Bordelon and Pehlevan, 2106.02261.
    """

    validity = (
        "Gaussian features under the training distribution: kernels of high effective dimension, test points where training points"
        " are not rare; P, M -> oo together; bias 1/r under replicate(r)"
    )

    def __init__(self) -> None:
        eta = Spectrum("eta")
        modes, samples = Dim("M", eta), Dim("P")
        features, overlap = Gaussian("Phi", samples, modes), Deterministic("O", modes, scaling=0)
        # Copies of a mode share the power of its target.
        target = Quenched("a", modes, scaling=sp.Rational(-1, 2))
        errors, weights = Noise("epsilon", samples, variance=noise), State("w", modes)
        learned = sp.sqrt(eta) * weights
        residual = features @ (learned - target) - errors
        super().__init__(
            residual.square() / 2 + ridge * weights.square() / 2,
            over=weights,
            name="out-of-distribution",
            observe={
                "E_g": quadratic_form(overlap, learned - target),
                "E_matched": sum_over(modes, (learned - target) ** 2),
                "E_train": mean(samples, residual**2),
            },
            parameters=[
                Parameter("P", samples, "number of training samples", lower=0, lower_open=True),
                Parameter("ridge", ridge, "ridge λ added to the kernel matrix", lower=0, limit_at_lower=True),
                Parameter("noise", noise, "variance σ² of the label noise", lower=0, default=0.0),
                Parameter("eigenvalues", eta, "kernel eigenvalues η_k under the training distribution", lower=0, dimension="M"),
                Parameter("target", target, "target coefficients a_k, with their signs"),
                Parameter("overlap", overlap, "overlap O_kl of the eigenfunctions under the test distribution"),
            ],
            reference="2106.02261",
        )
