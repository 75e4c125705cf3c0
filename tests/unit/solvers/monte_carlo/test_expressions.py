"""The tree walk gives what SymPy itself gives, at random points."""

import numpy as np
import pytest
import sympy as sp

from solvers.monte_carlo.expressions import FUNCTIONS, evaluate
from theory.errors import DeclarationError

x, y = sp.symbols("x y", positive=True)
EXPRESSIONS = [
    x + y - 3, x * y / 7, x**2, sp.sqrt(x), 1 / x, x ** sp.Rational(-3, 2), x**y, sp.pi * x, sp.exp(-x) + sp.log(y), sp.tanh(x - y),
    sp.Abs(x - y), sp.sign(x - y), sp.Max(x, y, 1), sp.Min(x, y), sp.erf(x), sp.cosh(x) * sp.sin(y), sp.Heaviside(x - y),
]  # fmt: skip


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=str)
def test_same_value_as_sympy(expression):
    rng = np.random.default_rng(0)
    points = rng.uniform(0.1, 2.0, (2, 5))
    got = evaluate(expression, {x: points[0], y: points[1]}.__getitem__, lambda e: isinstance(e, sp.Symbol))
    exact = [float(expression.subs({x: a, y: b})) for a, b in points.T]
    assert np.allclose(got, exact, rtol=1e-14)


def test_unknown_function_is_refused_by_name():
    with pytest.raises(DeclarationError, match="function gamma in gamma"):
        evaluate(sp.gamma(x), {x: 1.0}.__getitem__, lambda e: isinstance(e, sp.Symbol))
    assert sp.gamma not in FUNCTIONS
