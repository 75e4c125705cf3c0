"""Bayesian regression with sparse weights: draws from the posterior of the spike-and-slab prior."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Atom, Dim, Drawn, Energy, Gaussian, Mixture, Noise, Normal, Parameter, State, mean
from theory.symbols import noise

assumed, slab = sp.Symbol("s2", positive=True), sp.Symbol("tau2", positive=True)
density = sp.Symbol("rho", positive=True)


class SpikeAndSlabRegression(Energy):
    """Weights w from the posterior of P samples y = x·w₀ + ε, for N features of variance 1/N.

    A weight is zero with the probability 1 − ``density`` and else a Gaussian of variance ``slab``, in truth and in the prior. The
    posterior takes the noise to have the variance ``assumed_noise``, which is the temperature; where it does, it is Bayes-optimal,
    and ``E_g`` is twice the least mean squared error. With little noise two solutions may exist: the one with the lower
    ``free_energy`` dominates, the other one is where algorithms stop (compressed sensing).

    Sources: Mitchell and Beauchamp, J. Am. Stat. Assoc. 83, 1023 (1988); Krzakala et al., Phys. Rev. X 2, 021005 (2012).
    """

    validity = "P, N -> oo together; independent Gaussian features; bias 1/r under replicate(r)"

    def __init__(self) -> None:
        features, samples = Dim("N"), Dim("P")
        law = Mixture((1 - density, Atom(0)), (density, Normal(0, slab)))
        x = Gaussian("X", samples, features, variance=1 / features)
        target, errors = Drawn("w0", features, law), Noise("epsilon", samples, variance=noise)
        weights = State("w", features, prior=law)
        residual = x @ (weights - target) - errors
        super().__init__(
            residual.square() / 2,
            over=weights,
            temperature=assumed,
            algorithm="gibbs",
            nishimori={weights: target},
            matched={assumed: noise},
            name="spike-and-slab-regression",
            observe={
                "E_g": mean(features, (weights - target) ** 2),
                "overlap": mean(features, weights * target),
                "E_train": mean(samples, residual**2),
            },
            parameters=[
                Parameter("P", samples, "number of training samples", lower=0, lower_open=True),
                Parameter("N", features, "number of features", lower=0, lower_open=True),
                Parameter(
                    "density", density, "share ρ of weights that are not zero", lower=0, upper=1, lower_open=True, upper_open=True
                ),
                Parameter("slab", slab, "variance of those", lower=0, lower_open=True, default=1.0),
                Parameter("noise", noise, "variance of the label noise", lower=0, default=0.1),
                Parameter("assumed_noise", assumed, "variance that the posterior takes it to have", lower=0, lower_open=True),
            ],
        )
