"""Derivatives found part by part against SymPy's own."""

import pytest
import sympy as sp

from theory.averages import GaussianAverage, HalfLine, ModeSum
from theory.differentiation import PartialDerivative
from theory.modes import ModeArray, ModeIndex
from theory.special import H, log_cosh

X, Y = sp.symbols("x y", positive=True)
Z, T = sp.Symbol("z", real=True), sp.Symbol("t", positive=True)
K = ModeIndex("M", "k")
ETA = ModeArray("eta", nonnegative=True)
MODES = ModeSum(ETA[K] ** 2 / (X + Y * ETA[K]) ** 2, K)
FIELD = GaussianAverage(sp.tanh(X * Z + Y) ** 3 * sp.exp(-X * Z**2), Z)

EXPRESSIONS = [
    X**3 * Y - sp.sqrt(X) / Y + 2,
    X**Y + Y**X + X**X,
    H(X / Y) * log_cosh(X**2) + sp.log(X * Y),
    sp.atan2(X, Y**2) * sp.besselj(1, X),
    sp.Piecewise((X**2, X < 1), (Y * X, True)) ** 2,
    sp.Abs(X - Y) * sp.Max(X, 2 * Y),
    sp.Function("f")(X**2, X * Y),
    MODES / X + MODES**2,
    FIELD * sp.sqrt(X) + GaussianAverage(H(X * Z) * FIELD, Z),
    HalfLine(sp.exp(-(T**2) / 2 - X * T) * sp.log(1 + X**2 * T), T),
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_derivative_is_the_one_of_sympy(expression):
    for symbol in (X, Y):
        by = PartialDerivative(symbol)
        assert by(expression) == expression.diff(symbol)
        assert by(by(expression)) == expression.diff(symbol).diff(symbol)
    assert PartialDerivative(sp.Symbol("other"))(expression) == 0


def test_by_the_data_of_one_mode():
    r = ETA[ModeIndex("M", "r")]
    assert PartialDerivative(r)(X * MODES) == (X * MODES).diff(r) != 0
