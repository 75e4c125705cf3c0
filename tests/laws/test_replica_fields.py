"""Replica theories of several states, fields, teachers and sets of samples: identities that relate them to simpler ones."""

import numpy as np
import pytest
import sympy as sp

from solvers import solve
from solvers.compile import compile_expressions
from theory import Dim, Energy, Gaussian, Noise, Quenched, State, absolute, average, mean, relu, sign, sqrt, sum_over
from theory.replica.general import derive_general
from theory.replica.saddle_point import free_energy

l1, l2, lam = sp.symbols("l1 l2 lambda", positive=True)
N, P = Dim("N"), Dim("P")
X, Z = Gaussian("X", P, N, variance=1 / N), Gaussian("Z", P, N, variance=1 / N)
w, v, w0, v0 = State("w", N), State("v", N), Noise("w0", N), Noise("v0", N)
LABELS = X @ w0 + Noise("eps", P, variance=0.3)


def two_ridges() -> Energy:
    """Two students of one training set."""
    energy = (X @ w - LABELS).square() / 2 + (X @ v - LABELS).square() / 2 + l1 * w.square() / 2 + l2 * v.square() / 2
    observe = {
        "E": mean(N, (w - w0) ** 2), "both": mean(N, (w - w0) * (v - w0)), "train": mean(P, (X @ w - LABELS) * (X @ v - LABELS)),
        "covariance": mean(N, (w - average(w)) * (v - average(v))),
    }  # fmt: skip
    return Energy(energy, over=[w, v], observe=observe, name="two ridges")


def group() -> Energy:
    residual = X @ (w - w0) + Z @ (v - v0) - Noise("eps", P, variance=0.3)
    observe = {"E": mean(N, (w - w0) ** 2 + (v - v0) ** 2), "length": mean(N, sqrt(w**2 + v**2))}
    return Energy(residual.square() / 2 + lam * sum_over(N, sqrt(w**2 + v**2)), over=[w, v], observe=observe, name="group")


@pytest.mark.parametrize(("model", "values"), [(two_ridges(), {"l1": 0.1, "l2": 0.5}), (group(), {"lambda_": 0.3})])
def test_the_free_energy_is_stationary(model, values):
    derivation = derive_general(model)
    state, theory = derivation.state(), derivation.theory
    found = solve(theory, P=0.7, N=1.0, **values)
    point = {theory.parameter(n).symbol: v for n, v in {"P": 0.7, "N": 1.0, **values}.items()}
    point |= {u.symbol: found.order_parameters[u.name] for u in theory.unknowns}
    phi = compile_expressions([free_energy({k: v for k, v in state.items() if k != "eliminated"})], 401, "uniform")
    for symbol in (u.symbol for u in theory.unknowns):
        step = 1e-4 * abs(point[symbol])
        slope = (phi({**point, symbol: point[symbol] + step})[0] - phi({**point, symbol: point[symbol] - step})[0]) / (2 * step)
        assert abs(slope * point[symbol]) < 3e-8, symbol
    assert found.order_parameters["replicon"] > 0


def test_two_students_at_one_ridge_are_one_student_of_the_exact_engine():
    found = solve(two_ridges().theory(), P=1.5, N=1.0, l1=0.2, l2=0.2).observables
    assert found["both"] == pytest.approx(found["E"], rel=1e-12)
    residual = X @ w - LABELS
    observe = {"E": mean(N, (w - w0) ** 2), "train": mean(P, residual**2), "variance": mean(N, (w - average(w)) ** 2)}
    one = solve(Energy(residual.square() / 2 + lam * w.square() / 2, over=w, observe=observe).theory(), P=1.5, N=1.0, lambda_=0.2)
    assert found["E"] == pytest.approx(one.observables["E"], rel=1e-10)
    assert found["train"] == pytest.approx(one.observables["train"], rel=1e-10)


def test_two_ridges_are_the_two_point_deterministic_equivalent():
    """The product of errors at two ridges feeds back on itself with P Σ η²/((κ + Pη)(κ' + Pη)) (2502.05074)."""
    found = solve(two_ridges().theory(), P=1.5, N=1.0, l1=0.1, l2=0.5).observables
    kappas = [solve_kappa(ridge) for ridge in (0.1, 0.5)]
    shrink = [k / (k + 1.5) for k in kappas]
    gain = 1.5 / ((kappas[0] + 1.5) * (kappas[1] + 1.5))
    error = (shrink[0] * shrink[1] + 0.3 * gain) / (1 - gain)
    assert found["both"] == pytest.approx(error, rel=1e-10)


def solve_kappa(ridge: float, samples: float = 1.5) -> float:
    """κ = λ + κ/(κ + P), by its quadratic."""
    b = samples - ridge - 1
    return (-b + np.sqrt(b**2 + 4 * ridge * samples)) / 2


