"""Linear dynamics with a schedule: agrees with steps and flows without one, with a drawn system, and names what it cannot do."""

import numpy as np
import pytest
import sympy as sp

from solvers import solve, sweep
from solvers.dynamical.marching import nodes_for
from solvers.modes.compression import compress
from solvers.modes.spectra import Modes
from theory import Dim, Gaussian, Noise, State, Step, mean, sum_over
from theory.declaration import Contribution, Spectrum
from theory.dmft.scheduled import LinearProcess
from theory.errors import DerivationError, DivergenceError, ParameterError
from theory.models import RandomFeatureFlow
from theory.symbols import noise
from theory.symbols import time as t

rate, decay, g = sp.symbols("rate decay g", nonnegative=True)
K = np.arange(1, 21.0)
VALUES = {"N": 15, "P": 20, "sigma2": 0.1, "eta": K**-1.2, "a2": K**-1.4}


def random_features(pace=rate / (1 + decay * t), **more):
    eta, a2 = Spectrum("eta", scaling=0), Spectrum("a2")
    modes, samples, width = Dim("M", eta, a2), Dim("P"), Dim("N")
    data, features = Gaussian("Phi", samples, modes), Gaussian("W", modes, width, variance=1 / width)
    errors, readout = Noise("epsilon", samples, variance=noise), State("a", width)
    gap = sp.sqrt(eta) * (features @ readout) - sp.sqrt(a2)
    residual = data @ gap - errors
    observe = {"test_loss": sum_over(modes, gap**2), "train_loss": mean(samples, residual**2), "modes": gap**2,
               "mean": sum_over(modes, gap)}  # fmt: skip
    observe |= {name: make(a2) for name, make in more.items()}
    return Step({readout: -pace * (features.T @ (sp.sqrt(eta) * (data.T @ residual))) / samples}, observe=observe)


@pytest.fixture(scope="module")
def scheduled():
    return random_features().theory()


def test_the_engine_chooses_the_march(scheduled):
    assert isinstance(scheduled, LinearProcess)
    assert scheduled.per_mode == {"modes"}
    assert scheduled.parameter("time_step").default is None


def test_a_constant_schedule_is_the_dynamics_of_steps(scheduled):
    times = np.array([0.0, 0.5, 4.0, 10.0])
    found = sweep(scheduled, t=times, time_step=0.5, rate=0.8, decay=0.0, **VALUES)
    values = {"N": 15, "P": 20, "noise": 0.1, "eigenvalues": K**-1.2, "target_power": K**-1.4}
    exact = sweep(RandomFeatureFlow().theory(), t=0.8 * times, time_step=0.4, **values)
    for name in ("test_loss", "train_loss"):
        assert found[name] == pytest.approx(exact[name], rel=1e-9), name


def test_a_schedule_is_a_change_of_time_at_small_steps(scheduled):
    end, steps = 4.0, np.array([0.1, 0.05])
    found = sweep(scheduled, t=end, time_step=steps, rate=0.8, decay=0.5, observables="test_loss", **VALUES)["test_loss"]
    values = {"N": 15, "P": 20, "noise": 0.1, "eigenvalues": K**-1.2, "target_power": K**-1.4}
    exact = solve(RandomFeatureFlow().theory(), t=1.6 * np.log(1 + 0.5 * end), observables="test_loss", **values)["test_loss"]
    errors = found - exact
    assert errors[0] / errors[1] == pytest.approx(2.0, abs=0.05)


def test_a_schedule_may_be_given_step_by_step(scheduled):
    """One value for each step, in pieces of the time, is the formula that the values come from."""
    length, pieces = sp.Rational(1, 2), [sp.Rational(4, 5) / (1 + sp.Rational(k, 10)) for k in range(8)]
    table = sp.Piecewise(*[(v, t < (k + sp.Rational(1, 2)) * length) for k, v in enumerate(pieces)], (pieces[-1], True))
    task = dict(t=[1.0, 4.0], time_step=0.5, observables=["test_loss", "train_loss"])
    found = sweep(random_features(pace=table).theory(), **task, **VALUES)
    exact = sweep(scheduled, rate=0.8, decay=0.2, **task, **VALUES)
    for name in ("test_loss", "train_loss"):
        assert found[name] == pytest.approx(exact[name], rel=1e-12)


