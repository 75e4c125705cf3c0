import numpy as np
import pytest

from solvers.optimisation import chandrupatla, optimise
from solvers.sweeps import solve
from tests.unit.solvers.example_theories import cubic, kernel_regression

TASK = {"eigenvalues": [1.0, 0.25, 0.04], "target_power": [1.0, 0.1, 0.2]}


def test_the_optimum_is_below_its_neighbours():
    best = optimise(kernel_regression(), "ridge", P=[1.0, 3.0, 9.0], noise=0.2, **TASK)
    for P, value, observable in zip(best.axes["P"], best.value, best.observable, strict=True):
        at = [solve(kernel_regression(), P=P, ridge=value * f, noise=0.2, **TASK)["E_g"] for f in (0.999, 1.0, 1.001)]
        assert at[1] == pytest.approx(observable, rel=1e-13) and at[1] < min(at[0], at[2])
    assert (best.error < 1e-6).all() and (best.observable_error < 1e-10).all()


def test_bounds_hold_and_are_said():
    inside = optimise(kernel_regression(), "ridge", P=3.0, noise=0.2, **TASK)
    low = optimise(kernel_regression(), "ridge", P=3.0, noise=0.2, **TASK, bounds=(inside.value * 2, inside.value * 9))
    high = optimise(kernel_regression(), "ridge", P=3.0, noise=0.2, **TASK, bounds=(inside.value / 9, inside.value / 2))
    assert (low.at_bound, high.at_bound, inside.at_bound) == ("lower", "upper", "")
    assert low.value == pytest.approx(inside.value * 2) and high.value == pytest.approx(inside.value / 2)


def test_a_signed_parameter_is_searched_as_it_is():
    best = optimise(cubic(), "a", bounds=(-3.0, 4.0))
    assert best.observable == pytest.approx(1, rel=1e-15) and abs(best.value) < 1e-9


def test_roots_in_brackets():
    target = np.array([0.1, 0.5, 0.9])
    calls = []

    def function(x):
        calls.append(1)
        return np.sinh(8 * (x - target))

    roots, width = chandrupatla(function, np.zeros(3), np.ones(3))
    np.testing.assert_allclose(roots, target, atol=1e-15)
    assert len(calls) < 20 and (width < 1e-14).all()
