"""Replica theories of any energy: stationarity, limits, equal declarations, Nishimori's identity, capacity, what is refused."""

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

from solvers import solve
from solvers.compile import compile_expressions
from theory import Dim, Energy, Gaussian, Noise, Quenched, Signs, State, absolute, exp, heaviside, log, mean, relu, sign, sum_over
from theory.errors import DerivationError
from theory.models.gardner import Gardner
from theory.replica.general import derive_general
from theory.replica.saddle_point import free_energy
from theory.symbols import beta

lam, kappa, T = sp.symbols("lambda kappa T", positive=True)
N, P = Dim("N"), Dim("P")
X = Gaussian("X", P, N, variance=1 / N)
w, v, y, w0 = State("w", N), State("v", N), Signs("y", P), Noise("w0", N)
ball, spins = State("s", N, prior="spherical"), State("s", N, prior="ising")
RIDGE = lam * w.square() / 2


def hinge(temperature=0, **how):
    return Energy(sum_over(P, relu(1 - y * (X @ w))) + RIDGE, over=w, temperature=temperature, name="hinge", **how)


CASES = {
    "hinge": (hinge(), {"lambda_": 0.1}),
    "warm hinge": (hinge(T), {"lambda_": 0.1, "T": 0.2}),
    "logistic": (Energy(sum_over(P, log(1 + exp(-y * (X @ w)))) + RIDGE, over=w, name="logistic"), {"lambda_": 0.1}),
    "teacher": (Energy(sum_over(P, relu(1 - sign(X @ w0) * (X @ w))) + RIDGE, over=w, name="teacher"), {"lambda_": 0.1}),
    "lasso": (Energy((X @ (w - w0)).square() / 2 + lam * sum_over(N, absolute(w)), over=w, name="lasso"), {"lambda_": 0.1}),
    "learning": (Energy(sum_over(P, heaviside(-sign(X @ w0) * (X @ ball))), over=ball, phase="SAT", name="learning"), {}),
    "binary": (Energy(sum_over(P, heaviside(-y * (X @ spins))), over=spins, phase="SAT", name="binary"), {}),
}


SLOW = ("teacher", "warm hinge", "binary", "learning")


@pytest.mark.parametrize("case", [pytest.param(c, marks=[pytest.mark.slow] if c in SLOW else []) for c in CASES])
def test_the_free_energy_is_stationary(case):
    """The saddle equations, which are taken by parts, against numerical derivatives of the free energy in every symbol."""
    model, values = CASES[case]
    derivation = derive_general(model)
    state, theory = derivation.state(), derivation.theory
    found = solve(theory, P=0.7, N=1.0, **values, tolerance=1e-8)
    point = {theory.parameter(n).symbol: v for n, v in {"P": 0.7, "N": 1.0, **values}.items()}
    point |= {u.symbol: found.order_parameters[u.name] for u in theory.unknowns}
    for rule in reversed(state["eliminated"]):
        for symbol, value in rule.items():
            if symbol not in point:
                point[symbol] = float(compile_expressions([value], 801, "uniform")(point)[0])
    value = free_energy({k: v for k, v in state.items() if k != "eliminated"})
    phi = compile_expressions([value.xreplace({beta: state["beta"]})], 801, "uniform")
    symbols = [x for p in (*state["overlaps"], *state["mixed"]) for x in p.symbols]
    for symbol in [*symbols, *state["multipliers"].values()]:
        step = 1e-4 * abs(point[symbol])
        slope = (phi({**point, symbol: point[symbol] + step})[0] - phi({**point, symbol: point[symbol] - step})[0]) / (2 * step)
        assert abs(slope * point[symbol]) < 3e-6, symbol


def test_quadratic_energies_give_what_the_exact_engine_gives():
    M = Dim("M", "eta")
    (eta,) = M.spectra
    v, target = State("v", M), Quenched("v0", M)
    Z = Gaussian("Z", P, M, column_covariance=eta)
    for temperature, extra in ((0, {}), (T, {"T": 0.3})):
        residual = Z @ (v - target) - Noise("e", P, variance=0.2)
        observe = {"E_g": sum_over(M, eta * (v - target) ** 2), "E_train": mean(P, residual**2)}
        model = Energy(residual.square() / 2 + lam * v.square() / 2, over=v, temperature=temperature, observe=observe, name="ridge")
        task = dict(P=5.0, lambda_=0.3, eta=2.0 * np.arange(1, 9) ** -1.3, v0=np.linspace(-1, 2, 8), **extra)
        one, other = solve(model.theory(), **task), solve(derive_general(model).theory, **task)
        for name in model.observe:
            assert other.observables[name] == pytest.approx(one.observables[name], rel=1e-9)


