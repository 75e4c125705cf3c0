"""Nested averages: the chain rule by parts, folded and written out; a hierarchy of replicas drawn by hand."""

import math

import numpy as np
import pytest
import sympy as sp

from solvers.compile import compile_expressions
from theory.errors import DerivationError
from theory.replica.folded import FoldedTree, TreeAverage
from theory.replica.one_body import OMEGA
from theory.replica.tree import Tree
from theory.special import log_cosh

q = sp.symbols("q_0:3", positive=True)
x = sp.symbols("x_1:3", positive=True)
beta = sp.Symbol("beta", positive=True)
POINT = {q[0]: 0.2, q[1]: 0.5, q[2]: 0.7, x[0]: 0.3, x[1]: 0.6, beta: 1.7}


def tree(steps, kind=Tree):
    field = beta * OMEGA + sp.Rational(1, 5)
    spreads = [q[j] - q[j - 1] for j in range(steps, 0, -1)] + [q[0]]
    mean = sp.tanh(field)
    return kind(log_cosh(field), beta * mean, beta**2 * (1 - mean**2), tuple(spreads), tuple(reversed(x[:steps])))


def value(expression, **moved):
    point = {s: v for s, v in POINT.items() if s in sp.sympify(expression).free_symbols}
    return float(compile_expressions([expression], 121, "uniform")({**point, **{s: v for s, v in moved.items()}})[0])


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_the_derivative_by_parts_is_the_derivative(steps):
    made = tree(steps, FoldedTree)
    total = made.total()
    f = compile_expressions([total], 121, "uniform")
    for symbol in (*q[: steps + 1], *x[:steps], beta):
        step = 1e-4
        up, down = (float(f({**POINT, symbol: POINT[symbol] + s * step})[0]) for s in (1, -1))
        assert value(made.derivative(symbol)) == pytest.approx((up - down) / (2 * step), abs=1e-7), symbol


@pytest.mark.parametrize("steps", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_folded_averages_are_the_ones_that_are_written_out(steps):
    made = tree(steps, FoldedTree)
    for average in (made.total(), made.square(0), made.square(steps), made.mean(0, made.curvature**2)):
        for part in average.atoms(TreeAverage):
            written = part.written_out()
            direct, slope = compile_expressions([written, written.diff(q[1])], 61, "uniform")(POINT)
            assert value(part) == pytest.approx(float(direct), rel=1e-12)
            assert value(part.diff(q[1])) == pytest.approx(float(slope), rel=1e-10)


def test_more_nodes_are_used_and_agree_better():
    """One compiled function serves every number of nodes; of a folded tree too."""
    two = tree(2, FoldedTree)
    (part,) = two.square(2).atoms(TreeAverage)
    point = {s: POINT[s] for s in part.free_symbols}
    for e in (part, part.diff(q[1])):
        coarse, middle, fine = (float(compile_expressions([e], n, "uniform")(point)[0]) for n in (31, 81, 161))
        assert abs(middle - fine) < 1e-9 * abs(fine)
        assert abs(coarse - fine) > 1e-8 * abs(fine)


def test_a_tree_is_the_average_over_replicas_in_blocks():
    """For whole numbers of replicas the nested average is <prod_a exp F(h_a)>: m = 2 replicas in n = 2, by a double integral."""
    made = tree(1)
    one = made.values[1].xreplace({x[0]: sp.Integer(2), OMEGA: sp.S.Zero})
    z, w = np.polynomial.hermite_e.hermegauss(120)
    w = w / w.sum()
    f = np.cosh(1.7 * np.sqrt(0.3) * z + 0.2)
    direct = math.log(np.sum(w * f**2)) / 2
    nested = float(compile_expressions([one], 121, "uniform")({s: POINT[s] for s in one.free_symbols})[0])
    assert nested == pytest.approx(direct, rel=1e-10)


def test_levels_of_equal_overlap_are_one_level():
    """An increment of zero, or a block of the size of the next one, changes nothing."""
    two, one = tree(2, FoldedTree).total(), tree(1, FoldedTree).total()
    merged = value(two.xreplace({q[2]: q[1]}))
    assert merged == pytest.approx(value(one), rel=1e-8)
    same = value(two.xreplace({x[1]: x[0], q[1]: sp.Float(0.33)}))
    again = value(two.xreplace({x[1]: x[0], q[1]: sp.Float(0.6)}))
    assert same == pytest.approx(again, rel=1e-8)


def test_averages_of_odd_functions_vanish_exactly():
    mean = sp.tanh(beta * OMEGA)
    made = FoldedTree(log_cosh(beta * OMEGA), beta * mean, beta**2 * (1 - mean**2), (q[2] - q[1], q[1] - q[0], q[0]), x[::-1])
    assert value(made.mean(0, mean)) == 0.0


def test_second_derivatives_stay_refused():
    slope = tree(1, FoldedTree).square(1).diff(q[0])
    with pytest.raises(DerivationError, match="use written_out"):
        slope.diff(q[0])
