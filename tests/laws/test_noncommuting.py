"""Theories with given matrices that commute with nothing, as means, covariances, penalties: exact limits and invariances."""

import numpy as np
import pytest
import sympy as sp

from solvers import check, density, simulate, solve, solve_dyson, sweep
from theory import (
    Deterministic,
    Diag,
    Dim,
    Energy,
    Expression,
    Gaussian,
    Noise,
    Quenched,
    State,
    Tr,
    Vec,
    average,
    mean,
    outer,
    quadratic_form,
    sum_over,
)
from theory.declaration import Spectrum

lam, mu, s2 = sp.symbols("lambda mu sigma2", positive=True)
real = sp.Symbol("x", real=True)
M, P, N = Dim("M", "eta", Spectrum("s", scaling=0)), Dim("P", Spectrum("rho", scaling=0)), Dim("N")
(eta, s), (rho,) = M.spectra, P.spectra
X = Gaussian("X", P, M, row_covariance=rho, column_covariance=eta)
W, G = Gaussian("W", M, N, variance=1 / N), Gaussian("G", N, N, variance=1 / N, symmetry=1)
A, B, C = Deterministic("A", M, scaling=0), Deterministic("B", M, scaling=0), Deterministic("C", P, M, scaling=0)
D, F = Deterministic("D", M, N, scaling=0), Deterministic("F", N, scaling=0)
w0, u, v = Quenched("w0", M), Quenched("u", P), Quenched("v", M)
S, Eta = Diag(M, s), Diag(M, eta)
K, RNG = np.arange(1, 11.0), np.random.default_rng(0)
Z = RNG.normal(size=(2, 10, 10))
VALUES = {
    "N": 8.0, "lambda_": 0.4, "mu": 0.3, "sigma2": 0.2, "x": 4.0, "eta": 2 * K**-1.3, "s": 0.5 + np.sin(K) ** 2,
    "rho": 1 + np.arange(7) / 7, "w0": np.cos(K), "A": Z[0] @ Z[0].T / 10 + 0.3 * np.eye(10), "B": Z[1] @ Z[1].T / 10,
    "C": RNG.normal(size=(7, 10)) / 3,
    "D": RNG.normal(size=(10, 8)) / 3, "F": np.diag(np.linspace(-0.5, 0.5, 8)), "u": np.sin(np.arange(7.0)), "v": np.cos(2 * K),
}  # fmt: skip
FLAT = {**VALUES, "A": np.diag(VALUES["s"]), "B": np.diag(VALUES["eta"])}


def values(expression, given=VALUES):
    return {p.name: given[p.name] for p in expression.parameters}


def value(observable, **change):
    expression = Expression(observable)
    found = solve(expression.theory(), **values(expression, {**VALUES, **change}))
    assert found.error < 1e-10
    return found.observables["value"]


def regression(penalty=lambda w: 0, test=lambda w: sum_over(M, s * w**2), patterns=X, names=("E_g",)):
    """Ridge regression with a penalty, a test covariance and patterns of one's own, at its minimum."""
    w = State("w", M)
    y = patterns @ w0 + Noise("eps", P, variance=s2)
    observe = {
        "E_g": test(w - w0),
        "E_train": mean(P, (patterns @ w - y) ** 2),
        "bias": sum_over(M, s * (average(w) - w0) ** 2),
        "variance": sum_over(M, s * (w - average(w)) ** 2),
        "overlap": sum_over(M, w * w0),
    }
    energy = (patterns @ w - y).square() / 2 + lam * w.square() / 2 + penalty(w) / 2
    return Energy(energy, over=w, observe={name: observe[name] for name in names}).minimiser()


ALL = ("E_g", "E_train", "bias", "variance", "overlap")
XC, XA = Gaussian("X", P, M, row_covariance=rho, column_covariance=eta, mean=C), Gaussian("X", P, M, column_covariance=A)
XAC = Gaussian("X", P, M, row_covariance=rho, column_covariance=A, mean=C)
WD, GF = Gaussian("W", M, N, variance=1 / N, mean=D), Gaussian("G", N, N, variance=1 / N, symmetry=1, mean=F)
R = (X.T @ X + A + lam).inv


def ridge(matrix, penalty=lam):
    return (matrix.T @ matrix + penalty).inv


