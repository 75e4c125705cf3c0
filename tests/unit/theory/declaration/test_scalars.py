"""Sums, averages and their normal forms."""

import pickle

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.declaration import (
    Average,
    Deterministic,
    Diag,
    Dim,
    Gaussian,
    Noise,
    Over,
    Quenched,
    State,
    Tr,
    Vec,
    average,
    mean,
    quadratic_form,
    sum_over,
    tanh,
    tops,
)
from theory.errors import DeclarationError

M, P = Dim("M", "eta", "a2"), Dim("P")
eta, a2 = M.spectra
lam, mu = sp.Symbol("lambda", positive=True), Dim("mu", finite=True)
X, w, w0, eps = Gaussian("X", P, M), State("w", M), Quenched("w0", M), Noise("eps", P)


def test_factors_that_do_not_vary_stand_in_front():
    assert sum_over(M, 2 * lam / P * w) == 2 * lam / P * sum_over(M, w)
    assert sum_over(M, w * w0.square()) == w0.square() * sum_over(M, w)
    assert sum_over(M, (2 * w - 2 * w0) ** 2) == 4 * (w - w0).square() == 4 * (w0 - w).square()
    assert sum_over(M, Vec(M, lam)) == lam * M and sum_over(M, 0 * w) == 0
    assert mean(P, eps) == sum_over(P, eps) / P


def test_sums_are_scalars_of_sympy():
    norm = w.square()
    assert norm.is_real and norm.is_nonnegative and sp.sqrt(norm**2) == norm
    assert norm.xreplace({M: sp.Integer(7)}) == norm == norm.subs(M, 7)  # the range of a sum is bound
    assert (norm / M).xreplace({M: sp.Integer(7)}) == norm / 7
    assert (w / sp.sqrt(norm)).dim == M  # a sum is a global factor of a vector


@pytest.mark.parametrize(
    "part",
    [
        w.square(),
        lam * sum_over(M, tanh(w * eta)),
        average(w.square()),
        average(w).square(),
        Tr(X.T @ X),
        quadratic_form(Deterministic("O", M), w - w0),
        (X @ (w - average(w))).square(),
    ],
    ids=str,
)
def test_round_trip_through_pickle_and_func(part):
    again = pickle.loads(pickle.dumps(part))
    assert again == part and hash(again) == hash(part) and str(again) == str(part)
    for top in tops(part):
        assert top.func(*top.args) == top


@settings(max_examples=15)
@given(st.sampled_from([w**2, tanh(lam * w) * w0, (w / lam + w0 * eta) ** 3, Diag(M, lam + eta).inv @ w]))
def test_derivatives_enter_sums(world, v):
    total = lam**2 * sum_over(M, v)
    step, at = 1e-5, [world({M: 3}, {lam: 2 + s}) for s in (0, 1e-5, -1e-5)]
    assert np.isclose(at[0].number(total.diff(lam)), (at[1].number(total) - at[2].number(total)) / (2 * step), rtol=1e-6)


def test_derivative_of_a_quadratic_form(world):
    form = quadratic_form(Deterministic("O", M), tanh(lam * w) + w0)
    at = [world({M: 3}, {lam: 2 + s}) for s in (0, 1e-5, -1e-5)]
    assert np.isclose(at[0].number(form.diff(lam)), (at[1].number(form) - at[2].number(form)) / 2e-5, rtol=1e-6)


@pytest.mark.parametrize("by", [M, w.expr, eta], ids=str)
def test_derivative_by_something_bound_is_refused(by):
    with pytest.raises(DeclarationError, match="bound in it"):
        sum_over(M, eta * w**2).diff(by)


def test_averages_are_linear_and_leave_what_is_given():
    assert average(2 * lam * sp.sqrt(eta) * w + w0) == 2 * lam * sp.sqrt(eta) * average(w) + w0
    assert average(w0) == w0 and average(Vec(M, eta)) == Vec(M, eta)
    assert average(average(w)) == average(w) and average(w * average(w)) == average(w) ** 2
    assert average(w.square()) == Average(w.square()) and average(w0.square()) == w0.square()
    assert average(eps).expr == Average(eps.expr) != 0  # what vanishes is for an engine to find


def test_the_deterministic_part_drops_out_of_a_fluctuation():
    f = sp.sqrt(eta) * w - sp.sqrt(a2)
    assert sp.expand((f - average(f)).expr - sp.sqrt(eta) * (w - average(w)).expr) == 0
    assert a2 not in (f - average(f)).expr.free_symbols


def test_sums_over_finite_dimensions_keep_the_site():
    x, y = Quenched("x", M, mu), Quenched("y", mu)
    kept = sum_over(mu, x * y)
    assert kept.dim == M and isinstance(sum_over(M, kept), Over)
    assert sum_over(M, sum_over(mu, x**2)) - sum_over(mu, sum_over(M, x**2)) != 0  # inert: not reordered
    with pytest.raises(DeclarationError, match="does not carry mu"):
        sum_over(mu, w)
