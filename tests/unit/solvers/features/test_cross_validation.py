"""Generalised cross-validation and errors on splits."""

import numpy as np
import pytest

from solvers import cross_validated, measured_errors
from theory.errors import ParameterError

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(30, 8), (8, 30)])
def test_generalised_cross_validation_by_its_definition(shape):
    Phi, y, ridge = RNG.normal(size=shape), RNG.normal(size=(shape[0], 2)), 0.7
    hat = Phi @ np.linalg.solve(Phi.T @ Phi + ridge * np.eye(shape[1]), Phi.T)
    train = ((y - hat @ y) ** 2).sum() / len(y)
    found = cross_validated(Phi, y, ridge)
    assert found.degrees_of_freedom == pytest.approx(np.trace(hat)) and found.train_error == pytest.approx(train)
    assert found.test_error == pytest.approx(train / (1 - np.trace(hat) / len(y)) ** 2)
    assert found.effective_ridge == pytest.approx(ridge / (1 - np.trace(hat) / len(y)))


def test_splits_are_drawn_from_the_seed_and_leave_samples_to_test_on():
    Phi, y = RNG.normal(size=(40, 5)), RNG.normal(size=40)
    one, two, other = (measured_errors(Phi, y, [10, 39], 0.3, splits=4, seed=s) for s in (1, 1, 2))
    assert (one.test_error == two.test_error).all() and (one.test_error != other.test_error).all()
    assert one.P.tolist() == [10, 39] and (one.test_stderr > 0).all() and one.splits == 4


def test_an_exact_target_is_learned():
    Phi = RNG.normal(size=(200, 5))
    found = measured_errors(Phi, Phi @ np.arange(5.0), 100, 1e-9, splits=2)
    assert found.test_error[0] < 1e-15 and found.cross_validated[0] < 1e-15


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ridge": 0}, r"ridge = 0; give a positive number"),
        ({"ridge": np.nan}, r"ridge\[\] is nan; give finite numbers"),
        ({"P": 40}, r"P = 40; give a whole number, from 2 to 39"),
        ({"P": 10.5}, r"P = 10.5; give a whole number"),
        ({"splits": 1}, r"splits = 1; give a whole number, 2 or more"),
        ({"width": 0}, r"width = 0; give a whole number, 1 or more"),
        ({"seed": -1}, r"seed = -1"),
    ],
)
def test_splits_that_are_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        measured_errors(RNG.normal(size=(40, 5)), RNG.normal(size=40), **{"P": 10, "ridge": 0.3, **options})


def test_one_sample_is_too_few():
    with pytest.raises(ParameterError, match="one sample is too few"):
        cross_validated(np.ones((1, 3)), [1.0], 0.1)


@pytest.mark.parametrize("samples", [10, 20])
def test_a_ridge_below_rounding_interpolates(samples):
    """Then (λ/κ)² of the training error is a limit, which its two factors, both zero in double precision, do not show."""
    Phi, y = RNG.normal(size=(samples, 20)), RNG.normal(size=samples)
    tiny, small = cross_validated(Phi, y, 1e-300), cross_validated(Phi, y, 1e-9)
    assert tiny.test_error == pytest.approx(small.test_error, rel=1e-5) and tiny.train_error == 0
    assert tiny.effective_ridge == pytest.approx(small.effective_ridge, rel=1e-5)


def test_no_sizes_are_refused():
    with pytest.raises(ParameterError, match="P: no sizes; give at least one"):
        measured_errors(RNG.normal(size=(40, 5)), RNG.normal(size=40), [], 0.3)
