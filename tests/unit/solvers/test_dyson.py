"""The solver of Dyson equations: what it returns, and that its named traces are the traces of drawn matrices."""

from typing import Any

import numpy as np
import pytest
import sympy as sp

from solvers import solve
from solvers.dyson import solve_dyson
from solvers.monte_carlo.realisation import Realisation
from theory import tanh
from theory.declaration import Deterministic, Diag, Dim, Expression, Gaussian, Tr
from theory.errors import ConvergenceError, ParameterError
from theory.resolvent import derive

M, P, N = Dim("M", "eta"), Dim("P"), Dim("N")
(eta,) = M.spectra
lam = sp.Symbol("lambda", positive=True)
X: Any = Gaussian("X", P, M, column_covariance=eta / P)
W: Any = Gaussian("W", M, N, variance=1 / N)
F = W @ (W.T @ X.T @ X @ W + lam).inv @ W.T
E = F @ X.T @ X - 1
SIZES = {"P": 300, "N": 360}
ETA = np.linspace(0.2, 3, 330)


def test_named_traces_are_traces_of_drawn_matrices():
    expression = Expression(Tr(E.T @ Diag(M, eta) @ E))
    found = solve_dyson(expression, **SIZES, eta=ETA, lambda_=0.5)
    rng = np.random.default_rng(0)
    drawn = {X.leaf: rng.normal(size=(300, 330)) * np.sqrt(ETA / 300), W.leaf: rng.normal(size=(330, 360)) / np.sqrt(360)}
    draw = Realisation({M: 330, P: 300, N: 360, eta: ETA[:, None], lam: 0.5}, drawn)
    traces = derive(expression, reduce=False)["Dyson equation"]["traces"]
    assert len(traces) == len(found.traces) > 8
    for symbol, trace in traces.items():
        assert draw.scalar(trace)[0] == pytest.approx(float(found.traces[symbol.name]), rel=0.03), symbol
    assert draw.scalar(expression.observe["value"])[0] == pytest.approx(float(found.observables["value"]), rel=0.02)


def test_points_are_solved_together_and_as_one_by_one():
    expression = Expression({"r": Tr((X.T @ X + lam).inv), "s": Tr(X @ (X.T @ X + lam).inv @ X.T)})
    ridges = np.array([[0.1, 0.3], [1.0, 1.0 - 0.5j]])
    together = solve_dyson(expression, P=20, eta=np.ones(30), lambda_=ridges)
    assert together.observables["r"].shape == ridges.shape and together.error <= 1e-11
    for i in np.ndindex(2, 2):
        single = solve_dyson(expression, P=20, eta=np.ones(30), lambda_=ridges[i])
        for name in ("r", "s"):
            assert together.observables[name][i] == pytest.approx(complex(single.observables[name]), rel=1e-10)
    assert together.observables["r"] * ridges + together.observables["s"] == pytest.approx(30 * np.ones((2, 2)), rel=1e-10)


def test_the_error_bounds_the_distance_to_a_tighter_solution():
    expression = Expression(Tr((X.T @ X + lam).inv))
    exact = solve_dyson(expression, P=20, eta=np.ones(20), lambda_=1e-3, tolerance=1e-13)
    for tolerance in (1e-4, 1e-7):
        rough = solve_dyson(expression, P=20, eta=np.ones(20), lambda_=1e-3, tolerance=tolerance)
        assert rough.iterations < exact.iterations and rough.error <= tolerance
        for name, value in rough.traces.items():
            assert abs(value / exact.traces[name] - 1) <= 3 * rough.error


def test_an_expression_that_needs_no_unknown():
    G = Gaussian("G", P, N)
    found = solve_dyson(Expression(Tr(G.T @ G)), P=3, N=4)
    assert found.observables["value"] == pytest.approx(12)


def test_no_convergence_is_an_error_with_the_last_error(monkeypatch):
    monkeypatch.setattr("solvers.dyson.MOST", 5)
    with pytest.raises(ConvergenceError, match=r"after 5 iterations \(relative error"):
        solve_dyson(Expression(Tr((X.T @ X + lam).inv)), P=20, eta=np.ones(20), lambda_=0.1)


def test_values_are_checked():
    expression = Expression(Tr(Diag(M, eta) @ (X.T @ X + lam).inv))
    with pytest.raises(ParameterError, match="did you mean 'lambda_'"):
        solve_dyson(expression, P=20, eta=np.ones(20), lamda_=1)
    with pytest.raises(ParameterError, match="no value for 'P'"):
        solve_dyson(expression, eta=np.ones(20), lambda_=1)
    with pytest.raises(ParameterError, match=r"lambda_ = -1: outside its domain, lambda_ > 0"):
        solve_dyson(expression, P=20, eta=np.ones(20), lambda_=-1)
    with pytest.raises(ParameterError, match="not a finite number"):
        solve_dyson(expression, P="ten", eta=np.ones(20), lambda_=1)


@pytest.mark.parametrize("penalty", [0, Deterministic("A", N, scaling=0)], ids=["no matrix", "given matrix"])
def test_features_have_their_gaussian_equivalents(penalty):
    features = tanh(Gaussian("Z", P, M) @ Gaussian("V", M, N, variance=1 / M))
    expression = Expression(Tr((features.T @ features / P + penalty + lam).inv))
    given = {"P": 12.0, "N": 8.0, "lambda_": 0.3, "A": np.diag(np.linspace(0, 1, 8)), "eta": np.ones(9)}
    values = {p.name: given[p.name] for p in expression.parameters}
    theory = solve(expression.theory(), **values).observables["value"]
    assert solve_dyson(expression, **values).observables["value"] == pytest.approx(theory, rel=1e-9)


def test_averages_over_entries_that_are_not_found_are_an_error(monkeypatch):
    features = tanh(Gaussian("Z", P, N))
    monkeypatch.setattr("solvers.dyson.NODES", (5, 9))
    with pytest.raises(ConvergenceError, match=r"mu_1, an average over entries of features, .*; raise tolerance, now 1e-11"):
        solve_dyson(Expression(Tr((features.T @ features + lam).inv)), P=5, N=5, lambda_=1)
