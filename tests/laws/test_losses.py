"""Losses that users write in their own ways: by cases, with a rate that the teacher's field sets."""

import numpy as np
import pytest
import sympy as sp

from solvers import solve
from theory import Dim, Energy, Gaussian, Noise, State, absolute, erf, exp, heaviside, log, mean, relu, sign, sum_over, wall

lam = sp.Symbol("lambda", positive=True)
N, P = Dim("N"), Dim("P")
X, w, w0 = Gaussian("X", P, N, variance=1 / N), State("w", N), Noise("w0", N)
VALUES = dict(P=2.0, N=1.0, lambda_=0.1)


def regression(loss, temperature=0):
    energy = sum_over(P, loss) + lam * w.square() / 2
    return Energy(energy, over=w, temperature=temperature, observe={"E_g": mean(N, (w - w0) ** 2)}).theory()


def test_a_loss_by_cases_is_the_same_loss_by_kinks():
    """Huber's loss as a Piecewise and as r²/2 − (|r| − 1)₊²/2."""
    residual = X @ w - X @ w0 - Noise("eps", P, variance=0.5)
    cases = residual.map(lambda r: sp.Piecewise((r**2 / 2, abs(r) < 1), (abs(r) - sp.Rational(1, 2), True)))
    kinks = residual**2 / 2 - relu(absolute(residual) - 1) ** 2 / 2
    one, other = (solve(regression(loss), **VALUES)["E_g"] for loss in (cases, kinks))
    assert np.isclose(one, other, rtol=1e-11)


def test_counts_whose_rate_is_set_by_the_teacher():
    """Poisson regression on expected counts: as samples become many the student shrinks along the teacher by the ridge over the
    curvature there, P ⟨h² exp(h)⟩ = 2 sqrt(e) P, and corrections fall as 1/P."""
    theory = regression(exp(X @ w) - (X @ w) * exp(X @ w0))
    samples = np.array([40.0, 80.0, 160.0])
    errors = [float(solve(theory, P=p, N=1.0, lambda_=0.1, tolerance=1e-5)["E_g"]) for p in samples]
    excess = np.array(errors) / (0.1 / (2 * np.sqrt(np.e) * samples)) ** 2 - 1
    assert np.all(excess[1:] / excess[:-1] < 0.55) and excess[-1] > 0


@pytest.mark.slow
def test_low_temperatures_tend_to_the_minimum():
    """A smooth loss that has no closed thermal average, at temperatures where its weight underflows away from its peak: the
    distance from the minimum is of first order in the temperature."""
    loss = log(1 + exp(-10 * sign(X @ w0) * (X @ w)))
    T = sp.Symbol("T", positive=True)
    cold, warm = regression(loss), regression(loss, T)
    least = solve(cold, **VALUES)["E_g"]
    apart = [float(solve(warm, T=t, **VALUES)["E_g"] - least) for t in (0.002, 0.001, 0.0005)]
    assert 1.9 < apart[0] / apart[1] < 2.1 and 1.95 < apart[1] / apart[2] < 2.05


def test_a_power_between_its_kinks_is_continued_beyond_them():
    """|r|³ is convex, though the cubes on its two sides are not; it is the limit of smooth losses."""
    residual = X @ (w - w0) - Noise("eps", P, variance=0.5)
    rounded = (residual**2 + sp.Rational(1, 10**6)) ** sp.Rational(3, 2)
    cubic, smooth = regression(absolute(residual) ** 3 / 3), regression(rounded / 3)
    one, other = (solve(theory, **VALUES, tolerance=1e-5)["E_g"] for theory in (cubic, smooth))
    assert np.isclose(one, other, rtol=1e-4)


def test_probit_regression_by_tails():
    """1 + erf underflows where a student is wrong by far; its logarithm is that of a Gaussian tail."""
    stability = sign(X @ w0) * (X @ w)
    found = solve(regression(-log(1 + erf(stability / sp.sqrt(2)))), **VALUES)
    assert found["replicon"] > 0 and found.error < 1e-10


@pytest.mark.parametrize("ratio", [0.25, 2.0])
def test_the_largest_eigenvalue_of_a_wishart_matrix(ratio):
    """Principal components: the least of −|X w|²/2 on the sphere is minus half of (1 + sqrt(P/N))²."""
    g = State("g", N, prior="spherical")
    energy = -(X @ g).square() / 2
    found = solve(Energy(energy, over=g, observe={"energy": energy / N}).theory(), P=ratio, N=1.0)
    assert np.isclose(found["energy"], -((1 + np.sqrt(ratio)) ** 2) / 2, rtol=1e-9)
    assert abs(found["replicon"]) < 1e-7


def test_at_a_wall_an_observable_has_its_value_there():
    """Weights that must not be negative, and those for which that is dear: as many are zero."""
    dear = 10**4 * sum_over(N, relu(-w))
    used = {"used": mean(N, sign(w) ** 2), "above": mean(N, heaviside(w))}
    found = []
    for barrier in (sum_over(N, wall(-w)), dear):
        theory = Energy((X @ w - X @ absolute(w0)).square() / 2 + lam * w.square() / 2 + barrier, over=w, observe=used).theory()
        found.append(solve(theory, P=0.5, N=1.0, lambda_=0.1))
    assert found[0]["used"] < 0.95 and np.isclose(found[0]["above"], (1 + found[0]["used"]) / 2, rtol=1e-9)
    assert np.isclose(found[0]["used"], found[1]["used"], rtol=1e-6)
