"""Regression on a random kernel of finite width beside its infinite ensemble and its infinite width (2212.12147)."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Diag, Dim, Expression, Gaussian, Noise, Parameter, Spectrum, Vec, redrawn, sum_over
from theory.symbols import noise, ridge


class VarianceLimitedRegression(Expression):
    """Ridge regression with the kernel of N random features, and with that kernel's mean, on the same samples.

    The random kernel is Σ_kl √η_k φ_k(x) (W Wᵀ)_kl √η_l φ_l(x'), W of variance 1/N; its mean, the kernel of infinite width, is
    Σ_k η_k φ_k(x) φ_k(x'). ``E_g`` is the error at width N, ``E_ensemble`` that of the mean over infinitely many draws of the
    features on the same data, so that ``variance`` is what ensembling takes away; ``E_infinite`` is the error at infinite width.
    ``onset`` is E_g over E_infinite: learning is limited by the variance of the kernel where it exceeds 2. Errors leave the noise
    floor out; the ridge λ is added to the kernel of the samples itself.

    Source: Atanasov, Bordelon, Sainathan and Pehlevan, 2212.12147.
    """

    validity = "Gaussian data and features; P, N, M -> oo together; bias 1/r under replicate(r)"

    def __init__(self) -> None:
        eta, a2 = Spectrum("eta"), Spectrum("a2")
        modes, samples, width = Dim("M", eta, a2), Dim("P"), Dim("N")
        data, weights = Gaussian("Phi", samples, modes), Gaussian("W", modes, width, variance=1 / width)
        errors, target = Noise("epsilon", samples, variance=noise), Vec(modes, sp.sqrt(a2))
        labels, features = data @ target + errors, data @ Diag(modes, sp.sqrt(eta))

        def gap(projection):
            """Predictor minus target, mode by mode, of regression on ``features @ projection``."""
            inputs = features @ projection
            readout = (inputs.T @ inputs + ridge).inv @ (inputs.T @ labels)
            return sp.sqrt(eta) * (projection @ readout) - target

        narrow = gap(weights)
        kernel = sp.sqrt(eta) * ((features.T @ features + ridge).inv @ (features.T @ labels)) - target
        total, infinite = sum_over(modes, narrow**2), sum_over(modes, kernel**2)
        ensemble = sum_over(modes, narrow * redrawn(narrow, weights))
        super().__init__(
            {
                "E_g": total,
                "E_ensemble": ensemble,
                "variance": total - ensemble,
                "E_infinite": infinite,
                "onset": total / infinite,
            },
            name="variance-limited-regression",
            parameters=[
                Parameter("P", samples, "number of training samples", lower=0, lower_open=True),
                Parameter("N", width, "number of random features", lower=0, lower_open=True),
                Parameter("ridge", ridge, "ridge λ added to the kernel matrix", lower=0, lower_open=True),
                Parameter("noise", noise, "variance σ² of the label noise", lower=0, default=0.0),
                Parameter("eigenvalues", eta, "kernel eigenvalues η_k", lower=0, ndim=1, dimension="M"),
                Parameter("target_power", a2, "squared target coefficients a_k²", lower=0, ndim=1, dimension="M"),
            ],
            reference="2212.12147",
        )
