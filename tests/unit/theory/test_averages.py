"""Averages are SymPy expressions: no operation captures a bound variable, and equal averages are equal."""

import pickle
import subprocess
import sys

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.averages import Bound, GaussianAverage, ModeSum, mode_derivative, outermost
from theory.modes import ModeArray, ModeIndex
from theory.signatures import signature

eta = ModeArray("eta", positive=True)
a2 = ModeArray("a2", nonnegative=True)
x, y = sp.symbols("x y", positive=True)
INDICES = [ModeIndex("M", name) for name in "ijk"]
VARIABLES = [sp.Symbol(name, real=True) for name in "uvz"]


def summands(index, inner=()):
    """Expressions in the data of one mode, in x and y, and in sums over other modes."""
    leaves = [x, y, sp.Integer(2), eta[index], a2[index], *inner]
    return st.recursive(
        st.sampled_from(leaves),
        lambda parts: st.one_of(
            st.tuples(parts, parts).map(lambda p: p[0] + p[1]),
            st.tuples(parts, parts).map(lambda p: p[0] * p[1]),
            parts.map(lambda p: 1 / (x + p)),
        ),
        max_leaves=6,
    )


@st.composite
def sums(draw):
    """A sum over modes, with a nested one that may refer to the outer index."""
    outer, nested = draw(st.permutations(INDICES))[:2]
    inside = draw(summands(nested, inner=(eta[outer],)))
    return ModeSum(draw(summands(outer, inner=(ModeSum(inside, nested),))), outer)


def value(expression, data, scalars):
    """Brute-force value: the definition, written with loops."""
    if isinstance(expression, ModeSum):
        body, index = expression.opened()
        rows = range(len(data["eta"]))
        return sum(value(body.xreplace({eta[index]: data["eta"][k], a2[index]: data["a2"][k]}), data, scalars) for k in rows)
    if isinstance(expression, sp.Symbol):
        return scalars[expression]
    if not expression.args:
        return expression
    return expression.func(*[value(a, data, scalars) for a in expression.args])


DATA = {"eta": [sp.Rational(3), sp.Rational(1, 2)], "a2": [sp.Rational(1, 5), sp.Rational(2)]}
SCALARS = {x: sp.Rational(7, 3), y: sp.Rational(5, 2), sp.Symbol("M", positive=True): sp.Integer(2)}


def exact(expression):
    return sp.nsimplify(value(sp.sympify(expression), DATA, SCALARS))


@given(sums())
def test_pickling_and_rebuilding_give_the_same_expression(s):
    assert pickle.loads(pickle.dumps(s)) == s
    for average in outermost(s):
        assert average.func(*average.args) == average


@settings(max_examples=15)
@given(sums(), st.sampled_from([x, y]), sums())
def test_substitution_of_a_sum_captures_nothing(s, old, new):
    scalars = {**SCALARS, old: exact(new)}
    expected = sp.nsimplify(value(sp.sympify(s), DATA, scalars))
    assert exact(s.xreplace({old: new})) == expected
    assert exact(s.subs(old, new)) == expected


@settings(max_examples=15)
@given(sums(), st.sampled_from([x, y]))
def test_derivative_is_that_of_the_written_out_sum(s, by):
    written = value(sp.sympify(s), DATA, {**SCALARS, x: x, y: y})
    assert sp.simplify(sp.diff(written, by).subs(SCALARS) - exact(s.diff(by))) == 0


@given(summands(INDICES[0]))
def test_the_name_of_an_index_does_not_matter(body):
    renamed = body.xreplace({eta[INDICES[0]]: eta[INDICES[1]], a2[INDICES[0]]: a2[INDICES[1]]})
    first, second = ModeSum(body, INDICES[0]), ModeSum(renamed, INDICES[1])
    assert first == second and hash(first) == hash(second)


@given(sums())
def test_bound_variables_are_not_free(s):
    assert not any(isinstance(symbol, Bound) for symbol in s.free_symbols)


@settings(max_examples=15)
@given(sums())
def test_expand_and_together_keep_the_value(s):
    assert exact(sp.expand(s)) == exact(s)
    assert exact(sp.together(s)) == exact(s)


def test_sum_over_modes_of_a_constant_is_the_size():
    k = INDICES[0]
    assert ModeSum(x, k) == x * sp.Symbol("M", positive=True)
    assert ModeSum(0, k) == 0