def test_a_group_of_one_is_a_lasso():
    """The length of one state is its absolute value."""
    residual = X @ (w - w0) - Noise("eps", P, variance=0.3)
    found = [
        solve(Energy(residual.square() / 2 + lam * sum_over(N, penalty), over=w, observe={"E": mean(N, (w - w0) ** 2)}).theory(),
              P=0.7, N=1.0, lambda_=0.3).observables["E"]
        for penalty in (sqrt(w**2), absolute(w))
    ]  # fmt: skip
    assert found[0] == pytest.approx(found[1], rel=1e-12)


def test_clusters_that_coincide_are_one_and_share_their_order_parameters():
    direction, sizes = Noise("mu", N), [Dim("P1"), Dim("P2")]

    def mixture(dims) -> Energy:
        fields = [Gaussian(f"X{d}", d, N, variance=1 / N) @ w + sum_over(N, direction * w) / N for d in dims]
        losses = [sum_over(d, relu(1 - h)) for d, h in zip(dims, fields, strict=True)]
        return Energy(sum(losses[1:], losses[0]) + lam * w.square() / 2, over=w, observe={"norm": mean(N, w**2)}, name="mixture")

    two = solve(mixture(sizes).theory(), P1=0.4, P2=0.9, N=1.0, lambda_=0.3)
    one = solve(mixture([P]).theory(), P=1.3, N=1.0, lambda_=0.3)
    assert set(two.order_parameters) == set(one.order_parameters)
    for name, value in one.order_parameters.items():
        assert two.order_parameters[name] == pytest.approx(value, rel=1e-10), name
    assert one.order_parameters["m"] > 0.3


def test_a_mean_of_the_entries_is_a_sum_over_sites():
    """Biased patterns: entries of mean b/N shift the field by b times the mean of the state."""
    bias = sp.Symbol("b", real=True)
    base = Gaussian("X", P, N, variance=1 / N)
    biased = Gaussian("Y", P, N, variance=1 / N, mean=bias / N)
    found = [
        solve(Energy(sum_over(P, relu(1 - h)) + lam * w.square() / 2, over=w).theory(), P=0.8, N=1.0, lambda_=0.2, b=1.5)
        for h in (biased @ w, base @ w + bias * sum_over(N, w) / N)
    ]
    for name, value in found[1].order_parameters.items():
        assert found[0].order_parameters[name] == pytest.approx(value, rel=1e-12), name


@pytest.mark.slow
def test_rows_of_different_variance_are_weighted_samples():
    """A spectrum on the side of the samples, with two values, is two sets of samples."""
    S = Dim("S", "rho")
    (rho,) = S.spectra
    rows = Gaussian("A", S, N, variance=1 / N, row_covariance=rho)
    spectral = Energy(sum_over(S, relu(1 - rows @ w)) + lam * w.square() / 2, over=w, name="rows")
    sets = [Gaussian(f"B{k}", Dim(f"R{k}"), N, variance=k / N) for k in (1, 3)]
    pair = Energy(
        sum_over(Dim("R1"), relu(1 - sets[0] @ w)) + sum_over(Dim("R3"), relu(1 - sets[1] @ w)) + lam * w.square() / 2, over=w
    )
    one = solve(spectral.theory(), rho=np.array([1.0, 3.0, 3.0]), N=4.0, lambda_=0.2).order_parameters
    two = solve(pair.theory(), R1=1.0, R3=2.0, N=4.0, lambda_=0.2).order_parameters
    for name in ("q", "chi", "replicon"):
        assert one[name] == pytest.approx(two[name], rel=1e-10)


def test_errors_on_new_samples_of_a_classifier():
    """Declared as an average over samples that the energy does not have, and by the angle to the teacher."""
    test, margin = Dim("T"), sp.Rational(1)
    new = Gaussian("New", test, N, variance=1 / N)
    student = sign(X @ w0) * (X @ w)
    overlap = sum_over(N, w * w0) / sp.sqrt(w.square() * w0.square())
    model = Energy(
        sum_over(P, relu(margin - student)) + lam * w.square() / 2,
        over=w,
        observe={"angle": sp.acos(overlap) / sp.pi, "error": (1 - mean(test, sign(new @ w0) * sign(new @ w))) / 2},
    )
    found = solve(model.theory(), P=2.0, N=1.0, T=1.0, lambda_=0.3, tolerance=1e-8).observables
    assert found["error"] == pytest.approx(found["angle"], rel=1e-8)


def test_a_teacher_of_two_fields_adds_its_noise():
    """Labels with additive noise are one passive field or two, as they are written."""
    eps = Noise("eps", P, variance=0.3)
    target = Quenched("t", N)
    merged = Energy(sum_over(P, absolute(X @ w - X @ target - eps)) + lam * w.square() / 2, over=w, observe={"n": mean(N, w**2)})
    found = solve(merged.theory(), P=1.2, N=3.0, lambda_=0.3, t=np.array([1.0, -1.0, 0.5]))
    assert found.status == "converged" and found.order_parameters["replicon"] > 0