REFEREED = {
    "penalty": B @ R,
    "two-point": A @ R @ B @ (X.T @ X + A + mu).inv,
    "hat matrix": X @ R @ B @ R @ X.T,
    "mean": A @ ridge(XC),
    "covariance": B @ ridge(XA),
    "mean, covariance, penalty": B @ ridge(XAC, A + lam) @ XAC.T @ XAC,
    "both sides": C.T @ (XC @ A @ XC.T + lam).inv @ C,
    "features": B @ WD @ (WD.T @ X.T @ X @ WD + lam).inv @ WD.T,
    "symmetric": F @ (2.5 - GF).inv,
    "not symmetric": (X.T @ X + A + lam).inv @ (B @ W @ W.T + 1).inv,
    "rank one": A @ ridge(Gaussian("X", P, M, column_covariance=eta, mean=outer(u, v))),
    "four given matrices": B @ ridge(X) @ A @ ridge(X) @ B @ ridge(X) @ A @ ridge(X),
}
SLOW = ("features", "four given matrices")


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n in SLOW)) for n in REFEREED])
def test_theories_solve_their_dyson_equations(name):
    expression = Expression(Tr(REFEREED[name]), name=name)
    referee = solve_dyson(expression, **values(expression))
    found = solve(expression.theory(), **values(expression))
    assert found.error < 1e-11
    assert found.observables["value"] == pytest.approx(float(referee.observables["value"]), rel=1e-9)


@pytest.mark.slow
def test_commuting_matrices_give_the_theory_of_spectra():
    """Traces and sums with given vectors, averages and noise; nothing is shared but the linearisation."""
    spectral = regression(lambda w: sum_over(M, s * w**2), lambda w: sum_over(M, eta * w**2), names=ALL)
    given = regression(lambda w: sum_over(M, w * (A @ w)), lambda w: quadratic_form(B, w), names=ALL)
    one, two = (solve(e.theory(), **values(e, FLAT)).observables for e in (spectral, given))
    assert one == pytest.approx(two, rel=1e-11)
    assert value(Tr(ridge(XA)), A=FLAT["A"], rho=np.ones(7)) == pytest.approx(
        value(Tr(ridge(Gaussian("X", P, M, column_covariance=s)))), rel=1e-12
    )


def test_a_penalty_on_the_diagonal_is_a_spectrum():
    spectral, given = regression(lambda w: sum_over(M, s * w**2)), regression(lambda w: sum_over(M, w * (A @ w)))
    one, two = (solve(e.theory(), **values(e, FLAT)).observables for e in (spectral, given))
    assert one == pytest.approx(two, rel=1e-11)


def test_a_mean_on_the_diagonal_is_a_spectrum_beside_the_matrix():
    square = Gaussian("Q", M, M, variance=1 / M)
    diagonal, given = (Gaussian("Q", M, M, variance=1 / M, mean=m) for m in (S, A))
    assert diagonal == S + square
    expression = Expression(Tr(Eta @ ridge(diagonal)))
    assert "Tr(" not in str(expression.theory())  # sums over modes alone
    assert value(Tr(Eta @ ridge(diagonal))) == pytest.approx(value(Tr(Eta @ ridge(given)), A=FLAT["A"]), rel=1e-11)


def test_without_a_mean_the_theory_is_the_centred_one():
    centred = value(Tr(Eta @ ridge(X)))
    for size in (1e-2, 1e-3):
        shift = value(Tr(Eta @ ridge(XC)), C=size * VALUES["C"]) - centred
        assert 0 < abs(shift) < 10 * size**2
    assert value(Tr(Eta @ ridge(XC)), C=np.zeros((7, 10))) == pytest.approx(centred, rel=1e-12)


@pytest.mark.slow
def test_what_is_given_may_be_turned_together():
    turn = np.linalg.qr(Z[0])[0]
    turned = {key: turn.T @ VALUES[key] @ turn for key in "AB"} | {"C": VALUES["C"] @ turn, "w0": turn.T @ VALUES["w0"]}
    turned |= {key: (turned[key] + turned[key].T) / 2 for key in "AB"}
    expression = regression(lambda w: sum_over(M, w * (B @ w)), lambda w: quadratic_form(A, w), XAC)
    one, two = (solve(expression.theory(), **values(expression, {**VALUES, **more})) for more in ({}, turned))
    assert one.observables == pytest.approx(two.observables, rel=1e-10)


def test_means_of_rank_one_may_be_written_in_three_ways():
    level = sp.Rational(1, 2)
    number, rank_one, full = (
        value(Tr(ridge(Gaussian("X", P, M, mean=m))), C=np.full((7, 10), 0.5)) for m in (level, outer(Vec(P, level), Vec(M, 1)), C)
    )
    assert number == pytest.approx(rank_one, rel=1e-13)
    assert number == pytest.approx(full, rel=1e-11)


def test_groups_of_rows_may_be_matrices_of_their_own():
    """A covariance and a mean that change from group to group of the samples."""
    first, second = Dim("P1"), Dim("P2")
    C1, C2 = (Deterministic(f"C{d}", d, M, scaling=0) for d in (first, second))
    X1 = Gaussian("X1", first, M, column_covariance=eta, mean=C1)
    X2 = Gaussian("X2", second, M, variance=3, column_covariance=eta, mean=C2)
    groups = value(Tr(A @ (X1.T @ X1 + X2.T @ X2 + lam).inv), P1=3.0, P2=4.0, CP1=VALUES["C"][:3], CP2=VALUES["C"][3:])
    assert groups == pytest.approx(value(Tr(A @ ridge(XC)), rho=np.repeat([1.0, 3.0], [3, 4])), rel=1e-10)


