"""Walks keep the meaning: collected, substituted, differentiated and affine forms agree with arrays."""

import pickle

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.declaration import (
    Deterministic,
    Diag,
    Dim,
    Dot,
    Gaussian,
    Noise,
    Quenched,
    State,
    Vec,
    affine,
    average,
    collect,
    gradient,
    leaves,
    linear_coefficients,
    mean,
    partial,
    quadratic_form,
    sites,
    substitute,
    sum_over,
    symbols,
    tanh,
    terms,
)
from theory.errors import DeclarationError

M, P = Dim("M", "eta"), Dim("P")
(eta,) = M.spectra
lam = sp.Symbol("lambda", positive=True)
X, Z, J = Gaussian("X", P, M), Gaussian("Z", P, M), Gaussian("J", M, M)
w, w0, eps = State("w", M), Quenched("w0", M), Noise("eps", P, variance=lam / 2)
O = Deterministic("O", M)
SIZES, VALUES = {M: 3, P: 4}, {lam: 1.7}

over_samples = st.recursive(
    st.sampled_from([X @ w, X @ w0, Z @ (eta * w), X @ tanh(w), eps, X @ (J @ w), X @ J.T @ w, X @ (J @ w + J @ w0)]),
    lambda inner: st.one_of(
        st.builds(lambda a, b: a + b, inner, inner),
        st.builds(lambda a, b: a - lam * b, inner, inner),
        st.builds(lambda a, b: a * b, inner, inner),
        inner.map(tanh),
        inner.map(lambda a: 2 * (a - eps)),
        inner.map(lambda a: a**2),
    ),
    max_leaves=5,
)


def fields(expression) -> int:
    """Different local fields at the site of an expression."""
    return len([s for s in sites(expression) if isinstance(s.node, Dot)])


@settings(max_examples=15)
@given(over_samples)
def test_collect_keeps_the_value_and_never_adds_fields(world, v):
    at, collected = world(SIZES, VALUES), collect(v)
    assert np.allclose(at.vector(collected), at.vector(v))
    assert fields(collected.expr) <= fields(v.expr) and collect(collected) == collected


def test_collect_leaves_one_field_per_matrix():
    e = (X @ w - X @ w0 - eps) ** 2
    assert collect(e) == (X @ (w - w0) - eps) ** 2
    assert collect(tanh(X @ w + 2 * (X @ w0))) == tanh(X @ (w + 2 * w0))
    assert collect(lam * (X @ w - eps) + lam * eps) == lam * (X @ w)
    assert collect(X @ (J @ w - J @ w0)) == X @ (J @ (w - w0))
    assert collect(X @ w - X @ w).expr == 0
    assert collect((X @ w - X @ w0).square()) == (X @ (w - w0)).square()


@settings(max_examples=15)
@given(over_samples)
def test_substitution_reaches_everything(world, v):
    at = world(SIZES, VALUES)
    new = Diag(M, eta) @ w0 - J @ w0
    other = world(SIZES, VALUES)
    other.arrays = at.arrays
    replaced = substitute(v, {w: new})
    value = at.vector(replaced)
    other.arrays = {**at.arrays, w.leaf: at.vector(new)[:, 0]}
    assert np.allclose(other.vector(v), value)
    assert w.leaf not in leaves(replaced)
    assert pickle.loads(pickle.dumps(replaced)) == replaced


def test_substitution_enters_averages_traces_matrices_and_forms():
    v = average(X @ w) + (X @ Diag(M, w)) @ w0
    assert substitute(v, {w: 2 * w0}) == X @ (2 * w0) - X @ (2 * w0) + average(X @ (2 * w0)) + (X @ Diag(M, 2 * w0)) @ w0
    assert substitute(quadratic_form(O, w), {w: w0}) == quadratic_form(O, w0)
    assert substitute((X.T @ X).inv @ w, {X: Z}) == (Z.T @ Z).inv @ w
    assert substitute(X @ w, {w: eta}) == X @ Vec(M, eta)
    assert substitute(w.square(), {w: w}) == w.square()


