"""Derivatives of the error out of distribution by the training and test distributions, and the optima that they lead to."""

import numpy as np
import pytest

from solvers import solve
from solvers.optimal_measures import optimise_test, optimise_train, point_errors, train_gradient
from solvers.shifts import Shift
from theory.errors import ParameterError
from theory.models.out_of_distribution import OutOfDistribution

THEORY = OutOfDistribution().theory()
TASK = dict(P=12.0, ridge=0.05, noise=0.1)
RNG = np.random.default_rng(3)
X = RNG.standard_normal((24, 4))
Y = X[:, 0] + X[:, 1] * X[:, 2]
TRAIN, TEST = RNG.dirichlet(5 * np.ones(24)), RNG.dirichlet(2 * np.ones(24))
SMOOTH = Shift(np.exp(-((X[:, None] - X[None]) ** 2).sum(-1) / 8), Y, TRAIN, TEST)
FLAT = Shift((1 + X @ X.T / 4) ** 2, Y, TRAIN, TEST)  # 15 features on 24 points: modes of eigenvalue 0
ANGLES = 2 * np.pi * np.arange(24) / 24
ROUND = Shift(np.exp(2 * np.cos(ANGLES[:, None] - ANGLES)), np.cos(ANGLES) + np.sin(2 * ANGLES), None, TEST)


def error(shift, logits):
    p = np.exp(logits)
    return solve(THEORY, **TASK, **shift.trained_on(p / p.sum()).values)["E_g"]


@pytest.mark.parametrize(("shift", "digits"), [(SMOOTH, 1e-6), (FLAT, 1e-6), (ROUND, 1e-4)], ids=["smooth", "flat", "degenerate"])
def test_the_gradient_is_that_of_the_error(shift, digits):
    value, slope = train_gradient(THEORY, shift, **TASK)
    logits = np.log(shift.train)
    assert value == pytest.approx(error(shift, logits), rel=1e-5) and abs(slope.sum()) < 1e-12
    for i in (0, 7, 20):
        step = 1e-3 * (np.arange(24) == i)
        numeric = (error(shift, logits + step) - error(shift, logits - step)) / 2e-3
        assert slope[i] == pytest.approx(numeric, rel=1e-3, abs=digits)


def test_errors_at_the_points_average_to_the_error():
    errors = point_errors(THEORY, SMOOTH, **TASK)
    assert errors.min() > 0
    assert errors @ TEST == pytest.approx(solve(THEORY, **TASK, **SMOOTH.values)["E_g"], rel=1e-10)
    assert errors @ TRAIN == pytest.approx(solve(THEORY, **TASK, **SMOOTH.values)["E_matched"], rel=1e-10)


@pytest.mark.slow
def test_the_best_training_distribution():
    free = optimise_train(THEORY, SMOOTH, steps=5, **TASK)
    held = optimise_train(THEORY, SMOOTH, steps=5, penalty=0.2, **TASK)
    assert free.error < held.error < free.start == held.start
    assert free.participation < held.participation < 24
    assert free.error == pytest.approx(error(SMOOTH, np.log(free.pmf)), rel=1e-8)


def test_the_easiest_and_the_hardest_test_at_a_distance():
    easy, hard = (optimise_test(THEORY, SMOOTH, 0.3, hardest=h, **TASK) for h in (False, True))
    assert easy.error < easy.start < hard.error
    for found in (easy, hard):
        assert np.sum(found.pmf * np.log(found.pmf / TEST)) == pytest.approx(0.3, rel=1e-9)
        other = np.random.default_rng(0).dirichlet(50 * found.pmf + 0.1)
        mixed = next(q for s in np.linspace(0, 1, 400)[1:] for q in [s * other + (1 - s) * TEST] if _distance(q) > 0.3 or s == 1)
        assert _distance(mixed) >= 0.3 or (mixed == other).all()
    with pytest.raises(ParameterError, match="divergence: 50; from this distribution it lies between 0 and"):
        optimise_test(THEORY, SMOOTH, 50.0, **TASK)


def _distance(q):
    return float(np.sum(q * np.log(q / TEST)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Shift(np.eye(3), np.ones(3), None, np.ones(2) / 2), r"test has shape \(2,\); give \(3,\)"),
        (lambda: Shift(np.eye(3), np.ones(3), None, np.ones(3)), "test sums to 3"),
        (lambda: Shift(np.eye(3), np.ones((3, 2))), "target has shape"),
        (lambda: Shift(np.eye(3), np.ones(3), np.array([0.5, 0.5, 0.0])), r"pmf\[2\] is 0"),
        (lambda: optimise_train(THEORY, SMOOTH, penalty=-1.0, **TASK), "penalty: -1"),
    ],
)
def test_what_is_no_shift_is_refused(make, message):
    with pytest.raises(ParameterError, match=message):
        make()
