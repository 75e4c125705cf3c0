"""Features of a user's own as a task for the theory."""

import numpy as np
import pytest

from solvers import from_covariance, from_features, solve
from theory.errors import ParameterError
from theory.models import KernelRegression

N, M = 12, 4000
ETA, W = np.arange(1, N + 1.0) ** -1.2, np.cos(np.arange(N))
RNG = np.random.default_rng(0)
PHI = RNG.normal(size=(M, N)) * np.sqrt(ETA)
Y = PHI @ W + 0.5 * RNG.normal(size=M)
TURN = np.linalg.qr(RNG.normal(size=(N, N)))[0]


def test_moments_give_the_task_whatever_the_basis():
    plain = from_covariance(ETA, ETA * W, ETA @ W**2 + 0.25)
    turned = from_covariance(TURN @ np.diag(ETA) @ TURN.T, TURN @ (ETA * W), ETA @ W**2 + 0.25)
    for task in (plain, turned):
        assert task.eigenvalues == pytest.approx(ETA) and task.target_power == pytest.approx(ETA * W**2)
        assert task.noise == pytest.approx(0.25) and task.samples is None


def test_samples_estimate_the_task():
    own = from_features(PHI, Y)
    assert own.samples == M and own.eigenvalues == pytest.approx(ETA, rel=0.2)
    assert own.noise == pytest.approx(0.25, rel=0.1) and own.target_power.sum() == pytest.approx(ETA @ W**2, rel=0.1)


def test_the_estimate_of_noise_and_power_has_no_bias_from_few_samples():
    """Twelve features on twenty samples: residuals of least squares are much smaller than the noise."""
    rng, noise, power = np.random.default_rng(1), [], []
    for _ in range(400):
        Phi = rng.normal(size=(20, N))
        own = from_features(Phi, rng.normal(size=20))
        noise.append(own.noise)
        power.append(own.target_power.sum())
    assert np.mean(noise) == pytest.approx(1, abs=4 * float(np.std(noise)) / 20)
    assert np.mean(power) < 0.5  # without the correction 0.6 of the labels' power would count as explained


def test_outputs_add_up_and_copies_of_features_change_nothing():
    both, one, two = (from_features(PHI, y) for y in (np.stack([Y, -2 * Y], axis=1), Y, 2 * Y))
    assert both.noise == pytest.approx(one.noise + two.noise)
    assert both.target_power == pytest.approx(one.target_power + two.target_power)
    copied = from_features(np.hstack([PHI, PHI]) / np.sqrt(2), Y)
    assert copied.eigenvalues == pytest.approx(one.eigenvalues) and copied.noise == pytest.approx(one.noise)


def test_the_prediction_is_that_of_the_theory_with_its_noise():
    own = from_features(PHI, Y)
    alone = solve(KernelRegression().theory(), P=30, ridge=0.1, observables=["E_g"], **own.task).observables["E_g"]
    found = own.predicted([10, 30], [0.1, 1.0])
    assert found.shape == (2, 2) and found[1, 0] == pytest.approx(alone + own.noise)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.where(PHI == PHI[3, 2], np.nan, PHI), Y), r"Phi\[3, 2\] is nan; give finite numbers"),
        ((PHI, Y[:-1]), r"y has shape \(3999,\) for Phi of shape \(4000, 12\); give \(4000,\) or \(4000, outputs\)"),
        ((PHI[:, 0], Y), r"Phi has shape \(4000,\); give \(samples, features\)"),
        ((PHI[:N], Y[:N]), r"Phi: 12 samples for 12 independent features; give more samples"),
        ((0 * PHI, Y), r"Phi is zero"),
        ((PHI.astype(complex), Y), r"Phi has dtype complex128; give real numbers"),
        (([[1, 2], [3]], [1, 2]), r"Phi is not an array"),
        ((np.ma.masked_array(PHI, PHI > 2), Y), r"Phi has \d+ masked entries; leave them out or fill them"),
        ((1e200 * PHI, Y), r"Phi has entries up to .*e\+20\d, whose squares leave double precision"),
        ((PHI, 1e-200 * Y), r"y has entries up to .*e-\d+, whose squares leave double"),
        ((np.repeat(PHI[:9], 3, axis=0), np.repeat(Y[:9], 3)), r"Phi: 9 different samples, some of them repeated, for 9"),
    ],
)
def test_features_that_are_refused(arguments, message):
    with pytest.raises(ParameterError, match=message):
        from_features(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, -1], [0, 0], 1), r"covariance has the eigenvalue -1; give a positive semidefinite matrix"),
        (([[1, 2], [0, 1]], [0, 0], 1), r"covariance is not symmetric"),
        (([1, 1], [1, 0], 0.5), r"label_power = 0.5: the features explain 1; give moments of one distribution"),
        (([1, 0], [0, 1], 2), r"cross_covariance: it is not zero where the covariance is"),
        (([1, 1], [1, 0, 0], 2), r"cross_covariance has shape \(3,\); give \(2,\) or \(2, outputs\)"),
        (([1, 1], [1, 0], -2), r"label_power = -2; give a non-negative number"),
    ],
)
def test_moments_that_are_refused(arguments, message):
    with pytest.raises(ParameterError, match=message):
        from_covariance(*arguments)


def test_labels_without_a_target_are_noise():
    """All power is noise: what is predicted is the noise that ridge regression fits, and a width is a number."""
    task = from_covariance(np.ones(4), np.zeros(4), 2.0)
    small = from_covariance(np.ones(4), np.full(4, 1e-9), 2.0)
    assert task.predicted([3, 50], 0.1) == pytest.approx(small.predicted([3, 50], 0.1), rel=1e-9)
    with pytest.raises(ParameterError, match="N: 'a' is no number"):
        small.predicted(3, 0.1, width="a")
