"""Where order parameters approach the ends of their domain: capacity, much data, low temperature. Laws of the approach."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import erfcx, ndtr

from solvers import solve, sweep
from theory import Dim, Energy, Gaussian, Signs, State, heaviside, models, sign, sum_over
from theory.errors import ConvergenceError, DivergenceError


def test_volume_of_gardners_perceptron_up_to_its_capacity():
    """α_c(0) = 2; 1 - q vanishes as (2 - α)/c with 1/α = <hazard²>(1 - q)/q, against quadrature by hand at 1e-4 from it."""
    theory = models.Gardner("gibbs").theory()
    found = sweep(theory, N=1.0, P=np.array([1.0, 1.9, 1.9999]))
    assert found["capacity"] == pytest.approx([2.0] * 3, rel=1e-14)

    def load(q):
        def hazard2(z):
            hazard = np.sqrt(2 / np.pi) / erfcx(max(-z * np.sqrt(q / (1 - q) / 2), -18))
            return hazard**2 * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)

        width = 30 * np.sqrt((1 - q) / q)
        parts = [(-12, -width), (-width, 0), (0, width), (width, 12)] if width < 12 else [(-12, 12)]
        return q / (1 - q) / sum(quad(hazard2, *p, epsabs=0, epsrel=1e-13, limit=500)[0] for p in parts)

    for alpha, q in zip((1.0, 1.9, 1.9999), found["q"], strict=True):
        assert brentq(lambda x, a=alpha: load(x) - a, 0.1, 1 - 1e-7, xtol=1e-15) == pytest.approx(q, rel=1e-9)
    margin = solve(theory, N=1.0, P=0.961, margin=0.5)
    assert margin.observables["capacity"] == pytest.approx(0.961205052801541756, rel=1e-14)
    assert 1 - margin.order_parameters["q"] < 2e-4 and margin.observables["stability"] > 0.5


def test_a_bayesian_perceptron_with_much_data():
    """Nishimori's q = m, and generalisation as 0.6245/α (Györgyi and Tishby) with corrections of relative order 1/α."""
    loads = np.array([8.0, 15.0, 30.0])
    found = sweep(models.BayesPerceptron().theory(), N=1.0, P=loads, tolerance=1e-8)
    assert found["q"] == pytest.approx(found["m"], rel=1e-9)
    away = loads * found["E_g"] - 0.6245
    assert abs(away[2]) < 0.01 and abs(away[2]) < 0.6 * abs(away[1]) < 0.36 * abs(away[0])


def test_the_spherical_three_spin_glass_down_to_absolute_zero():
    """β x_1 and the energy tend to those of one step at T = 0: e = -1.1717 for covariance q³/2 (Crisanti and Sommers 1995)."""
    theory = models.SphericalPSpin().theory()
    temperatures = np.array([0.3, 0.1, 0.02, 0.01])
    found = sweep(theory, N=1.0, temperature=temperatures, tolerance=1e-7)
    assert np.all(found["dq_1"] > 0.8)
    # Temperature scales out of the equations but for q, so that the replicon is the same at every one.
    assert found["replicon"] == pytest.approx([found["replicon"][0]] * 4, rel=1e-6)
    energy = 2 * found["energy"][3] - found["energy"][2]
    assert energy == pytest.approx(-1.17168, abs=2e-4)


def test_unstable_zeros_are_no_solutions():
    """Below T = 1 without a field the paramagnet grows an overlap; above it does not."""
    theory = models.SherringtonKirkpatrick().theory()
    found = sweep(theory, N=1.0, temperature=np.array([0.9, 0.99, 1.01]))
    assert np.all(found["q"][:2] > 0) and found["q"][2] == 0.0


def test_a_bayesian_perceptron_from_little_to_very_much_data():
    """Nishimori leaves one equation, R/√(1-R) = (α/π) ∫Dt exp(-Rt²/2)/H(√R t), so that α E_g -> √2/∫Dt exp(-t²/2)/H(t)."""
    loads = np.array([1e-3, 10.0, 1e3, 1e6])
    found = sweep(models.BayesPerceptron().theory(), N=1.0, P=loads)

    def drive(r):
        return quad(lambda t: np.exp(-((1 + r) * t**2) / 2) / ndtr(-np.sqrt(r) * t) / np.sqrt(2 * np.pi), -12, 12, epsrel=1e-13)[0]

    for alpha, error in zip(loads, found["E_g"], strict=True):
        gap = lambda x, a=alpha: -np.expm1(x) / np.exp(x / 2) - a / np.pi * drive(-np.expm1(x))  # noqa: E731
        away = np.exp(brentq(gap, -35, -1e-9, xtol=1e-14))
        assert error == pytest.approx(2 * np.arcsin(np.sqrt(away / 2)) / np.pi, rel=1e-11)
    assert loads[-1] * found["E_g"][-1] == pytest.approx(np.sqrt(2) / drive(1.0), rel=1e-11)
    assert found["q"] == pytest.approx(found["m"], rel=1e-14)


