"""Matrices that correlate with another one: limits that are known, what they share, and what they must not be."""

import numpy as np
import pytest
import sympy as sp

from solvers import simulate, solve
from theory.declaration import Dim, Energy, Gaussian, State, Step, mean, redrawn, sum_over
from theory.errors import DeclarationError, DerivationError

rho, g = sp.Symbol("rho", real=True), sp.Symbol("g", positive=True)
N, M = Dim("N"), Dim("M")
x, y = State("x", N, initial_variance=1), State("y", M)
J = Gaussian("J", M, N, variance=g**2 / N)


def pair(back):
    """Two populations that drive each other."""
    return Step({x: -x + back @ y, y: -y + J @ x}, observe={"X": mean(N, x**2), "Y": mean(M, y**2)}, name="pair")


def singular_values(size):
    """Of J at g = 0.8 and M/N = 2/3, at the middles of equal shares of their law: those of one large draw."""
    drawn = np.random.default_rng(0).standard_normal((2 * size, 3 * size)) * 0.8 / np.sqrt(3 * size)
    return np.linalg.svd(drawn, compute_uv=False)


def test_a_matrix_that_is_the_transpose_of_another():
    """At correlation 1 and -1 the pair is solved by the singular values of J."""
    theory, task = pair(Gaussian("K", N, M, variance=g**2 / N, correlation=(J.T, rho))).theory(), dict(t=2.0, N=30, M=20, g=0.8)
    s = singular_values(150)
    for sign, even, odd in ((1.0, np.cosh, np.sinh), (-1.0, np.cos, np.sin)):
        found = solve(theory, rho=sign, **task)
        assert found["X"] == pytest.approx((2 * np.mean(even(2 * s) ** 2) + 1) / 3 * np.exp(-4), rel=0.02)
        assert found["Y"] == pytest.approx(np.mean(odd(2 * s) ** 2) * np.exp(-4), rel=0.02)
    same = solve(pair(J.T).theory(), **task)
    assert solve(theory, rho=1.0, **task)["X"] == pytest.approx(same["X"], rel=1e-9)
    alone = solve(pair(Gaussian("K", N, M, variance=g**2 / N)).theory(), **task)
    assert solve(theory, rho=0.0, **task)["Y"] == pytest.approx(alone["Y"], rel=1e-9)


def test_two_matrices_that_share_a_third():
    """Correlations 1/2 and 1/3 with one matrix make 1/6 between the two: their noises on one field cross."""
    u, v = State("u", N, initial_variance=1), State("v", N)
    A = Gaussian("A", N, N, variance=1 / N, correlation=(Gaussian("Z", N, N), sp.Rational(1, 2)))
    B = Gaussian("B", N, N, variance=4 / N, correlation=(Gaussian("Z", N, N).T, sp.Rational(1, 3)))
    law = Step({u: 0 * u + u, v: A @ u + B.T @ u}, observe={"v": mean(N, v**2)}, continuous=False)
    assert solve(law.theory(), t=1, N=20)["v"] == pytest.approx(1 + 4 + 2 * 2 / 6, rel=1e-10)
    drawn = simulate(law, t=[1], N=60, trials=60, seed=2)["v"]
    assert abs(drawn.mean[0] - (5 + 2 / 3)) < 4 * drawn.stderr[0]


W = Gaussian("W", N, N)


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (lambda: Gaussian("K", N, N, correlation=W), "correlation of K: W; pass a pair of another Gaussian matrix"),
        (lambda: Gaussian("K", N, N, correlation=(W, 2)), "correlation of K: 2; pass a number from -1 to 1"),
        (lambda: Gaussian("K", N, M, correlation=(J, rho)), "correlation of K: J is MxN; it needs NxM and the same covariances"),
        (lambda: Gaussian("W", N, N, correlation=(W, rho)), "correlation of W: W is itself, symmetric, redrawn or correlated"),
        (lambda: Gaussian("K", N, N, correlation=(W, rho), symmetry=1), "correlation of K: it is symmetric or redrawn"),
        (lambda: redrawn(Gaussian("K", N, M, correlation=(J.T, rho)) @ y, J), "redrawn: K; it correlates with J"),
    ],
)
def test_refused_with_a_sentence(declare, message):
    with pytest.raises(DeclarationError) as caught:
        declare()
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_engines_that_do_not_average_over_it_say_so():
    K = Gaussian("K", M, N, variance=1 / N, correlation=(J, rho))
    w = State("w", N)
    energy = Energy(sum_over(M, (K @ w + J @ w) ** 2) / 2 + w.square() / 2, over=w, name="both")
    with pytest.raises(DerivationError, match="correlation=rho is not averaged by replicas"):
        energy.derive()
