"""Envelopes of potentials of several variables: against a minimiser by hand, derivatives against finite differences."""

import numpy as np
import pytest
import sympy as sp
from scipy.optimize import minimize

from solvers.compile import compile_expressions
from theory.envelope import Envelope
from theory.errors import DerivationError
from theory.special import Spread

x, w = sp.symbols("x_0:3", real=True), sp.symbols("w_0:3", real=True)
a, b, chi = sp.symbols("a b chi", positive=True)
POTENTIAL = sp.log(sum(sp.exp(a * v) for v in x)) - x[0]
CHI = sp.Matrix([[1 + chi, b, 0], [b, 2, -b], [0, -b, 1]])
POINT = {w[0]: 0.3, w[1]: -0.8, w[2]: 1.1, a: 1.3, b: 0.2, chi: 0.7}


def value(expression, **moved):
    point = {**POINT, **{next(s for s in POINT if s.name == k): v for k, v in moved.items()}}
    return float(compile_expressions([expression])({s: point[s] for s in expression.free_symbols})[0])


def test_the_envelope_is_the_minimum():
    def energy(h, size, width, shift):
        omega = np.array([0.3, -0.8, 1.1])
        matrix = np.array([[1 + width, shift, 0], [shift, 2, -shift], [0, -shift, 1]])
        return np.log(np.sum(np.exp(size * h))) - h[0] + (h - omega) @ np.linalg.solve(matrix, h - omega) / 2

    found = minimize(energy, np.zeros(3), (1.3, 0.7, 0.2), tol=1e-12)
    envelope = Envelope(POTENTIAL, x, w, CHI)
    assert value(envelope) == pytest.approx(found.fun, abs=1e-10)
    assert [value(p) for p in envelope.points] == pytest.approx(list(found.x), abs=1e-5)


@pytest.mark.parametrize("indices", [(), (1,), (0, 2)])
def test_derivatives_are_those_of_the_values(indices):
    envelope = Envelope(POTENTIAL, x, w, CHI, indices)
    for symbol, at in POINT.items():
        step = 1e-5
        up, down = (value(envelope, **{symbol.name: at + s * step}) for s in (1, -1))
        assert value(envelope.diff(symbol)) == pytest.approx((up - down) / (2 * step), abs=2e-9), symbol


def test_derivatives_of_high_order_are_refused_and_the_order_of_indices_does_not_matter():
    third = Envelope(POTENTIAL, x, w, CHI, (2, 0, 1))
    assert third == Envelope(POTENTIAL, x, w, CHI, (0, 1, 2)) and str(third).startswith("d1d2d3M[")
    with pytest.raises(DerivationError, match="derivatives of its envelope of order 4; 3 are done"):
        third.diff(w[0])


def test_what_is_left_of_a_dependent_variable_is_never_negative():
    left, whole = sp.Symbol("left", real=True), sp.Symbol("whole", positive=True)
    f = compile_expressions([Spread(left, whole), Spread(left, whole).diff(left)])
    root, slope = f({left: np.array([0.25, -1e-17]), whole: np.array([1.0, 4.0])})
    assert root == pytest.approx([0.5, 2e-6]) and slope == pytest.approx([1.0, 0.0])
