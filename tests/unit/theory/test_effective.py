"""Effective potentials of two variables: against quadrature by hand, derivatives against finite differences."""

import numpy as np
import pytest
import sympy as sp

from solvers.compile import compile_expressions
from theory.effective import Effective
from theory.errors import DerivationError

x = sp.symbols("x y", real=True)
w = sp.symbols("w_1 w_2", real=True)
a, b = sp.symbols("a b", positive=True)
c = sp.Symbol("c", real=True)
WIDTH = sp.Matrix([[a, c], [c, b]])
t = sp.Symbol("t", positive=True)
POINT = {"w_1": 0.4, "w_2": -0.7, "a": 0.9, "b": 1.3, "c": 0.5, "t": 1.7}
ACTIONS = {
    "convex": t * sp.log(1 + sp.exp(x[0]) + sp.exp(x[1])),
    "double well": t * (sp.tanh(x[0]) + sp.tanh(x[1]) - 1) ** 2,
    "kinked": t * sp.Heaviside(1 - sp.sign(x[0]) - sp.sign(x[1])),
    "shifted": sp.Max(0, t - x[0]) + sp.Heaviside(x[1]),
}
STEP = sp.Heaviside(x[0] + sp.Rational(1, 3))
OBSERVABLES = {"1": sp.S.One, "product": x[0] * x[1], "sine": sp.sin(t * x[0]) + x[1], "step": STEP}


def value(expression, **changed):
    """The value of an expression at the point."""
    known = {s: {**POINT, **changed}[s.name] for s in expression.free_symbols}
    return float(compile_expressions([expression], 121, "uniform")(known)[0])


def by_hand(action, observable):
    """⟨g exp(−A)⟩/⟨exp(−A)⟩, or log ⟨exp(−A)⟩, cut at the kinks of the cases."""
    v = np.array([[POINT["a"], POINT["c"]], [POINT["c"], POINT["b"]]])
    inverse, mean = np.linalg.inv(v), np.array([POINT["w_1"], POINT["w_2"]])
    functions = [sp.lambdify(x, e.xreplace({t: sp.Float(POINT["t"])}), "numpy") for e in (action, observable)]

    points, weights = np.polynomial.legendre.leggauss(60)
    cuts = np.array([-12, -6, -3, -1, -1 / 3, 0, 1.7, 4, 7, 12])
    half = np.diff(cuts)[:, None] / 2
    line, share = (cuts[:-1, None] + half * (1 + points)).ravel(), (half * weights).ravel()
    first, second = np.meshgrid(line, line, indexing="ij")
    gap = np.stack([first - mean[0], second - mean[1]], axis=-1)
    density = np.exp(-np.einsum("ijk,kl,ijl->ij", gap, inverse, gap) / 2) / (2 * np.pi * np.sqrt(np.linalg.det(v)))
    weight = share[:, None] * share * density * np.exp(-functions[0](first, second))
    return np.log(weight.sum()) if observable == 1 else np.sum(weight * functions[1](first, second)) / weight.sum()


@pytest.mark.parametrize("observable", ["1", "product"])
@pytest.mark.parametrize("action", ACTIONS)
def test_values(action, observable):
    effective = Effective(ACTIONS[action], OBSERVABLES[observable], x, w, WIDTH)
    assert value(effective) == pytest.approx(by_hand(ACTIONS[action], OBSERVABLES[observable]), abs=1e-10)


SMOOTH = [(a, g, i) for a in ("convex", "double well") for g in ("1", "sine") for i in ((), (0,), (0, 1), (0, 0, 1))]
CUT = [("shifted", "1", (0,)), ("shifted", "step", ()), ("kinked", "1", (1, 1)), ("convex", "step", ())]


@pytest.mark.parametrize(("action", "observable", "indices"), SMOOTH + CUT)
def test_derivatives_are_those_of_the_values(action, observable, indices):
    step, symbols = 1e-5, [w[1], a, c, t]
    effective = Effective(ACTIONS[action], OBSERVABLES[observable], x, w, WIDTH, indices)
    for symbol in symbols[:1] if len(indices) > 2 else symbols[::2] if (action, observable, indices) in CUT else symbols:
        up, down = (value(effective, **{symbol.name: POINT[symbol.name] + s * step}) for s in (1, -1))
        assert value(effective.diff(symbol)) == pytest.approx((up - down) / (2 * step), rel=3e-8, abs=3e-9), symbol


def test_low_temperatures_and_wide_gaussians():
    """Far from the mean of the Gaussian and much narrower: the peak is at the minimum and of its curvature."""
    action, wide = t * ((x[0] - 3) ** 2 / 2 + (x[1] + x[0]) ** 4 / 12 + x[1] ** 2 / 2), sp.Matrix([[25, 0], [0, 25]])
    second = Effective(action, x[0], x, w, wide)
    found = [value(second, t=4.0**k) for k in (3, 5, 7)]
    minimum = value(second, t=1e7)
    gaps = np.array(found) - minimum
    assert gaps[1] / gaps[0] == pytest.approx(1 / 16, rel=0.1) and gaps[2] / gaps[1] == pytest.approx(1 / 16, rel=0.01)


def test_what_is_a_number_or_of_too_high_an_order():
    assert Effective(ACTIONS["convex"], a, x, w, WIDTH) == a
    assert str(Effective(ACTIONS["convex"], sp.S.One, x, w, WIDTH, (1, 0))).startswith("d1d2F[")
    with pytest.raises(DerivationError, match="to order 5; 4 are done"):
        Effective(ACTIONS["convex"], sp.S.One, x, w, WIDTH, (0, 0, 0, 0, 1))
