"""Convexity is shown where it holds, and never where it does not."""

import pytest
import sympy as sp

from theory import Dim, Energy, Gaussian, Noise, State, absolute, exp, heaviside, log, mean, models, relu, sign, sum_over, tanh
from theory.replica.convexity import is_convex

N, P = Dim("N"), Dim("P")
X, w0 = Gaussian("X", P, N, variance=1 / N), Noise("w0", N)
w, v = State("w", N), State("v", N)
b = State("b", N, prior="gaussian")
label = sign(X @ w0)
bowl = w.square() / 2
k, c = sp.Symbol("k", positive=True), sp.Symbol("c", real=True)

CONVEX = {
    "Huber": sum_over(P, relu(1 - label * (X @ w)) ** 2 / 2 - relu(-label * (X @ w)) ** 2 / 2) + bowl,
    "pinball": sum_over(P, relu(X @ w - X @ w0) + k * relu(X @ w0 - X @ w)) + bowl,
    "logistic of a sum": (sum_over(P, log(1 + exp(-label * (X @ (w + v))))) + bowl + v.square(), (w, v)),
    "coupled": ((X @ w).square() + bowl + v.square() / 2 + k / (1 + k) * sum_over(N, w * v), (w, v)),
    "difference": ((X @ w - X @ v).square() + sum_over(N, absolute(w)) + v.square(), (w, v)),
    "quartic": sum_over(P, (X @ w - X @ w0) ** 4) + bowl,
    "version space": (sum_over(P, heaviside(-label * (X @ b))), b, "SAT"),
}
OTHER = {
    "ramp": sum_over(P, heaviside(-label * (X @ w))) + bowl,
    "capped": sum_over(P, relu(1 - label * (X @ w)) - relu(-2 - label * (X @ w))) + bowl,
    "product": (sum_over(P, ((X @ w) * (X @ v) - 1) ** 2) + bowl + v.square(), (w, v)),
    "saddle": ((X @ w).square() + bowl + v.square() / 2 + (1 + k) * sum_over(N, w * v), (w, v)),
    "double well": (X @ w).square() + sum_over(N, w**4 - w**2),
    "of unknown sign": (X @ w).square() + c * sum_over(N, absolute(w)) + bowl,
    "network": sum_over(P, (X @ tanh(w) - 1) ** 2) + bowl,
}


def verdict(case) -> bool:
    energy, over, *phase = case if isinstance(case, tuple) else (case, w)
    first = over[0] if isinstance(over, tuple) else over
    return is_convex(Energy(energy, over=over, observe={"n": mean(N, first)}, **({"phase": phase[0]} if phase else {})))


@pytest.mark.parametrize("case", CONVEX)
def test_convex_energies_are_known(case):
    assert verdict(CONVEX[case])


@pytest.mark.parametrize("case", OTHER)
def test_nothing_is_said_of_others(case):
    assert not verdict(OTHER[case])


def test_of_the_models_those_with_convex_losses():
    convex = {"bayes-linear-regression", "bayes-sparse-regression", "elastic-net", "kernel-regression", "lasso",
              "logistic-regression", "max-margin", "nonlinear-feature-regression",
              "out-of-distribution", "random-feature-regression", "support-vector"}  # fmt: skip
    energies = {n: models.load(n)() for n in models.names() if issubclass(models.load(n), Energy)}
    assert {n for n, m in energies.items() if is_convex(m)} == convex
