"""Deterministic equivalents against the same expressions on drawn matrices at growing size, and wrong ones that must not pass."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from solvers import check, simulate, solve, solve_dyson
from theory import Deterministic, Diag, Dim, Energy, Expression, Gaussian, Noise, Quenched, State, Tr, average, sum_over
from theory.declaration import Spectrum
from theory.errors import ParameterError
from theory.models import RandomFeatureRegression

lam, mu, s2 = sp.symbols("lambda mu sigma2", positive=True)
M, P, N = Dim("M", "eta", Spectrum("s", scaling=0)), Dim("P"), Dim("N")
Q = Dim("Q", Spectrum("rho", scaling=0))
eta, s = M.spectra
(rho,) = Q.spectra
X, Y = Gaussian("X", P, M, column_covariance=eta), Gaussian("Y", P, M, column_covariance=eta)
Z = Gaussian("Z", Q, M, column_covariance=eta, row_covariance=rho)
W, V = Gaussian("W", M, N, variance=1 / N), Gaussian("V", M, N, variance=1 / N)
B, H = Gaussian("B", N, M, column_covariance=eta * s), Gaussian("H", N, N, variance=1 / N, symmetry=1)
G, A = Gaussian("G", P, N, variance=1 / P), Gaussian("A", N, N, variance=1 / N, symmetry=-1)
U1, U2 = Gaussian("U1", N, P, variance=1 / P), Gaussian("U2", P, N, variance=1 / N)
S, Eta, Rho = Diag(M, s), Diag(M, eta), Diag(Q, rho)
R, R2, RY = (X.T @ X + lam).inv, (X.T @ X + mu).inv, (Y.T @ Y + lam).inv
O = Deterministic("O", M, scaling=0)
DEEP = X @ W @ U1 @ U2


def features(w, ridge=lam):
    return w @ (w.T @ X.T @ X @ w + ridge).inv @ w.T


QUICK = {
    "Marchenko-Pastur, white": Tr((G.T @ G + lam).inv) / N,
    "Marchenko-Pastur, coloured": Tr(S @ R) / M,
    "two-point, two ridges, outer test": Tr(O @ R @ S @ R2) / M,
    "random features": Tr((W.T @ X.T @ X @ W + lam).inv) / N,
    "estimator of random features": Tr(Eta @ features(W)),
    "random features, bagged": Tr(Eta @ features(W) @ S @ features(V)),
    "row covariance": Tr(Rho @ Z @ (Z.T @ Z + lam).inv @ Z.T) / Q,
    "symmetric": Tr((H @ H + lam).inv) / N,
}
SLOW = {
    "hat matrix": Tr(X @ R @ X.T) / P,
    "two-point, one ridge": Tr(S @ R @ Eta @ R),
    "three-point": Tr(S @ R @ Eta @ R @ S @ R),
    "two samples of one law": Tr(Eta @ R @ S @ RY),
    "random features, two-point": Tr(Eta @ features(W) @ S @ features(W)),
    "four matrices": Tr((DEEP.T @ DEEP + lam).inv) / N,
    "random features, row covariance": Tr((W.T @ Z.T @ Z @ W + lam).inv) / N,
    "samples of two laws": Tr(S @ (X.T @ X + Z.T @ Z + lam).inv) / M,
    "antisymmetric": Tr((A @ A.T + lam).inv) / N,
    "two spectra": Tr(S @ (X.T @ X + B.T @ B + lam).inv) / M,
    "nested": Tr((Z @ R @ Z.T + mu).inv) / Q,
}
K = np.arange(1, 21.0)
RNG = np.random.default_rng(1)
TEST = RNG.normal(size=(20, 20))
GIVEN = {
    "P": 14, "N": 18, "lambda_": 0.5, "mu": 0.2, "eta": 2 * K**-1.1, "s": 0.5 + np.sin(K) ** 2, "rho": 0.5 + np.arange(12) / 12,
    "O": TEST @ TEST.T / 20, "w0": np.cos(K), "sigma2": 0.3,
}  # fmt: skip


def checked(expression, trials=150, **options):
    return check(expression, **{p.name: GIVEN[p.name] for p in expression.parameters}, trials=trials, seed=1, **options)


@pytest.mark.parametrize("name", QUICK)
def test_expressions_agree_with_drawn_matrices(name):
    found = checked(Expression(QUICK[name], name=name))
    assert found.passed, found


@pytest.mark.slow
@pytest.mark.parametrize("name", {**QUICK, **SLOW})
def test_expressions_agree_closely_with_drawn_matrices(name):
    found = checked(Expression({**QUICK, **SLOW}[name], name=name), trials=1500)
    assert found.passed and found["value"].error < 0.03 * abs(found["value"].theory), found


@pytest.mark.slow
@pytest.mark.parametrize("symmetry", [sp.Rational(2, 5), sp.Rational(-2, 5)])
def test_entries_correlated_with_their_transpose(symmetry):
    """Terms of both signs stand in the equations, and the bias of a simulation falls as 1/r."""
    E = Gaussian("E", N, N, variance=1 / N, symmetry=symmetry)
    expression = Expression(Tr((E @ E.T + E + E.T + 2 + lam).inv) / N)
    found = check(expression, N=20, lambda_=0.5, trials=400, seed=1)
    assert found.passed, found
    exact = solve_dyson(expression, N=20, lambda_=0.5).observables["value"]
    assert found["value"].theory == pytest.approx(exact, rel=1e-9)


def random_feature_ridge():
    """Random-feature ridge regression of given coefficients, with its bias and the spread over draws."""
    a, w0 = State("a", N), Quenched("w0", M)
    f = W @ a
    return Energy(
        (X @ f - X @ w0 - Noise("eps", P, variance=s2)).square() / 2 + lam * a.square() / 2,
        over=a,
        observe={
            "E_g": sum_over(M, eta * (f - w0) ** 2),
            "bias": sum_over(M, eta * (average(f) - w0) ** 2),
            "variance": sum_over(M, eta * (f - average(f)) ** 2),
        },
    )


def test_random_feature_ridge_agrees_with_its_simulated_minimum():
    """The simulation minimises the energy; it never sees the expression."""
    model = random_feature_ridge()
    theory = model.minimiser().theory()
    found = checked(model, trials=400, theory=theory)
    assert found.passed, found
    values = solve(theory, **{p.name: GIVEN[p.name] for p in model.parameters}).observables
    assert values["bias"] + values["variance"] == pytest.approx(values["E_g"], rel=1e-12)


def test_the_model_agrees_and_a_wrong_factor_does_not():
    model = RandomFeatureRegression()
    task = {"P": 14, "N": 18, "ridge": 0.1, "noise": 0.2, "eigenvalues": K**-1.3, "target_power": K**-1.5}
    found = check(model, **task, trials=500, seed=3, observables=["E_g", "E_train"])
    assert found.passed, found
    theory = model.theory()
    for name, factor in (("E_g", sp.Rational(4, 5)), ("E_train", sp.Rational(5, 4))):
        wrong = {key: {**getattr(theory, key), name: factor * getattr(theory, key)[name]} for key in ("observables", "stable")}
        found = check(model, **task, trials=500, seed=3, theory=replace(theory, **wrong), observables=[name])
        assert found.verdict == "disagree", found


VARIANCE = {"P": 14, "N": 18, "ridge": 0.3, "noise": 0.4, "eigenvalues": K**-1.3, "target_power": K**-1.1}


@pytest.mark.slow
def test_the_analysis_of_variance_agrees_in_every_part():
    """Every trial trains predictors on draws that share data, features or noise; products of their errors make up the parts."""
    found = check(RandomFeatureRegression(), **VARIANCE, trials=1500, seed=5)
    assert found.passed, found


@pytest.mark.slow
def test_variance_over_data_is_not_variance_over_features():
    model, names = RandomFeatureRegression(), ["V_X", "V_W"]
    assert check(model, **VARIANCE, trials=400, seed=5, observables=names).passed
    theory = model.theory()
    swapped = replace(
        theory, **{key: {**(t := getattr(theory, key)), "V_X": t["V_W"], "V_W": t["V_X"]} for key in ("observables", "stable")}
    )
    found = check(model, **VARIANCE, trials=400, seed=5, observables=names, theory=swapped)
    assert found.verdict == "disagree", found


@pytest.mark.parametrize(
    ("truth", "mistake"),
    [
        (Tr(Eta @ R @ S @ R), Tr(Eta @ R @ S @ RY)),
        (Tr(S @ R) / M, Tr(S @ (Y.T @ Y + X.T @ X + lam).inv) / M),
        (Tr(Eta @ features(W) @ S @ features(W)), Tr(Eta @ features(W) @ S @ features(V))),
    ],
    ids=["another draw", "twice the samples", "other features"],
)
def test_the_theory_of_another_expression_is_noticed(truth, mistake):
    expression = Expression(truth)
    found = checked(expression, trials=300, theory=Expression(mistake, name=expression.name).theory())
    assert found.verdict == "disagree", found


def test_an_expression_of_ones_own_with_three_matrices():
    """Nothing but the declaration is given: check chooses the rest, and another ridge in its theory does not pass."""
    own = Expression(Tr((B @ R @ B.T + G.T @ G + mu).inv) / N, disorder=[X, B, G], name="own")
    found = check(own, trials=100)
    assert found.passed and set(found.chosen) == {p.name for p in own.parameters}, found
    wrong = Expression(Tr((B @ R @ B.T + G.T @ G + 2 * mu).inv) / N, name="own").theory()
    assert check(own, trials=100, theory=wrong).verdict == "disagree"


def test_an_expression_is_simulated_by_its_parameters():
    expression = Expression({"r": Tr(R) / M, "hat": Tr(X @ R @ X.T) / P})
    given = {name: GIVEN[name] for name in ("P", "lambda_", "eta", "s")}
    one, two = (simulate(expression, **given, trials=5, seed=4) for _ in range(2))
    assert all(np.array_equal(one[name].mean, two[name].mean) for name in ("r", "hat"))
    swept = simulate(expression, **{**given, "lambda_": [0.5, 5.0]}, trials=5, seed=4)
    assert swept["r"].mean.shape == (2,) and swept["r"].mean[0] == pytest.approx(one["r"].mean)
    # Tr R XᵀX + λ Tr R = M holds in every draw.
    assert 14 * one["hat"].mean + 20 * 0.5 * one["r"].mean == pytest.approx(20, rel=1e-12)
    with pytest.raises(ParameterError, match="did you mean 'hat'"):
        simulate(expression, **given, observables=["hut"])
