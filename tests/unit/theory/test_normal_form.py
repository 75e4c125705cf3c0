"""The basis of degrees of freedom: same value, canonical, and forms without cancellation."""

import pickle

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.averages import ModeSum
from theory.modes import ModeArray, ModeIndex, ModeValue
from theory.normal_form import Resolvent, SumName, residual_forms, resolvent_of, without_cancellation, written_out
from theory.special import Support
from theory.symbols import M, P, kappa, ridge

eta, a2 = ModeArray("eta", nonnegative=True), ModeArray("a2", nonnegative=True)
k = ModeIndex("M", "k")
below = kappa + P * eta[k]
RESOLVENT = Resolvent(kappa, P, eta, "M")
DATA = {"eta": [sp.Rational(3), sp.Rational(1, 2), sp.Rational(1, 7)], "a2": [sp.Rational(1, 5), sp.Rational(2), sp.Rational(4)]}
SCALARS = {kappa: sp.Rational(7, 3), P: sp.Rational(5, 2), ridge: sp.Rational(1, 3), M: sp.Integer(3)}


def value(expression):
    expression = sp.sympify(expression)
    if isinstance(expression, ModeSum):
        body, index = expression.opened()
        rows = [{ModeValue(eta, index): e, ModeValue(a2, index): a} for e, a in zip(DATA["eta"], DATA["a2"])]
        return sum(value(body.xreplace(row)) for row in rows)
    if expression in SCALARS:
        return SCALARS[expression]
    return expression.func(*[value(a) for a in expression.args]) if expression.args else expression


powers = st.tuples(st.integers(0, 4), st.integers(1, 4), st.booleans())


@settings(max_examples=25)
@given(st.lists(powers, min_size=1, max_size=2))
def test_named_sums_have_the_value_of_the_sums(parts):
    expression = sum(ModeSum((a2[k] if weighted else 1) * eta[k] ** i / below**d, k) for i, d, weighted in parts)
    named, names = RESOLVENT.named(expression)
    assert not named.atoms(ModeSum)
    assert sp.nsimplify(value(named.xreplace(names)) - value(expression)) == 0


@settings(max_examples=9)
@given(st.integers(1, 3), st.integers(1, 3))
def test_equal_sums_have_one_form(i, d):
    whole = ModeSum(eta[k] ** i / below**d, k)
    split = ModeSum(eta[k] ** i * kappa / below ** (d + 1), k) + P * ModeSum(eta[k] ** (i + 1) / below ** (d + 1), k)
    assert RESOLVENT.named(whole)[0] == RESOLVENT.named(split)[0]


def test_names_read_like_the_literature_and_pickle():
    named, _ = RESOLVENT.named(ModeSum(a2[k] * kappa**2 / below**2, k) + P * ModeSum(eta[k] / below, k))
    assert str(named) == "df_1 + dfc_2[a2_k]"
    assert pickle.loads(pickle.dumps(named)) == named
    assert r"\mathrm{df}_{1}" in sp.latex(named) and r"\overline{\mathrm{df}}_{2}" in sp.latex(named)
    assert SumName(1, 0, sp.S.One) == SumName(sp.S.One, 0, 1)


def test_the_resolvent_is_found_with_its_slope():
    found = resolvent_of(ModeSum(a2[k] / (3 * kappa + 2 * P * eta[k]) ** 2, k), kappa)
    assert found.array == eta and sp.expand(found.slope - 2 * P / 3) == 0
    assert resolvent_of(ModeSum(eta[k], k), kappa) is None


def test_differences_become_sums_of_positive_terms_on_the_fixed_point():
    fixed = ridge + kappa * ModeSum(eta[k] / below, k) - kappa
    gain = P * ModeSum(eta[k] ** 2 / below**2, k)
    stable = without_cancellation(1 / (1 - gain), RESOLVENT, fixed)
    denominator = 1 / stable
    assert not any(t.could_extract_minus_sign() for t in sp.Add.make_args(denominator))
    on_shell = {ridge: sp.solve(value(fixed.subs(ridge, sp.Symbol("l"))), sp.Symbol("l"))[0]}
    saved = SCALARS[ridge]
    SCALARS[ridge] = on_shell[ridge]
    try:
        assert sp.nsimplify(value(stable) - value(1 / (1 - gain))) == 0
    finally:
        SCALARS[ridge] = saved


def test_every_residual_form_vanishes_with_the_equation():
    equation = sp.Eq(kappa, ridge + kappa * ModeSum(eta[k] / below, k), evaluate=False)
    direct, complement = residual_forms(equation, RESOLVENT)
    assert sp.nsimplify(value(direct) - value(complement)) == 0
    assert complement.has(Support)
    assert sp.nsimplify(value(direct) - value((equation.rhs - equation.lhs) / kappa)) == 0
    (alone,) = residual_forms(sp.Eq(kappa, ridge + 1 / kappa, evaluate=False), None)
    assert sp.simplify(alone - (ridge / kappa + kappa**-2 - 1)) == 0


def test_written_out_is_the_inverse_of_naming():
    expression = ModeSum(eta[k] ** 2 / below**2, k)
    named, _ = RESOLVENT.named(expression)
    assert sp.nsimplify(value(written_out(named, RESOLVENT)) - value(expression)) == 0


def test_what_is_not_in_the_basis_stays():
    odd = ModeSum(sp.sqrt(eta[k]) / below, k)
    assert RESOLVENT.named(odd)[0] == odd


@pytest.mark.parametrize("order", [0, 1, 3])
def test_a_name_stands_for_its_sum(order):
    name = SumName(order, 2, a2[k])
    expected = sum(a * (P * e) ** order * kappa**2 / (kappa + P * e) ** (order + 2) for e, a in zip(DATA["eta"], DATA["a2"])).subs(
        SCALARS
    )
    assert sp.nsimplify(value(RESOLVENT.sum_of(name)) - expected) == 0
