"""Solutions that grow out of zero: found at many points at once, and refused where the iteration does not settle."""

import numpy as np
import pytest
import sympy as sp

from solvers import sweep
from theory.declaration import Diag, Dim, Expression, Gaussian, Tr

N = Dim("N", "a")
lam = sp.Symbol("lambda", positive=True)
H = Gaussian("H", N, N, variance=1 / N, symmetry=1)
THEORY = Expression(Tr((H + Diag(N, N.spectra[0]) + lam).inv) / N).theory()
LEVELS = np.repeat([0.0, 3.0], 4)


def test_points_settle_each_at_its_own_pace():
    ridges = [1.8, 2.0, 5.0, 100.0]
    curve = sweep(THEORY, a=LEVELS, lambda_=ridges)
    g = curve.observables["value"]
    assert g == pytest.approx(np.mean(1 / (np.array(ridges)[:, None] - g[:, None] + LEVELS), axis=1), rel=1e-12)
    assert (np.diff(g) < 0).all() and curve.error.max() < 1e-11
    slope = curve.gradient("lambda_", "value")
    inner = np.mean((np.array(ridges)[:, None] - g[:, None] + LEVELS) ** -2.0, axis=1)
    assert slope == pytest.approx(-inner / (1 - inner), rel=1e-9)


def test_a_root_that_the_iteration_does_not_reach_is_none():
    """Inside the spectrum real roots of the equation exist, between its poles."""
    g = np.linspace(1.0, 3.89, 4001)
    balance = np.mean(1 / (0.9 - g[:, None] + LEVELS), axis=1) - g
    assert (np.diff(np.sign(balance)) != 0).any()
    curve = sweep(THEORY, a=LEVELS, lambda_=[0.9, 4.0], on_failure="mask")
    assert list(np.isnan(curve.observables["value"])) == [True, False] and list(curve.status) == ["failed", "converged"]
