"""Vectors: elementwise algebra at the generic site means what it says, with SymPy, Python and NumPy operands on either side."""

import operator
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.declaration import Diag, Dim, Gaussian, Quenched, State, Vec, absolute, collect, erf, relu, sqrt, sum_over, tanh

M, P = Dim("M", "eta", "a2"), Dim("P")
eta, a2 = M.spectra
lam = sp.Symbol("lambda", positive=True)
X, w, w0 = Gaussian("X", P, M), State("w", M), Quenched("w0", M)
SIZES = {M: 3, P: 4}

leaf = st.sampled_from([w, w0, Vec(M, sp.sqrt(a2)), Diag(M, eta) @ w, X.T @ (X @ w0)])
number = st.sampled_from([2, -1, Fraction(1, 3), lam, eta, sp.sqrt(eta * a2), 0.25, np.float64(-1.5), np.int64(3)])


def grow(inner):
    return st.one_of(
        st.builds(lambda o, a, b: o(a, b), st.sampled_from([operator.add, operator.sub, operator.mul]), inner, inner),
        st.builds(lambda o, a, b: o(a, b), st.sampled_from([operator.add, operator.sub, operator.mul]), number, inner),
        st.builds(lambda o, a, b: o(a, b), st.sampled_from([operator.add, operator.truediv]), inner, number),
        inner.map(tanh),
        inner.map(operator.neg),
        inner.map(lambda v: v**2),
    )


vectors = st.recursive(leaf, grow, max_leaves=4)


@settings(max_examples=15)
@given(vectors, vectors, st.sampled_from([operator.add, operator.sub, operator.mul]))
def test_operators_act_entry_by_entry(world, a, b, operation):
    at = world(SIZES, {lam: 0.7})
    assert np.allclose(at.vector(operation(a, b)), operation(at.vector(a), at.vector(b)))


@settings(max_examples=15)
@given(vectors, vectors)
def test_products_distribute_over_sums(world, a, b):
    at = world(SIZES, {lam: 0.7})
    assert np.allclose(at.vector(X @ (a - b)), at.vector(X @ a - X @ b))
    assert collect(X @ (w - 2 * w0)) == collect(X @ w - 2 * (X @ w0))


@settings(max_examples=15)
@given(vectors)
def test_square_is_the_sum_of_squares(world, a):
    at = world(SIZES, {lam: 0.7})
    assert np.isclose(at.number(a.square()), (at.vector(a) ** 2).sum())
    assert a.square() == sum_over(M, a**2)


SCALARS = [
    2,
    -3,
    0.5,
    Fraction(2, 3),
    np.float64(0.5),
    np.int64(2),
    sp.Integer(2),
    sp.Rational(1, 2),
    sp.S.NegativeOne,
    sp.pi,
    sp.Float(0.1),
    lam,
    lam**2,
    2 * lam,
    lam + 1,
    sp.tanh(lam),
    eta,
    sp.sqrt(eta),
    eta * a2,
    eta + lam,
    P,
    1 / P,
]


@pytest.mark.parametrize("c", SCALARS, ids=str)
def test_a_scalar_or_spectrum_stands_on_either_side(c):
    plain = sp.Rational(str(c)) if isinstance(c, (float, sp.Float)) else sp.sympify(c)
    assert c * w == w * c == Vec(M, plain * w.expr)
    assert c + w == w + c == Vec(M, plain + w.expr)
    assert c - w == -(w - c) == Vec(M, plain - w.expr)
    assert c / w == Vec(M, plain / w.expr) and w / c == Vec(M, w.expr / plain)
    assert plain**w == Vec(M, plain**w.expr) and w**c == Vec(M, w.expr**plain)


def test_floats_become_the_decimals_that_were_typed():
    assert (0.1 * w).expr == w.expr / 10
    assert not (0.1 * w + 1e-12 * w).expr.atoms(sp.Float)
    assert (sp.Float(0.3) * lam * w).expr == sp.Rational(3, 10) * lam * w.expr


def test_comparison_with_a_scalar_is_false_and_raises_nothing():
    assert not (lam == w) and not (w == lam) and not (sp.Integer(2) == w) and not (w == 0) and w not in [lam, sp.S.One]


def test_python_sums_work():
    assert sum([w, w0]) == w + w0


def test_functions_act_on_entries():
    assert erf(w).expr == sp.erf(w.expr) and tanh(lam) == sp.tanh(lam) and sqrt(Vec(M, eta)).expr == sp.sqrt(eta)
    assert abs(w) == absolute(w) == w.map(sp.Abs)
    assert relu(w).expr.diff(w.expr) == sp.Heaviside(w.expr)


def test_a_spectrum_is_a_vector_where_one_is_wanted():
    assert X @ sp.sqrt(a2) == X @ Vec(M, sp.sqrt(a2))
    assert sum_over(M, eta) == sum_over(M, Vec(M, eta))


def test_finite_indices_ride_along(world):
    mu = Dim("mu", finite=True)
    x, v, y = Quenched("x", M, mu), State("v", P), Quenched("y", mu)
    f = sum_over(P, v * tanh(X @ x)) / P
    at = world({M: 3, P: 4, mu: 2}, {})
    exact = (at.vector(v) * np.tanh(at.vector(X @ x))).sum(0) / 4
    assert f.dim is None and np.allclose(at.vector(f), exact)
    assert np.isclose(at.number((y - f).square()), ((at.vector(y) - exact) ** 2).sum())
    assert np.allclose(at.vector(sum_over(mu, x * y)), (at.vector(x) * at.vector(y)).sum(1, keepdims=True))
