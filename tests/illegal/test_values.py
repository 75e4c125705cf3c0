"""Values that no theory takes: one line that names the object, the value and the repair."""

import math

import numpy as np
import pytest

from solvers.modes.power_law import PowerLaw
from solvers.modes.spectra import Modes
from solvers.optimisation import optimise
from solvers.precision import evaluate
from solvers.sweeps import solve, sweep
from tests.unit.solvers.example_theories import explicit, kernel_regression, spin_glass
from theory.errors import ConvergenceError, DivergenceError, ParameterError

GOOD = {"P": 3.0, "ridge": 1e-3, "noise": 0.1, "eigenvalues": [1.0, 0.5], "target_power": [1.0, 1.0]}

BAD = [
    ({"rigde": 1}, "rigde.*did you mean 'ridge'"),
    ({"P": None}, "P: None is no number"),
    ({"P": 0}, r"P = 0: .*finite number in \(0, inf\)"),
    ({"P": -3.0}, "P = -3"),
    ({"P": [1.0, math.nan]}, r"P\[1\] = nan"),
    ({"P": math.inf}, "P = inf"),
    ({"P": "10"}, "P: '10' is no number"),
    ({"P": True}, "P: True is no number"),
    ({"P": [True, False]}, "P: bool"),
    ({"P": ["a"]}, "P: "),
    ({"P": 1 + 2j}, "P: complex values are not taken"),
    ({"P": []}, "P: empty"),
    ({"P": [[1.0, 2.0]]}, r"P: shape \(1, 2\) is neither a value"),
    ({"P": PowerLaw(2.0)}, "P: a PowerLaw is a value for each mode"),
    ({"ridge": -1e-3}, "ridge = -0.001"),
    ({"noise": -1.0}, "noise = -1"),
    ({"eigenvalues": 1.0}, r"eigenvalues: shape \(\)"),
    ({"eigenvalues": [1.0, -0.5]}, r"eigenvalues\[1\] = -0.5"),
    ({"eigenvalues": [1.0, math.nan]}, r"eigenvalues\[1\] = nan"),
    ({"eigenvalues": [0.0, 0.0]}, "eigenvalues: all zero"),
    ({"eigenvalues": [[1.0, 2.0], [3.0]]}, "eigenvalues: the rows have different lengths"),
    ({"eigenvalues": np.ones((1, 1, 2))}, r"eigenvalues: shape \(1, 1, 2\)"),
    ({"eigenvalues": []}, "eigenvalues: empty"),
    ({"target_power": [1.0]}, "target_power has 1 entries and eigenvalues has 2"),
    ({"target_power": [0.0, 0.0]}, "target_power: all zero"),
    ({"target_power": [1.0, -1.0]}, r"target_power\[1\] = -1"),
    ({"multiplicity": [1.0]}, "multiplicity has 1"),
    ({"multiplicity": [1.0, -1.0]}, r"multiplicity\[1\]"),
    ({"eigenvalues": PowerLaw(0.9), "target_power": PowerLaw(2.0)}, "eigenvalues: the trace of the kernel diverges"),
    ({"observables": ["E_h"]}, "E_h.*did you mean 'E_g'"),
    ({"zip": ["P", "noise"]}, "zip: 'noise' is no axis|zip: 'P' is no axis"),
    ({"on_failure": "ignore"}, "on_failure: 'ignore'"),
    ({"tolerance": 0}, "tolerance: 0"),
    ({"tolerance": "1e-3"}, "tolerance: '1e-3'"),
    ({"start": {"kapa": 1.0}}, "start: no unknown 'kapa'.*did you mean 'kappa'"),
    ({"start": {"kappa": math.nan}}, "start: kappa = nan"),
]


@pytest.mark.parametrize(("change", "message"), BAD, ids=[f"{next(iter(c))}-{i}" for i, (c, _) in enumerate(BAD)])
def test_bad_values_are_refused_in_one_line(change, message):
    with pytest.raises(ParameterError, match=message) as caught:
        sweep(kernel_regression(), **{**GOOD, **change})
    assert "\n" not in str(caught.value)


def test_missing_values_are_named_with_their_meaning():
    with pytest.raises(ParameterError, match=r"no value for 'P' \(number of training samples\); give P="):
        sweep(kernel_regression(), **{k: v for k, v in GOOD.items() if k != "P"})


