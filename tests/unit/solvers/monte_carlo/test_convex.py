"""Minima of convex energies: several fields in one term, several states together, against solvers that know nothing of fields."""

import numpy as np
import pytest
from scipy.optimize import minimize

from solvers.monte_carlo import simulate
from theory.declaration import (
    Dim,
    Energy,
    Gaussian,
    Quenched,
    State,
    absolute,
    exp,
    heaviside,
    log,
    mean,
    relu,
    sign,
    sqrt,
    sum_over,
)
from theory.errors import ConvergenceError, DeclarationError

N, P = Dim("N"), Dim("P")
X, Z = Gaussian("X", P, N, variance=1 / N), Gaussian("Z", P, N, variance=1 / N)
w, v, v0 = State("w", N), State("v", N), Quenched("v0", N)


def found(model, names, P=12, N=8, **values):
    """The states that one simulated draw ends in, and the matrices that it drew."""
    rng = np.random.default_rng(4)
    drawn = {leaf.name: rng.standard_normal((P, N)) for leaf in model.leaves if leaf.kind == "gaussian"}
    design = {name: (lambda rng, shape, matrix=matrix: matrix) for name, matrix in drawn.items()}
    estimate = simulate(model, trials=1, P=P, N=N, design=design, **values)
    return [estimate[name].mean for name in names], {name: matrix / np.sqrt(N) for name, matrix in drawn.items()}


def test_several_fields_in_one_term():
    model = Energy(sum_over(P, log(exp(X @ w) + exp(-(Z @ w)) + 1)) + w.square() / 20, over=w, observe={"state": w})
    (state,), m = found(model, ["state"])

    def energy(w):
        return np.log(np.exp(m["X"] @ w) + np.exp(-m["Z"] @ w) + 1).sum() + w @ w / 20

    assert np.allclose(state, minimize(energy, np.zeros(8), tol=1e-10).x, atol=1e-5)


def test_several_states_are_minimised_together():
    """One is penalised by squares, the other by absolute values; they meet in one field and in one penalty."""
    loss = (X @ (w + v) - 1).square() / 2
    penalty = w.square() + 0.1 * sum_over(N, absolute(v)) + (w - v).square() / 4
    model = Energy(loss + penalty, over=(w, v), observe={"w": 1 * w, "v": 1 * v})
    (one, two), m = found(model, ["w", "v"])

    def energy(z):
        a, b = z[:8], z[8:16] - z[16:]
        return ((m["X"] @ (a + b) - 1) ** 2).sum() / 2 + a @ a + 0.1 * z[8:].sum() + ((a - b) ** 2).sum() / 4

    exact = minimize(
        energy,
        np.full(24, 0.1),
        bounds=[(None, None)] * 8 + [(0, None)] * 16,
        method="L-BFGS-B",
        options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 5000},
    ).x
    assert np.allclose(one, exact[:8], atol=1e-4) and np.allclose(two, exact[8:16] - exact[16:], atol=1e-4)


def test_a_quadratic_energy_of_two_states_is_solved_exactly():
    model = Energy((X @ w + Z @ v - 1).square() / 2 + w.square() / 2 + v.square(), over=(w, v), observe={"w": 1 * w, "v": 1 * v})
    (one, two), m = found(model, ["w", "v"])
    whole = np.hstack([m["X"], m["Z"]])
    exact = np.linalg.solve(whole.T @ whole + np.diag([1.0] * 8 + [2.0] * 8), whole.T @ np.ones(12))
    assert np.allclose(np.concatenate([one, two]), exact, atol=1e-10)


def test_lengths_of_groups_and_sums_over_sites_inside_a_field():
    shift = sum_over(N, w * v0) / N
    model = Energy(
        sum_over(P, absolute(X @ w + shift - 1)) + sum_over(N, sqrt(w**2 + v**2)) / 4 + v.square() / 4 - sum_over(N, v) / 5,
        over=(w, v), observe={"w": 1 * w, "v": 1 * v, "kinks": mean(P, sign(X @ w + shift - 1) ** 2)},
    )  # fmt: skip
    given = np.linspace(-1, 1, 8)
    (one, two, share), m = found(model, ["w", "v", "kinks"], v0=given)

    def energy(z):
        b = z[8:16]
        return z[24:].sum() + z[16:24].sum() / 4 + b @ b / 4 - b.sum() / 5

    residual = np.hstack([m["X"] + given / 8, np.zeros((12, 16)), np.zeros((12, 12))])
    place = np.eye(36)[24:]
    limits = [
        {"type": "ineq", "fun": lambda z, s=s: place @ z - s * (residual @ z - 1)} for s in (1, -1)
    ] + [{"type": "ineq", "fun": lambda z: z[16:24] - np.sqrt(z[:8] ** 2 + z[8:16] ** 2 + 1e-16)}]  # fmt: skip
    exact = minimize(energy, np.full(36, 0.5), constraints=limits, method="SLSQP", options={"ftol": 1e-13, "maxiter": 500}).x
    assert np.allclose(one, exact[:8], atol=1e-4) and np.allclose(two, exact[8:16], atol=1e-4)
    touched = np.mean(np.abs(residual @ exact - 1) < 1e-5)
    assert 0 < touched < 1 and share == pytest.approx(1 - touched)


s = State("s", N, prior="gaussian")


@pytest.mark.parametrize(
    ("energy", "over", "message"),
    [
        (sum_over(P, (X @ w) ** 4 - absolute(X @ w) ** 3 / 2) + w.square(), w, "is not convex in"),
        (sum_over(P, (X @ w) * (Z @ w)) + sum_over(P, relu(X @ w)) + w.square(), w, "is not convex in"),
        (sum_over(P, relu(X @ (w * v))) + w.square() + v.square(), (w, v), "is not linear in w, v"),
        (sum_over(P, relu(X @ w + sum_over(N, w * v))) + w.square() + v.square(), (w, v), "is not linear in w, v"),
        (sum_over(P, relu(X @ w + sum_over(N, w**2))) + w.square(), w, "holds w inside another sum"),
        (sum_over(P, relu(X @ s)), s, "the gaussian prior of s is not simulated by a minimum"),
        (sum_over(P, heaviside(X @ w)) + w.square(), w, "no slope to descend"),
    ],
)
def test_what_is_not_minimised_is_refused_by_name(energy, over, message):
    with pytest.raises(DeclarationError, match=message):
        simulate(Energy(energy, over=over, observe={"norm": w.square() if over is not s else s.square()}), trials=1, P=3, N=3)


def test_an_energy_without_a_minimum_is_not_found():
    model = Energy(sum_over(P, log(1 + exp(-(X @ w)))), over=w, observe={"norm": w.square()})
    with pytest.raises(ConvergenceError):
        simulate(model, trials=1, P=3, N=6)
