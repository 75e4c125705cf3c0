"""Where order parameters approach the ends of their domain: capacity, much data, low temperature. Laws of the approach."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import erfcx

from solvers import solve, sweep
from theory import models


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
