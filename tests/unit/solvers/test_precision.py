from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

from solvers.modes.power_law import PowerLaw
from solvers.modes.spectra import Modes
from solvers.multiprecision import evaluate_expression
from solvers.precision import evaluate
from tests.unit.solvers.example_theories import explicit, kernel_regression, spin_glass
from theory.averages import GaussianAverage, ModeSum
from theory.errors import ParameterError
from theory.modes import ModeArray, ModeIndex
from theory.special import H, Support, hazard, log_cosh, log_H, residual_life

x, z = sp.symbols("x z", real=True)
eta, k, r = ModeArray("eta"), ModeIndex("M", "k"), ModeIndex("M")
matrix, l = ModeArray("B", rank=2), ModeIndex("D", "l")


def close(found, expected, digits=30):
    return abs(found - expected) <= abs(expected) * mp.mpf(10) ** (1 - digits)


def test_sums_and_free_indices():
    entries = [Fraction(1, 3), Fraction(2), Fraction(1, 7)]
    exact = sum(e / (1 + e) for e in entries)
    found = evaluate_expression(ModeSum(eta[k] / (x + eta[k]), k) * eta[r], {x: 1, r: 2}, {eta: entries})
    with mp.workdps(40):
        assert close(found, mp.mpf(exact.numerator) / exact.denominator / 7)


def test_matrices_and_nested_sums():
    values = [[1, 2, 3], [4, 5, 6]]
    nested = ModeSum(eta[k] * ModeSum(matrix[k, l] ** 2, l), k)
    assert evaluate_expression(nested, {}, {eta: [1, 10], matrix: values}) == 14 + 770
    assert evaluate_expression(matrix[r, l], {r: 1, l: 2}, {matrix: values}) == 6


def test_weights_and_flags():
    assert evaluate_expression(ModeSum(Support(eta[k]), k), {}, {eta: [0, 1, 2]}, weights={"M": [5, 1, 3]}) == 4


def test_gaussian_averages():
    with mp.workdps(45):
        assert close(evaluate_expression(GaussianAverage(sp.exp(x * z), z), {x: "1/2"}), mp.exp(mp.mpf(1) / 8))
        y = sp.Symbol("y", real=True)
        inner = GaussianAverage(sp.cos(z + y), z)
        assert close(evaluate_expression(GaussianAverage(inner, y), digits=10), mp.exp(-1), 10)
        tanh = mp.quad(lambda t: mp.npdf(t) * mp.tanh(2 * t) ** 2, [-mp.inf, 0, mp.inf])
        assert close(evaluate_expression(GaussianAverage(sp.tanh(2 * z) ** 2, z), digits=15), tanh, 15)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (H, lambda t: mp.ncdf(-t)),
        (log_H, lambda t: mp.log(mp.ncdf(-t))),
        (hazard, lambda t: mp.npdf(t) / mp.ncdf(-t)),
        (residual_life, lambda t: mp.npdf(t) / mp.ncdf(-t) - t),
        (log_cosh, lambda t: mp.log(mp.cosh(t))),
        (sp.erfcx if hasattr(sp, "erfcx") else sp.erf, None),
        (sp.besselj, None),
    ],
)
def test_special_functions(function, expected):
    for t in ("3", "-2"):
        if expected is not None:
            with mp.workdps(45):
                assert close(evaluate_expression(function(x), {x: t}), expected(mp.mpf(t)))
    assert close(evaluate_expression(sp.besselj(0, x), {x: 1}), mp.besselj(0, 1), 14)


def test_cancellation_costs_no_digits():
    found = evaluate_expression(sp.sqrt(1 + x) - 1, {x: "1e-40"}, digits=30)
    with mp.workdps(60):
        assert close(found, mp.mpf(10) ** -40 / 2)


def test_text_and_rationals_are_exact_and_floats_binary():
    task = {"P": 3, "eigenvalues": [1, "1/4"], "target_power": [1, 1]}
    text = evaluate(kernel_regression(), digits=40, ridge="1e-1", **task)["kappa"]
    rational = evaluate(kernel_regression(), digits=40, ridge=sp.Rational(1, 10), **task)["kappa"]
    binary = evaluate(kernel_regression(), digits=40, ridge=0.1, **task)["kappa"]
    assert text == rational and 1e-18 < abs(binary - text) < 1e-16


def test_the_equation_holds_at_the_solution():
    found = evaluate(kernel_regression(), digits=60, P=3, ridge="1e-12", eigenvalues=[1, "1/4", "1/9"], target_power=[1, 1, 1])
    with mp.workdps(70):
        eta = [mp.mpf(1), mp.mpf(1) / 4, mp.mpf(1) / 9]
        kappa = found["kappa"]
        assert close(mp.mpf("1e-12") + kappa * mp.fsum(e / (kappa + 3 * e) for e in eta), kappa, 59)


def test_power_laws_and_degenerate_modes():
    law = evaluate(kernel_regression(), P=3, ridge=1, eigenvalues=PowerLaw(2.0, 5), target_power=PowerLaw(2.0, 5))
    exact = [Fraction(1, i * i) for i in range(1, 6)]
    assert law["E_g"] == evaluate(kernel_regression(), P=3, ridge=1, eigenvalues=exact, target_power=exact)["E_g"]
    modes = Modes.from_values(eigenvalues=[1.0, 0.5], target_power=[1.0, 0.5], multiplicity=[1, 2])
    folded = evaluate(kernel_regression(), P=3, ridge=1, eigenvalues=modes)
    plain = evaluate(kernel_regression(), P=3, ridge=1, eigenvalues=[1.0, 0.5, 0.5], target_power=[1.0, 0.5, 0.5])
    assert close(folded["E_g"], plain["E_g"])


def test_other_theories():
    line = evaluate(spin_glass(), digits=10, beta=1.5, J0=1.5)
    assert close(line["m"], line["q"], 10)
    assert close(evaluate(explicit(), x=2, y=3)["f"], mp.log(2) / 3, 15)


def test_missing_values_and_lengths_are_named():
    with pytest.raises(ParameterError, match="no value for x"):
        evaluate_expression(x + 1)
    with pytest.raises(ParameterError, match="different lengths"):
        evaluate_expression(ModeSum(eta[k] * ModeArray("c")[k], k), {}, {eta: [1, 2], ModeArray("c"): [1]})
    with pytest.raises(ParameterError, match="too many"):
        evaluate_expression(ModeSum(eta[k], k), {}, {eta: np.ones(10**6)}, digits=30)
