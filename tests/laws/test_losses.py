"""Losses that users write in their own ways: by cases, with a rate that the teacher's field sets."""

import numpy as np
import pytest
import sympy as sp

from solvers import solve
from theory import Dim, Energy, Gaussian, Noise, State, absolute, exp, log, mean, relu, sign, sum_over

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
