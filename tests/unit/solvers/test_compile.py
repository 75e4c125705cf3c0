"""Compiled expressions against their definition, written with loops."""

import math

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import quad
from scipy.stats import norm

from solvers.compile import BLOCK, Compiled, compile_expressions
from solvers.quadrature import gaussian_rule
from theory.averages import GaussianAverage, ModeSum
from theory.errors import ParameterError
from theory.modes import ModeArray, ModeIndex
from theory.special import H, Support, hazard, log_between, log_cosh, log_H
from theory.symbols import P, kappa, ridge

eta, a2 = ModeArray("eta", nonnegative=True), ModeArray("a2", nonnegative=True)
O = ModeArray("O", rank=2)
k, j, r = ModeIndex("M", "k"), ModeIndex("M", "j"), ModeIndex("M")
n = ModeIndex("N", "n")
z, y = sp.symbols("z y", real=True)
ETA = np.array([3.0, 1.0, 0.25, 0.0])
S = ModeSum(eta[k] / (kappa + P * eta[k]), k)


def test_a_sum_broadcasts_over_parameters_and_takes_complex_ones():
    c = compile_expressions([S, S.diff(kappa), ridge * P])
    kappas, sizes = np.array([0.1, 0.2, 0.5])[:, None], np.array([2.0, 7.0])
    found = c({kappa: kappas, P: sizes, ridge: 1.0}, {eta: ETA})
    expected = sum(e / (kappas + sizes * e) for e in ETA)
    np.testing.assert_allclose(found[0], expected, rtol=1e-14)
    assert [f.shape for f in found] == [(3, 2)] * 3
    step = 1e-30
    by_complex_step = np.imag(c({kappa: kappas + 1j * step, P: sizes, ridge: 1.0}, {eta: ETA})[0]) / step
    np.testing.assert_allclose(found[1], by_complex_step, rtol=1e-13)


def test_nested_sums_matrices_and_free_indices():
    nested = ModeSum(eta[k] * ModeSum(O[k, j] / (eta[k] + eta[j] + kappa), j), k)
    diagonal = ModeSum(O[k, k] * eta[k], k)
    per_mode = S * a2[r] + eta[r] * ModeSum(O[r, k], k)
    matrix = np.arange(16.0).reshape(4, 4) ** 1.5
    found = compile_expressions([nested, diagonal, per_mode])(
        {kappa: np.array([0.3, 0.9]), P: 2.0}, {eta: ETA, a2: ETA**2, O: matrix}
    )
    for i, q in enumerate([0.3, 0.9]):
        expected = sum(ETA[x] * sum(matrix[x, w] / (ETA[x] + ETA[w] + q) for w in range(4)) for x in range(4))
        assert found[0][i] == pytest.approx(expected, rel=1e-14)
        modes = sum(e / (q + 2 * e) for e in ETA) * ETA**2 + ETA * matrix.sum(axis=1)
        np.testing.assert_allclose(found[2][i], modes, rtol=1e-14)
    assert found[1][1] == pytest.approx((np.diag(matrix) * ETA).sum())
    assert found[2].shape == (2, 4)


@pytest.mark.parametrize("modes", [4, 3000])
def test_factors_of_a_sum_that_are_data_and_powers_of_inverses(modes):
    data, weight = np.linspace(2.0, 0.0, modes), np.linspace(1.0, 3.0, modes)
    kappas = np.array([0.1, 0.7])
    factors = {eta[k]: data, a2[k] * eta[k] ** 3: data**5, Support(eta[k]) * a2[k]: np.where(data > 0, data**2, 0.0)}
    for power in (-1, -2, -3, -4, 3):
        bodies = [ModeSum(f * (kappa + P * eta[k]) ** power, k) for f in factors]
        found = compile_expressions(bodies)({kappa: kappas, P: 2.0}, {eta: data, a2: data**2}, {"M": weight})
        for value, factor in zip(found, factors.values(), strict=True):
            for at, one in zip(kappas, value, strict=True):
                assert one == pytest.approx(math.fsum(weight * factor * (at + 2 * data) ** power), rel=1e-14)


def test_two_dimensions_have_axes_of_their_own():
    width = ModeArray("s", positive=True)
    double = ModeSum(eta[k] * ModeSum(width[n] / (eta[k] + width[n]), n), k)
    found = compile_expressions([double])({}, {eta: ETA, width: np.array([1.0, 5.0])})[0]
    assert found == pytest.approx(sum(e * sum(w / (e + w) for w in (1.0, 5.0)) for e in ETA))


def test_multiplicities_weigh_the_modes_and_the_support_is_counted_exactly():
    count = ModeSum(Support(eta[k]), k)
    c = compile_expressions([S, count, ModeSum(Support(eta[k]) / (kappa + P * eta[k]), k)])
    weights = np.array([1.0, 3.0, 2.5, 7.0])
    found = c({kappa: 0.2, P: 2.0}, {eta: ETA}, weights={"M": weights}, counts={"M": 6.5})
    assert found[0] == pytest.approx(sum(w * e / (0.2 + 2 * e) for w, e in zip(weights, ETA)))
    assert found[1] == 6.5
    assert found[2] == pytest.approx(sum(w / (0.2 + 2 * e) for w, e in zip(weights, ETA) if e > 0))


