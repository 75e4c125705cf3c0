"""Laws of the losses of gradient descent: limits, anchors that are known independently, identities between methods."""

import numpy as np
import pytest

from solvers import largest_stable_rate, solve, sweep
from solvers.sgd.enclosures import contour
from theory import models

k = np.arange(1, 41.0)
TASK = {"eigenvalues": 2 * k**-1.3, "target_power": k**-1.4, "noise": 0.2}
METHODS = ("sgd", "gd", "flow", "one-pass")


def theory_of(name):
    return models.load(name)().theory()


@pytest.mark.parametrize("t", [0, 1, 10, 1000, 1e5])
def test_contour_gives_powers(t):
    """∮ f(z)/(z - x) = f(x) for the powers that a descent makes of its spectrum."""
    path = contour(0.0, 3.0, 1 / (0.3 * max(t, 10)), 1.0)
    for x in (0.0, 1e-4, 0.1, 2.9):
        f = (1 - 0.3 * path.nodes) ** t
        assert np.sum(path.weights * f / (path.nodes - x)).real == pytest.approx((1 - 0.3 * x) ** t, abs=1e-10)
        assert np.sum(path.coarse * f / (path.nodes - x)).real == pytest.approx((1 - 0.3 * x) ** t, abs=1e-5)


@pytest.mark.parametrize(("decay", "time"), [(0.01, 1e5), (0.3, 1e3)])
def test_flow_ends_at_the_ridge_estimate(decay, time):
    flow = solve(theory_of("flow-linear-regression"), t=time, P=30, learning_rate=1, weight_decay=decay, **TASK)
    ridge = solve(theory_of("kernel-regression"), P=30, ridge=30 * decay, **TASK)
    for name in ("E_g", "E_train"):
        assert flow[name] == pytest.approx(ridge[name], rel=1e-9)


def test_flow_without_decay_ends_at_the_ridgeless_estimate():
    flow = solve(theory_of("flow-linear-regression"), t=1e9, P=20, learning_rate=1, **TASK)
    ridgeless = solve(theory_of("kernel-regression"), P=20, ridge=0, observables="E_g", **TASK)
    assert flow["E_g"] == pytest.approx(ridgeless["E_g"], rel=1e-9)
    assert abs(flow["E_train"]) < 1e-12


def test_small_steps_are_the_flow():
    """Descent in steps of size η differs from the flow at the same η t by O(η)."""
    flow = solve(theory_of("flow-linear-regression"), t=5, P=30, learning_rate=1, **TASK)["E_g"]
    steps = sweep(theory_of("gd-linear-regression"), t=[500, 1000, 2000], learning_rate=[0.01, 0.005, 0.0025],
                  zip=("t", "learning_rate"), P=30, **TASK)["E_g"]
    gaps = steps - flow
    assert gaps[:-1] / gaps[1:] == pytest.approx([2, 2], rel=0.02)


def test_start():
    """At t = 0 nothing is learned; at t = 1 neither is noise of a batch carried on by a step."""
    for name in ("sgd-linear-regression", "gd-linear-regression", "flow-linear-regression"):
        batch = {"batch": 5} if name.startswith("sgd") else {}
        start = solve(theory_of(name), t=0, P=30, learning_rate=0.1, **batch, **TASK)
        assert start["E_g"] == pytest.approx(TASK["target_power"].sum(), rel=1e-12)
        assert start["E_train"] == pytest.approx(TASK["target_power"].sum() + 0.2, rel=1e-12)


def test_noise_of_batches_vanishes_like_their_inverse():
    task = {"t": 20, "P": 30, "learning_rate": 0.2, **TASK}
    full = solve(theory_of("gd-linear-regression"), **task)
    excess = sweep(theory_of("sgd-linear-regression"), batch=[7.5, 15, 30], **task)
    for name in ("E_g", "E_train"):
        gap = excess[name] - full[name]
        assert (gap > 0).all()
        assert gap[:-1] / gap[1:] == pytest.approx([2, 2], rel=0.1)


def test_many_samples_are_one_pass():
    """With P -> oo reused samples are as good as fresh ones, to leading order in the modes."""
    task = {"batch": 10, "learning_rate": 0.3, "t": [1, 10, 50], **TASK}
    reused = sweep(theory_of("sgd-linear-regression"), P=1e7, **task)
    fresh = sweep(theory_of("one-pass-linear-regression"), observables="E_g_leading", **task)
    assert reused["E_g"] == pytest.approx(fresh["E_g_leading"], rel=1e-5)


