"""Dominant balance against SymPy's series, and its refusals."""

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from theory.asymptotics import leading, limit_value
from theory.averages import ModeSum
from theory.errors import DerivationError
from theory.modes import ModeArray, ModeIndex

e, x, y = sp.symbols("e x y", positive=True)
eta, k = ModeArray("eta", positive=True), ModeIndex("M")

rational = st.recursive(
    st.sampled_from([e, x, y, sp.Integer(1), 1 / e]),
    lambda parts: st.one_of(
        st.tuples(parts, parts).map(lambda p: p[0] + p[1]),
        st.tuples(parts, parts).map(lambda p: p[0] * p[1]),
        parts.map(lambda p: 1 / (1 + p)),
    ),
    max_leaves=8,
)


@given(rational)
def test_rational_expressions_agree_with_their_value_at_a_small_parameter(expression):
    order, coefficient = leading(expression, e)
    point = {e: sp.Rational(1, 10**12), x: sp.Rational(3, 2), y: sp.Rational(5, 7)}
    ratio = expression.subs(point) / (coefficient * e**order).subs(point)
    assert abs(sp.N(ratio - 1)) < 1e-9


def test_leading_terms_that_cancel_are_found_one_order_further():
    assert leading(1 / (e + e**2) - 1 / e, e) == (0, -1)
    assert leading((x + e) ** 2 - x**2, e) == (1, 2 * x)


def test_averages_are_entered():
    order, coefficient = leading(ModeSum(eta[k] / (x + eta[k] / e), k), e)
    assert order == 1 and coefficient == sp.Symbol("M", positive=True)


def test_limits_at_zero_and_infinity():
    assert limit_value(x * y / (x + y), x, sp.oo) == y
    assert limit_value(x * y / (x + y), x, sp.S.Zero) == 0
    assert limit_value(y * x, x, sp.oo) == sp.oo
    assert limit_value(sp.tanh(x) / x, x, sp.S.Zero) == 1


def test_a_function_without_a_rule_is_refused():
    with pytest.raises(DerivationError, match="no rule for log"):
        leading(sp.log(e), e)
