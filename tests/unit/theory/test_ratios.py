"""Rational functions with factored denominators: the same values as SymPy's, whatever was taken up first."""

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import theory.ratios.field
from theory.ratios import Ratios

x, y, z, w = sp.symbols("x y z w", positive=True)
POINT = {x: sp.Rational(3, 7), y: sp.Rational(2, 5), z: sp.Rational(11, 3), w: sp.Rational(4, 9)}
LEAVES = st.sampled_from([x, y, z, w, sp.sqrt(w), sp.Integer(2), sp.Rational(1, 3), 1 / (x - y)])
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda a, b: a + b, inner, inner), st.builds(lambda a, b: a * b, inner, inner),
        st.builds(lambda a, b: a - b, inner, inner), st.builds(lambda a, b: a / (1 + b**2), inner, inner),
    ),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=60, derandomize=True, deadline=None)
@given(EXPRESSIONS)
def test_an_expression_keeps_its_value(expression):
    ratio = Ratios(roots=[w]).of(expression)
    assert ratio.as_expr().xreplace(POINT) == ratio.factor().xreplace(POINT) == expression.xreplace(POINT)


def test_what_cancels_is_cancelled():
    field = Ratios()
    one, two = field.of((x**2 - y**2) / (x + z)), field.of((x + z) ** 2 / (x - y))
    assert (one * two).as_expr() == sp.expand((x + y) * (x + z))
    assert not (field.of(1 / (x + y)) + field.of(1 / (x - y)) - field.of(2 * x / (x**2 - y**2)))
    assert field.of((x**2 - 1) / (x - 1)).below == {} and (one / one).as_expr() == 1


def test_factors_divide_whatever_they_are_linear_in():
    field = Ratios()
    circle = field.of(1 / (x**2 + y**2 + z**2))
    assert (circle * field.of((x**2 + y**2 + z**2) * (x + 1))).as_expr() == x + 1
    assert (circle * field.of(x + 1)).below and field.of(x / y).below


def test_later_generators_do_not_disturb_earlier_ratios():
    field = Ratios()
    first = field.of(x / (1 + x))
    second = field.of(y * z / (1 + x) ** 2)
    assert sp.factor((first + second).as_expr() - x / (1 + x) - y * z / (1 + x) ** 2) == 0


def test_symbols_are_replaced_and_functions_stand_for_themselves():
    field = Ratios()
    replaced = field.of(sp.log(z) * x + y / x, {x: field.of(1 + z)})
    assert sp.simplify(replaced.as_expr() - sp.log(z) * (1 + z) - y / (1 + z)) == 0
    assert field.of(sp.log(x), {x: field.of(y)}).as_expr() == sp.log(y)
    assert sp.log(z) in replaced.symbols and x not in replaced.symbols


def test_linear_coefficients():
    field = Ratios()
    slopes = field.of((2 * x * z + y * z + 1) / (z + 1)).coefficients([x, y])
    assert {k: v.factor() for k, v in slopes.items()} == {x: 2 * z / (z + 1), y: z / (z + 1), None: 1 / (z + 1)}
    assert all(field.of(e).coefficients([x, y]) is None for e in (x * y, x**2, 1 / (x + y)))


def test_zero_has_no_inverse():
    field = Ratios()
    with pytest.raises(ZeroDivisionError):
        (field.of(x) - field.of(x)).inverse()


def test_long_polynomials_stay_whole_and_exact(monkeypatch):
    monkeypatch.setattr(theory.ratios.field, "LONGEST", 3)
    field = Ratios()
    ratio = field.of((x + y) / ((x + y) * (x + z) * (y + z)).expand())
    assert len(ratio.below) == 1 and sp.factor(ratio.as_expr()) == 1 / ((x + z) * (y + z))
    assert not ratio - field.of(1 / (x + z)) * field.of(1 / (y + z))