def test_one_pass_recursion_is_exact():
    """Correction of small batches: exact 0.7301 and leading order 0.6537 at batch 1, known from a simulation of 0.7304(10)."""
    modes = np.arange(1, 101.0)
    found = solve(theory_of("one-pass-linear-regression"), observables=["E_g", "E_g_leading"], t=10, batch=1, learning_rate=0.3,
                  eigenvalues=modes**-1.5, target_power=modes**-1.75)
    assert found["E_g"] == pytest.approx(0.7301, abs=5e-5)
    assert found["E_g_leading"] == pytest.approx(0.6537, abs=5e-5)


def test_one_pass_isotropic():
    """White data at the best rate m/(m + N + 1): the loss falls by (N + 1)/(m + N + 1) at each step (2106.02713)."""
    n, m = 12, 3
    found = sweep(theory_of("one-pass-linear-regression"), t=[0, 1, 7], batch=m, learning_rate=m / (m + n + 1),
                  eigenvalues=np.ones(n), target_power=np.ones(n))["E_g"]
    assert found == pytest.approx(n * ((n + 1) / (m + n + 1)) ** np.array([0, 1, 7.0]), rel=1e-12)


def test_thresholds():
    modes = np.arange(1, 3001.0)
    given = {"batch": 1, "eigenvalues": modes**-2, "target_power": modes**-2}
    exact = theory_of("one-pass-linear-regression")
    assert largest_stable_rate(exact, **given) == pytest.approx(0.6110, abs=1e-4)
    assert largest_stable_rate(exact, leading=True, **given) == pytest.approx(0.8341, abs=1e-4)


def test_loss_is_stationary_below_the_threshold_and_grows_beyond():
    theory = theory_of("sgd-linear-regression")
    rate = largest_stable_rate(theory, P=30, batch=2, **TASK)
    for factor, grows in ((0.97, False), (1.03, True)):
        loss = sweep(theory, t=[2000, 4000], P=30, batch=2, learning_rate=factor * rate, tolerance=1e-8, **TASK)["E_train"]
        assert (loss[1] > 2 * loss[0]) == grows


def test_full_batch_threshold_is_the_edge():
    """White data: the edge of Marchenko and Pastur."""
    rate = largest_stable_rate(theory_of("gd-linear-regression"), P=100, eigenvalues=np.ones(150), target_power=np.ones(150))
    assert rate == pytest.approx(2 / (1 + np.sqrt(1.5)) ** 2, rel=2e-4)


def test_stationary_excess_of_one_pass():
    """L_oo = sigma² S/(1 - S), S = Σ (η/m) λ/(2 - η λ (1 + 1/m)) (2106.02713)."""
    lam, m, eta = np.array([1.0, 0.6, 0.3]), 4, 0.5
    found = solve(theory_of("one-pass-linear-regression"), t=2000, batch=m, learning_rate=eta, noise=0.7, eigenvalues=lam,
                  target_power=lam)["E_g"]
    s = np.sum(eta / m * lam / (2 - eta * lam * (1 + 1 / m)))
    assert found == pytest.approx(0.7 * s / (1 - s), rel=1e-12)


@pytest.mark.slow
def test_random_features_end_at_their_ridge_estimate():
    flow = solve(theory_of("flow-random-features"), t=1e5, P=30, N=18, learning_rate=1, weight_decay=0.01, **TASK)
    ridge = solve(theory_of("random-feature-regression"), P=30, N=18, ridge=0.3, **TASK)
    for name in ("E_g", "E_train"):
        assert flow[name] == pytest.approx(ridge[name], rel=1e-9)


@pytest.mark.slow
def test_wide_random_features_are_linear_regression():
    task = {"P": 30, "learning_rate": 0.2, "batch": 5, "t": [1, 20], **TASK}
    wide = sweep(theory_of("sgd-random-features"), N=1e8, **task)
    linear = sweep(theory_of("sgd-linear-regression"), **task)
    for name in ("E_g", "E_train"):
        assert wide[name] == pytest.approx(linear[name], rel=1e-6)
