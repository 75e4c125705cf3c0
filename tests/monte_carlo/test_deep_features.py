"""Ridge regression on deep random features: the errors of products of several Gaussian matrices against drawn ones."""

import numpy as np
import pytest
import sympy as sp

from solvers import check, simulate, solve
from theory import tanh
from theory.declaration import Diag, Dim, Energy, Gaussian, Noise, Parameter, Spectrum, State, mean, sum_over
from theory.models import RandomFeatureRegression
from theory.symbols import noise, ridge

K = np.arange(1, 31.0)
TASK = {"P": 30.0, "ridge": 0.3, "noise": 0.1, "eigenvalues": K**-0.6, "target_power": 1 / K}
WIDTHS = {"N1": 40.0, "N2": 25.0, "N3": 35.0}


class DeepFeatures(Energy):
    """Ridge regression in the last of some random layers, all linear, or with an activation for each of the first ones.

    Linear layers make one matrix more than layers, with the data; errors of nonlinear ones are simulated on unseen samples.
    """

    engine = "resolvent"

    def __init__(self, layers, activations=()):
        eta, a2 = Spectrum("eta"), Spectrum("a2")
        modes, samples, tests = Dim("M", eta, a2), Dim("P"), Dim("T")
        widths = [Dim(f"N{i}") for i in range(1, layers + 1)]
        data, unseen = Gaussian("Phi", samples, modes), Gaussian("Psi", tests, modes)
        errors, readout = Noise("epsilon", samples, variance=noise), State("a", widths[-1])
        weights = [
            Gaussian(f"W{i}", inside, outside, variance=1 / outside if not activations else 1 if i == 1 else 1 / inside)
            for i, (inside, outside) in enumerate(zip([modes, *widths[:-1]], widths, strict=True), 1)
        ]

        def learned(vector, i=layers):
            """The predictor on the modes, for linear layers."""
            return learned(weights[i - 1] @ vector, i - 1) if i else sp.sqrt(eta) * vector

        def residual(inputs):
            features = inputs @ Diag(modes, sp.sqrt(eta))
            for i, matrix in enumerate(weights):
                features = activations[i](features @ matrix) if i < len(activations) else features @ matrix
            return features @ readout / sp.sqrt(widths[-1]) - inputs @ sp.sqrt(a2)

        if activations:
            gap, error = residual(data), mean(tests, residual(unseen) ** 2)
        else:
            gap, error = data @ learned(readout) - data @ sp.sqrt(a2), sum_over(modes, (learned(readout) - sp.sqrt(a2)) ** 2)
        positive = {"lower": 0, "lower_open": True}
        super().__init__(
            (gap - errors).square() / 2 + ridge * readout.square() / 2,
            over=readout,
            name=f"deep-features-{layers}",
            observe={"E_g": error},
            parameters=[
                Parameter("P", samples, "number of training samples", **positive),
                *[Parameter(w.name, w, "width of a layer", **positive) for w in widths],
                *([Parameter("tests", tests, "samples of the simulated error", default=100.0, **positive)] if activations else []),
                Parameter("ridge", ridge, "ridge", **positive),
                Parameter("noise", noise, "variance of the label noise", lower=0, default=0.0),
                Parameter("eigenvalues", eta, "variances of the data", lower=0, ndim=1, dimension="M"),
                Parameter("target_power", a2, "squared target coefficients", lower=0, ndim=1, dimension="M"),
            ],
        )

    def derive(self):
        return self.minimiser().derive()


def task(layers):
    return TASK | {f"N{i}": WIDTHS[f"N{i}"] for i in range(1, layers + 1)}


def test_three_matrices_agree_with_drawn_ones():
    found = check(DeepFeatures(2), **task(2), trials=60, seed=1)
    assert found.passed, found


@pytest.mark.slow
def test_four_matrices_agree_with_drawn_ones():
    found = check(DeepFeatures(3), **task(3), trials=60, seed=1)
    assert found.passed, found


@pytest.mark.slow
@pytest.mark.parametrize("activations", [[tanh], [tanh, tanh]], ids=["inner layer", "both layers"])
def test_nonlinear_layers_agree_with_their_features(activations):
    found = check(DeepFeatures(2, activations), **task(2), trials=60, seed=1)
    assert found.passed, found


@pytest.mark.slow
def test_three_nonlinear_layers_agree_with_their_features():
    """Strengths of the last layer are averages over averages over averages, known to fewer digits."""
    model = DeepFeatures(3, [tanh] * 3)
    exact = solve(model.theory(), **task(3), tolerance=1e-4).observables["E_g"]
    for r in (1, 4):
        found = simulate(model, **task(3), trials=800 // r, seed=r, replicate=r)["E_g"]
        assert found.stderr < 0.04 and abs(found.mean - exact) < 4 * found.stderr + 0.1 / r, (r, found, exact)


@pytest.mark.slow
def test_linear_activations_are_linear_layers():
    """Weights of variance one in front, and a scale by the last width behind, are the same features in law."""
    own = solve(DeepFeatures(2, [lambda h: h, lambda h: h]).theory(), **task(2)).observables["E_g"]
    assert own == pytest.approx(solve(DeepFeatures(2).theory(), **task(2)).observables["E_g"], rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("wide", [{"N1": 1e9, "N2": 25.0}, {"N1": 25.0, "N2": 1e9}], ids=["first", "second"])
def test_a_very_wide_layer_is_no_layer(wide):
    shallow = solve(RandomFeatureRegression().theory(), **TASK, N=25.0, observables=["E_g"]).observables
    deep = solve(DeepFeatures(2).theory(), **TASK, **wide).observables
    assert deep["E_g"] == pytest.approx(shallow["E_g"], rel=1e-8)