def test_sums_over_different_dimensions_are_different():
    k, other = ModeIndex("M"), ModeIndex("N")
    assert ModeSum(eta[k], k) != ModeSum(eta[other], other)


def test_factors_leave_the_sum_and_differences_cancel():
    k, j = INDICES[:2]
    s = ModeSum(eta[k] / (x + eta[k]), k)
    assert ModeSum(x * eta[j] * s, j) == x * s * ModeSum(eta[k], k)
    assert s * y - y * ModeSum(eta[j] / (x + eta[j]), j) == 0


def test_gaussian_average_of_a_constant_and_by_parts():
    z, u = VARIABLES[2], VARIABLES[0]
    assert GaussianAverage(x, z) == x
    average = GaussianAverage(z * sp.tanh(x * z), z)
    assert average.by_parts() == GaussianAverage(x * (1 - sp.tanh(x * u) ** 2), u)
    assert GaussianAverage(sp.tanh(z + y), z).diff(y) == GaussianAverage(1 - sp.tanh(u + y) ** 2, u)


def test_derivative_by_the_data_of_one_mode():
    k, r = INDICES[0], ModeIndex("M")
    s = ModeSum(a2[k] / (x + eta[k]) ** 2, k)
    assert mode_derivative(s * x, a2[r]) == x / (x + eta[r]) ** 2
    assert sp.simplify(mode_derivative(s**2, eta[r]) + 4 * s * a2[r] / (x + eta[r]) ** 3) == 0
    nested = ModeSum(ModeSum(eta[k] ** 2 * a2[INDICES[1]] * eta[INDICES[1]], INDICES[1]), k)
    first, second = ModeSum(eta[k] ** 2, k), ModeSum(a2[k] * eta[k], k)
    assert sp.expand(mode_derivative(nested, eta[r]) - 2 * eta[r] * second - a2[r] * first) == 0
    coupled = ModeSum(ModeSum(1 / (eta[k] + eta[INDICES[1]]), INDICES[1]), k)
    expected = -2 * ModeSum(1 / (eta[k] + eta[r]) ** 2, k)
    assert sp.simplify(mode_derivative(coupled, eta[r]) - expected) == 0


def test_latex_reads_like_the_literature():
    k = INDICES[0]
    assert sp.latex(ModeSum(eta[k], k)) == r"\sum_{k} \eta_{k}"
    assert r"\left\langle" in sp.latex(GaussianAverage(sp.tanh(VARIABLES[0]), VARIABLES[0]))


@pytest.mark.slow
def test_signature_is_the_same_in_another_process():
    code = (
        "from theory.averages import ModeSum; from theory.modes import *; from theory.signatures import signature\n"
        "import sympy as sp\n"
        "eta, k, x, y = ModeArray('eta', positive=True), ModeIndex('M'), *sp.symbols('x y', positive=True)\n"
        "print(signature(y + ModeSum(eta[k]/(x + eta[k]*y), k)**2, x*y))"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
        ).stdout
        for seed in ("1", "2")
    }
    k = INDICES[1]
    assert runs == {signature(y + ModeSum(eta[k] / (x + eta[k] * y), k) ** 2, x * y) + "\n"}


def test_a_wrong_number_of_indices_is_refused():
    with pytest.raises(IndexError, match="eta: 2 indices, give 1"):
        eta[INDICES[0], INDICES[1]]


def test_entries_of_indexed_and_squared_names_are_valid_latex():
    k = INDICES[0]
    squared = ModeArray("a2", latex_entry="a_{#}^{2}", nonnegative=True)
    assert sp.latex(ModeArray("w0")[k] ** 2) == "w_{0,i}^{2}"
    assert sp.latex(squared[k] ** 2) == r"\left(a_{i}^{2}\right)^{2}"
    assert sp.latex(3 * squared[k]) == "3 a_{i}^{2}"


def test_diff_by_an_entry_is_the_derivative_by_the_data_of_that_mode():
    k, r = INDICES[0], ModeIndex("M")
    s = ModeSum(a2[k] / (x + eta[k]) ** 2, k)
    assert sp.diff(x * s**2, a2[r]) == 2 * x * s / (x + eta[r]) ** 2
    assert sp.diff(eta[r] ** 2 * s, eta[r]) == 2 * eta[r] * s - 2 * eta[r] ** 2 * a2[r] / (x + eta[r]) ** 3
    with pytest.raises(TypeError, match="entries of matrices"):
        sp.diff(ModeArray("O", rank=2)[k, r] * x, ModeArray("O", rank=2)[k, r])