def test_zero_temperature_is_the_limit():
    cold = solve(hinge().theory(), P=1.0, N=1.0, lambda_=0.1).order_parameters
    gaps = []
    for t in (1e-2, 1e-3):
        warm = solve(hinge(T).theory(), P=1.0, N=1.0, lambda_=0.1, T=t, tolerance=1e-8).order_parameters
        gaps.append([warm["q"] - cold["q"], warm["c"] / t - cold["chi"]])
        assert warm["replicon"] > 0
    assert np.all(np.abs(gaps[1]) < 0.2 * np.abs(gaps[0]))


def test_nishimori_identity_of_a_student_that_matches_its_teacher():
    theory = CASES["learning"][0].theory()
    for samples in (0.5, 2.0, 5.0):
        found = solve(theory, P=samples, N=1.0).order_parameters
        assert found["q"] == pytest.approx(found["m"], rel=1e-11)
        assert found["replicon"] > 0


@pytest.mark.parametrize("margin", [0.0, 0.5, 1.0, -0.3])
def test_gardner_capacity_follows_from_dominant_balance(margin):
    """1/alpha_c is the integral of (t + kappa)^2 over t > -kappa, by quadrature; and the overlap tends to one there."""
    theory = Gardner().theory()
    exact = 1 / mp.quad(lambda t: (t + margin) ** 2 * mp.npdf(t), [-margin, 0, 4, 12] if margin > 0 else [-margin, 4, 12])
    assert solve(theory, P=0.1, N=1.0, margin=margin).observables["capacity"] == pytest.approx(float(exact), rel=1e-12)
    gaps = [1 - solve(theory, P=float(exact) * s, N=1.0, margin=margin, tolerance=1e-6).order_parameters["q"] for s in (0.9, 0.98)]
    assert gaps[1] < 0.35 * gaps[0]


def test_entropy_of_the_binary_perceptron_vanishes_at_its_capacity():
    """Krauth and Mézard, J. Physique 50, 3057 (1989): 0.833; the spherical capacity 2 is far beyond."""
    theory = CASES["binary"][0].theory()
    entropies = [solve(theory, P=samples, N=1.0, tolerance=1e-8).order_parameters["entropy"] for samples in (0.83, 0.837)]
    assert entropies[0] > 0 > entropies[1]
    assert "capacity" not in theory.observables


@pytest.mark.slow
def test_signs_that_are_gauged_away_and_labels_of_no_teacher_agree():
    """Labels that are the sign of independent noise are fair."""
    noisy = Energy(sum_over(P, relu(1 - sign(Noise("e", P)) * (X @ w))) + RIDGE, over=w, name="noisy")
    one = solve(hinge().theory(), P=1.3, N=1.0, lambda_=0.2).order_parameters
    other = solve(noisy.theory(), P=1.3, N=1.0, lambda_=0.2, tolerance=1e-8).order_parameters
    assert other["chi"] == pytest.approx(one["chi"], rel=1e-8) and "m" not in other


def test_the_training_loss_is_a_derivative_of_the_ground_state_energy():
    model = hinge(observe={"loss": sum_over(P, relu(1 - y * (X @ w))), "norm": w.square()})
    theory = model.theory()
    found = {s: solve(theory, P=1.5, N=1.0, lambda_=s) for s in (0.2, 0.2 + 1e-4, 0.2 - 1e-4)}
    energy = {s: f.order_parameters["ground_state_energy"] for s, f in found.items()}
    here = found[0.2].observables
    assert energy[0.2] == pytest.approx(here["loss"] + 0.1 * here["norm"], rel=1e-9)
    assert (energy[0.2 + 1e-4] - energy[0.2 - 1e-4]) / 2e-4 == pytest.approx(here["norm"] / 2, rel=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Energy(sum_over(P, heaviside(-y * (X @ w)) + relu(X @ v)) + RIDGE + v.square(), over=[w, v]),
            "replicas of one State are derived",
        ),
        (lambda: Energy(sum_over(P, -absolute(X @ w)) + RIDGE, over=w), "is not convex in h, as -2 may be negative"),
        (lambda: Energy(sum_over(P, relu(1 - X @ spins)), over=spins), "prior 'ising' of s: at temperature 0"),
        (lambda: Energy(sum_over(P, 1 + relu(-(X @ ball))), over=ball, phase="SAT"), "nowhere 0"),
        (lambda: Energy(sum_over(P, heaviside(-y * (X @ w))), over=w, phase="SAT"), "not normalisable"),
        (lambda: Energy(sum_over(P, relu((X @ w) ** 3 - X @ w - 1)) + RIDGE, over=w), "at no known place in h"),
        (lambda: Energy(sum_over(P, relu(X @ w + (Gaussian("Y", P, N) @ w) ** 2)) + RIDGE, over=w), "it has kinks and couples"),
    ],
)
def test_what_has_no_replica_symmetric_theory_is_refused_by_name(make, message):
    with pytest.raises(DerivationError, match=message):
        make().derive()
