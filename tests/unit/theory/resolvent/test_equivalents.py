"""Gaussian equivalents of nonlinear features, and averages over what only a test sees."""

import pickle

import mpmath
import numpy as np
import pytest
import sympy as sp

from solvers import simulate, solve
from theory import Diag, Dim, Expression, Gaussian, Tr, absolute, centred, erf, redrawn, relu, sign, tanh
from theory.averages import GaussianAverage
from theory.declaration import Mapped
from theory.declaration.mapped import ENTRY
from theory.errors import DerivationError
from theory.resolvent.equivalents import Equivalents, hermite, variance
from theory.resolvent.isolated import averaged_form

lam = sp.Symbol("lambda", positive=True)
M, P, N, T, U = Dim("M", "eta"), Dim("P"), Dim("N"), Dim("T"), Dim("U")
(eta,) = M.spectra
X, W, V, Y = Gaussian("X", P, M), Gaussian("W", M, N), Gaussian("V", N, T), Gaussian("Y", T, M)
root = Diag(M, sp.sqrt(eta))
GIVEN = {"P": 30, "N": 25, "lambda_": 0.5, "eta": np.arange(1, 21.0) ** -0.5 / 4}


def value(expression):
    return float(expression.replace(GaussianAverage, _quadrature))


def _quadrature(body, z):
    plain = sp.Symbol("z", real=True)
    return sp.Float(
        mpmath.quad(
            sp.lambdify(plain, body.xreplace({z: plain}) * sp.exp(-(plain**2) / 2) / sp.sqrt(2 * sp.pi), "mpmath"), [-12, 0, 12]
        )
    )


def test_a_function_of_a_matrix_is_a_matrix():
    features = tanh(2 * X @ W)
    assert isinstance(features, Mapped) and (features.rows, features.cols) == (P, N)
    assert features.T.T == features and str(features) == "tanh(2@X@W)" and r"\tanh" in features._repr_latex_()
    assert relu(tanh(X)) == Mapped(X, sp.Max(0, sp.tanh(ENTRY))) != centred(relu(tanh(X)))
    assert pickle.loads(pickle.dumps(centred(relu(X)))) == centred(relu(X))
    assert [p.name for p in Expression(Tr(features @ features.T)).parameters] == ["N", "P", "eta"]


@pytest.mark.parametrize(
    ("body", "exact"),
    [
        (sp.Max(0, ENTRY), (np.sqrt(2 / (2 * np.pi)), 0.5, 1.0)),
        (sp.sign(ENTRY), (0, np.sqrt(1 / np.pi), 1)),
        (sp.Abs(ENTRY), (2 / np.sqrt(np.pi), 0, 2)),
        (ENTRY**3 - ENTRY, (0, 5, 15 * 8 - 6 * 4 + 2)),
        (sp.sin(ENTRY), (0, np.exp(-1), (1 - np.exp(-4)) / 2)),
        (sp.erf(ENTRY), (0, 2 / np.sqrt(5 * np.pi), 2 / np.pi * np.arcsin(4 / 5))),
    ],
)
def test_hermite_coefficients_at_variance_two(body, exact):
    assert [value(x) for x in hermite(body, sp.Integer(2))] == pytest.approx(exact, rel=1e-10, abs=1e-12)


def test_the_variance_of_features_follows_from_the_declaration():
    total = sp.Function("S")
    inner = variance(X @ root @ W, tanh(X @ root @ W))
    assert "eta" in str(inner) and inner.subs(inner, total(1)) == total(1)
    assert variance(3 * X @ W / sp.sqrt(M), tanh(X)) == 9
    assert variance(W.T @ X.T, tanh(X)) == variance(X @ W, tanh(X)) == sp.Symbol("M", positive=True)


def test_one_draw_has_one_equivalent():
    equivalents, features = Equivalents(), tanh(X @ W)
    one, two = equivalents.linear(features), equivalents.linear(features.T)
    assert one.T == two and len(equivalents.meaning) == 2
    other = equivalents.linear(redrawn(features, W))
    assert other != one and len(equivalents.meaning) == 2  # another remainder of the same strength
    assert equivalents.linear(tanh(V)) != one and len(equivalents.meaning) == 4


FEATURES = [tanh(X @ root @ W), centred(relu(X @ root @ W)), sign(X @ root @ W), centred(absolute(X @ root @ W))]


@pytest.mark.parametrize("features", [FEATURES[0], *[pytest.param(f, marks=pytest.mark.slow) for f in FEATURES[1:]]], ids=str)
def test_the_equivalent_agrees_with_the_features_themselves(features):
    Z = features / sp.sqrt(N)
    expression = Expression(Tr((Z.T @ Z + lam).inv) / N)
    theory = solve(expression.theory(), **GIVEN)
    assert theory.error < 1e-12
    for r, bound in ((1, 0.08), (4, 0.02)):
        found = simulate(expression, **GIVEN, trials=60, seed=1, replicate=r)["value"]
        assert abs(found.mean - theory.observables["value"]) < 4 * found.stderr + bound, (r, found, theory)


DEEP = tanh(2 * tanh(X @ root @ W) @ V / sp.sqrt(N))
DEEPER = centred(relu(DEEP @ Gaussian("Z", T, U) / sp.sqrt(T)))


@pytest.mark.slow
@pytest.mark.parametrize("features", [DEEP, DEEPER], ids=["three matrices", "four matrices"])
def test_features_on_features(features):
    expression = Expression(Tr((features @ features.T / features.cols + lam).inv) / P)
    given = {**GIVEN, "T": 35} | ({"U": 28} if features is DEEPER else {})
    theory = solve(expression.theory(), **given)
    assert theory.error < 1e-12
    for r in (1, 4):
        found = simulate(expression, **given, trials=30, seed=1, replicate=r)["value"]
        assert abs(found.mean - theory.observables["value"]) < 4 * found.stderr + 0.012 / r


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: relu(X @ W), r"features Max\(0, X@W\): their entries have the mean .*, a spike of rank one; centre them"),
        (lambda: tanh(X @ W @ W.T), r"W.T stands in them twice, and their entries are not Gaussian"),
        (lambda: tanh(X @ root), r"the variance of their entries differs between columns; take it equal"),
        (lambda: tanh(root @ X.T), r"the variance of their entries differs between (rows|columns); take it equal"),
        (lambda: tanh((X @ X.T + 1) @ X), r"is no Gaussian matrix with mean 0; write a product of such"),
        (lambda: tanh(X @ W) + erf(X @ W), r"two functions of one matrix have correlated remainders"),
    ],
)
def test_features_without_an_equivalent(build, message):
    Z = build()
    with pytest.raises(DerivationError, match=message):
        Expression(Tr(Z.T @ Z)).derive()


def test_what_only_a_test_sees_is_averaged_first():
    A = Gaussian("A", M, N)
    assert averaged_form(Y @ A, sp.Integer(2), Y @ A + Gaussian("B", T, N)) == 2 * T * A.T @ A
    assert averaged_form(Y @ (A + W), 1 / T, 3 * Y @ A) == 3 * (A.T + W.T) @ A
    assert averaged_form(X @ W, sp.S.One, X @ (X.T @ X + lam).inv @ W) is None
