"""Energies beyond plain ridge regression: other penalties, several fields, temperature, given matrices; and what is refused."""

import numpy as np
import pytest
import sympy as sp

from solvers.monte_carlo import simulate
from theory.declaration import (
    Contribution,
    Deterministic,
    Diag,
    Dim,
    Energy,
    Gaussian,
    Noise,
    Parameter,
    Quenched,
    State,
    average,
    mean,
    quadratic_form,
    sum_over,
    tanh,
)  # fmt: skip
from theory.errors import DeclarationError, QuenchedError

M, P = Dim("M", "eta", "a2"), Dim("P")
eta, a2 = M.spectra
lam, T = sp.Symbol("lam", nonnegative=True), sp.Symbol("T", positive=True)
X, Z = Gaussian("X", P, M, column_covariance=eta), Gaussian("Z", P, M)
w, w0, O = State("w", M), Quenched("w0", M), Deterministic("O", M)
ETA, W0 = np.array([2.0, 1.0, 0.5, 0.1]), np.array([1.0, -2.0, 0.5, 3.0])
MODES = {"eta": ETA, "a2": W0**2}
TASK = {**MODES, "w0": W0, "P": 6, "lam": 0.3}
OBSERVE = {"E_g": sum_over(M, eta * (w - w0) ** 2), "state": w}


def recorded(model, shape=(6, 4), **task):
    """The estimate of one trial, and the matrices that it drew by name."""
    seen = {}

    def law(name):
        def entries(rng, shape):
            seen[name] = rng.standard_normal(shape)
            return seen[name]

        return entries

    names = [leaf.name for leaf in model.leaves if leaf.kind == "gaussian"]
    found = simulate(model, trials=1, **{**TASK, **task}, design={name: law(name) for name in names})
    return found, seen


def test_signed_targets_and_coloured_data():
    model = Energy((X @ (w - w0)).square() / 2 + lam * w.square() / 2, over=w, observe=OBSERVE)
    found, seen = recorded(model)
    x = seen["X"] * np.sqrt(ETA)
    expected = np.linalg.solve(x.T @ x + 0.3 * np.eye(4), x.T @ x @ W0)
    assert np.allclose(found["state"].mean, expected)
    assert found["E_g"].mean == pytest.approx(np.sum(ETA * (expected - W0) ** 2))


def test_penalty_weighted_by_a_spectrum_and_its_limit():
    """At ridge 0+ with P < M the solution depends on the weights of the vanishing penalty."""
    parameters = [Parameter("lam", lam, "ridge", lower=0, limit_at_lower=True)]
    energy = (Z @ (w - w0)).square() / 2 + lam * sum_over(M, w**2 / eta) / 2
    model = Energy(energy, over=w, observe=OBSERVE, parameters=parameters)
    found, seen = recorded(model, P=2, lam=0.0)
    z = seen["Z"] * np.sqrt(ETA)
    assert np.allclose(found["state"].mean, np.sqrt(ETA) * (np.linalg.pinv(z) @ (seen["Z"] @ W0)))


def test_several_fields_in_one_term_and_a_linear_term():
    """(u - v)^2 + u v with u = Xw, v = Zw is convex and no square of one field; the sum of v alone is linear."""
    u, v = X @ w, Z @ w
    model = Energy(sum_over(P, (u - v) ** 2 + u * v) + sum_over(P, v) + lam * sum_over(M, w**2 - w * w0), over=w, observe=OBSERVE)
    found, seen = recorded(model)
    x, z = seen["X"] * np.sqrt(ETA), seen["Z"]
    hessian = 2 * (x - z).T @ (x - z) + x.T @ z + z.T @ x + 0.6 * np.eye(4)
    assert np.allclose(found["state"].mean, np.linalg.solve(hessian, 0.3 * W0 - z.sum(axis=0)))


def test_compound_matrices():
    features = X @ Diag(M, sp.sqrt(a2)) + 2 * Z
    model = Energy((features @ w - Z @ w0).square() / 2 + lam * w.square() / 2, over=w, observe=OBSERVE)
    found, seen = recorded(model, a2=ETA**2)
    f = seen["X"] * np.sqrt(ETA) * ETA + 2 * seen["Z"]
    assert np.allclose(found["state"].mean, np.linalg.solve(f.T @ f + 0.3 * np.eye(4), f.T @ seen["Z"] @ W0))


def test_quadratic_form_is_the_same_for_every_size():
    """O commutes with nothing; at P >> M, without noise, w = w0 and the form is its value at w0 for every r."""
    a = np.random.default_rng(0).standard_normal((4, 4))
    observe = {"form": quadratic_form(O, w), "square": w.square()}
    model = Energy((Z @ (w - w0)).square() / 2 + lam * w.square() / 2, over=w, observe=observe)
    for r in (1, 3):
        found = simulate(model, trials=1, replicate=r, **{**TASK, "P": 50, "lam": 1e-14}, O=a + a.T)
        assert found["form"].mean == pytest.approx(W0 @ (a + a.T) @ W0)
        assert found["square"].mean == pytest.approx(r * W0 @ W0)


