"""Declarations, designs and draws that message passing refuses, each with the object and the repair."""

import numpy as np
import pytest
import sympy as sp

from solvers import simulate
from solvers.monte_carlo import Rows
from theory import Dim, Energy, Gaussian, Noise, State, Tensor, absolute, exp, heaviside, log, mean, models, sum_over, tanh
from theory.errors import ConvergenceError, DeclarationError, ParameterError

N, P, T = Dim("N"), Dim("P"), sp.Symbol("T", positive=True)
X, Z = Gaussian("X", P, N, variance=1 / N), Gaussian("Z", P, N, variance=1 / N)
W, J = Gaussian("W", N, N, variance=1 / N), Gaussian("J", N, N, variance=1 / N, symmetry=1)
w0, w, v = Noise("w0", N), State("w", N), State("v", N, prior="gaussian")
s, ball = State("s", N, prior="ising"), State("b", N, prior="spherical")
SIZES = {"N": 20, "P": 30}


def posterior(energy, over=w, temperature=T, algorithm="amp", observe=None, **more):
    return Energy(energy, over=over, temperature=temperature, algorithm=algorithm, name="mine",
                  observe=observe or {"m": mean(N, over)}, **more)  # fmt: skip


def square(matrix, state=w):
    return (matrix @ (state - w0)).square() / 2 + state.square() / 2


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: posterior(sum_over(P, (X @ w) ** 2 * (Z @ w) ** 2) + w.square()), r"joins the fields \(X@w\), \(Z@w\)"),
        (lambda: posterior(square(X @ W)), r"it acts on \(W@\(w - w0\)\), not on a state"),
        (lambda: posterior(square(Gaussian("Y", P, N, mean=1, variance=1 / N))), "Y has a mean"),
        (lambda: posterior(square(Gaussian("Y", P, N, variance=1 / N, correlation=(X, 0.5)))), "Y correlates with X"),
        (lambda: posterior(square(tanh(X @ W))), "it is made by Mapped"),
        (lambda: posterior(square(X) + square(X + Z)), "X stands in two fields"),
        (lambda: posterior(square(Gaussian("A", N, N, variance=1 / N, symmetry=-1))), "A has the symmetry -1"),
        (lambda: posterior(-sum_over(N, s * (W @ s)), s), "joins the fields"),
        (lambda: posterior(-Tensor("K", N, order=3, variance=1 / N**2)(ball), ball), "tensor K"),
        (lambda: posterior(square(X, s), s, 0), "ising prior of s has no minimum"),
        (lambda: posterior(square(X), algorithm="tap"), "w is no Ising spin, which 'tap' is for"),
        (lambda: posterior(sum_over(P, tanh(X @ v)) + sum_over(P, heaviside(X @ v)), v, 0, phase="SAT"), "is no step"),
        (lambda: posterior(sum_over(P, heaviside(X @ w)) + w.square(), temperature=0), "Heaviside of a field has no slope"),
        (lambda: posterior(sum_over(N, s * (w0 + W @ s)) ** 2 / N, s), "not linear in one state"),
    ],
)  # fmt: skip
def test_declarations(model, message):
    model = model()
    values = {**SIZES, "T": 0.5} if model.temperature == T else SIZES
    values = {name: values[name] for name in (p.name for p in model.parameters)}
    with pytest.raises(DeclarationError, match=message):
        simulate(model, trials=1, **values)


@pytest.mark.parametrize(
    ("observe", "message"),
    [
        ({"m": mean(P, (X @ w) * (Z @ w) ** 2)}, "joint law"),
        ({"m": mean(P, (X @ (w0 * w)) ** 2)}, r"the law of the field \(X@"),
        ({"m": mean(N, w * (W @ w))}, "joint law"),
    ],
)
def test_observables(observe, message):
    with pytest.raises(DeclarationError, match=message):
        simulate(posterior(square(X), observe=observe), trials=1, T=0.5, **SIZES)


def test_observables_of_a_field_that_the_energy_does_not_hold():
    """The error on new samples is the sum over weights of squares."""
    observe = {"new": mean(P, (Z @ (w - w0)) ** 2), "weights": mean(N, (w - w0) ** 2)}
    found = simulate(posterior(square(X), observe=observe), trials=20, T=0.5, N=100, P=400)
    assert abs(found["new"].mean - found["weights"].mean) < 4 * found["new"].stderr


@pytest.mark.parametrize("temperature", [0.2, 0.5])
def test_a_glass_below_its_instability_does_not_converge(temperature):
    with pytest.raises(ConvergenceError, match=r"s: message passing does not converge; (the last residual|its fixed point)"):
        simulate(models.SherringtonKirkpatrick(), trials=1, N=200, temperature=temperature, field=0.1, algorithm="tap")


def test_a_memory_beyond_its_load_does_not_converge():
    with pytest.raises(ConvergenceError, match=r"s: message passing does not converge; .* residual"):
        simulate(models.Hopfield(), trials=1, N=300, P=90, temperature=0.2, algorithm="tap")


def test_a_ferromagnet_needs_to_know_where_it_starts():
    with pytest.raises(ConvergenceError, match="two beginnings lead to fixed points that differ"):
        values = dict(N=200, temperature=0.9, ferromagnetic=1.8)
        [simulate(models.SherringtonKirkpatrick(), trials=1, seed=i, algorithm="tap", **values) for i in range(6)]


def test_data_whose_entries_depend_on_each_other():
    """Directions of very different lengths, mixed."""
    rng = np.random.default_rng(0)
    rows = (rng.standard_normal((2000, 200)) * np.geomspace(1, 0.01, 200)) @ np.linalg.qr(rng.standard_normal((200, 200)))[0]
    model = posterior((X @ (w - w0)).square() / 2 + T * sum_over(N, absolute(w)))
    with pytest.raises(ConvergenceError, match=r"not the .* of linear response|does not converge"):
        simulate(model, trials=1, T=0.1, N=200, P=150, design={"X": Rows(5 * rows)})


def test_losses_that_are_not_convex_have_no_minimum_to_find():
    with pytest.raises(DeclarationError, match="not convex"):
        simulate(posterior(sum_over(P, tanh(X @ w) ** 2) + w.square(), temperature=0), trials=1, **SIZES)


@pytest.mark.parametrize(
    ("model", "algorithm", "message"),
    [
        (models.BayesPerceptron(), "ampp", "no algorithm 'ampp'; did you mean 'amp'?"),
        (models.GradientFlowRegression(), "amp", "is no energy whose states one finds"),
    ],
)
def test_algorithms_by_name(model, algorithm, message):
    with pytest.raises(ParameterError, match=message.replace("?", r"\?")):
        simulate(model, trials=1, algorithm=algorithm)


def test_a_local_energy_that_falls_without_end():
    with pytest.raises(ConvergenceError, match="bounded from below"):
        simulate(posterior(square(X) - sum_over(N, log(1 + exp(w**2)))), trials=1, T=0.5, **SIZES)