@pytest.mark.slow
def test_the_largest_margin_with_much_data():
    """With s = √(1-R²) and the margin κ s: 2 α s φ(0) = 1/∫_{t<κ} (κ-t)² H(-t) dt = 1/∫_{t<κ} Dt (κ-t), up to relative order s²."""
    loads = np.array([1e2, 1e4, 1e6])
    found = sweep(models.MaxMargin().theory(), N=1.0, P=loads)

    def square(k):
        return quad(lambda t: (k - t) ** 2 * ndtr(t), -12, k, epsrel=1e-13)[0]

    def linear(k):
        return k * ndtr(k) + np.exp(-(k**2) / 2) / np.sqrt(2 * np.pi)

    k = brentq(lambda x: square(x) - linear(x), 0.1, 5, xtol=1e-15)
    scale = np.sqrt(2 * np.pi) / 2 / linear(k)
    for name, limit in (("E_g", scale / np.pi), ("margin", k * scale)):
        away = np.abs(loads * found[name] / limit - 1)
        assert away[0] < 1e-3 and away[1] < 1e-7 and away[2] < 1e-10


@pytest.mark.slow
def test_penalties_from_almost_none_to_almost_all():
    """Without a penalty the hinge has the largest margin; under a strong one both losses have Hebb's weights, Σ y x, whose overlap
    with the teacher is √(2α/(2α + π))."""
    ridges, alpha = np.array([1e-10, 1e-5, 1.0, 1e6]), 2.0
    hebb = np.arccos(np.sqrt(2 * alpha / (2 * alpha + np.pi))) / np.pi
    hinge = sweep(models.SupportVector().theory(), N=1.0, P=alpha, ridge=ridges)["E_g"]
    logistic = sweep(models.LogisticRegression().theory(), N=1.0, P=alpha, ridge=ridges)
    margin = solve(models.MaxMargin().theory(), N=1.0, P=alpha).observables["E_g"]
    assert hinge[0] == pytest.approx(margin, rel=1e-11) and hinge[-1] == pytest.approx(hebb, rel=1e-12)
    assert logistic["E_g"][-1] == pytest.approx(hebb, rel=1e-5) and 0.95 * margin < logistic["E_g"][0] < margin
    # Of separable data the loss vanishes about as the penalty does, and stays a number.
    assert 1e-10 < logistic["loss"][0] < 1e-7


@pytest.mark.slow
def test_penalised_losses_with_much_data_and_hardly_a_penalty():
    """A thousand samples for each weight: fields of several hundred, whose exponentials overflow."""
    tasks = {"N": 1.0, "P": 1000.0, "ridge": np.array([1e-9, 1.0])}
    hinge, logistic = (sweep(m.theory(), **tasks)["E_g"] for m in (models.SupportVector(), models.LogisticRegression()))
    margin = solve(models.MaxMargin().theory(), N=1.0, P=1000.0).observables["E_g"]
    assert hinge[0] == pytest.approx(margin, rel=1e-11) and 0.9 * margin < logistic[0] < margin
    assert np.all(hinge[1] > hinge[0]) and np.all(logistic[1] > logistic[0])


def test_the_volume_of_gardners_perceptron_next_to_its_capacity():
    """1 - q -> (2 - α)/4 for margin 0; how near is said by the error of the entropy, a difference of terms of order 1/(1 - q)."""
    theory = models.Gardner().theory()
    left = np.array([1e-4, 1e-6, 1e-8])
    found = sweep(theory, N=1.0, P=2 - left, tolerance=1e-6)
    away = np.abs(4 * (1 - found["q"]) / left - 1)
    assert away[2] < 1e-3 and np.all(away[1:] < 0.3 * away[:-1])
    with pytest.raises(ConvergenceError, match=r"of entropy exceeds 1e-10 at .*P = 1\.99999999"):
        solve(theory, N=1.0, P=2 - 1e-8)


@pytest.mark.slow
def test_perfect_recovery_is_named():
    """A student of signs that knows how its teacher was drawn: beyond the spinodal only q = 1 is left."""
    inputs, samples = Dim("N"), Dim("P")
    x, teacher = Gaussian("X", samples, inputs, variance=1 / inputs), Signs("w0", inputs)
    student = State("u", inputs, prior="ising")
    energy = sum_over(samples, heaviside(-sign(x @ teacher) * (x @ student)))
    theory = Energy(energy, over=student, phase="SAT", nishimori={student: teacher}, name="signs").theory()
    beyond = solve(theory, N=1.0, P=1.3).verdicts["entropy"]
    assert not beyond and "first-order transition to perfect recovery" in repr(beyond) and "replicas break" not in repr(beyond)
    with pytest.raises(DivergenceError, match=r"q runs to 1.*perfect recovery of the target; take the state q = 1"):
        solve(theory, N=1.0, P=1.6)
