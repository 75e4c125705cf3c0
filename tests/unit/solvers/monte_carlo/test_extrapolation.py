"""The fit in 1/r and the verdicts, on made-up means."""

import numpy as np
import pytest

from solvers.monte_carlo.extrapolation import fit, judge

SIZES = np.array([1.0, 2.0, 4.0])


def judged(theory, mean, error):
    mean, stderr = np.array(mean, dtype=float), np.full(3, float(error))
    intercept, spread, _, chi2 = fit(mean, stderr, SIZES)
    return judge(np.asarray(float(theory)), mean, stderr, intercept, spread, chi2, 1, True, 0.0)[0]


def test_fit_recovers_a_line_and_its_error():
    rng = np.random.default_rng(0)
    stderr = np.array([0.1, 0.2, 0.05])[:, None] * np.ones(4000)
    mean = 2 + 3 / SIZES[:, None] + stderr * rng.standard_normal(stderr.shape)
    intercept, error, slope, chi2 = fit(mean, stderr, SIZES)
    assert intercept.mean() == pytest.approx(2, abs=4 * error[0] / 60) and slope.mean() == pytest.approx(3, abs=0.02)
    assert intercept.std() == pytest.approx(error[0], rel=0.05)
    assert chi2.mean() == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize(
    ("theory", "mean", "error", "verdict"),
    [
        (1.0, 1 + 0.5 / SIZES, 0.01, "agree"),
        (1.2, 1 + 0.5 / SIZES, 0.01, "disagree"),
        (1.0, 1 + 0.5 / SIZES, 0.5, "inconclusive"),
        (1.0, 1 + 2 / SIZES**4, 0.002, "inconclusive"),
        (1.0, [1.3, 1.1, 1.5], 0.01, "disagree"),
        (np.nan, [1.0, 1.0, 1.0], 0.01, "inconclusive"),
    ],
)
def test_verdicts(theory, mean, error, verdict):
    assert judged(theory, mean, error) == verdict


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_whatever_is_called_agreement_would_have_shown_a_factor_of_two(factor):
    mean = np.full(3, 1.0)
    for error in np.geomspace(1e-3, 1, 60):
        if judged(1.0, mean, error) == "agree":
            assert judged(factor, mean, error) != "agree"


def test_unreliable_errors_give_no_verdict():
    mean, stderr = np.ones(3), np.full(3, 0.01)
    intercept, error, _, chi2 = fit(mean, stderr, SIZES)
    for reliable, verdict in ((True, "agree"), (False, "inconclusive")):
        assert judge(np.array(1.0), mean, stderr, intercept, error, chi2, 1, reliable, 0.0)[0] == verdict
