"""The jackknife against what is known in closed form."""

import numpy as np
import pytest

from solvers.monte_carlo import statistics
from solvers.monte_carlo.statistics import Moments, jackknife, mean_and_error


def variance_moments(f, copies):
    """sum (f - <f>)^2 = <f^2> - 2 <f><f> + <f>^2, one row of f for each trial."""
    powers = ((0,), (1,), (2,))
    return [(Moments(powers, np.array([t**2, -2 * t, np.ones_like(t)]), t[None], copies),) for t in f]


@pytest.mark.parametrize("copies", [0, 1, 3])
def test_variance_is_the_sample_variance(copies):
    f = np.random.default_rng(0).standard_normal((7, 12))
    mean, error = jackknife(variance_moments(f, copies))
    expected = f.var(axis=0, ddof=1)
    expected = expected.sum() if copies == 0 else expected.reshape(-1, copies).sum(axis=1)
    assert np.allclose(mean, expected, rtol=1e-12) and np.all(error > 0)


def test_blocks_of_sites_change_nothing(monkeypatch):
    f = np.random.default_rng(0).standard_normal((7, 12))
    whole = [jackknife(variance_moments(f, copies)) for copies in (0, 2)]
    monkeypatch.setattr(statistics, "ELEMENTS", 30)
    for (mean, error), copies in zip(whole, (0, 2), strict=True):
        again = jackknife(variance_moments(f, copies))
        assert np.allclose(again[0], mean, rtol=1e-13) and np.allclose(again[1], error, rtol=1e-10)


def test_jackknife_error_is_the_spread_over_repetitions():
    rng = np.random.default_rng(0)
    found = [jackknife(variance_moments(rng.standard_normal((30, 5)), 0)) for _ in range(400)]
    means, errors = np.array(found).T
    assert means.mean() == pytest.approx(5, abs=4 * means.std() / 20)
    assert errors.mean() == pytest.approx(means.std(), rel=0.1)


def test_one_trial_has_no_error():
    mean, error = mean_and_error(np.array([3.0]))
    assert mean == 3 and np.isnan(error)
    assert np.all(np.isnan(jackknife(variance_moments(np.ones((1, 4)), 1))))
