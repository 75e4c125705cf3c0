"""Ridge regression on nonlinear random features: a two-layer network of which only the readout learns."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Diag, Dim, Energy, Gaussian, Noise, Parameter, Spectrum, State, mean, tanh
from theory.symbols import noise, ridge


class NonlinearFeatureRegression(Energy):
    """Ridge regression on N features φ(w·x) of P samples of a target Σ_k a_k x_k/√η_k plus noise, x_k of variance η_k.

    The predictor is f(x) = Σ_i a_i φ(w_i·x)/√N with weights w of variance 1. ``activation`` is a function of a matrix, such as
    ``tanh`` or ``lambda h: centred(relu(h))``. The theory replaces the features by their Gaussian equivalent μ₁ w·x + μ* θ; a
    simulation has the features themselves, in training and on ``tests`` further samples, on which E_g is measured without label
    noise. For a linear target and data of high effective dimension the two agree.

    Sources: Mei and Montanari, 1908.05355; Hu and Lu, 2009.07669.
    """

    engine = "resolvent"
    validity = "Gaussian data of high effective dimension, centred features; P, N, M -> oo together; bias 1/r under replicate(r)"

    def __init__(self, activation=tanh) -> None:
        eta, a2 = Spectrum("eta"), Spectrum("a2")
        modes, samples, width, tests = Dim("M", eta, a2), Dim("P"), Dim("N"), Dim("T")
        data, unseen = Gaussian("Phi", samples, modes), Gaussian("Psi", tests, modes)
        weights, errors, readout = Gaussian("W", modes, width), Noise("epsilon", samples, variance=noise), State("a", width)
        deviations = Diag(modes, sp.sqrt(eta))

        def residual(inputs):
            features = activation(inputs @ deviations @ weights)
            return features @ readout / sp.sqrt(width) - inputs @ sp.sqrt(a2)

        gap = residual(data) - errors
        super().__init__(
            gap.square() / 2 + ridge * readout.square() / 2,
            over=readout,
            name="nonlinear-feature-regression",
            observe={"E_g": mean(tests, residual(unseen) ** 2), "E_train": mean(samples, gap**2)},
            parameters=[
                Parameter("P", samples, "number of training samples", lower=0, lower_open=True),
                Parameter("N", width, "number of features", lower=0, lower_open=True),
                Parameter("tests", tests, "samples on which E_g is simulated", lower=0, lower_open=True, default=100.0),
                Parameter("ridge", ridge, "ridge λ added to the kernel matrix", lower=0, lower_open=True),
                Parameter("noise", noise, "variance σ² of the label noise", lower=0, default=0.0),
                Parameter("eigenvalues", eta, "variances η_k of the data", lower=0, ndim=1, dimension="M"),
                Parameter("target_power", a2, "squared target coefficients a_k²", lower=0, ndim=1, dimension="M"),
            ],
        )

    def derive(self):
        """The deterministic equivalent of the minimum."""
        return self.minimiser().derive()
