"""Piecewise potentials, their Gaussian averages and their effective one-body functions."""

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from scipy.optimize import minimize_scalar

from solvers.compile import compile_expressions
from theory.errors import DerivationError
from theory.piecewise import pieces
from theory.replica.one_body import OMEGA, WIDTH, one_body
from theory.symbols import beta
from theory.truncated import average

h, k = sp.Symbol("h", real=True), sp.Symbol("k", positive=True)
POTENTIALS = {
    "hinge": sp.Max(0, k - h),
    "elastic net": sp.Abs(h) * k + h**2 / 2,
    "quantile": sp.Max(k * h, (k - 2) * h),
    "insensitive": sp.Max(0, sp.Abs(h) - k),
    "Huber": sp.Piecewise((h**2 / 2, sp.Abs(h) < k), (k * sp.Abs(h) - k**2 / 2, True)),
    "logistic": sp.log(1 + sp.exp(-k * h)),
}


def number(expression, **values):
    rule = {OMEGA: values.get("omega"), WIDTH: values.get("v"), k: 0.7, beta: values.get("b")}
    found = compile_expressions([expression], 801, "uniform")
    return float(found({s: rule[s] for s in found.scalars})[0])


def at(cut, **values):
    for lower, upper, body in cut:
        ends = [float(e) if e.is_infinite else number(e, **values) for e in (lower, upper)]
        if ends[0] <= values["omega"] < ends[1]:
            return number(body, **values)
    raise AssertionError("no piece")


@pytest.mark.parametrize("name", POTENTIALS)
@pytest.mark.parametrize("omega", [-2.3, -0.43, 0.15, 0.93, 3.1])
def test_at_zero_temperature_it_is_the_moreau_envelope(name, omega):
    body, v = one_body(POTENTIALS[name], h, "UNSAT"), 0.6
    potential = sp.lambdify(h, POTENTIALS[name].subs(k, 0.7))
    best = minimize_scalar(lambda x: float(potential(x)) + (x - omega) ** 2 / (2 * v), bounds=(-9, 9), method="bounded",
                           options={"xatol": 1e-12})  # fmt: skip
    point = dict(omega=omega, v=v)
    assert at(body.value, **point) == pytest.approx(-best.fun, abs=1e-8)
    assert at(body.expectation(h), **point) == pytest.approx(best.x, abs=1e-6)
    assert at(body.slope, **point) == pytest.approx((best.x - omega) / v, abs=1e-5)
    step = 1e-6
    slope = (at(body.slope, omega=omega + step, v=v) - at(body.slope, omega=omega - step, v=v)) / (2 * step)
    assert at(body.curvature, **point) == pytest.approx(slope, abs=1e-6)


def test_at_a_kink_an_observable_that_jumps_there_has_its_value_there():
    body = one_body(POTENTIALS["quantile"], h, "UNSAT")
    for omega, sign, touched in ((-2.0, -1, 0), (-0.1, 0, 1), (0.2, 0, 1), (2.0, 1, 0)):
        for observable, value in ((sp.sign(h), sign), (sp.Heaviside(-h), (1 - sign) / 2), (1 - sp.sign(h) ** 2, touched)):
            assert at(body.expectation(observable), omega=omega, v=0.6) == value


@pytest.mark.parametrize("name", ["hinge", "insensitive", "logistic"])
def test_at_temperature_it_is_the_logarithm_of_an_integral(name):
    body, b, v, omega = one_body(POTENTIALS[name], h, "warm"), 3.0, 0.6, 0.3
    potential = sp.lambdify(h, POTENTIALS[name].subs(k, 0.7), "mpmath")
    kinks = [(e - omega) / np.sqrt(v) for e in (-0.7, 0, 0.7)]
    total = [mp.quad(lambda x, p=p: mp.npdf(x) * (omega + mp.sqrt(v) * x) ** p * mp.exp(-b * potential(omega + mp.sqrt(v) * x)),
                     [-12, *kinks, 12]) for p in (0, 1, 2)]  # fmt: skip
    point = dict(omega=omega, v=v, b=b)
    mean, variance = total[1] / total[0], total[2] / total[0] - (total[1] / total[0]) ** 2
    assert at(body.value, **point) == pytest.approx(float(mp.log(total[0])), rel=1e-10)
    assert at(body.slope, **point) == pytest.approx(float((mean - omega) / v), rel=1e-9)
    assert at(body.curvature, **point) == pytest.approx(float((variance - v) / v**2), rel=1e-8)
    assert at(body.expectation(h**2), **point) == pytest.approx(float(total[2] / total[0]), rel=1e-9)


