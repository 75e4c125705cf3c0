"""Dynamics of drawn systems against the same laws written out in NumPy."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import sympy as sp

from solvers import simulate
from theory import Contribution, Dim, Energy, Gaussian, Noise, Quenched, State, Step, mean, sum_over, tanh
from theory.errors import DivergenceError, ParameterError
from theory.symbols import time

lam, g = sp.symbols("lam g", positive=True)
M, P, N = Dim("M", "eta"), Dim("P"), Dim("N")
(eta,) = M.spectra
X, w0, w = Gaussian("X", P, M, column_covariance=eta), Quenched("w0", M), State("w", M)
residual = X @ (w - w0) - Noise("eps", P, variance=0.1)
OBSERVE = {"E_g": sum_over(M, eta * (w - w0) ** 2), "modes": eta * (w - w0) ** 2}
ridge = Energy(residual.square() / 2 + lam * w.square() / 2, over=w, observe=OBSERVE, name="ridge")
TASK = dict(eta=np.arange(1, 9) ** -1.2, w0=np.linspace(-1, 1, 8), P=6, lam=0.1, trials=3)
J, x = Gaussian("J", N, N, variance=g**2 / N), State("x", N, initial_variance=1)


def given(matrix):
    return lambda rng, shape: matrix


def test_a_flow_ends_in_the_minimum_of_its_energy():
    """The same seed draws the same disorder."""
    flow, still = simulate(ridge.flow(), t=1e4, **TASK), simulate(ridge, **TASK)
    for name in OBSERVE:
        assert flow[name].mean == pytest.approx(still[name].mean, rel=1e-8)


@pytest.mark.parametrize("times", [[0.0, 0.3, 2.0], [2.0, 0.3, 0.0]])
def test_steps_are_those_of_the_law(times):
    matrix, step = np.random.default_rng(3).standard_normal((8, 8)), 0.1
    law = Step({x: -x + J @ tanh(x)}, observe={"C": mean(N, x**2)}, initial={}, name="network")
    start = np.linspace(-2, 2, 8)
    begun = Step({w: -w + Gaussian("J", M, M) @ tanh(w)}, observe={"C": mean(M, w**2)}, initial={w: w0}, name="network")
    found = simulate(begun, trials=1, t=times, w0=start, eta=np.ones(8), time_step=step, design={"J": given(matrix)})
    here, seen = start.copy(), {0.0: np.mean(start**2)}
    for k in range(20):
        here = here + step * (-here + matrix @ np.tanh(here))
        seen[round((k + 1) * step, 10)] = np.mean(here**2)
    assert found["C"].mean == pytest.approx([seen[t] for t in times], rel=1e-12)
    drawn = simulate(law, trials=400, t=[0.0], N=50, g=1.5, time_step=step)["C"]
    assert abs(drawn.mean[0] - 1) < 4 * drawn.stderr[0]


def test_integration_is_the_limit_of_short_steps():
    law = Step({x: -x + J @ tanh(x)}, observe={"C": mean(N, x**2)})
    task = dict(t=[0.5, 2.0], N=20, g=1.5, trials=2)
    exact = simulate(law, **task)["C"].mean
    errors = [simulate(law, time_step=s, **task)["C"].mean - exact for s in (0.02, 0.01)]
    assert errors[0] / errors[1] == pytest.approx([2, 2], rel=0.05)


def test_affine_flows_by_exponentials_and_by_integration_agree(monkeypatch):
    task = {**TASK, "t": [0.0, 0.5, 5.0, 50.0]}
    one = simulate(ridge.flow(), **task)
    monkeypatch.setattr("solvers.monte_carlo.flows.LARGEST", 0)
    other = simulate(ridge.flow(), **task)
    for name in OBSERVE:
        assert other[name].mean == pytest.approx(one[name].mean, rel=1e-7)


@pytest.mark.slow
def test_discrete_laws_and_matrices_drawn_anew_at_every_step():
    """One pass of gradient descent on a batch of fresh rows: E|v|^2 shrinks by (1 - 2s + s^2 (1 + (M + 1)/P)) for white data."""
    Z, v = Gaussian("Z", P, M, fresh="step"), State("v", M)
    law = Step({v: v - 0.2 * (Z.T @ (Z @ v)) / P}, continuous=False, initial={v: w0}, observe={"norm": v.square()}, name="sgd")
    found = simulate(law, t=[0, 1, 3], P=4, w0=np.ones(8), eta=np.ones(8), trials=4000)["norm"]
    shrink = 1 - 0.4 + 0.04 * (1 + 9 / 4)
    assert np.all(np.abs(found.mean - 8 * shrink ** np.array([0, 1, 3])) <= 4 * found.stderr)
    assert found.stderr[1] > 0


def test_laws_that_hold_the_time():
    v = State("v", M)
    law = Step({v: -v * time}, initial={v: w0}, observe={"norm": v.square()}, name="schedule")
    found = simulate(law, t=[0.0, 1.0, 2.0], w0=np.ones(8), eta=np.ones(8), trials=1)["norm"].mean
    assert found == pytest.approx(8 * np.exp([0.0, -1.0, -4.0]), rel=1e-8)


def test_contributions_of_modes_follow_the_same_path():
    D = Dim("D", "a2")
    (a2,) = D.spectra
    v, target, Y = State("v", D), sp.sqrt(a2), Gaussian("Y", P, D)
    law = Step({v: -(Y.T @ (Y @ (v - target)))}, observe={"E": sum_over(D, (v - target) ** 2), "c": Contribution("E", a2)})
    task = dict(P=5, t=0.2, trials=2)
    power = np.arange(1, 9) / 8
    found = simulate(law, a2=power, **task)["c"].mean
    step = 1e-4
    for k in range(3):
        near = [simulate(law, a2=power * (1 + s * np.eye(8)[k]), **task, observables=["E"])["E"].mean for s in (step, -step)]
        assert found[k] == pytest.approx((near[0] - near[1]) / (2 * step), rel=1e-5)


def test_times_share_their_draws_whatever_runs_them():
    law = ridge.flow()
    with ThreadPoolExecutor(2) as pool:
        one, other = (simulate(law, t=[0.1, 1.0], **TASK, executor=e) for e in (None, pool))
    assert np.array_equal(one["E_g"].mean, other["E_g"].mean)
    alone = simulate(law, t=0.1, **TASK)
    assert alone["E_g"].mean == one["E_g"].mean[0]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: simulate(ridge.flow(), t=0.25, time_step=0.1, **TASK), ParameterError, "t: 0.25 is no multiple of the time step"),
        (lambda: simulate(ridge.flow(), t=1, time_step=0, **TASK), ParameterError, "time_step: 0; give a positive number"),
        (lambda: simulate(ridge, time_step=0.1, **TASK), ParameterError, "does not move in time"),
        (lambda: simulate(ridge.flow(), t=-1.0, **TASK), ParameterError, "t"),
        (lambda: simulate(ridge.flow(), t=2500, time_step=5.0, **TASK), DivergenceError, r"state w: not finite at t = \d+"),
        (
            lambda: simulate(Step({x: x**3}, observe={"C": mean(N, x**2)}, name="runaway"), t=10.0, N=5, trials=1),
            DivergenceError,
            "states x: the flow cannot be followed from t = ",
        ),
        (
            lambda: simulate(
                Step({w: -(Gaussian("Z", M, M, fresh="step") @ w)}, observe={"n": w.square()}), t=1, eta=np.ones(3), trials=1
            ),
            ParameterError,
            "time_step: none; Z is drawn anew at every step",
        ),
        (
            lambda: simulate(Step({x: J @ x}, continuous=False, observe={"n": x.square()}), t=1, time_step=0.1, N=3, g=1, trials=1),
            ParameterError,
            "moves in steps of 1",
        ),
    ],
)
def test_what_cannot_be_followed_is_refused_by_name(make, error, message):
    with pytest.raises(error, match=message):
        make()
