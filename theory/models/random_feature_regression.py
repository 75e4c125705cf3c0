"""Linear random-feature ridge regression: a network of width N of which only the last layer learns (2502.05074)."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Dim, Energy, Gaussian, Noise, Parameter, Spectrum, State, mean, redrawn, sum_over
from theory.symbols import noise, ridge


class RandomFeatureRegression(Energy):
    """Ridge regression on N random features of P samples of a target Σ_k a_k φ_k(x) plus noise.

    The predictor is f(x) = Σ_k √η_k (W a)_k φ_k(x) with W of variance 1/N, so that N -> oo is kernel regression with the kernel
    Σ_k η_k φ_k(x) φ_k(x'). The ridge λ is added to the kernel of the samples itself, not to its P-th part. Errors leave the noise
    floor out; the training error is measured on the noisy labels and keeps it. Data and features are Gaussian.

    E_g is ``bias2`` plus its analysis of variance over data X, features W and label noise: ``V_X``, ``V_W``, ``V_XW``, ``V_Xeps``,
    ``V_XWeps`` (all others vanish). ``E_ensemble`` is the error of the mean of ``members`` predictors with features of their own on
    the same data, ``E_bagged`` that of predictors which share neither.

    Source: Atanasov, Bordelon, Zavatone-Veth, Paquette and Pehlevan, 2502.05074.
    """

    engine = "resolvent"
    validity = "Gaussian data and features; P, N, M -> oo together; bias 1/r under replicate(r)"

    def __init__(self) -> None:
        eta, a2 = Spectrum("eta"), Spectrum("a2")
        modes, samples, width = Dim("M", eta, a2), Dim("P"), Dim("N")
        data, features = Gaussian("Phi", samples, modes), Gaussian("W", modes, width, variance=1 / width)
        errors, readout = Noise("epsilon", samples, variance=noise), State("a", width)
        count = sp.Symbol("E", positive=True)
        learned = sp.sqrt(eta) * (features @ readout)
        residual, gap = data @ learned - data @ sp.sqrt(a2) - errors, learned - sp.sqrt(a2)

        def shared(*drawn):
            """What two predictors have in common that differ in the draw of these."""
            return sum_over(modes, gap * redrawn(gap, *drawn))

        total, bias = sum_over(modes, gap**2), shared(data, features, errors)
        noiseless, by_data, by_features = shared(errors), shared(features, errors), shared(data, errors)
        members = shared(features)
        super().__init__(
            residual.square() / 2 + ridge * readout.square() / 2,
            over=readout,
            name="random-feature-regression",
            observe={
                "E_g": total,
                "E_train": mean(samples, residual**2),
                "bias2": bias,
                "V_X": by_data - bias,
                "V_W": by_features - bias,
                "V_XW": noiseless - by_data - by_features + bias,
                "V_Xeps": members - by_data,
                "V_XWeps": total - members - noiseless + by_data,
                "E_ensemble": total / count + (1 - 1 / count) * members,
                "E_bagged": total / count + (1 - 1 / count) * bias,
            },
            parameters=[
                Parameter("P", samples, "number of training samples", lower=0, lower_open=True),
                Parameter("N", width, "number of random features", lower=0, lower_open=True),
                Parameter("ridge", ridge, "ridge λ added to the kernel matrix", lower=0, lower_open=True),
                Parameter("noise", noise, "variance σ² of the label noise", lower=0, default=0.0),
                Parameter("members", count, "number of predictors in an ensemble", lower=1, default=1.0),
                Parameter("eigenvalues", eta, "kernel eigenvalues η_k", lower=0, ndim=1, dimension="M"),
                Parameter("target_power", a2, "squared target coefficients a_k²", lower=0, ndim=1, dimension="M"),
            ],
            reference="2502.05074",
        )

    def derive(self):
        """The deterministic equivalent of the minimum."""
        return self.minimiser().derive()
