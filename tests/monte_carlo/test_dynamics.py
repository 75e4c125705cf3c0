"""Sampled dynamics against the simulation of the same declaration at growing size, and wrong theories that must fail."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from solvers import check, march
from theory import models
from theory.declaration import Dim, Gaussian, Quenched, State, Step, hebb, mean, sum_over, tanh


def without_memory(theory):
    """The theory with the memory of its site forgotten."""
    wrong = type(theory.site).__new__(type(theory.site))
    wrong.__dict__.update(theory.site.__dict__ | {"memory": {}})
    return replace(theory, site=wrong)


@pytest.mark.slow
@pytest.mark.parametrize("symmetry", [0.5, -0.5])
def test_recurrent_network(symmetry):
    model = models.RecurrentNetwork()
    task = dict(N=50, trials=300, t=[2.0, 6.0], g=1.5, symmetry=symmetry, time_step=0.25)
    found = check(model, **task)
    assert found.passed, found
    assert check(model, theory=without_memory(model.theory()), **task).verdict == "disagree"


def test_published_values_of_the_partially_symmetric_network():
    """At step 23 of 0.25 with g = 1.5, independent simulations extrapolated in size: 2.188(12) and .0212(3)."""
    th = models.RecurrentNetwork().theory()
    for symmetry, value, error in ((0.5, 2.188, 0.012), (-0.5, 0.0212, 0.0003)):
        path = march(th, t=23 * 0.25, g=1.5, symmetry=symmetry, time_step=0.25)
        assert abs(path["activity"][0] - value) < 4 * np.hypot(error, path.errors["activity"][0])


@pytest.mark.slow
def test_generalised_linear_model():
    model = models.GLMFlow()
    task = dict(D=25, P=50, trials=400, t=[2.0, 6.0], time_step=0.5, sharpness=2.0, ridge=0.1)
    found = check(model, **task)
    assert found.passed, found
    assert check(model, theory=without_memory(model.theory()), **task).verdict == "disagree"


def without_learning(theory):
    """The theory of couplings that stay as they are drawn."""
    wrong = type(theory.site).__new__(type(theory.site))
    wrong.__dict__.update(theory.site.__dict__ | {"learning": {}})
    return replace(theory, site=wrong)


@pytest.mark.slow
def test_networks():
    columns = np.sqrt(2) * np.array([[1.0, 0, 0, 1], [1, 1, 0, 0]]).T
    task = dict(N=25, D=4, trials=80, t=[1.0, 2.0], time_step=0.1, richness=2.0, inputs=columns, labels=np.array([1.0, -0.5]))
    for model in (models.TwoLayerNetwork(), models.ThreeLayerNetwork()):
        found = check(model, **task)
        assert found.passed, found
        assert check(model, theory=without_learning(model.theory()), **task).verdict == "disagree"
    assert check(model, theory=without_memory(model.theory()), **task).verdict == "disagree"


@pytest.mark.slow
def test_langevin_dynamics_of_the_spherical_glass():
    model = models.PSpinLangevin()
    task = dict(N=20, temperature=0.5, trials=150, t=[0.5, 1.5], time_step=0.125)
    found = check(model, **task)
    assert found.passed, found
    assert check(model, theory=without_memory(model.theory()), **task).verdict == "disagree"


@pytest.mark.slow
def test_feedback_alignment():
    """Errors that come back through a matrix that shares half of the initial draw of weights which learn and decay."""
    share = sp.Symbol("rho", real=True)
    N, D, mu = Dim("N"), Dim("D"), Dim("mu", finite=True)
    x, y, w = Quenched("x", D, mu), Quenched("y", mu), State("w", N, initial_variance=1)
    W0, W1 = Gaussian("W0", N, D, variance=1 / D), Gaussian("W1", N, N, variance=1 / N)
    low = tanh(W0 @ x)
    high = tanh(W1 @ low)
    gap, back = y - mean(N, w * high), w * (1 - high**2)
    forth = (1 - low**2) * (Gaussian("B", N, N, variance=1 / N, correlation=(W1.T, share)) @ back)
    rules = {w: sum_over(mu, gap * high), W1: hebb(gap * back, low) / N - W1 / 4, W0: hebb(gap * forth, x) / D}
    model = Step(rules, observe={"loss": sum_over(mu, gap**2) / 2, "weights": mean(N, w**2)}, name="feedback-alignment")
    inputs = np.tile(np.array([[1.0, 0, 1], [1, 1, 0]]).T, (4, 1))
    task = dict(D=12, x=inputs, y=np.array([1.0, -0.5]), N=20, rho=0.5, time_step=0.25, t=[1.0, 2.0], trials=200)
    found = check(model, **task)
    assert found.passed, found
    assert check(model, theory=without_memory(model.theory()), **task).verdict == "disagree"
