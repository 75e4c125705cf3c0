"""Data sets and other laws of entries in the place of Gaussian matrices."""

import numpy as np
import pytest

from solvers.monte_carlo.designs import LAWS, Entries, Rows
from theory.errors import ParameterError


@pytest.mark.parametrize("law", LAWS)
def test_entries_have_mean_0_and_variance_1(law):
    entries = Entries(law).draw(np.random.default_rng(0), (400, 500))
    assert abs(entries.mean()) < 4 / np.sqrt(entries.size)
    assert abs((entries**2).mean() - 1) < 4 * (entries**2).std() / np.sqrt(entries.size) + 1e-12


def test_rows_come_from_the_data_set():
    features = np.arange(12.0).reshape(6, 2)
    drawn = Rows(features).draw(np.random.default_rng(0), (6, 2))
    assert sorted(drawn[:, 0]) == sorted(features[:, 0])
    many = Rows(features, replace=True).draw(np.random.default_rng(0), (50, 2))
    assert {tuple(row) for row in many} == {tuple(row) for row in features}


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (np.ones(3), r"shape \(3,\)"), (np.ones((2, 2)) * 1j, "complex"), (np.array([[1.0, np.nan]]), "not finite"),
        (np.array([["a"]]), "give a real"), (np.ones((0, 3)), r"\(0, 3\)"),
    ],
)  # fmt: skip
def test_bad_features(features, message):
    with pytest.raises(ParameterError, match=message):
        Rows(features)


def test_shapes_that_cannot_be_drawn():
    with pytest.raises(ParameterError, match="features have 3 columns, the matrix has 4"):
        Rows(np.ones((5, 3))).check("Phi", (2, 4))
    with pytest.raises(ParameterError, match="6 rows from a data set of 5"):
        Rows(np.ones((5, 3))).check("Phi", (6, 3))
    Rows(np.ones((5, 3)), replace=True).check("Phi", (6, 3))


def test_bad_entries():
    with pytest.raises(ParameterError, match="did you mean 'rademacher'"):
        Entries("rademaher")
    with pytest.raises(ParameterError, match=r"shape \(2,\)"):
        Entries(lambda rng, shape: np.ones(2)).draw(np.random.default_rng(0), (2, 2))


def test_rows_with_probabilities():
    features, pmf = np.arange(3.0)[:, None], np.array([0.5, 0.3, 0.2])
    drawn = Rows(features, replace=True, pmf=pmf).draw(np.random.default_rng(0), (20000, 1))
    shares = np.bincount(drawn[:, 0].astype(int)) / 20000
    assert np.all(np.abs(shares - pmf) < 4 * np.sqrt(pmf * (1 - pmf) / 20000))
    for wrong, message in ((pmf[:2], "3 positive probabilities"), (pmf * 2, "sum to 1"), (np.array([1.0, 0, 0]), "positive")):
        with pytest.raises(ParameterError, match=message):
            Rows(features, replace=True, pmf=wrong)
    with pytest.raises(ParameterError, match="set replace=True"):
        Rows(features, pmf=pmf)
    assert Rows(features, replace=True, pmf=pmf).describe() != Rows(features, replace=True).describe()