def test_large_evaluations_go_in_pieces_with_the_same_result():
    data = np.arange(1.0, 1 + BLOCK // 4) ** -1.5
    sizes = np.geomspace(1, 100, 9)
    c = compile_expressions([S])
    whole = c({kappa: 0.1, P: sizes}, {eta: data})[0]
    np.testing.assert_array_equal(whole, [c({kappa: 0.1, P: np.array([p])}, {eta: data})[0][0] for p in sizes])


def test_pieces_are_as_large_as_nested_sums_allow(monkeypatch):
    """Two nested sums over n modes need n² elements a point, not n."""
    monkeypatch.setattr("solvers.compile.BLOCK", 4000)
    nested = ModeSum(eta[k] * ModeSum(1 / (eta[k] + eta[j] + kappa), j), k)
    c = compile_expressions([nested])
    seen = []
    evaluate = type(c)._evaluate
    monkeypatch.setattr(
        type(c),
        "_evaluate",
        lambda self, given, fixed, shape: (seen.append(shape), evaluate(self, given, fixed, shape))[1],
    )
    data, kappas = np.arange(1.0, 41.0), np.linspace(0.1, 1, 7)
    found = c({kappa: kappas}, {eta: data})[0]
    assert max(shape[0] for shape in seen) == 4000 // 1600 and len(seen) == 4
    assert found[3] == pytest.approx((data[:, None] / (data[:, None] + data + kappas[3])).sum())


@pytest.mark.parametrize(
    ("function", "value"),
    [(sp.tanh, np.tanh), (H, lambda x: norm.sf(x)), (log_H, lambda x: norm.logsf(x)), (log_cosh, lambda x: np.log(np.cosh(x)))],
)
def test_gaussian_averages_are_integrals(function, value):
    average = GaussianAverage(function(kappa * z + ridge), z)
    expected = quad(lambda x: norm.pdf(x) * value(0.7 * x + 0.3), -12, 12, epsabs=1e-13)[0]
    for rule in ("hermite", "uniform"):
        found = compile_expressions([average], nodes=120, rule=rule)({kappa: 0.7, ridge: 0.3})[0]
        assert found == pytest.approx(expected, abs=2e-10)


@pytest.mark.parametrize(("low", "high"), [(-1.0, 2.0), (-40.0, 40.0), (30.0, 31.0), (-31.0, -30.0), (0.5, 0.5000001), (2, np.inf)])
def test_the_weight_between_two_points(low, high):
    """On either side, however far outside; slopes by complex steps and as expressions."""
    import mpmath as mp

    def exact(a, b):
        with mp.workdps(500):
            return mp.log((mp.erf(mp.mpf(b) / mp.sqrt(2)) - mp.erf(mp.mpf(a) / mp.sqrt(2))) / 2)

    weight = log_between(kappa, ridge)
    compiled = compile_expressions([weight, weight.diff(kappa), weight.diff(ridge)])
    value, *slopes = (float(e) for e in compiled({kappa: low, ridge: high}))
    assert value == pytest.approx(float(exact(low, high)), rel=1e-8, abs=1e-15)
    stepped = Compiled([weight], stepped=True)
    for slope, (a, b) in zip(slopes, ((1e-20j, 0), (0, 1e-20j)), strict=True):
        assert np.imag(stepped({kappa: low + a, ridge: high + b})[0]) / 1e-20 == pytest.approx(slope, rel=1e-12)
    with mp.workdps(500):
        expected = [(-1) ** (i + 1) * mp.npdf(x) / mp.exp(exact(low, high)) for i, x in enumerate((low, high))]
    assert slopes == pytest.approx([float(e) for e in expected], rel=1e-7)


def test_averages_nest_and_differentiate():
    inner = GaussianAverage(sp.exp(y * kappa + z / 5), y)
    outer = GaussianAverage(sp.tanh(z * ridge + inner), z)
    c = compile_expressions([outer, outer.diff(kappa)], nodes=160, rule="uniform")
    step = 1e-6
    plus, minus = (c({kappa: 0.4 + s, ridge: 1.1})[0] for s in (step, -step))
    assert c({kappa: 0.4, ridge: 1.1})[1] == pytest.approx((plus - minus) / (2 * step), rel=1e-8)
    direct = quad(lambda u: norm.pdf(u) * np.tanh(1.1 * u + np.exp(0.4**2 / 2 + u / 5)), -12, 12)[0]
    assert c({kappa: 0.4, ridge: 1.1})[0] == pytest.approx(direct, abs=1e-10)


def test_special_functions_are_stable_in_the_tail():
    c = compile_expressions([log_H(kappa), hazard(kappa), log_H(kappa).diff(kappa), log_cosh(kappa)])
    found = c({kappa: np.array([-30.0, 0.0, 40.0])})
    np.testing.assert_allclose(found[0], norm.logsf([-30.0, 0.0, 40.0]), rtol=1e-13)
    np.testing.assert_allclose(found[2], -found[1])
    np.testing.assert_allclose(found[1], np.exp(norm.logpdf([-30.0, 0.0, 40.0]) - norm.logsf([-30.0, 0.0, 40.0])), rtol=1e-11)
    np.testing.assert_allclose(found[3], np.abs([-30.0, 0.0, 40.0]) - np.log(2) * np.array([1, 0, 1]), rtol=1e-13)


def test_names_that_python_reserves_are_harmless_and_compilation_is_memoised():
    assert compile_expressions([sp.Symbol("lambda") ** 2])({sp.Symbol("lambda"): 3.0})[0] == 9.0
    assert compile_expressions([S, kappa]) is compile_expressions([S, kappa])


def test_a_free_bound_variable_and_an_unknown_rule_are_refused():
    with pytest.raises(ParameterError, match="bound variable _M1 is free"):
        compile_expressions([S.body])
    with pytest.raises(ParameterError, match="'simpson' is no quadrature rule"):
        gaussian_rule(5, "simpson")
