"""The hierarchical algebra against dense matrices, and the derivative in n that replaces the limit."""

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from theory.replica.hierarchy import Hierarchical, per_replica
from theory.symbols import replicas as n

SIZE = 12
small = st.integers(1, 9).map(lambda k: sp.Rational(k, 7))


@st.composite
def matrices(draw):
    """Positive matrices without breaking, with one and with two steps, for 12 replicas."""
    blocks = draw(st.sampled_from([(), (2,), (4,), (2, 6), (3, 6)]))
    return Hierarchical([draw(small) for _ in range(len(blocks) + 2)], [sp.Integer(b) for b in blocks])


@st.composite
def pairs(draw):
    first = draw(matrices())
    return first, Hierarchical([draw(small) for _ in first.coefficients], first.blocks)


@pytest.mark.slow
@given(pairs())
def test_products_inverses_traces_and_determinants_are_those_of_dense_matrices(pair):
    a, b = pair
    assert (a @ b).dense(SIZE) == a.dense(SIZE) * b.dense(SIZE)
    assert (a + b).dense(SIZE) == a.dense(SIZE) + b.dense(SIZE)
    assert (a.inverse()).dense(SIZE) * a.dense(SIZE) == sp.eye(SIZE)
    assert a.trace().xreplace({n: sp.Integer(SIZE)}) == a.dense(SIZE).trace()
    assert sp.simplify(sp.exp(a.log_det().xreplace({n: sp.Integer(SIZE)})) - a.dense(SIZE).det()) == 0
    assert a.total().xreplace({n: sp.Integer(SIZE)}) == sum(a.dense(SIZE))


@given(matrices())
def test_entries_and_eigenvalues_are_two_descriptions_of_one_matrix(a):
    assert Hierarchical.from_entries(a.entries(), a.blocks).coefficients == a.coefficients
    assert Hierarchical.from_eigenvalues(a.eigenvalues(), a.blocks).dense(SIZE) == a.dense(SIZE)
    assert sp.expand(sum(a.multiplicities()) - n) == 0
    squared = a.hadamard(lambda q: q**2).dense(SIZE)
    assert squared == a.dense(SIZE).applyfunc(lambda q: q**2)


def test_per_replica_is_the_limit():
    c, q = sp.symbols("c q", positive=True)
    expression = Hierarchical([c, q]).log_det()
    assert sp.simplify(per_replica(expression) - sp.limit(expression / n, n, 0)) == 0
    assert sp.simplify(per_replica(expression) - (sp.log(c) + q / c)) == 0


def test_breaking_that_does_not_break_is_replica_symmetry():
    c, q, m = sp.symbols("c q m", positive=True)
    broken, symmetric = Hierarchical([c, 0, q], [m]), Hierarchical([c, q])
    assert sp.simplify(broken.log_det() - symmetric.log_det()) == 0


def test_a_wrong_number_of_coefficients_is_refused():
    with pytest.raises(ValueError, match="3 coefficients for 0 block sizes; give 2"):
        Hierarchical([1, 2, 3])
