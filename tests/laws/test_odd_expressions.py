"""Expressions that nobody chose: from a grammar, derived, and held against their Dyson equation and against drawn matrices."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from solvers import check, solve, solve_dyson
from theory import Diag, Dim, Expression, Gaussian, Tr
from theory.declaration import Spectrum
from theory.declaration.walks import leaves

lam, mu, sigma = sp.symbols("lambda mu sigma", positive=True)
M, P, N = Dim("M", "eta", Spectrum("s", scaling=0)), Dim("P"), Dim("N", Spectrum("a", scaling=0))
eta, s = M.spectra
(a,) = N.spectra
X, W = Gaussian("X", P, M, column_covariance=eta), Gaussian("W", M, N, variance=1 / N)
Y, G = Gaussian("Y", N, M, row_covariance=a, column_covariance=eta), Gaussian("G", P, N, variance=1 / P)
H = Gaussian("H", N, N, variance=1 / N, symmetry=1)
S, A = Diag(M, s), Diag(N, a)
K = np.arange(1, 13.0)
VALUES = {"P": 7.0, "lambda_": 1.3, "mu": 0.6, "sigma": 0.2, "eta": 2 * K**-1.3, "s": 0.5 + np.sin(K) ** 2,
          "a": 0.5 + np.arange(9) / 9}  # fmt: skip
LEAVES = {M: [X.T @ X, W @ W.T, Y.T @ Y, S], N: [W.T @ W, Y @ Y.T, G.T @ G, A], P: [X @ X.T, G @ G.T]}
BRIDGES = {(M, P): X, (M, N): Y, (N, P): G, (N, M): W, (P, N): G.T, (P, M): X.T}  # a matrix over the second dimension comes between


def positive(dim, depth):
    """Nonnegative matrices over a dimension: Gram matrices, sums, resolvents, and these between two bridges."""
    if not depth:
        return st.sampled_from(LEAVES[dim])
    inner = positive(dim, depth - 1)
    others = [d for d in (M, P, N) if d != dim]
    between = st.sampled_from(others).flatmap(
        lambda d: positive(d, depth - 1).map(lambda m: BRIDGES[dim, d].T @ m @ BRIDGES[dim, d])
    )
    return st.one_of(
        st.builds(lambda m, n: m + n, inner, st.sampled_from(LEAVES[dim])),
        inner.map(lambda m: (m + lam).inv),
        between,
    )


def observable(matrix):
    """The trace of a resolvent, or of its square, with a test matrix."""
    test = {M: S, N: A}.get(matrix.rows, Diag(matrix.rows))
    return Tr(test @ (matrix + mu).inv)


def values(expression):
    return {p.name: VALUES[p.name] for p in expression.parameters}


def agrees(expression):
    referee = float(solve_dyson(expression, **values(expression)).observables["value"])
    found = solve(expression.theory(), **values(expression))
    assert found.error < 1e-9 and found.observables["value"] == pytest.approx(referee, rel=1e-8)


@pytest.mark.slow
@settings(max_examples=12, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from([M, N, P]).flatmap(lambda d: positive(d, 2)))
def test_any_expression_has_a_theory_that_solves_its_dyson_equation(matrix):
    assume(any(leaf.kind == "gaussian" for leaf in leaves(Tr(matrix))))
    agrees(Expression(observable(matrix)))


R, Q = (X.T @ X + lam).inv, (G.T @ G + lam).inv
ODD = {
    "shifted by a symmetric one": (sigma * H + G.T @ G + lam).inv,
    "resolvent of a sum": ((X @ W + G).T @ (X @ W + G) + lam).inv,
    "resolvent added to a sample": (G.T @ G + (H @ H + mu).inv + lam).inv,
    "two resolvents of one matrix": (W.T @ R @ W + G.T @ G + mu).inv @ W.T @ S @ W,
    "ratio of samples": (X @ (Y.T @ Y + mu).inv @ X.T + lam).inv,
    "three spectra": (Y @ S @ Y.T + A + mu).inv,
    "nested twice": (G @ (Y @ R @ Y.T + mu).inv @ G.T + lam).inv,
    "difference": Q @ (W.T @ W - G.T @ G) @ (W.T @ W + lam).inv,
    "square of a product": (W.T @ R @ W + 1) ** 2 @ A,
    "inverse power": (Y @ Y.T + lam) ** -2 @ A,
}
QUICK = ("shifted by a symmetric one", "ratio of samples", "three spectra")


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n not in QUICK)) for n in ODD])
def test_odd_expressions_have_theories_that_solve_their_dyson_equations(name):
    agrees(Expression(Tr(ODD[name]), name=name))


@pytest.mark.slow
@pytest.mark.parametrize("name", ODD)
def test_odd_expressions_agree_with_drawn_matrices(name):
    expression = Expression(Tr(ODD[name]), name=name)
    found = check(expression, **values(expression), trials=150, seed=4)
    assert found.passed, found