def test_zipped_axes_need_one_length():
    with pytest.raises(ParameterError, match=r"different lengths.*P has 2, noise has 3"):
        sweep(kernel_regression(), **{**GOOD, "P": [1, 2], "noise": [0.1, 0.2, 0.3]}, zip=("P", "noise"))
    with pytest.raises(ParameterError, match=r"names a parameter twice"):
        sweep(kernel_regression(), **{**GOOD, "P": [1, 2]}, zip=("P", "P"))


def test_modes_are_given_once():
    modes = Modes.from_values(eigenvalues=[1.0, 0.5], target_power=[1.0, 1.0])
    with pytest.raises(ParameterError, match=r"target_power: given twice"):
        sweep(kernel_regression(), **{**GOOD, "eigenvalues": modes})


def test_solve_takes_one_point():
    with pytest.raises(ParameterError, match=r"P: 2 values given to solve.*use sweep"):
        solve(kernel_regression(), **{**GOOD, "P": [1, 2]})


def test_outside_the_upper_end():
    with pytest.raises(ParameterError, match=r"y = 10: .*\(0, 9\]"):
        solve(explicit(), x=1, y=10)


def test_an_infinite_error_is_said_to_be_infinite():
    with pytest.raises(
        DivergenceError, match=r"E_g, variance of kernel-regression infinite at P = 2, ridge = 0, noise = 0.1"
    ) as caught:
        solve(kernel_regression(), **{**GOOD, "P": 2, "ridge": 0})
    assert "\n" not in str(caught.value)


def test_a_limit_beyond_double_precision_is_refused():
    values = {**GOOD, "ridge": 0, "eigenvalues": [1.0, 1e-200]}
    with pytest.raises(ParameterError, match=r"ridge = 0: the limit is out of reach.*1e-200"):
        solve(kernel_regression(), **values)


def test_an_underflow_is_no_zero():
    with pytest.raises(ConvergenceError, match=r"no value of E_g within double precision at P = 3, ridge = 1e-200, noise = 0"):
        solve(kernel_regression(), **{**GOOD, "ridge": 1e-200, "noise": 0})


def test_an_accuracy_that_cannot_be_had_is_refused():
    with pytest.raises(ConvergenceError, match=r"relative error .* exceeds 1e-18 at P = 3"):
        solve(kernel_regression(), **GOOD, tolerance=1e-18)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (dict(parameter="rigde"), "did you mean 'ridge'"),
        (dict(parameter="ridge", ridge=1.0), "ridge = 1.0 is what is sought"),
        (dict(parameter="eigenvalues"), "eigenvalues has a value for each mode"),
        (dict(parameter="ridge", observable="E"), "no observable 'E'"),
        (dict(parameter="ridge", observable="mode_errors"), "mode_errors has a value for each mode"),
        (dict(parameter="ridge", bounds=(2.0, 1.0)), r"bounds: \(2, 1\)"),
        (dict(parameter="ridge", bounds=(-1.0, 1.0)), r"bounds: \(-1, 1\)"),
        (dict(parameter="ridge", bounds=7), "bounds: 7"),
    ],
)
def test_optimise_refuses(call, message):
    given = {k: v for k, v in GOOD.items() if k not in (call["parameter"], "ridge")}
    with pytest.raises(ParameterError, match=message):
        optimise(kernel_regression(), **{**given, **call})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"P": [1.0, 2.0]}, "P: evaluate takes one point"),
        ({"ridge": 0}, "ridge: 0 is a limit"),
        ({"ridge": "small"}, "ridge: 'small' is no number"),
        ({"digits": 0}, "digits: 0"),
        ({"eigenvalues": PowerLaw(2.0, 1e7), "target_power": PowerLaw(2.0, 1e7)}, "too many"),
        ({"digits": 10**7}, "too many"),
    ],
)
def test_evaluate_refuses(change, message):
    with pytest.raises(ParameterError, match=message):
        evaluate(kernel_regression(), **{**GOOD, **change})


def test_gradients_refuse_what_has_none():
    curve = sweep(kernel_regression(), **{**GOOD, "P": [1.0, 3.0]})
    for call, message in [
        (("rigde",), "did you mean 'ridge'"),
        (("ridge", "E_x"), "no observable 'E_x'"),
        (("eigenvalues", "mode_errors"), "both have a value"),
    ]:
        with pytest.raises(ParameterError, match=message):
            curve.gradient(*call)


def test_a_spin_glass_has_no_optimum_without_bounds_below_zero():
    with pytest.raises(ParameterError, match=r"E_g"):
        optimise(spin_glass(), "beta", observable="E_g", J0=1.0)
