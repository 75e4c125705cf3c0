"""Errors out of distribution: linear in the overlap, matched at the identity, blind to a change of basis, and not to signs."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from solvers import solve, sweep
from solvers.shifts import Shift, linear_shift
from theory.models.kernel_regression import KernelRegression
from theory.models.out_of_distribution import OutOfDistribution

THEORY = OutOfDistribution().theory()
RNG = np.random.default_rng(8)
ETA = np.arange(1, 13.0) ** -1.4
A = RNG.standard_normal(12) * np.sqrt(ETA)
ROOT = RNG.standard_normal((12, 12)) / 3
OVERLAP = ROOT @ ROOT.T + np.eye(12) / 2
TASK = dict(P=9.0, ridge=0.02, noise=0.1)


def test_identity_overlap_is_kernel_regression():
    found = solve(THEORY, eigenvalues=ETA, target=A, overlap=np.eye(12), **TASK)
    other = solve(KernelRegression().theory(), eigenvalues=ETA, target_power=A**2, **TASK)
    assert found["E_g"] == pytest.approx(found["E_matched"], rel=1e-13) == pytest.approx(other["E_g"], rel=1e-13)
    assert found["E_train"] == pytest.approx(other["E_train"], rel=1e-12)


def test_the_error_is_linear_in_the_overlap():
    overlaps = np.stack([OVERLAP, np.eye(12), 0.3 * OVERLAP + 2 * np.eye(12)])
    one, two, both = sweep(THEORY, eigenvalues=ETA, target=A, overlap=overlaps, **TASK)["E_g"]
    assert both == pytest.approx(0.3 * one + 2 * two, rel=1e-12)


def test_signs_of_the_target_count_with_a_full_overlap_and_not_with_a_diagonal_one():
    signs = RNG.choice([-1.0, 1.0], size=(200, 12))
    full = sweep(THEORY, eigenvalues=ETA, target=signs * A, overlap=OVERLAP, **TASK)["E_g"]
    flat = sweep(THEORY, eigenvalues=ETA, target=signs * A, overlap=np.diag(np.diag(OVERLAP)), **TASK)["E_g"]
    assert np.ptp(full) > 0.05 * full.mean() and np.ptp(flat) < 1e-12 * flat.mean()
    # The mean over signs sees the diagonal alone.
    assert full.mean() == pytest.approx(flat.mean(), abs=4 * full.std() / np.sqrt(200))


def test_covariances_that_do_not_commute_and_turn_together():
    c, other = (m @ m.T for m in RNG.standard_normal((2, 8, 8)))
    beta, turn = RNG.standard_normal(8), np.linalg.qr(RNG.standard_normal((8, 8)))[0]
    one = solve(THEORY, **TASK, **linear_shift(c, other, beta))
    two = solve(THEORY, **TASK, **linear_shift(turn @ c @ turn.T, turn @ other @ turn.T, turn @ beta))
    assert one["E_g"] == pytest.approx(two["E_g"], rel=1e-9)
    assert solve(THEORY, **TASK, **linear_shift(c, c, beta))["E_g"] == pytest.approx(one["E_matched"], rel=1e-9)


def test_directions_that_are_never_seen_keep_their_error():
    """Isotropic training on 6 of 10 directions, isotropic test: the white theory on 6, and the power of the other 4."""
    beta = RNG.standard_normal(10)
    train = np.where(np.arange(10) < 6, 1.0, 0.0)
    found = solve(THEORY, **TASK, **linear_shift(train, np.ones(10), beta))["E_g"]
    white = solve(KernelRegression().theory(), **TASK, eigenvalues=np.ones(6), target_power=beta[:6] ** 2)["E_g"]
    assert found == pytest.approx(white + np.sum(beta[6:] ** 2), rel=1e-9)


def test_another_training_distribution_than_that_of_the_test_can_be_better():
    """Training variances k^-s of fixed trace, tested at s = 1: the least error is not at s = 1."""
    k = np.arange(1, 101.0)

    def error(s: float) -> float:
        train = k**-s * np.sum(1 / k) / np.sum(k**-s)
        return solve(THEORY, P=50.0, ridge=1e-3, noise=0.5, **linear_shift(train, 1 / k, k**-0.25))["E_g"]

    best = minimize_scalar(error, bounds=(0.1, 1.9), method="bounded")
    assert abs(best.x - 1) > 0.1 and best.fun < 0.92 * error(1.0)


def test_a_shift_on_points_is_the_matched_task_of_its_own_test_where_both_are_one():
    x = RNG.standard_normal((40, 5))
    gram, y, p = (1 + x @ x.T / 5) ** 2, x[:, 0] + x[:, 1] * x[:, 2], RNG.dirichlet(np.ones(40) * 4)
    shift = Shift(gram, y, p, p)
    assert np.allclose(shift.values["overlap"], np.eye(40), atol=1e-9)
    found = solve(THEORY, **TASK, **shift.values)
    assert found["E_g"] == pytest.approx(found["E_matched"], rel=1e-9)
