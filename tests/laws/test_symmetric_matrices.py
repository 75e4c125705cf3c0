"""Resolvents of symmetric random matrices, alone and with others, where equations have terms of both signs: exact laws."""

import numpy as np
import pytest
import sympy as sp

from solvers import check, solve, solve_dyson
from theory import Diag, Dim, Expression, Gaussian, Tr
from theory.errors import ConvergenceError

lam, sigma, rho = sp.symbols("lambda sigma rho", positive=True)
N, P = Dim("N", "a", "b"), Dim("P")
a, b = N.spectra
H, H2 = (Gaussian(name, N, N, variance=1 / N, symmetry=1) for name in ("H", "H2"))
G = Gaussian("G", P, N, column_covariance=b)
A, B = Diag(N, a), Diag(N, b)
K = np.arange(1, 11.0)
VALUES = {"lambda_": 2.5, "sigma": 0.8, "rho": 0.5, "a": K / 7, "b": 1 / K, "N": 10.0, "P": 6.0}
R = (sigma * H + A + lam).inv
WHITE = Dim("N")
S = Gaussian("S", WHITE, WHITE, variance=1 / WHITE, symmetry=1)


def value(observable, solver=solve, **change):
    expression = Expression(observable)
    given = {p.name: {**VALUES, **change}[p.name] for p in expression.parameters}
    found = solve_dyson(expression, **given) if solver is solve_dyson else solve(expression.theory(), **given)
    return float(found.observables["value"])


@pytest.mark.parametrize("excess", [1e-6, 1e-2, 1.0, 1e3])
def test_the_semicircle(excess):
    """Up to the edge at 2σ, on the side that decays."""
    x = 1.6 * (1 + excess)
    exact = 2 / (x + np.sqrt((x - 1.6) * (x + 1.6)))
    assert value(Tr((sigma * S + lam).inv) / WHITE, lambda_=x) == pytest.approx(exact, rel=1e-9)


def test_a_deformed_matrix_is_subordinate_to_its_mean():
    g = value(Tr(R) / N)
    assert g == pytest.approx(np.mean(1 / (2.5 - 0.64 * g + VALUES["a"])), rel=1e-12)
    assert value(Tr(B @ R)) == pytest.approx(np.sum(VALUES["b"] / (2.5 - 0.64 * g + VALUES["a"])), rel=1e-12)


def test_semicircles_add_their_variances():
    both = value(Tr((sigma * H + rho * H2 + A + lam).inv))
    assert both == pytest.approx(value(Tr(R), sigma=np.sqrt(0.64 + 0.25)), rel=1e-12)


def test_the_square_of_a_resolvent_is_its_derivative():
    step = 1e-4
    slope = (value(Tr(R), lambda_=2.5 + step) - value(Tr(R), lambda_=2.5 - step)) / (2 * step)
    assert value(Tr(R**2)) == pytest.approx(-slope, rel=1e-6)


REFEREED = {
    "two-point": R @ B @ R,
    "three-point": R @ B @ R @ A @ R,
    "with a sample": (sigma * H + G.T @ G + lam).inv,
    "square": (H @ H + sigma * H + A + 1).inv,
    "sum before the square": ((G + Gaussian("F", P, N)).T @ (G + Gaussian("F", P, N)) + lam).inv,
    "sandwiched": G @ R @ G.T,
    "nested": (G @ R @ G.T + lam).inv,
}


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n in ("three-point", "nested"))) for n in REFEREED])
def test_what_grows_agrees_with_the_dyson_equation(name):
    observable = Tr(REFEREED[name])
    assert value(observable) == pytest.approx(value(observable, solve_dyson), rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["two-point", "with a sample", "square"])
def test_what_grows_agrees_with_drawn_matrices(name):
    expression = Expression(Tr(REFEREED[name]) / N)
    given = {p.name: {**VALUES, "lambda_": 4.0}[p.name] for p in expression.parameters}
    found = check(expression, **given, trials=400, seed=2)
    assert found.passed, found


z = sp.Symbol("z", real=True)
SHARE = sp.Rational(1, 2)


@pytest.mark.parametrize("share", [None, SHARE])
def test_outside_the_spectrum_of_a_matrix_that_is_not_symmetric(share):
    """A disc or an ellipse: g = 1/(z − τg) outside; inside, where this goes on, the inverse is another and nothing is said."""
    J, tau = Gaussian("J", WHITE, WHITE, variance=1 / WHITE, symmetry=share), float(share or 0)
    expression = Expression(Tr((J + z).inv) / WHITE)
    for x in (1.02 * (1 + tau), -3.0):
        g = 2 / (x + np.sign(x) * np.sqrt(x**2 - 4 * tau))
        assert float(solve(expression.theory(), N=10, z=x)["value"]) == pytest.approx(g, rel=1e-10)
        assert float(solve_dyson(expression, N=10, z=x).observables["value"]) == pytest.approx(g, rel=1e-9)
    for x in (0.98 * (1 + tau), -0.4):
        with pytest.raises(ConvergenceError, match="move away from the spectrum"):
            solve(expression.theory(), N=10, z=x)
        with pytest.raises(ConvergenceError, match="move away from the spectrum"):
            solve_dyson(expression, N=10, z=x)


@pytest.mark.parametrize("ridge", [1.0, 1e-8])
def test_an_inverse_that_is_similar_to_a_symmetric_one_exists(ridge):
    one, root = (G.T @ G @ A + lam).inv, Diag(N, sp.sqrt(a))
    assert value(Tr(one), lambda_=ridge) == pytest.approx(value(Tr((root @ G.T @ G @ root + lam).inv), lambda_=ridge), rel=1e-9)
