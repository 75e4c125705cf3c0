"""Convex energies found in finite systems against their replica theories; the largest margin of random patterns."""

import numpy as np
import pytest

from solvers import check, simulate, solve
from theory import Dim, Energy, Gaussian, Quenched, State, absolute, heaviside, sum_over
from theory.errors import DeclarationError
from theory.models.elastic_net import ElasticNet
from theory.models.gardner import Gardner
from theory.models.support_vector import SupportVector


@pytest.mark.slow
def test_elastic_net():
    found = check(ElasticNet(), sizes=(1, 2, 4), trials=80, P=30, N=30, penalty=0.1, ridge=0.05, noise=0.2)
    assert found.passed, found


@pytest.mark.slow
def test_support_vector_of_a_teacher():
    found = check(SupportVector(), sizes=(1, 2, 4), trials=80, P=40, N=20, ridge=1.0)
    assert found.passed, found


def test_the_minimum_of_a_lasso_meets_its_conditions():
    """The slope of the loss is the penalty where a weight is not zero, and at most that where it is."""
    N, P = Dim("N"), Dim("P")
    X, w, w0 = Gaussian("X", P, N, variance=1 / N), State("w", N), Quenched("w0", N)
    model = Energy((X @ (w - w0)).square() / 2 + 0.3 * sum_over(N, absolute(w)), over=w, observe={"state": w})
    matrix = np.random.default_rng(2).standard_normal((30, 20))
    target = np.linspace(-2, 2, 20)
    found = simulate(model, trials=1, P=30, N=20, w0=target, design={"X": lambda rng, shape: matrix})["state"].mean
    slope = (matrix / np.sqrt(20)).T @ (matrix / np.sqrt(20)) @ (found - target)
    zero = np.abs(found) < 1e-4
    assert zero.any() and np.allclose(slope[~zero], -0.3 * np.sign(found[~zero]), atol=1e-4)
    assert np.all(np.abs(slope[zero]) < 0.3 + 1e-4)


@pytest.mark.slow
def test_the_largest_margin_of_random_patterns_is_the_one_at_capacity():
    """At P = N the capacity is P at margin 0.4707; the largest margin by non-negative least squares."""
    from scipy.optimize import brentq, nnls

    theory = Gardner().theory()
    margin = brentq(lambda m: solve(theory, P=0.01, N=1.0, margin=m).observables["capacity"] - 1.0, 0.1, 1.0)
    rng, size = np.random.default_rng(5), 100
    seen = []
    for _ in range(30):
        patterns = rng.standard_normal((size, size))
        # The smallest w with patterns @ w >= 1 follows from the distance of (0, 1) to the cone of the rows (patterns, 1).
        rows = np.vstack([patterns.T, np.ones(size)])
        weights, _ = nnls(rows, np.append(np.zeros(size), 1.0))
        rest = np.append(np.zeros(size), 1.0) - rows @ weights
        w = -rest[:size] / rest[size]
        seen.append(np.min(patterns @ w) / np.linalg.norm(w))
    assert abs(np.mean(seen) - margin) < 4 * np.std(seen) / np.sqrt(30) + 2 / size


def test_energies_with_steps_are_not_descended():
    N, P = Dim("N"), Dim("P")
    X, w = Gaussian("X", P, N, variance=1 / N), State("w", N)
    model = Energy(sum_over(P, heaviside(-(X @ w))) + w.square(), over=w, observe={"norm": w.square()})
    with pytest.raises(DeclarationError, match="no slope to descend"):
        simulate(model, trials=1, P=3, N=3)
