import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.compile import compile_expressions
from solvers.multiprecision import evaluate_expression
from solvers.rounding import NODES, grouped, relative_rounding, rounding
from theory.averages import ModeSum
from theory.modes import ModeArray, ModeIndex
from theory.special import Support

x, y = sp.symbols("x y", positive=True)
u = sp.Symbol("u", real=True)
eta, k = ModeArray("eta", nonnegative=True), ModeIndex("M", "k")

EXPRESSIONS = [
    x + y,
    x - y,
    (x - y) ** 2 / (x + y),
    1 - x / y,
    sp.exp(x - y),
    sp.sqrt(x**2 + y) - x,
    u**3 - u * x,
    sp.tanh(u) - x * sp.log(y),
    ModeSum(eta[k] / (x + y * eta[k]), k) - x,
    ModeSum((eta[k] - x) / (x + eta[k]), k),
    (x - y) / (x - y + x * y),
]


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=str)
@settings(max_examples=25)
@given(st.floats(1e-3, 1e3), st.floats(-1e-6, 1e-6), st.floats(-3, 3))
def test_bound_holds_near_cancellation(expression, a, b, c):
    values, data = {x: a, y: a * (1 + b), u: c}, {eta: [0.0, 0.1, 1.0, 3.0]}
    call = compile_expressions([expression, rounding(expression)])
    found, bound = call({**values, NODES: 0.0}, {e: np.array(v) for e, v in data.items()})
    with mp.workdps(60):
        rule = {s: mp.mpf(v) for s, v in values.items()}
    exact = rational_value(expression, rule, data)
    assert abs(mp.mpf(float(found)) - exact) <= 2.0**-52 * float(bound) + mp.mpf("1e-300")


def rational_value(expression, values, data):
    try:
        return evaluate_expression(expression, values, data, digits=30)
    except ArithmeticError:  # exactly zero: no relative accuracy
        return mp.mpf(0)


def test_sums_of_one_sign_lose_nothing():
    assert relative_rounding(ModeSum(eta[k] / (x + y * eta[k]), k) + x * y) is not None
    assert relative_rounding(x * y - 1) is None
    assert relative_rounding(x - ModeSum(Support(eta[k]), k)) == (1, 0)  # two exact numbers


def test_grouping_keeps_the_difference_of_exact_numbers():
    count = ModeSum(Support(eta[k]), k)
    written = x / u - 1 + count / x
    assert grouped(written, [u]) == x / u + (count - x) / x
    assert grouped(x + y * u, [u]) == x + y * u
