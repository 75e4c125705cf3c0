"""What is no theory, no model, no name, no executor, no tolerance: one line that says what to pass."""

import numpy as np
import pytest

from solvers import check, evaluate, optimise, simulate, solve, sweep
from theory import models
from theory.errors import ParameterError

MODEL = models.KernelRegression()
TASK = {"P": 3, "ridge": 0.1, "eigenvalues": [2.0, 1.0], "target_power": [1.0, 1.0]}


@pytest.fixture(scope="module")
def theory():
    return MODEL.theory()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"observables": 3}, "observables: 3 is no name"),
        ({"observables": ["E_g", ["x"]]}, r"observables: \['x'\] is no name"),
        ({"tolerance": None}, "tolerance: None is no relative error"),
        ({"tolerance": [0.1]}, "tolerance: .* is no relative error"),
        ({"tolerance": 1j}, "tolerance: 1j is no relative error"),
        ({"start": 3}, "start: 3 is no mapping"),
        ({"start": {"kappa": None}}, "start: kappa = None is not a finite number"),
        ({"start": {"kappa": 1j}}, "start: kappa = 1j is not a finite number"),
        ({"zip": 3}, "zip: 3 is no name"),
        ({"zip": None}, "zip: None is no name"),
        ({"executor": 3}, "executor: 3 runs nothing"),
        ({"ridge": 10**400}, "ridge: 1000.* is beyond double precision"),
        ({"eigenvalues": np.ma.masked_array([2.0, 1.0], [False, True])}, "eigenvalues: the array has masked entries"),
    ],
)
def test_options_of_sweep(theory, options, message):
    with pytest.raises(ParameterError, match=message):
        sweep(theory, **{**TASK, **options})


def best_ridge(theory, ridge, **values):
    return optimise(theory, "ridge", **values)


@pytest.mark.parametrize("call", [solve, evaluate, best_ridge])
def test_a_model_in_the_place_of_its_theory_is_told_what_to_pass(call):
    with pytest.raises(ParameterError, match=r"kernel-regression is a model; pass its theory, model.theory\(\)"):
        call(MODEL, **TASK)
    with pytest.raises(ParameterError, match=r"theory: None is no theory"):
        call(None, **TASK)


@pytest.mark.parametrize("call", [simulate, check])
def test_what_is_no_model_is_told_what_to_pass(call):
    with pytest.raises(ParameterError, match=r"KernelRegression is a class; pass an instance, KernelRegression\(\)"):
        call(models.KernelRegression, **TASK)
    with pytest.raises(ParameterError, match="model: 'kernel-regression' is no declared model"):
        call("kernel-regression", **TASK)


def test_evaluate_takes_scalars_off_singular_points(theory):
    with pytest.raises(ParameterError, match="mode_errors: it has a value for each mode"):
        evaluate(theory, observables=["mode_errors"], **TASK)
