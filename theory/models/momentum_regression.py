"""Linear regression by a heavy ball: a weight with inertia and friction (2601.01010)."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Dim, Gaussian, Noise, Parameter, Spectrum, State, Step, mean, sum_over
from theory.symbols import noise, positive, ridge, time

friction = positive("mu")


class MomentumRegression(Step):
    """dw/dt = v, dv/dt = −μ v − ∇E with the E of `gradient-flow-regression`: what momentum does at small steps.

    At large friction μ it is gradient flow in the time t/μ; modes whose eigenvalue of the Hessian exceeds μ²/4 oscillate.

    Source: Bordelon and Pehlevan, 2601.01010.
    """

    validity = "Gaussian data; P, M -> oo together; bias 1/r under replicate(r)"

    def __init__(self) -> None:
        eta, a2 = Spectrum("eta"), Spectrum("a2")
        modes, samples = Dim("M", eta, a2), Dim("P")
        data, weights, velocity = Gaussian("Phi", samples, modes), State("w", modes), State("v", modes)
        errors = Noise("epsilon", samples, variance=noise)
        learned = sp.sqrt(eta) * weights
        residual = data @ (learned - sp.sqrt(a2)) - errors
        super().__init__(
            {weights: velocity, velocity: -friction * velocity - sp.sqrt(eta) * (data.T @ residual) - ridge * weights},
            name="momentum-regression",
            observe={"E_g": sum_over(modes, (learned - sp.sqrt(a2)) ** 2), "E_train": mean(samples, residual**2)},
            parameters=[
                Parameter("t", time, "time", lower=0),
                Parameter("P", samples, "number of training samples", lower=0, lower_open=True),
                Parameter("friction", friction, "friction μ", lower=0),
                Parameter("ridge", ridge, "ridge λ added to the kernel matrix", lower=0, default=0.0),
                Parameter("noise", noise, "variance σ² of the label noise", lower=0, default=0.0),
                Parameter("eigenvalues", eta, "kernel eigenvalues η_k", lower=0, ndim=1, dimension="M"),
                Parameter("target_power", a2, "squared target coefficients a_k²", lower=0, ndim=1, dimension="M"),
            ],
            reference="2601.01010",
        )
