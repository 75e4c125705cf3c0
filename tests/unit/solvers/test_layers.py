"""Averages with thin layers, against closed forms."""

import numpy as np
import pytest
import sympy as sp
from scipy.special import ndtr

from solvers.compile import compile_expressions
from solvers.split import Split
from theory.averages import GaussianAverage, HalfLine
from theory.special import H
from theory.truncated import average

w, c, q = sp.symbols("w c q", positive=True)
z, t = sp.Symbol("z", real=True), sp.Symbol("t", positive=True)
WIDTHS = np.array([2.0, 0.2, 1e-2, 1e-4, 1e-8])


def test_a_layer_of_any_width_costs_no_digits():
    """<H(z/w) H(-z/w)> = arctan(1/√(1 + 2/w²))/π: all of it lies within the layer."""
    found = compile_expressions([GaussianAverage(H(z / w) * H(-z / w), z)], 401, "uniform")({w: WIDTHS})[0]
    assert found == pytest.approx(np.arctan(1 / np.sqrt(1 + 2 / WIDTHS**2)) / np.pi, rel=2e-14)
    coarse = compile_expressions([GaussianAverage(H(z / w) * H(-z / w), z)], 61, "hermite")({w: WIDTHS})[0]
    assert abs(coarse[-1] / found[-1] - 1) > 0.1


def test_layers_on_a_half_line():
    """A Gaussian of width w around c inside it, beside one of width one."""
    body = sp.exp(-((t - c) ** 2) / (2 * w**2)) * sp.exp(-(t**2) / 2)
    for centre in (0.5, 3.0):
        v = 1 / (1 + WIDTHS**-2)
        exact = np.sqrt(2 * np.pi * v) * np.exp(-(centre**2) / 2 / (1 + WIDTHS**2)) * ndtr(centre / WIDTHS**2 * np.sqrt(v))
        found = compile_expressions([HalfLine(body, t)], 401, "uniform")({w: WIDTHS, c: np.full(5, centre)})[0]
        assert found == pytest.approx(exact, rel=1e-12)


def test_an_average_over_a_strip_is_no_difference_of_tails():
    """∫ over a < z < b of φ(z) exp(z), down to a strip of width 1e-9 and to one where the Gaussian has no weight."""
    low, high = sp.symbols("a b", real=True)
    expression = average(sp.exp, low, high)
    starts, widths = np.array([-3.0, 0.5, 0.5, -50.0, -50.0]), np.array([7.0, 1e-4, 1e-9, 20.0, 100.0])
    found = compile_expressions([expression], 201, "uniform")({low: starts, high: starts + widths})[0]
    middle = starts + widths / 2
    thin = np.exp(middle - middle**2 / 2) / np.sqrt(2 * np.pi) * ((starts + widths) - starts)
    assert found[1:3] == pytest.approx(thin[1:3], rel=1e-8) and found[3] == 0
    exact = np.exp(0.5) * (ndtr(starts + widths - 1) - ndtr(starts - 1))
    assert found[[0, 4]] == pytest.approx(exact[[0, 4]], rel=1e-13)


def test_scalars_are_taken_apart_from_averages():
    """What is linear in the bound variable has one slope and one offset, in which cancellation is left to the scalars."""
    whole = q * GaussianAverage(sp.tanh((z * sp.sqrt(q) - c) / sp.sqrt(1 - q)) ** 2, z)
    split = Split([whole, 1 - whole])
    assert len(split.averages) == 1 and len(split.inner) == 2
    values = {sp.simplify(e.subs({q: sp.Rational(1, 4), c: 3})) for e in split.inner.values()}
    assert values == {1 / sp.sqrt(3), -2 * sp.sqrt(3)} or values == {-1 / sp.sqrt(3), 2 * sp.sqrt(3)}
    back = split.outer[1].xreplace(split.averages).xreplace(split.inner)
    given = {q: np.array([0.25]), c: np.array([3.0])}
    assert compile_expressions([back], 201, "uniform")(given)[0] == pytest.approx(
        compile_expressions([1 - whole], 201, "uniform")(given)[0], rel=1e-14
    )
