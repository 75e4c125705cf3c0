"""Drawn labels: fair ones are no labels, certain ones are a teacher's verdict, and squares of two classes are known exactly."""

import numpy as np
import pytest
import sympy as sp

from solvers import solve
from solvers.quadrature import gaussian_rule
from theory import Dim, Energy, Gaussian, Labels, Noise, State, Vec, exp, heaviside, log, mean, softmax, sum_over

P, N, lam, a = Dim("P"), Dim("N"), *sp.symbols("lambda a", positive=True)
X, w, t = Gaussian("X", P, N, variance=1 / N), State("w", N), Noise("t", N)
TASK = dict(N=1.0, P=1.5, lambda_=0.3)


def logistic(label, temperature=0):
    h = X @ w
    loss = log(1 + exp(-h)) + (1 - label) * h
    observe = {"n": mean(N, w**2), "m": mean(N, w * t), "loss": mean(P, loss), "wrong": mean(P, (1 - label) * h)}
    return Energy(sum_over(P, loss) + lam * w.square() / 2, over=w, temperature=temperature, observe=observe)


@pytest.mark.parametrize("temperature", [0, sp.Rational(1, 2)])
def test_fair_labels_are_the_signs_of_a_symmetric_field(temperature):
    half, h = Vec(P, sp.S.Half), X @ w
    fair = solve(logistic(Labels("y", half, half)[0], temperature).theory(), **TASK)
    loss = log(1 + exp(-h))
    observe = {"n": mean(N, w**2), "loss": mean(P, loss), "wrong": mean(P, -h / 2)}
    plain = Energy(sum_over(P, loss) + lam * w.square() / 2, over=w, temperature=temperature, observe=observe)
    plain = solve(plain.theory(), **TASK)
    for name in ("n", "loss", "replicon", "wrong"):
        assert fair[name] == pytest.approx(plain[name], rel=1e-9)
    assert fair["m"] == pytest.approx(0, abs=1e-12)


@pytest.mark.slow
def test_a_certain_teacher_is_the_sign_of_its_field():
    """Corrections fall as the square of the width of the doubt, 1/a."""
    soft = logistic(Labels("y", *softmax(a * (X @ t)))[0]).theory()
    hard = solve(logistic(heaviside(X @ t)).theory(), **TASK)
    gaps = [hard["m"] - solve(soft, a=slope, **TASK, tolerance=1e-8)["m"] for slope in (10.0, 20.0)]
    assert gaps[0] / gaps[1] == pytest.approx(4, rel=0.1) and 0 < gaps[1] < 0.01


def test_squares_with_drawn_labels_are_ridge_regression():
    """The label is a linear function of the teacher's field besides a noise that is independent of it at second order."""
    y = Labels("y", *softmax(X @ t))[0]
    observe = {"n": mean(N, w**2), "m": mean(N, w * t)}
    square = Energy((X @ w - 2 * y + 1).square() / 2 + lam * w.square() / 2, over=w, observe=observe)
    found = solve(square.theory(), **TASK)
    z, weight = gaussian_rule(201, "uniform")
    slope = float(weight @ (np.tanh(z / 2) * z))
    b, noise = sp.symbols("b noise", positive=True)
    target = b * (X @ t) + Noise("e", P, variance=noise)
    linear = Energy((X @ w - target).square() / 2 + lam * w.square() / 2, over=w, observe=observe)
    same = solve(linear.theory(), **TASK, b=slope, noise=1 - slope**2)
    assert [found["n"], found["m"]] == pytest.approx([same["n"], same["m"]], rel=1e-9)