def test_single_modes_and_means_belong_to_the_whole(scheduled):
    found = solve(scheduled, t=6.0, time_step=0.5, rate=0.8, decay=0.2, observables=["modes", "test_loss", "mean"], **VALUES)
    assert found["modes"].sum() == pytest.approx(found["test_loss"], rel=1e-11)
    assert -np.sqrt(VALUES["a2"]).sum() < found["mean"] < 0


def test_feedback_through_a_partly_symmetric_matrix_and_time_in_a_definition():
    """x(n+1) of a symmetric matrix with a gain that changes: a product of commuting steps."""
    N = Dim("N")
    h = State("h", N, initial_variance=1)
    J = Gaussian("J", N, N, variance=1 / N, symmetry=1)
    theory = Step({h: h / 2 + g / (1 + t) * (J @ h)}, observe={"C": mean(N, h**2)}, continuous=False).theory()
    angle = (np.arange(400) + 0.5) * np.pi / 400
    weight = np.sin(angle) ** 2 / np.sum(np.sin(angle) ** 2)
    factors = [(0.5 + 0.6 / (1 + n) * 2 * np.cos(angle)) for n in range(12)]
    expected = [(weight * np.prod(factors[:n], axis=0) ** 2).sum() if n else 1.0 for n in range(13)]
    assert sweep(theory, t=np.arange(13), g=0.6, N=30)["C"] == pytest.approx(expected, rel=1e-10)


def test_momentum_with_a_schedule_is_marched():
    N = Dim("N")
    h = State("h", N, initial_variance=1)
    J = Gaussian("J", N, N, variance=1 / N, symmetry=1)
    theory = Step({h: J @ h / (1 + t) - h}, observe={"C": mean(N, h**2)}, momentum=0.5).theory()
    angle = (np.arange(400) + 0.5) * np.pi / 400
    weight, j = np.sin(angle) ** 2 / np.sum(np.sin(angle) ** 2), 2 * np.cos(angle)
    x, v = np.ones(400), np.zeros(400)
    for n in range(20):
        v = 0.5 * v + (j / (1 + 0.1 * n) - 1) * x
        x = x + 0.1 * v
    assert solve(theory, t=2.0, time_step=0.1, N=30)["C"] == pytest.approx((weight * x**2).sum(), rel=1e-10)


def test_many_modes_are_marched_on_nodes(scheduled):
    k = np.arange(1, 401.0)
    values = {**VALUES, "eta": k**-1.2, "a2": k**-1.4}
    task = dict(t=5.0, time_step=0.5, rate=0.8, decay=0.2, observables="test_loss", **values)
    coarse = solve(scheduled, tolerance=1e-5, **task)
    modes = Modes.from_values("eta", eta=k**-1.2, a2=k**-1.4)
    assert compress(modes, nodes_for(1e-5), 150).arrays["eta"].size < 150
    exact = solve(scheduled, **{**task, "observables": ["modes", "test_loss"]})
    assert abs(coarse["test_loss"] / exact["test_loss"] - 1) < max(coarse.error, 1e-12) <= 1e-5


def test_the_step_is_named_at_which_a_run_is_lost(scheduled):
    task = dict(t=300.0, time_step=0.5, rate=1e6, decay=0.0, observables="test_loss", **VALUES)
    with pytest.raises(DivergenceError, match=r"not finite at t = \d+(\.5)?; shorten time_step"):
        solve(scheduled, **task)
    assert solve(scheduled, on_failure="mask", **task).status == "failed"


def test_bad_times_and_steps_are_named(scheduled):
    task = dict(rate=0.8, decay=0.0, **VALUES)
    with pytest.raises(ParameterError, match="no value for 'time_step'"):
        solve(scheduled, t=1.0, **task)
    with pytest.raises(ParameterError, match=r"t = 1 is no whole number of steps of 0.3"):
        solve(scheduled, t=1.0, time_step=0.3, **task)
    with pytest.raises(ParameterError, match=r"20000 steps need .* GiB"):
        solve(scheduled, t=2000.0, time_step=0.1, **task)


def test_contributions_are_refused():
    with pytest.raises(DerivationError, match="contributions of modes are not followed through a schedule"):
        random_features(parts=lambda a2: Contribution("test_loss", a2)).theory()
