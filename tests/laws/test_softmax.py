"""Cross-entropies of several coupled fields at zero temperature, whose fields are linearly dependent at the minimum."""

import pytest
import sympy as sp

from solvers import solve
from theory import Dim, Energy, Gaussian, State, exp, log, mean, sum_over

lam, P, N = sp.Symbol("lambda", positive=True), Dim("P"), Dim("N")
X, w, v = Gaussian("X", P, N, variance=1 / N), State("w", N), State("v", N)


@pytest.mark.slow
def test_a_softmax_of_two_classes_is_logistic_regression_of_the_difference():
    """The sum of the two states is zero, so that the ridge on their difference is half of theirs."""
    loss = sum_over(P, log(exp(X @ w) + exp(X @ v)) - X @ w)
    both = Energy(loss + lam * (w.square() + v.square()) / 2, over=[w, v], observe={"n": mean(N, w**2), "wv": mean(N, w * v)})
    one = Energy(sum_over(P, log(1 + exp(-(X @ w)))) + lam * w.square() / 2, over=w, observe={"n": mean(N, w**2)})
    two = solve(both.theory(), N=1.0, P=1.5, lambda_=0.3, tolerance=1e-8)
    single = solve(one.theory(), N=1.0, P=1.5, lambda_=0.15)
    assert two.observables["n"] == pytest.approx(single.observables["n"] / 4, rel=1e-10)
    assert two.observables["wv"] == pytest.approx(-two.observables["n"], rel=1e-10)
    for name in ("replicon", "ground_state_energy"):
        assert two.order_parameters[name] == pytest.approx(single.order_parameters[name], rel=1e-10)