def test_derivatives_by_parameters_are_those_of_resolvents():
    expression = Expression({"R": Tr(A @ ridge(XC)), "RR": Tr(A @ ridge(XC) @ ridge(XC))})
    curve = sweep(expression.theory(), **{**values(expression), "lambda_": [0.2, 0.4, 1.0]})
    assert curve.gradient("lambda_", "R") == pytest.approx(-curve["RR"], rel=1e-9)
    assert curve.error.max() < 1e-11


def test_a_mean_of_rank_one_shifts_the_resolvent_as_spikes_do():
    """1/(uᵀ (x − H − θ u uᵀ)⁻¹ u) + θ vanishes at x where a spike of strength θ' has its outlier, up to θ', for any θ: BBP."""
    level = Dim("L", Spectrum("unit", scaling=0))
    unit, H = Quenched("v", level), Gaussian("H", level, level, variance=1 / level, symmetry=1)
    resolvent = (real - H - outer(unit, unit) / 2).inv
    theory = Expression(sum_over(level, unit * (resolvent @ unit))).theory()
    (found,) = density(H, unit=np.ones(9), spikes={"H": [2.0]}, points=5).outliers
    errors = []
    for n in (40, 160):
        direction = np.cos(3 * np.arange(n))
        form = solve(theory, v=direction / np.linalg.norm(direction), x=found.position, unit=np.ones(n)).observables["value"]
        errors.append(abs(1 / form + 0.5 - 2))
    assert errors[1] < 0.3 / 160 and errors[0] / errors[1] == pytest.approx(4, rel=0.1)


DRAWN = {
    "mean": Expression({"R": Tr(A @ ridge(XC)), "form": sum_over(M, v * (ridge(XC) @ v))}),
    "mean and covariance": regression(patterns=XAC),
    "penalty and test": regression(lambda w: sum_over(M, w * (B @ w)), lambda w: quadratic_form(A, w), names=ALL),
    "features with a mean": Expression(Tr(B @ WD @ (WD.T @ X.T @ X @ WD + lam).inv @ WD.T)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWN)
def test_drawn_matrices_agree(name):
    expression = DRAWN[name]
    found = check(expression, **values(expression), trials=400, seed=5)
    assert found.passed, found


def test_the_energy_itself_is_minimised_by_the_simulation():
    """The same errors from a minimisation of the energy and from the inverse that the minimiser is."""
    w = State("w", M)
    energy = Energy((X @ w - X @ w0).square() / 2 + lam * w.square() / 2 + (B @ w).square() / 2, over=w,
                    observe={"E_g": quadratic_form(A, w - w0)})  # fmt: skip
    expression = energy.minimiser()
    one, two = (simulate(m, **values(expression), trials=5, seed=1)["E_g"] for m in (energy, expression))
    assert one.mean == pytest.approx(two.mean, rel=1e-9)


@pytest.mark.parametrize("ridge_value", [0.1, 0.007])
def test_a_minimiser_that_hides_its_symmetry_has_the_solution_of_the_one_that_shows_it(ridge_value):
    """A Hessian that is multiplied out has two inverses, it and its transpose, whose traces are equal all the same."""
    modes, rows = np.arange(60), np.arange(40)
    test, rough = Deterministic("A", M, scaling=0), Deterministic("B", M, scaling=0)
    w, patterns = State("w", M), Gaussian("X", P, M, column_covariance=eta, mean=C)
    y = patterns @ w0 + Noise("eps", P, variance=s2)
    energy = (patterns @ w - y).square() / 2 + lam * (w.square() + sum_over(M, w * (rough @ w))) / 2
    hidden = Energy(energy, over=w, observe={"E": quadratic_form(test, w - w0)}).minimiser()
    fitted = ridge(patterns, lam * (1 + rough)) @ (patterns.T @ y)
    shown = Expression({"E": quadratic_form(test, fitted - w0)})
    given = {
        "sigma2": 0.1, "lambda_": ridge_value, "eta": 2 * (modes + 1.0) ** -1.1, "s": np.ones(60), "rho": np.ones(40),
        "w0": np.cos(modes / 8), "C": np.sin(2 * np.pi * np.outer(rows + 1, modes + 1) / 61) / np.sqrt(60),
        "A": np.exp(-np.abs(np.subtract.outer(modes, modes)) / 10) / 60,
        "B": 2 * np.eye(60) - np.eye(60, k=1) - np.eye(60, k=-1),
    }  # fmt: skip
    one, two = (solve(e.theory(), tolerance=1e-8, **values(e, given)).observables["E"] for e in (hidden, shown))
    assert one == pytest.approx(two, rel=1e-7)