def test_gibbs_measure_has_the_declared_covariance():
    model = Energy((X @ (w - w0)).square() / 2 + lam * w.square() / 2, over=w, temperature=T,
                   observe={"state": w, "fluctuation": (w - average(w)) ** 2})  # fmt: skip
    x = np.array([[1.0, 0.5, 0, 0], [0, 1, 1, 0], [0.3, 0, 0, 1]])
    fixed = {"X": lambda rng, shape: x / np.sqrt(ETA)}
    found = simulate(model, trials=1000, **{**TASK, "P": 3}, T=0.7, design=fixed)
    hessian = x.T @ x + 0.3 * np.eye(4)
    z = (found["state"].mean - np.linalg.solve(hessian, x.T @ x @ W0)) / found["state"].stderr
    assert np.abs(z).max() < 4
    z = (found["fluctuation"].mean - 0.7 * np.diag(np.linalg.inv(hessian))) / found["fluctuation"].stderr
    assert np.abs(z).max() < 4
    cold = simulate(model, trials=2, **{**TASK, "P": 3}, T=1e-18, design=fixed)
    assert np.allclose(cold["state"].mean, np.linalg.solve(hessian, x.T @ x @ W0))


def test_averages_inside_scalars():
    """Of a scalar, and beside a plain sum: variance of s = sum w, plus the mean of sum w^2."""
    s = sum_over(M, w)
    model = Energy((X @ w - Noise("n", P)).square() / 2 + lam * w.square() / 2, over=w,
                   observe={"both": average(s**2) - average(s) ** 2 + w.square(), "s": s, "square": w.square()})  # fmt: skip
    found = simulate(model, trials=50, **MODES, P=6, lam=0.3)
    expected = 50 * found["s"].stderr ** 2 + found["square"].mean
    assert found["both"].mean == pytest.approx(expected, rel=1e-10)


def test_contributions_are_derivatives():
    """Against a finite difference of the simulation itself, with the same draws, noise included."""
    y = Z @ sp.sqrt(a2) + Noise("n", P)
    model = Energy((Z @ w - y).square() / 2 + lam * w.square() / 2, over=w,
                   observe={"E": sum_over(M, eta * (w - sp.sqrt(a2)) ** 2), "c": Contribution("E", a2)})  # fmt: skip
    task = {"eta": ETA, "lam": 0.3, "P": 6, "trials": 2}
    for r in (1, 2):
        found = simulate(model, a2=W0**2, replicate=r, **task)["c"].mean
        for k in range(4):
            step = 1e-4 * np.eye(4)[k]
            near = [simulate(model, a2=W0**2 * (1 + s), replicate=r, observables=["E"], **task)["E"].mean for s in (step, -step)]
            assert found[k] == pytest.approx((near[0] - near[1]) / 2e-4, rel=1e-5)


def test_laws_that_cannot_be_simulated_say_so():
    def refused(message, energy=None, task=None, **law):
        energy = (X @ (w - w0)).square() / 2 + lam * w.square() / 2 if energy is None else energy
        model = Energy(energy, over=w, observe=law.pop("observe", OBSERVE), **law)
        with pytest.raises(QuenchedError, match=message):
            simulate(model, trials=1, **{k: v for k, v in {**TASK, **(task or {})}.items() if v is not None})

    refused(r"tanh\(.*\)\*\*2 is not convex in", sum_over(P, tanh(X @ (w - w0)) ** 2) + lam * w.square())
    refused("a Gibbs measure has a temperature above 0", algorithm="langevin")
    refused("not unique; add a penalty", (X @ (w - w0)).square(), task={"P": 2}, observe={"n": lam * w.square()})
    refused("not a polynomial in its averages", observe={"v": sum_over(M, tanh(average(w)) + eta)})
    kinked = (X @ (w - sp.sqrt(a2))).square() / 2 + sum_over(M, abs(w))
    by_mode = {"E": sum_over(M, (w - sp.sqrt(a2)) ** 2), "c": Contribution("E", a2)}
    refused("minimum of a quadratic energy", kinked, observe=by_mode, task={"w0": None, "lam": None})
    refused("not convex", sum_over(P, (X @ w) * (Z @ w)) + lam * sum_over(M, w**2 + 0 * eta) + (X @ w0).square())


def test_a_prior_is_refused_by_a_minimum():
    s = State("s", M, prior="spherical")
    model = Energy((X @ s - X @ w0).square(), over=s, observe={"n": mean(M, s)})
    with pytest.raises(DeclarationError, match=r"^Energy: the spherical prior of s is not simulated"):
        simulate(model, trials=1, **MODES, w0=W0, P=6)
