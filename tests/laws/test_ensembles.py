"""Laws of ensembles in time: their end is the analysis of variance of the resolvent, one member is the model itself."""

import numpy as np
import pytest
import sympy as sp

from solvers import check, solve, sweep
from theory import Dim, Energy, Gaussian, Noise, State, Step, mean, redrawn, tanh
from theory.models import RandomFeatureRegression, load

K = np.arange(1, 21.0)
TASK = {"P": 12.0, "N": 9.0, "noise": 0.2, "eigenvalues": 2 * K**-1.3, "target_power": K**-1.5}
PARTS = ("E_g", "bias2", "V_X", "V_W", "V_XW", "V_Xeps", "V_XWeps", "E_ensemble", "E_bagged")


@pytest.mark.slow
def test_the_analysis_of_variance_at_infinite_time_is_that_of_the_resolvent():
    model = RandomFeatureRegression()
    observe = {n: model.observe[n] for n in PARTS}
    flow = Energy(model.energy, over=model.over, observe=observe, parameters=model.parameters, name="flow").flow()
    end = solve(flow.theory().stationary(), ridge=0.3, members=3.0, **TASK)
    static = solve(model.theory(), ridge=0.3, members=3.0, **TASK)
    for name in PARTS:
        assert float(end[name]) == pytest.approx(float(static[name]), rel=1e-9), name


def test_one_member_is_the_model_and_more_are_better():
    theory = load("random-feature-flow")().theory()
    found = sweep(theory, t=[0.0, 1.0, 30.0], members=[1.0, 2.0, 8.0], **TASK)
    for name in ("ensemble_loss", "bagged_loss", "ensemble_bagged_loss"):
        assert found[name][:, 0] == pytest.approx(found["test_loss"][:, 0], rel=1e-12)
        assert found[name][0] == pytest.approx(np.full(3, np.sum(TASK["target_power"])))
        assert (np.diff(found[name][1:], axis=1) < 0).all()
    assert (found["ensemble_bagged_loss"][1:, 1:] < np.minimum(found["ensemble_loss"], found["bagged_loss"])[1:, 1:]).all()


@pytest.mark.slow
def test_weight_decay_ends_in_ridge_regression_with_its_ensembles():
    """The loss is a mean over P samples: a decay λ is the ridge P λ of their sum."""
    late = solve(load("random-feature-flow")().theory(), t=1e4, weight_decay=0.02, members=3.0, **TASK)
    static = solve(RandomFeatureRegression().theory(), ridge=12 * 0.02, members=3.0, **TASK)
    for name, other in (("test_loss", "E_g"), ("train_loss", "E_train"), ("ensemble_loss", "E_ensemble"),
                        ("ensemble_bagged_loss", "E_bagged")):  # fmt: skip
        assert float(late[name]) == pytest.approx(float(static[other]), rel=1e-9), name


@pytest.mark.slow
def test_two_starts_of_one_nonlinear_network_against_simulation():
    """A copy of a sampled dynamics with memory: the same couplings, another start; and the same start, other couplings."""
    N, g = Dim("N"), sp.Symbol("g", positive=True)
    h, z, J = State("h", N), Noise("z", N), Gaussian("J", N, N, variance=g**2 / N, symmetry=sp.Rational(1, 2))
    model = Step(
        {h: -h + J @ tanh(h)}, initial={h: 1 + z},
        observe={"power": mean(N, h**2), "by_start": mean(N, h * redrawn(h, z)), "by_couplings": mean(N, h * redrawn(h, J))},
        name="two networks",
    )  # fmt: skip
    found = check(model, N=50, g=1.5, t=[1.0, 3.0], time_step=0.25, trials=200)
    assert found.passed, found
