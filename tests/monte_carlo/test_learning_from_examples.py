"""Models of learning from examples: derived theory against simulation by margins, minima and samplers, at growing size."""

import numpy as np
import pytest
import sympy as sp

from solvers import check, simulate, solve, sweep
from solvers.agreement import compare
from theory import Dim, Energy, Gaussian, Noise, State, exp, log, mean, sign, sum_over
from theory.models.bayes_linear_regression import BayesLinearRegression
from theory.models.bayes_perceptron import BayesPerceptron
from theory.models.bayes_sparse_regression import BayesSparseRegression
from theory.models.committee import Committee
from theory.models.gardner import Gardner
from theory.models.lasso import Lasso
from theory.models.logistic_regression import LogisticRegression
from theory.models.max_margin import MaxMargin
from theory.models.spike_and_slab_regression import SpikeAndSlabRegression


def test_largest_margin_of_a_teacher():
    found = check(MaxMargin(), trials=80, P=20, N=20)
    assert found.passed and set(found.comparisons) == {"E_g", "overlap", "margin"}, found


@pytest.mark.slow
def test_bayes_perceptron():
    found = check(BayesPerceptron(), trials=120, P=20, N=10)
    assert found.passed, found


@pytest.mark.slow
def test_logistic_regression():
    found = check(LogisticRegression(), trials=80, P=30, N=15, ridge=0.2, noise=0.1)
    assert found.passed, found


@pytest.mark.slow
def test_lasso_of_a_sparse_target():
    power = np.where(np.arange(40) % 5 == 0, 2.0, 0.0)
    found = check(Lasso(), trials=80, P=30, penalty=0.1, noise=0.1, target_power=power)
    assert found.passed, found


def test_posterior_draws_of_linear_regression():
    found = check(BayesLinearRegression(), trials=300, P=30, N=15, noise=0.3, assumed_noise=0.2, prior_variance=2.0)
    assert found.passed, found


@pytest.mark.slow
def test_draws_from_a_posterior_that_favours_sparse_weights():
    power = np.where(np.arange(20) % 4 == 0, 3.0, 0.0)
    found = check(BayesSparseRegression(), trials=120, P=25, decay=1.5, noise=0.2, assumed_noise=0.3, target_power=power)
    assert found.passed, found


@pytest.mark.slow
def test_draws_from_a_posterior_of_spike_and_slab():
    found = check(SpikeAndSlabRegression(), trials=60, P=18, N=15, density=0.3, slab=1.0, noise=0.1, assumed_noise=0.2)
    assert found.passed and set(found.comparisons) == {"E_g", "overlap", "E_train"}, found


@pytest.mark.slow
def test_stability_of_random_couplings():
    assert check(Gardner("gibbs"), trials=100, P=6, N=12, margin=0.2).passed


def test_patterns_are_stored_up_to_the_capacity():
    """The share of satisfied draws falls through the capacity, more steeply in larger systems."""
    capacity = solve(Gardner().theory(), P=0.1, N=1.0, margin=0.5)["capacity"]
    assert capacity == pytest.approx(0.9612050528015418, rel=1e-12)
    gaps = []
    for size in (25, 100):
        below, above = np.rint(np.array([0.8, 1.2]) * capacity * size)
        low, high = (simulate(Gardner(), trials=60, P=int(p), N=size, margin=0.5)["satisfied"].mean for p in (below, above))
        gaps.append(low - high)
    assert gaps[0] < gaps[1] and gaps[1] > 0.9


@pytest.mark.slow
def test_a_posterior_sampled_by_slices():
    """Bayesian logistic regression, whose posterior has no closed form."""
    N, P = Dim("N"), Dim("P")
    X, w0, w = Gaussian("X", P, N, variance=1 / N), Noise("w0", N), State("w", N, prior="gaussian")
    model = Energy(
        sum_over(P, log(1 + exp(-sign(X @ w0) * (X @ w)))), over=w, temperature=sp.Rational(1, 2), name="posterior",
        observe={"norm": mean(N, w**2), "overlap": mean(N, w * w0), "loss": mean(P, log(1 + exp(-sign(X @ w0) * (X @ w))))},
    )  # fmt: skip
    assert check(model, trials=60, P=12, N=6).passed


@pytest.mark.slow
def test_a_committee_of_two():
    model, sizes = Committee(), (1, 2, 4)
    found = solve(model.theory(), P=6.0, N=1.0, temperature=1.0)
    assert found["replicon"] > 0
    estimates = [simulate(model, trials=30, seed=r, P=48, N=8, temperature=1.0, replicate=r) for r in sizes]
    for name in model.observe:
        verdict = compare(name, np.asarray(found[name]), estimates, sizes)
        assert verdict.verdict == "agree", verdict
        assert compare(name, np.asarray(2 * found[name]), estimates, sizes).verdict == "disagree"


def test_limits_of_the_learning_curves():
    """One student errs as 0.625/α and the majority of all as 0.442/α (Opper and Haussler 1991); the largest margin lies between."""
    alpha = np.array([1.0, 2.0, 5.0])
    bayes = sweep(BayesPerceptron().theory(), P=alpha, N=1.0, tolerance=1e-6)
    for name, limit in (("E_bayes", 0.442), ("E_g", 0.625)):
        gaps = 1 - bayes[name] * alpha / limit
        assert np.all(np.diff(gaps) < 0) and 0 < gaps[-1] < 0.06
    margin = sweep(MaxMargin().theory(), P=alpha, N=1.0, tolerance=1e-6)
    assert np.all(margin["E_g"] > bayes["E_bayes"]) and np.all(margin["E_g"] < bayes["E_g"])


def test_golden_points_of_the_largest_margin():
    """κ*(α) = max over R of κ with α E(κ - R|s| - sqrt(1 - R²) g)₊² = 1 - R², by quadrature (Gardner and Derrida 1989)."""
    curve = sweep(MaxMargin().theory(), P=[1.0, 2.0], N=1.0, tolerance=1e-8)
    assert np.allclose(curve["overlap"], [0.67136, 0.82976], atol=5e-6)
    assert np.allclose(curve["margin"], [0.78655, 0.45458], atol=5e-6)
    assert curve["E_g"][1] == pytest.approx(0.18848, abs=5e-6)