@pytest.mark.parametrize("ends", [(-sp.oo, sp.oo), (sp.Rational(1, 3), sp.oo), (-sp.oo, sp.Rational(-6, 5)), (-1, 2), (-30, sp.oo)])
@pytest.mark.parametrize("function", [lambda z: z**3 - 2 * z**2 + z, lambda z: sp.tanh(z) * z + 1 / (1 + z**2)])
def test_truncated_averages(ends, function):
    ends = [sp.sympify(e) for e in ends]
    z = sp.Symbol("z", real=True)
    plain = sp.lambdify(z, function(z), "mpmath")
    low, high = (float(max(min(e, 13), -13)) for e in ends)
    exact = mp.quad(lambda x: plain(x) * mp.npdf(x), np.linspace(low, high, 9).tolist())
    assert number(average(function, *ends)) == pytest.approx(float(exact), abs=1e-13)


def test_pieces_of_several_kinks_and_those_that_are_refused():
    cut = pieces(sp.Max(0, h, 2 * h - k), h)
    assert cut.edges == (-sp.oo, 0, k, sp.oo) and cut.bodies == (0, h, 2 * h - k)
    with pytest.raises(DerivationError, match="unknown order"):
        pieces(sp.Max(0, h) + sp.Abs(h - sp.Symbol("a", real=True)), h)
    with pytest.raises(DerivationError, match="at no known place in h"):
        pieces(sp.Abs(h**3 - h - 1), h)


def test_pieces_of_products_of_linear_functions():
    square = pieces(sp.Max(0, h**2 - k**2), h)
    assert square.edges == (-sp.oo, -k, k, sp.oo) and square.bodies == (h**2 - k**2, 0, h**2 - k**2)
    wedge = pieces(sp.sign(h**3 - 2 * h), h)
    assert wedge.edges == (-sp.oo, -sp.sqrt(2), 0, sp.sqrt(2), sp.oo) and wedge.bodies == (-1, 1, -1, 1)
    assert pieces(sp.Abs(h**2 + k), h).bodies == (h**2 + k,) and pieces(sp.Abs((h - 1) ** 2), h).bodies == ((h - 1) ** 2,)


@pytest.mark.parametrize("omega", [-1.3, -0.2, 0.1, 2.0])
def test_minima_on_both_sides_of_a_concave_kink_cross(omega):
    """Amplitudes without signs, (|h| - a)²/2: the lower of both minima, against a search; refused where replicas may not break."""
    h, a = sp.Symbol("h", real=True), sp.Symbol("a", positive=True)
    potential = (sp.Abs(h) - a) ** 2 / 2
    body = one_body(potential, h, "broken")
    values = {a: sp.Float(0.8), WIDTH: sp.Float(0.6)}
    here = next(k for k, (low, high, _) in enumerate(body.value) if low < omega <= high)
    grid = np.linspace(-4, 4, 800_001)
    energy = (abs(grid) - 0.8) ** 2 / 2 + (grid - omega) ** 2 / 1.2
    at = {**values, OMEGA: sp.Float(omega)}
    assert float(body.value.bodies[here].xreplace(at)) == pytest.approx(-energy.min(), abs=1e-9)
    point = body.expectation(h)
    inside = next(k for k, (low, high, _) in enumerate(point) if low < omega <= high)
    assert float(point.bodies[inside].xreplace(at)) == pytest.approx(grid[energy.argmin()], abs=1e-5)
    with pytest.raises(DerivationError, match="is not convex in h"):
        one_body(potential, h, "UNSAT")
    with pytest.raises(DerivationError, match="only parabolas of one curvature may meet there"):
        one_body(3 * sp.Max(0, h) ** 2 - sp.Abs(h), h, "broken")
