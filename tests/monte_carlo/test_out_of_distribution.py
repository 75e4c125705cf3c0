"""Kernel and linear regression out of distribution, in finite systems and on finite sets of points."""

import numpy as np
import pytest

from solvers import check, simulate, solve
from solvers.optimal_measures import optimise_train
from solvers.shifts import Shift, linear_shift
from theory.models.out_of_distribution import OutOfDistribution

MODEL = OutOfDistribution()
THEORY = MODEL.theory()


def test_a_full_overlap_and_signs():
    rng = np.random.default_rng(0)
    eta = np.arange(1, 31.0) ** -1.5
    turn = np.linalg.qr(rng.standard_normal((30, 30)))[0]
    task = dict(eigenvalues=eta, target=np.sqrt(eta) * rng.choice([-1, 1], 30), overlap=turn * rng.uniform(0.2, 2, 30) @ turn.T)
    found = check(MODEL, P=20, ridge=0.01, noise=0.1, trials=400, **task)
    assert found.passed and set(found.comparisons) == {"E_g", "E_matched", "E_train"}, found


def test_linear_regression_with_covariances_that_do_not_commute():
    rng = np.random.default_rng(2)
    train, test = (m @ m.T / 24 for m in rng.standard_normal((2, 24, 24)))
    assert check(MODEL, P=15, ridge=0.1, noise=0.1, trials=300, **linear_shift(train, test, rng.standard_normal(24))).passed


@pytest.mark.slow
def test_a_better_training_distribution_on_points_in_many_dimensions():
    """Training as descended from the theory, held to stay spread, is better in the experiment too, and the theory near it."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal((200, 12))
    x /= np.linalg.norm(x, axis=1)[:, None]
    gram, y = (1 + x @ x.T) ** 3 / 8, x[:, 0] + 2 * np.sqrt(12) * x[:, 1] * x[:, 2]
    test = np.exp(-2 * x[:, 0])
    matched = Shift(gram, y, test / test.sum(), test / test.sum())
    task = dict(P=50, ridge=0.05, noise=0.05)
    best = optimise_train(THEORY, matched, steps=6, penalty=1.0, **task)
    errors = []
    for shift in (matched, matched.trained_on(best.pmf)):
        found = simulate(MODEL, trials=400, observables=["E_g"], design={"Phi": shift.rows()}, **task, **shift.values)["E_g"]
        assert abs(found.mean / solve(THEORY, **task, **shift.values)["E_g"] - 1) < 0.12
        errors.append(found)
    assert best.error < 0.99 * best.start
    assert errors[0].mean - errors[1].mean > 3 * np.hypot(errors[0].stderr, errors[1].stderr)
