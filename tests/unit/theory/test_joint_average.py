"""Averages over several Gaussian variables as one symbol: against closed forms, derivatives against finite differences."""

import numpy as np
import pytest
import sympy as sp

from solvers.compile import compile_expressions
from theory.envelope import Envelope
from theory.errors import DerivationError
from theory.joint_average import JointAverage
from theory.special import H

y = sp.symbols("y_1:5", real=True)
a, b, q, m, c = sp.symbols("a b q m c", positive=True)
INFINITE = (-sp.oo, sp.oo)
ORTHANT, SMOOTH = ((0, sp.oo), (y[2], sp.oo)), (INFINITE, INFINITE)
POINT = {a: 0.7, b: 0.3, q: 1.4, m: 0.5, c: 0.2}


def covariance(size):
    """Of two variables of a body and two of a weight, in that order."""
    return sp.Matrix(4, 4, [q, q / 2, m, m / 4, q / 2, q + c, -c, m, m, -c, 2, 1, m / 4, m, 1, 2])[:size, :size]


def joint(body, edges=(), weight=sp.S.One, indices=(), means=(c, -m, 0, b)):
    size = 2 + len(edges)
    return JointAverage(body, weight, edges, y[:size], means[:size], covariance(size), indices)


def value(expression, nodes=61, **moved):
    point = {s: moved.get(s.name, v) for s, v in POINT.items()}
    return float(compile_expressions([expression], nodes, "uniform")(point)[0])


def test_closed_forms():
    """exp(a·y) tilts the mean: its average is the moment-generating function, times the weight of a shifted cone."""
    body, shift = sp.exp(a * y[0] - b * y[1]), sp.Matrix([a, -b, 0, 0])
    whole = covariance(4)
    generating = sp.exp((sp.Matrix([[c, -m, 0, b]]) * shift)[0] + (shift.T * whole * shift)[0] / 2)
    assert value(joint(body)) == pytest.approx(value(generating), rel=1e-12)
    mean = (whole * shift)[2]
    half = joint(body, ((0, sp.oo),))
    assert value(half) == pytest.approx(value(generating * H(-mean / sp.sqrt(2))), rel=1e-12)
    tilted = joint(body, SMOOTH, sp.exp(y[2] / 3))
    shift[2] = sp.Rational(1, 3)
    generating = sp.exp((sp.Matrix([[c, -m, 0, b]]) * shift)[0] + (shift.T * whole * shift)[0] / 2)
    assert value(tilted) == pytest.approx(value(generating), rel=1e-12)


def test_cone_of_two_variables_that_decide_each_others_edges():
    """Three labels of the largest of three fields share the whole between them."""
    body = sp.tanh(y[0]) * sp.cos(y[1] / 2)
    cones = [((0, sp.oo), (y[2], sp.oo)), ((-sp.oo, 0), (y[2], sp.oo)), (INFINITE, (-sp.oo, y[2]))]
    assert sum(value(joint(body, cone), 121) for cone in cones) == pytest.approx(value(joint(body), 121), rel=1e-8)


@pytest.mark.parametrize(
    ("edges", "weight"), [((), 1), (ORTHANT, 1), (SMOOTH, 1 / (1 + sp.exp(y[2] - a * y[3]))), (((0, sp.oo),), sp.exp(-y[2]))]
)
@pytest.mark.parametrize("symbol", [q, m, c, a])
def test_derivatives(edges, weight, symbol):
    """By covariances and means that weight and body share, and by what stands in them; once and once more."""
    expression = joint(sp.sin(a * y[0] + y[1] / 2) * (1 + y[0] / 2), edges, sp.sympify(weight))
    for _ in range(2):
        step = 1e-4
        beside = [value(expression, 81, **{symbol.name: POINT[symbol] + s * step}) for s in (2, 1, -1, -2)]
        slope = (8 * (beside[1] - beside[2]) - (beside[0] - beside[3])) / (12 * step)
        expression = expression.diff(symbol)
        assert value(expression, 81) == pytest.approx(slope, rel=2e-8, abs=1e-9)


def test_derivatives_of_minima_stay_within_the_order_that_is_evaluated():
    x = sp.symbols("x_1:3", real=True)
    envelope = Envelope(sp.log(1 + sp.exp(x[0]) + sp.exp(x[1])), x, y[:2], [a, b / 2, b / 2, a])
    slope = joint(envelope.at(0) * envelope.at(1), ORTHANT, indices=(2,))
    assert all(max(map(len, [e.indices for e in d.atoms(Envelope)])) == 2 for d in (slope.diff(q), slope.diff(m)))
    assert {d.indices for d in slope.diff(m).atoms(JointAverage)} == {(2,), (2, 2), (2, 3)}


def test_what_is_constant_and_what_has_no_derivative():
    assert joint(sp.S.Zero) == 0 and joint(3 * b) == 3 * b and joint(b, ORTHANT, indices=(1,)) == 0
    assert joint(2 * b * y[0], ORTHANT) == 2 * b * joint(y[0], ORTHANT)
    assert joint(sp.tanh(y[1]), ((a, sp.oo),)).diff(b) == 0
    with pytest.raises(DerivationError, match="jumps where a says"):
        joint(sp.tanh(y[1]), ((a, sp.oo),)).diff(a)
    text = str(joint(sp.tanh(y[1]), ORTHANT, indices=(3,)))
    assert text == "<du_2 tanh(omega_2); 0 < u_1 < oo; u_1 < u_2 < oo>"
    assert r"\partial_{u_{2}}\tanh" in sp.latex(joint(sp.tanh(y[1]), ORTHANT, indices=(3,)))


def test_a_variance_that_is_gone():
    """Variables that depend on each other linearly."""
    twice = JointAverage(sp.cos(y[0]) * y[1], sp.S.One, (), y[:2], (0, 1), [q, q, q, q])
    assert value(twice) == pytest.approx(np.exp(-0.7), rel=1e-6)
