"""Random matrices that correlate with another one, in expressions: against their parts typed out, limits, and drawn matrices."""

import numpy as np
import pytest
import sympy as sp

from solvers import check, solve
from theory import Diag, Dim, Expression, Gaussian, Tr

lam, rho = sp.Symbol("lambda", positive=True), sp.Symbol("rho", real=True)
M, P = Dim("M", "eta"), Dim("P")
(eta,) = M.spectra
X, Z = Gaussian("X", P, M, column_covariance=eta), Gaussian("Z", P, M, column_covariance=eta)
Y = Gaussian("Y", P, M, variance=2, column_covariance=eta, correlation=(X, rho))
V = Gaussian("V", P, M, column_covariance=eta, correlation=(X, sp.Rational(1, 2)))
B = Gaussian("B", M, P, row_covariance=eta, correlation=(X.T, rho))
TYPED = sp.sqrt(2) * (rho * X + sp.sqrt(1 - rho**2) * Z)
R, Eta = (X.T @ X + lam).inv, Diag(M, eta)
VALUES = {"P": 7.0, "lambda_": 0.8, "rho": 0.6, "eta": 2 * np.arange(1, 13.0) ** -1.2}


def value(observable, **change):
    expression = Expression(observable)
    given = {p.name: {**VALUES, **change}[p.name] for p in expression.parameters}
    return solve(expression.theory(), **given).observables["value"]


PAIRS = {
    "overlap": lambda Y: Y.T @ X,
    "resolvent between": lambda Y: Y @ R @ Y.T,
    "in a resolvent": lambda Y: (X.T @ X + Y.T @ Y + lam).inv @ Eta,
}


@pytest.mark.parametrize("name", PAIRS)
def test_a_partner_is_the_matrix_and_a_rest(name):
    assert value(Tr(PAIRS[name](Y))) == pytest.approx(value(Tr(PAIRS[name](TYPED))), rel=1e-9)


def test_full_correlation_is_the_matrix_itself():
    assert value(Tr(Y @ R @ Y.T), rho=1.0) == pytest.approx(2 * value(Tr(X @ R @ X.T)), rel=1e-10)
    assert value(Tr(Y @ R @ Y.T), rho=0.0) == pytest.approx(2 * value(Tr(Z @ R @ Z.T)), rel=1e-10)


def test_a_partner_may_be_turned_and_two_partners_share_what_they_have():
    assert value(Tr(B @ X)) == pytest.approx(0.6 * 7 * np.sum(VALUES["eta"]), rel=1e-12)
    assert value(Tr(X @ B)) == pytest.approx(value(Tr(B @ X)), rel=1e-12)
    assert value(Tr(Y.T @ V)) == pytest.approx(0.3 * np.sqrt(2) * 7 * np.sum(VALUES["eta"]), rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("name", PAIRS)
def test_drawn_partners_agree(name):
    expression = Expression(Tr(PAIRS[name](Y)) / M)
    found = check(expression, **{p.name: VALUES[p.name] for p in expression.parameters}, trials=400, seed=1)
    assert found.passed, found
