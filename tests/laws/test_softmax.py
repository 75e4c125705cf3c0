"""Cross-entropies of several coupled fields: two classes are logistic regression, at zero and at finite temperature; limits."""

import pytest
import sympy as sp

from solvers import solve
from theory import Dim, Energy, Gaussian, State, exp, log, mean, sum_over

lam, T, P, N = sp.Symbol("lambda", positive=True), sp.Symbol("T", positive=True), Dim("P"), Dim("N")
X, w, v = Gaussian("X", P, N, variance=1 / N), State("w", N), State("v", N)
OBSERVE = {"n": mean(N, w**2), "wv": mean(N, w * v)}


SOFTMAX, COUPLED = log(exp(X @ w) + exp(X @ v)) - X @ w, log(1 + exp(X @ w) + exp(X @ v)) - X @ w / 2


def two_classes(temperature=0, loss=SOFTMAX):
    energy = sum_over(P, loss) + lam * (w.square() + v.square()) / 2
    return Energy(energy, over=[w, v], temperature=temperature, observe=OBSERVE)


def logistic(temperature=0):
    energy = sum_over(P, log(1 + exp(-(X @ w)))) + lam * w.square() / 2
    return Energy(energy, over=w, temperature=temperature, observe={"n": mean(N, w**2)})


def test_a_softmax_of_two_classes_is_logistic_regression_of_the_difference():
    """The sum of the two states is zero, so that the ridge on their difference is half of theirs."""
    two = solve(two_classes().theory(), N=1.0, P=1.5, lambda_=0.3)
    single = solve(logistic().theory(), N=1.0, P=1.5, lambda_=0.15)
    assert two.observables["n"] == pytest.approx(single.observables["n"] / 4, rel=1e-10)
    assert two.observables["wv"] == pytest.approx(-two.observables["n"], rel=1e-10)
    for name in ("replicon", "ground_state_energy"):
        assert two.order_parameters[name] == pytest.approx(single.order_parameters[name], rel=1e-10)


def test_at_a_temperature_the_sum_of_the_states_is_free():
    """The prior of variance T/λ holds it, and the difference is that of logistic regression."""
    two = solve(two_classes(T).theory(), N=1.0, P=1.5, lambda_=0.3, T=0.5)
    single = solve(logistic(T).theory(), N=1.0, P=1.5, lambda_=0.15, T=0.5)
    free, difference = 2 * 0.5 / 0.3, single.observables["n"]
    assert two.observables["n"] == pytest.approx((free + difference) / 4, rel=1e-10)
    assert two.observables["wv"] == pytest.approx((free - difference) / 4, rel=1e-10)


@pytest.mark.slow
def test_zero_temperature_is_the_limit_of_two_coupled_fields():
    cold = solve(two_classes(0, COUPLED).theory(), N=1.0, P=1.5, lambda_=0.3, tolerance=1e-8)
    warm, gaps = two_classes(T, COUPLED).theory(), []
    for t in (0.02, 0.01):
        found = solve(warm, N=1.0, P=1.5, lambda_=0.3, T=t, tolerance=1e-6)
        gaps.append([found[n] - cold[n] for n in OBSERVE])
        assert found["replicon"] > 0
    for one, two in zip(*gaps, strict=True):
        assert two / one == pytest.approx(0.5, abs=0.02)
