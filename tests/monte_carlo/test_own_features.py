"""Features of a user's own: what theory predicts for them against ridge regression on splits, on drawn data and on images."""

import numpy as np
import pytest

from solvers import datasets, from_covariance, from_features, measured_errors
from solvers.reproduction import universality_gap

N, M = 60, 6000
ETA, SIZES = np.arange(1, N + 1.0) ** -1.2, [10, 30, 60, 120, 300]
RNG = np.random.default_rng(0)
W = RNG.normal(size=N)
PHI = RNG.normal(size=(M, N)) * np.sqrt(ETA)
Y = PHI @ W + 0.5 * RNG.normal(size=M)
TRUE = from_covariance(ETA, ETA * W, ETA @ W**2 + 0.25)


@pytest.mark.parametrize("width", [None, pytest.param(40, marks=pytest.mark.slow)])
def test_gaussian_features_agree_on_splits(width):
    found = measured_errors(PHI, Y, SIZES, 0.1, width=width, splits=60)
    predicted = TRUE.predicted(SIZES, 0.1, width)
    assert np.all(np.abs(found.test_error - predicted) < 4 * found.test_stderr + 0.3 * predicted / np.array(SIZES))
    assert np.all(np.abs(found.cross_validated - predicted) < 4 * found.cross_validated_stderr + 0.3 * predicted / np.array(SIZES))
    assert from_features(PHI, Y).predicted(SIZES, 0.1, width) == pytest.approx(predicted, rel=0.02)


def test_a_wrong_spectrum_is_seen():
    """The same variance spread over equal modes."""
    white = from_covariance(np.full(N, ETA.mean()), np.sqrt(ETA * ETA.mean()) * W, ETA @ W**2 + 0.25)
    found = measured_errors(PHI, Y, SIZES, 0.1, splits=20)
    assert np.any(np.abs(white.predicted(SIZES, 0.1) / found.test_error - 1) > 0.2)


def test_images_of_digits_keep_a_small_gap():
    """Pixels are not Gaussian: the prediction holds to some per cent, least well for a small ridge and few samples."""
    data = datasets.load("digits", None)
    own, sizes = from_features(data.X, data.y), [50, 100, 200, 400]
    for ridge, bound in ((30.0, 0.02), (1.0, 0.06)):
        found = measured_errors(data.X, data.y, sizes, ridge, splits=10)
        gap = universality_gap(own.predicted(sizes, ridge), found.test_error, found.test_stderr)
        assert gap["overall"] < bound and abs(gap["per_point"][-1]) < 0.02
