import mpmath as mp
import numpy as np
import pytest

from solvers.precision import evaluate
from solvers.sweeps import sweep
from tests.unit.solvers.example_theories import cubic, kernel_regression, spin_glass, two_spectra

TASK = {"eigenvalues": [1.0, 0.25, 0.0, 0.04, 0.5], "target_power": [1.0, 0.5, 0.3, 0.2, 0.0]}


def difference(theory, name, parameter, values, mode=None):
    """A difference quotient of 50-digit solutions."""
    with mp.workdps(60):
        step = mp.mpf(10) ** -15
        ends = []
        for sign in (1, -1):
            moved = dict(values)
            if mode is None:
                moved[parameter] = mp.mpf(moved[parameter]) + sign * step
            else:
                moved[parameter] = [mp.mpf(v) + (sign * step if i == mode else 0) for i, v in enumerate(moved[parameter])]
            ends.append(evaluate(theory, digits=40, observables=[name], **moved)[name])
        return float((ends[0] - ends[1]) / (2 * step))


@pytest.mark.parametrize("parameter", ["P", "ridge", "noise"])
@pytest.mark.parametrize("name", ["E_g", "E_train", "gamma"])
def test_by_scalars(parameter, name):
    values = {"P": 2.5, "ridge": 1e-3, "noise": 0.1, **TASK}
    found = sweep(kernel_regression(), **{**values, "P": [2.5]}).gradient(parameter, name)
    assert found[0] == pytest.approx(difference(kernel_regression(), name, parameter, values), rel=1e-11)


@pytest.mark.parametrize("parameter", ["eigenvalues", "target_power"])
def test_by_single_modes(parameter):
    values = {"P": 2.5, "ridge": 1e-3, "noise": 0.1, **TASK}
    found = sweep(kernel_regression(), **{**values, "P": [2.5, 7.0]}).gradient(parameter, "E_g")
    assert found.shape == (2, 5)
    for mode in (0, 1, 3):
        assert found[0, mode] == pytest.approx(difference(kernel_regression(), "E_g", parameter, values, mode), rel=1e-11)


def test_by_a_mode_of_zero_eigenvalue_is_one_sided():
    values = {"P": 2.5, "ridge": 1e-3, "noise": 0.1, **TASK}
    at = [sweep(kernel_regression(), **{**values, "eigenvalues": [1.0, 0.25, e, 0.04, 0.5]}) for e in (0.0, 1e-9)]
    assert at[0].gradient("eigenvalues", "E_g")[2] == pytest.approx(float((at[1]["E_g"] - at[0]["E_g"]) / 1e-9), rel=1e-5)


def test_of_observables_of_single_modes():
    curve = sweep(kernel_regression(), P=[2.5], ridge=1e-3, noise=0.1, **TASK, observables=["mode_errors", "E_g"])
    assert curve.gradient("ridge", "mode_errors").shape == (1, 5)
    assert curve.gradient("ridge", "mode_errors").sum() == pytest.approx(curve.gradient("ridge", "E_g")[0], rel=1e-12)


def test_of_compressed_spectra_are_those_of_the_modes():
    k = np.arange(1.0, 3001.0)
    curve = sweep(kernel_regression(), P=[100.0], ridge=1e-3, noise=0.1, eigenvalues=k**-1.5, target_power=k**-1.5)
    slope = curve.gradient("eigenvalues", "E_g")[0]
    moved = k**-1.5
    moved[9] *= 1 + 1e-6
    change = (
        sweep(kernel_regression(), P=[100.0], ridge=1e-3, noise=0.1, eigenvalues=moved, target_power=k**-1.5)["E_g"] - curve["E_g"]
    )
    assert slope.shape == (3000,)
    assert slope[9] * k[9] ** -1.5 * 1e-6 == pytest.approx(change[0], rel=1e-4)


def test_at_the_limit_is_the_limit_of_derivatives():
    curve = sweep(kernel_regression(), P=[2.5, 10.0], ridge=[0.0, 1e-12], noise=0.1, **TASK)
    slope = curve.gradient("ridge", "E_g")
    np.testing.assert_allclose(slope[:, 0], slope[:, 1], rtol=1e-8)
    assert curve.gradient("ridge", "kappa")[1, 0] == pytest.approx(1 / (1 - 4 / 10), rel=1e-13)
    by_mode = curve.gradient("eigenvalues", "E_g")  # above interpolation noise M/(P - M), whatever the eigenvalues
    assert not by_mode[1, 0, [0, 1, 3, 4]].any()
    np.testing.assert_allclose(by_mode[0, 0], by_mode[0, 1], rtol=1e-6)


def test_a_tiny_ridge_does_not_spoil_the_derivative():
    curve = sweep(kernel_regression(), P=[10.0], ridge=[0.0, 1e-30], noise=0.1, **TASK)
    np.testing.assert_allclose(*curve.gradient("ridge", "E_g")[0], rtol=1e-12)


def test_of_several_unknowns():
    curve = sweep(spin_glass(), beta=[1.5 - 1e-4, 1.5, 1.5 + 1e-4], J0=1.5)
    assert curve.gradient("beta")[1] == pytest.approx((curve["energy"][2] - curve["energy"][0]) / 2e-4, rel=1e-7)
    values = {"P": 20.0, "N": 5.0, "ridge": 1e-2, "eta": [1.0, 0.5, 0.2], "mu": [1.0, 0.3]}
    found = sweep(two_spectra(), **values)
    assert found.gradient("mu")[1] == pytest.approx(difference(two_spectra(), "E", "mu", values, 1), rel=1e-11)
    assert found.gradient("N") == pytest.approx(difference(two_spectra(), "E", "N", values), rel=1e-11)


def test_on_the_line():
    curve = sweep(cubic(), a=[-3.0, 0.0, 5.0])
    u = curve["u"]
    np.testing.assert_allclose(curve.gradient("a"), 2 * u / (1 + 3 * u**2), rtol=1e-13)
