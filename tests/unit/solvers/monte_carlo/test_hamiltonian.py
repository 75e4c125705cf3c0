"""Hamiltonian and Langevin dynamics against exact Gaussian answers and quadrature; what is refused."""

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import dblquad

from solvers.monte_carlo import simulate
from theory.declaration import Dim, Energy, Gaussian, Quenched, State, absolute, heaviside, log, mean, relu, sum_over, tanh
from theory.errors import ConvergenceError, DeclarationError

N, P = Dim("N"), Dim("P")
X, y = Gaussian("X", P, N, variance=1 / N), Quenched("y", P)
w, v, bell, ball = State("w", N), State("v", N), State("g", N, prior="gaussian"), State("s", N, prior="spherical")
T = sp.Symbol("T", positive=True)


@pytest.mark.parametrize("algorithm", ["hmc", pytest.param("langevin", marks=pytest.mark.slow)])
def test_two_states_of_a_gaussian_measure(algorithm):
    """A badly conditioned posterior, of which mean and covariance are known."""
    energy = (X @ (w + bell) - y).square() / 2 + w.square() / 200
    model = Energy(energy, over=(w, bell), temperature=T, algorithm=algorithm, observe={"w": 1 * w, "square": mean(N, w * bell)})
    matrix, labels = np.random.default_rng(3).standard_normal((4, 3)), np.array([1.0, -2.0, 0.5, 0.0])
    found = simulate(model, trials=60, N=3, P=4, T=0.3, y=labels, design={"X": lambda rng, shape: matrix})
    design = np.hstack([matrix, matrix]) / np.sqrt(3)
    covariance = np.linalg.inv(design.T @ design / 0.3 + np.diag([1 / 30] * 3 + [1.0] * 3))
    centre = covariance @ design.T @ labels / 0.3
    square = np.mean(np.diag(covariance[:3, 3:]) + centre[:3] * centre[3:])
    assert np.all(np.abs(found["w"].mean - centre[:3]) < 4 * found["w"].stderr)
    assert abs(found["square"].mean - square) < 4 * found["square"].stderr


@pytest.mark.slow
def test_two_states_in_a_potential_with_kinks_and_two_wells():
    potential = absolute(w) + (w**2 - v**2) ** 2 / 4 + v**2 / 2
    observe = {"first": mean(N, absolute(w)), "second": mean(N, v**2)}
    found = simulate(
        Energy(sum_over(N, potential), over=(w, v), temperature=T, algorithm="hmc", observe=observe), trials=40, N=10, T=0.4
    )

    def integral(function):
        weight = lambda b, a: function(a, b) * np.exp(-(abs(a) + (a**2 - b**2) ** 2 / 4 + b**2 / 2) / 0.4)  # noqa: E731
        return dblquad(weight, -6, 6, -6, 6, epsabs=1e-7)[0]

    for name, function in (("first", lambda a, b: abs(a)), ("second", lambda a, b: b**2)):
        assert abs(found[name].mean - integral(function) / integral(lambda a, b: 1)) < 4 * found[name].stderr


@pytest.mark.parametrize(
    ("energy", "over", "temperature", "error", "message"),
    [
        (w.square(), w, 0, DeclarationError, "a temperature above 0"),
        (sum_over(P, relu(X @ ball)), ball, T, DeclarationError, "leaves no room for momenta"),
        (sum_over(P, heaviside(X @ bell)), bell, T, DeclarationError, "no slope to descend"),
        (sum_over(N, log(1 + w**2)) / 5 + sum_over(P, tanh(X @ w)), w, T, ConvergenceError, "w: "),
    ],
)
def test_what_is_not_sampled_is_refused_by_name(energy, over, temperature, error, message):
    values = {"T": 0.5} if temperature else {}
    with pytest.raises(error, match=message):
        simulate(
            Energy(energy, over=over, temperature=temperature, algorithm="hmc", observe={"m": mean(N, over)}),
            trials=1,
            N=4,
            P=3,
            **values,
        )
