"""Elimination, feedback, canonical variables."""

import sympy as sp

from theory.averages import ModeSum
from theory.modes import ModeArray, ModeIndex
from theory.saddle import change_variable, eliminate, feedback, poles, pulled_out, separated, solve_linear, tidy

x, y, z, lam, P = sp.symbols("x y z lambda P", positive=True)
eta, k = ModeArray("eta", positive=True), ModeIndex("M")
S = ModeSum(eta[k] / (x + eta[k]), k)


def test_a_linear_unknown_leaves_its_averages_and_is_solved():
    equation = y - ModeSum((lam + y * eta[k]) / (x + eta[k]), k)
    solution = solve_linear(equation, y)
    assert tidy(equation.xreplace({y: solution})) == 0 or sp.simplify(pulled_out(equation, [y]).xreplace({y: solution})) == 0
    assert solve_linear(x**2 * y - y**2 + 1, y) is None
    assert solve_linear(sp.exp(y) - 1, y) is None
    assert solve_linear(S - 1, x) is None


def test_elimination_solves_what_it_can_and_reports_the_rest():
    equations = [x - y * z, y - 2 * lam, z**2 + z - x]
    remaining, solved = eliminate(equations, [x, y])
    assert solved[y] == 2 * lam and sp.simplify(solved[x] - 2 * lam * z) == 0
    assert [sp.expand(e) for e in remaining] == [sp.expand(z**2 + z - 2 * lam * z)]


def test_feedback_is_source_and_gain():
    source, gain = feedback(y - ModeSum((lam + P * y) * eta[k] ** 2 / (x + eta[k]) ** 2, k), y)
    assert gain == P * ModeSum(eta[k] ** 2 / (x + eta[k]) ** 2, k)
    assert source == lam * ModeSum(eta[k] ** 2 / (x + eta[k]) ** 2, k)
    assert feedback(y**2 - S, y) is None


def test_the_pole_is_the_constant_beside_the_spectrum():
    body = eta[k] / (P * eta[k] / (1 + y) + lam)
    (pole,) = poles([ModeSum(body, k)], [y], sizes=[P])
    assert sp.expand(pole - lam * (1 + y)) == 0
    equations, inverse = change_variable([ModeSum(body, k) - y], pole, y, x)
    assert sp.expand(inverse - (x - lam) / lam) == 0
    assert y not in equations[0].free_symbols


def test_separated_sums_are_equal_to_the_sum():
    together = ModeSum((lam * eta[k] + P) / (x + eta[k]), k)
    apart = separated(together)
    assert apart == lam * S + P * ModeSum(1 / (x + eta[k]), k)
