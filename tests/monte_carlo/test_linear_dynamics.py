"""Linear dynamics against simulations of their declarations; what is wrong must be seen."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from solvers import check, simulate, sweep
from theory import Dim, Gaussian, Noise, State, Step, mean, sum_over
from theory.declaration import Spectrum
from theory.models import load
from theory.symbols import noise
from theory.symbols import time as t

K = np.arange(1, 31.0)
DATA = {"noise": 0.2, "eigenvalues": 2 * K**-1.3, "target_power": K**-1.6}
TASKS = {
    "gradient-flow-regression": {"t": [0.1, 1.0, 20.0], "P": 20, "ridge": 0.05, **DATA},
    "linear-network": {"t": [0.5, 1.0, 3.0], "N": 40, "gain": 1.2, "leak": 0.5, "symmetry": -0.4},
    "momentum-regression": {"t": [0.3, 1.0, 5.0], "P": 20, "friction": 1.0, "ridge": 0.05, **DATA},
    "random-feature-flow": {"t": [1.0, 10.0, 200.0], "P": 25, "N": 20, "members": 4.0, **DATA},
    "two-matrix-flow": {"t": [1.0, 4.0, 20.0], "P": 20, "N": 20, "M": 40},
}


@pytest.mark.parametrize("name", ["gradient-flow-regression", "linear-network"])
def test_theory_agrees_with_simulation(name):
    assert check(load(name)(), trials=200, seed=3, **TASKS[name]).passed


@pytest.mark.slow
def test_a_dropped_response_is_seen():
    """Features that do not feel what they have done: far from the drawn system."""
    model = load("random-feature-flow")()
    theory = model.theory()
    response = next(r for r in theory.responses if "x_{3} h_{1}" in r.name)
    wrong = replace(theory, responses={**theory.responses, response: sp.S.Zero}, name="wrong")
    agreement = check(model, theory=wrong, trials=200, seed=1, **TASKS["random-feature-flow"])
    assert agreement.verdict == "disagree"


def test_steps_of_a_flow_are_those_of_the_simulation():
    model = load("gradient-flow-regression")()
    task = {**TASKS["gradient-flow-regression"], "t": [0.1, 0.3]}
    agreement = check(model, trials=200, seed=5, time_step=0.01, **task)
    assert agreement.passed, str(agreement)
    flow = sweep(model.theory(), observables="E_train", **task)["E_train"]
    assert (np.abs(agreement["E_train"].theory - flow) > 1e-5).all()


@pytest.mark.slow
def test_a_schedule_against_simulation():
    eta, a2 = Spectrum("eta", scaling=0), Spectrum("a2")
    modes, samples, width = Dim("M", eta, a2), Dim("P"), Dim("N")
    data, features = Gaussian("Phi", samples, modes), Gaussian("W", modes, width, variance=1 / width)
    errors, readout = Noise("epsilon", samples, variance=noise), State("a", width)
    gap = sp.sqrt(eta) * (features @ readout) - sp.sqrt(a2)
    residual = data @ gap - errors
    pace = sp.Rational(4, 5) / (1 + t / 5)
    model = Step(
        {readout: -pace * (features.T @ (sp.sqrt(eta) * (data.T @ residual))) / samples},
        observe={"test_loss": sum_over(modes, gap**2), "train_loss": mean(samples, residual**2)},
    )
    task = {"N": 20, "P": 25, "sigma2": 0.2, "eta": 2 * K**-1.3, "a2": K**-1.6}
    agreement = check(model, trials=300, seed=2, t=[2.0, 20.0], time_step=0.5, **task)
    assert agreement.passed, str(agreement)


def test_a_network_that_grows_before_it_decays():
    """Values of 2601.01010: |v|² rises although every eigenvalue is real and none is positive."""
    theory = load("two-matrix-flow")().theory()
    found = sweep(theory, t=[1, 4, 20, 100], M=200, N=100, P=100)
    assert found["norm"] == pytest.approx([0.94404, 1.22821, 2.01460, 3.82376], abs=1e-5)
    assert (found["symmetric_norm"] + 1) / 2 == pytest.approx([0.67035, 0.59373, 0.54387, 0.51987], abs=1e-5)
    drawn = simulate(load("two-matrix-flow")(), trials=30, seed=0, t=[4.0], M=100, N=50, P=50)
    assert abs(drawn["norm"].mean[0] - 1.22821) < 4 * drawn["norm"].stderr[0] + 0.05
