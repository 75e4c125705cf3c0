"""Matrices: every normal form keeps the matrix, and equal matrices written differently are equal."""

import pickle

import numpy as np
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.declaration import Deterministic, Diag, Dim, Gaussian, Inv, Noise, Prod, State, Tr, Vec, quadratic_form

M, P = Dim("M", "eta"), Dim("P")
(eta,) = M.spectra
lam = sp.Symbol("lambda", positive=True)
X, Z, J, O = Gaussian("X", P, M), Gaussian("Z", P, M), Gaussian("J", M, M), Deterministic("O", M)
w, e = State("w", M), Noise("e", P)
D = Diag(M, eta)
SIZES, VALUES = {M: 3, P: 4}, {lam: 5}

square = st.recursive(
    st.sampled_from([J, J.T, D, O, X.T @ X, X.T @ Z, Diag(M, lam), (X.T @ X + lam).inv, Diag(M, w)]),
    lambda inner: st.one_of(
        st.builds(lambda a, b: a @ b, inner, inner),
        st.builds(lambda a, b: a + b, inner, inner),
        st.builds(lambda a, b: a - b, inner, inner),
        inner.map(lambda a: a.T),
        inner.map(lambda a: -2 * a),
        inner.map(lambda a: a / lam),
        inner.map(lambda a: a + lam),
        inner.map(lambda a: 1 - a),
        inner.map(lambda a: a**2),
    ),
    max_leaves=4,
)


@settings(max_examples=15)
@given(square, square)
def test_algebra_is_that_of_matrices(world, a, b):
    at = world(SIZES, VALUES)
    A, B = at.matrix(a), at.matrix(b)
    assert np.allclose(at.matrix(a @ b), A @ B)
    assert np.allclose(at.matrix(a + b), A + B)
    assert np.allclose(at.matrix(a - b / 3), A - B / 3)
    assert np.allclose(at.matrix(a.T), A.T)


product = st.lists(
    st.sampled_from([J, J.T, D, O, 2 * X.T @ X, Diag(M, lam), (X.T @ X + lam).inv, Diag(M, 2 - 2 * eta)]), min_size=1, max_size=4
)


@settings(max_examples=15)
@given(product, product)
def test_a_product_applies_factor_by_factor(a, b):
    a, b = Prod(*a), Prod(*b)
    assert J @ ((a @ b) @ w) == J @ (a @ (b @ w)) == (J @ a @ b) @ w


@settings(max_examples=15)
@given(square, square)
def test_products_associate_and_transpose(world, a, b):
    at = world(SIZES, VALUES)
    assert np.allclose(at.vector((a @ b) @ w), at.vector(a @ (b @ w)))
    assert (a @ b).T == b.T @ a.T and (a @ b).T.T == a @ b
    assert (a + b).T == a.T + b.T and a + b == b + a
    assert (a @ b) @ J == a @ (b @ J)


@settings(max_examples=15)
@given(square)
def test_application_keeps_the_meaning(world, a):
    at = world(SIZES, VALUES)
    assert np.allclose(at.vector(a @ (2 * w)), 2 * at.matrix(a) @ at.vector(w))


@settings(max_examples=15)
@given(square)
def test_round_trip(a):
    again = pickle.loads(pickle.dumps(a))
    assert again == a and hash(again) == hash(a) and again @ w == a @ w and str(again) == str(a)


def test_like_terms_are_collected():
    K = X.T @ X
    assert K + K == 2 * K and K + 2 * lam - lam == K + lam
    assert K - K == Diag(M, 0) and (X - X) @ w == Vec(P, 0)
    assert D + D == Diag(M, 2 * eta)


def test_scalars_go_to_the_front_and_diagonals_merge():
    assert X @ (2 * Diag(M, 1)) == 2 * X and Diag(P, 1) @ X == X
    assert D @ Diag(M, eta**2) == Diag(M, eta**3)
    assert D @ (lam * D) == Diag(M, lam * eta**2)
    assert (X @ Diag(M, -lam * eta)).args == (Diag(P, -lam), X, D)


def test_a_matrix_cancels_its_inverse():
    A = X.T @ X + lam
    assert A.inv.inv == A and A.inv @ A == Diag(M, 1) == A @ A.inv
    assert isinstance(A.inv, Inv) and A.inv.T == A.inv
    assert D.inv == Diag(M, 1 / eta) and isinstance(J @ A.inv, Prod)


def test_symmetry_is_known():
    S, A = Gaussian("S", M, M, symmetry=1), Gaussian("A", M, M, symmetry=-1)
    assert S.T == S and A.T == -A and J.T != J and O.T == O and (X.T @ X).T == X.T @ X


def test_what_does_not_vary_leaves_the_product():
    assert X @ (2 * lam * w) == 2 * lam * (X @ w)
    assert X @ (-w) == -(X @ w) and X @ (w.square() * w) == w.square() * (X @ w)
    assert X @ (0 * w) == Vec(P, 0)


def test_derivative_by_a_parameter_enters_local_fields(world):
    v = J @ ((X.T @ X + lam).inv @ (Diag(M, eta * lam) @ w + sp.tanh(lam) * w0()))
    step, at = 1e-5, [world(SIZES, {lam: 5 + s}) for s in (0, 1e-5, -1e-5)]
    numeric = (at[1].vector(v) - at[2].vector(v)) / (2 * step)
    assert np.allclose(at[0].vector(v.map(lambda x: x.diff(lam))), numeric, rtol=1e-6)


def w0():
    return (Diag(M, eta + lam).inv @ w).map(sp.tanh)


def test_traces_and_quadratic_forms(world):
    at = world(SIZES, VALUES)
    assert np.isclose(at.number(3 * Tr(X.T @ X + lam)), 3 * np.trace(at.matrix(X.T @ X + lam)))
    v = sp.sqrt(eta) * w - 1
    assert np.isclose(at.number(quadratic_form(O, 2 * v)), 4 * (at.vector(v).T @ at.matrix(O) @ at.vector(v)).item())
    assert quadratic_form(O, 2 * v) == 4 * quadratic_form(O, v) == 4 * quadratic_form(O, -v)


def test_powers_repeat_and_invert():
    R = (X.T @ X + lam).inv
    assert R**3 == R @ R @ R and R**0 == Diag(M) and R**1 == R
    assert R**-2 == (X.T @ X + lam) ** 2 and (R**2).T == R**2 and D**-1 == D.inv
