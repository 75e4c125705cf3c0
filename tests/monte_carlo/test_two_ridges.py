"""Two ridge estimates of one training set: covariances of their predictors over training sets, bias and variance, by simulation."""

import numpy as np
import pytest
import sympy as sp

from solvers import check, solve
from theory import Dim, Energy, Gaussian, Noise, Quenched, Spectrum, State, average, mean, sum_over

first, second, noise = sp.symbols("lambda mu noise", positive=True)
M, P = Dim("M", Spectrum("eta")), Dim("P")
(eta,) = M.spectra
X, target = Gaussian("X", P, M, column_covariance=eta), Quenched("a", M)
w, v = State("w", M), State("v", M)


def two_ridges(shared=True):
    """Both estimates see the same samples and the same noise; the control has noise of its own for the second."""
    clean, errors = X @ target, Noise("eps", P, variance=noise)
    other = errors if shared else Noise("other", P, variance=noise)
    energy = (X @ w - clean - errors).square() / 2 + (X @ v - clean - other).square() / 2
    energy += first * w.square() / 2 + second * v.square() / 2
    observe = {
        "covariance": sum_over(M, eta * (w - average(w)) * (v - average(v))),
        "variance": sum_over(M, eta * (w - average(w)) ** 2),
        "bias": sum_over(M, eta * (average(w) - target) * (average(v) - target)),
        "both": sum_over(M, eta * (w - target) * (v - target)),
        "train": mean(P, (X @ w - clean - errors) * (X @ v - clean - other)),
    }
    return Energy(energy, over=[w, v], observe=observe, name="two ridges")


@pytest.mark.slow
def test_the_covariance_of_two_predictors():
    modes = np.arange(1, 13.0)
    task = {"eta": 2 * modes**-1.3, "a": (-1) ** modes * modes**-0.4, "lambda_": 0.2, "mu": 1.5, "noise": 0.3, "P": 10}
    found = check(two_ridges(), trials=600, **task)
    assert found.passed and set(found.comparisons) == {"covariance", "variance", "bias", "both", "train"}, found
    values = {name: float(c.theory) for name, c in found.comparisons.items()}
    assert values["bias"] + values["covariance"] == pytest.approx(values["both"], rel=1e-9)
    apart = solve(two_ridges(shared=False).theory(), **task).observables
    gap = abs(found["covariance"].intercept - apart["covariance"]) / found["covariance"].error
    assert gap > 4, gap


def test_a_small_ridge_beside_a_large_one_is_solved():
    """Where no point of the domain leads to the solution, an iteration of the equations does."""
    modes = np.arange(1, 13.0)
    found = solve(two_ridges().theory(), eta=2 * modes**-1.3, a=(-1) ** modes * modes**-0.4, lambda_=0.05, mu=0.6, noise=0.3, P=10)
    assert found["bias"] + found["covariance"] == pytest.approx(found["both"], rel=1e-9)
    assert found["covariance"] ** 2 < found["variance"] ** 2