def test_replacement_in_sympy_stays_on_one_level():
    e = (X @ w).expr + eps.expr
    assert e.xreplace({w.expr: sp.S.Zero}) == e
    assert partial(e * w.square(), w.expr) == 0
    assert partial(w.expr**2 * w.square(), w.expr) == 2 * w.expr * w.square()
    assert partial(w.expr**2 * w.square(), w.square()) == w.expr**2


def test_leaves_and_symbols_are_sorted_and_complete():
    v = average(X @ tanh(w)) + (X @ J.inv) @ (w0 * sum_over(P, eps) / P)
    assert [leaf.name for leaf in leaves(v)] == ["J", "X", "eps", "w", "w0"]
    assert [s.name for s in symbols(v)] == ["M", "P", "eta", "lambda"]  # lambda stands in the law of eps
    assert [leaf.name for leaf in leaves(quadratic_form(O, w))] == ["O", "w"]


def test_terms():
    e, s = (X @ w - eps), sum_over(M, w * w0)
    found = terms(e.square() / 2 + lam * (w.square() / M - s) / 3)
    assert sorted(found, key=str) == sorted(
        [
            (sp.Rational(1, 2), (e**2).expr, P),
            (lam / M / 3, w.expr**2, M),
            (-lam / 3, (w * w0).expr, M),
        ],
        key=str,
    )
    assert terms(lam * quadratic_form(O, w) + 3) == [(lam, quadratic_form(O, w), None), (3, 1, None)]
    for bad in (s**2, s * e.square(), sp.sqrt(s), 1 / s):
        with pytest.raises(DeclarationError, match="not linear"):
            terms(bad)


def test_linear_coefficients():
    a, b = w.square(), w0.square()
    found, rest = linear_coefficients(lam * (a + 2 * b) - b * 2 * lam + 5)
    assert found == {a: lam} and rest == 5
    found, rest = linear_coefficients(a * b + b**2, of=[a])
    assert found == {a: b} and rest == b**2


def energies():
    f, mu = X @ w - X @ w0 - eps, Dim("mu", finite=True)
    x, y = Quenched("x", M, mu), Quenched("y", mu)
    return [
        f.square() / 2 + lam * w.square() / 2,
        sum_over(P, tanh(X @ (J @ tanh(w)))) / P,
        w.square() ** 2 - sum_over(M, w * (J @ w)) * sum_over(M, eta * w),
        sum_over(mu, (y - mean(M, tanh(x) * w)) ** 2) / 2,
        quadratic_form(O, tanh(w) - w0) * lam,
        sum_over(P, ((X.T @ X + lam).inv @ w - w0).square() * eps),
    ]


@pytest.mark.parametrize("energy", energies(), ids=str)
def test_gradient_agrees_with_differences(world, energy):
    mu = Dim("mu", finite=True)
    at, step = world({**SIZES, mu: 2}, VALUES), 1e-5
    exact = at.vector(gradient(energy, w))[:, 0]
    shifts = step * np.eye(SIZES[M])
    numeric = [(at.moved(w.leaf, s).number(energy) - at.moved(w.leaf, -s).number(energy)) / (2 * step) for s in shifts]
    assert np.allclose(exact, numeric, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    "v",
    [
        gradient((X @ w - X @ w0 - eps).square() / 2 + lam * w.square() / 2, w),
        2 * (J @ (eta * w)) - w0,
        w0 + 1,
        J @ (w + w0 * sum_over(P, eps)),
    ],
    ids=str,
)
def test_affine_form(world, v):
    at = world(SIZES, VALUES)
    H, b = affine(v, w)
    assert w.leaf not in leaves(b) and (H is None or w.leaf not in leaves(H))
    moved = 0 if H is None else at.matrix(H) @ at.vector(w)
    assert np.allclose(moved + at.vector(b), at.vector(v))


def test_affine_form_of_the_ridge_energy_is_its_normal_equation():
    H, b = affine(gradient((X @ w - X @ w0).square() / 2 + lam * w.square() / 2, w), w)
    assert H == X.T @ X + lam and collect(b) == -(X.T @ (X @ w0))


@pytest.mark.parametrize("v", [tanh(w), w**2, w * (X.T @ (X @ w)), w * w.square(), J @ tanh(w)], ids=str)
def test_what_is_not_affine_is_refused(v):
    with pytest.raises(DeclarationError, match="not affine in w"):
        affine(v, w)
