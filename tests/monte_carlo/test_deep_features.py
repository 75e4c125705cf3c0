"""Ridge regression on deep random features: the errors of products of several Gaussian matrices against drawn ones."""

import numpy as np
import pytest
import sympy as sp

from solvers import check, solve
from theory import tanh
from theory.declaration import Diag, Dim, Energy, Gaussian, Noise, Parameter, Spectrum, State, mean, sum_over
from theory.models import RandomFeatureRegression
from theory.symbols import noise, ridge

K = np.arange(1, 31.0)
TASK = {"P": 30.0, "ridge": 0.3, "noise": 0.1, "eigenvalues": K**-0.6, "target_power": 1 / K}
WIDTHS = {"N1": 40.0, "N2": 25.0, "N3": 35.0}


class DeepFeatures(Energy):
    """Ridge regression in the last of some random layers: with the data, one matrix more than layers."""

    engine = "resolvent"

    def __init__(self, layers, activation=None):
        eta, a2 = Spectrum("eta"), Spectrum("a2")
        modes, samples, tests = Dim("M", eta, a2), Dim("P"), Dim("T")
        widths = [Dim(f"N{i}") for i in range(1, layers + 1)]
        data, unseen = Gaussian("Phi", samples, modes), Gaussian("Psi", tests, modes)
        errors = Noise("epsilon", samples, variance=noise)
        readout = learned = State("a", widths[-1])
        for i in range(layers, 1, -1):
            learned = Gaussian(f"W{i}", widths[i - 2], widths[i - 1], variance=1 / widths[i - 1]) @ learned
        if activation is None:
            learned = sp.sqrt(eta) * (Gaussian("W1", modes, widths[0], variance=1 / widths[0]) @ learned)
            residual = data @ learned - data @ sp.sqrt(a2) - errors
            error = sum_over(modes, (learned - sp.sqrt(a2)) ** 2)
        else:
            inner = Diag(modes, sp.sqrt(eta)) @ Gaussian("W1", modes, widths[0])
            residual = activation(data @ inner) @ learned / sp.sqrt(widths[0]) - data @ sp.sqrt(a2) - errors
            error = mean(tests, (activation(unseen @ inner) @ learned / sp.sqrt(widths[0]) - unseen @ sp.sqrt(a2)) ** 2)
        positive = {"lower": 0, "lower_open": True}
        super().__init__(
            residual.square() / 2 + ridge * readout.square() / 2,
            over=readout,
            name=f"deep-features-{layers}",
            observe={"E_g": error},
            parameters=[
                Parameter("P", samples, "number of training samples", **positive),
                *[Parameter(w.name, w, "width of a layer", **positive) for w in widths],
                *([Parameter("tests", tests, "samples of the simulated error", default=100.0, **positive)] if activation else []),
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
def test_a_nonlinear_inner_layer_agrees_with_its_features():
    found = check(DeepFeatures(2, tanh), **task(2), trials=60, seed=1)
    assert found.passed, found


@pytest.mark.slow
@pytest.mark.parametrize("wide", [{"N1": 1e5, "N2": 25.0}, {"N1": 25.0, "N2": 1e5}], ids=["first", "second"])
def test_a_very_wide_layer_is_no_layer(wide):
    shallow = solve(RandomFeatureRegression().theory(), **TASK, N=25.0, observables=["E_g"]).observables
    deep = solve(DeepFeatures(2).theory(), **TASK, **wide).observables
    assert deep["E_g"] == pytest.approx(shallow["E_g"], rel=1e-3)
