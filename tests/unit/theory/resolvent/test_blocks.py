"""Entries of inverses from irreducible blocks, and sparse linear systems, against SymPy's dense ones."""

import pytest
import sympy as sp

from theory.ratios import Ratios
from theory.resolvent.blocks import Inverse, Triangular
from theory.resolvent.linear import solved

a, b, c, d = sp.symbols("a b c d")
# Rows and columns in another order than that of the triangle; one block of two, and one of three.
MATRIX = sp.Matrix([
    [0, a, 0, 0, 1, 0],
    [b, 1, 0, 0, a, 0],
    [0, 0, a, 1, 0, b],
    [1, c, 0, 0, 0, 0],
    [0, 0, 1, c, d, 0],
    [0, a, 0, d, 0, 1],
])  # fmt: skip


def inverse_of(matrix):
    n, field = matrix.rows, Ratios()
    entries = {(i, j): field.of(matrix[i, j]) for i in range(n) for j in range(n) if matrix[i, j] != 0}
    order = Triangular(range(n), range(n), entries)
    return order, Inverse(field, order, lambda i, j: entries[i, j])


def test_entries_of_the_inverse():
    order, inverse = inverse_of(MATRIX)
    expected = MATRIX.inv()
    assert all(sp.simplify(inverse(i, j).as_expr() - expected[i, j]) == 0 for i in range(6) for j in range(6))
    assert sorted(len(rows) for rows, _ in order.blocks) == [3, 3]


def test_a_block_sees_itself_and_earlier_ones_only():
    order, inverse = inverse_of(MATRIX)
    for i in range(6):
        assert all(order.of_col[j] <= order.of_row[i] for j in order.across[i])
    first, last = order.blocks[0], order.blocks[-1]
    assert order.reached(first[1][0], last[0][0]) == [] and not inverse(first[1][0], last[0][0])


def test_no_more_blocks_are_inverted_than_are_on_the_way():
    order, inverse = inverse_of(MATRIX)
    rows, cols = order.blocks[0]
    assert inverse(cols[0], rows[0]) and set(inverse._small) == {0}


def test_what_is_singular_whatever_its_entries_is_refused():
    with pytest.raises(ZeroDivisionError, match="singular whatever its entries are"):
        Triangular([0, 1], [0, 1], [(0, 0), (1, 0)])
    field = Ratios()
    one = field.one
    with pytest.raises(ZeroDivisionError, match="singular"):
        solved(field, {0: {"x": one, "y": one}, 1: {"x": one, "y": one}}, {})


def test_a_linear_system_with_several_right_sides():
    field = Ratios()
    left = sp.Matrix([[a, 1, 0], [0, b, 1], [1, 0, c]])
    right = sp.Matrix([[d, 0], [0, 0], [1, a]])
    rows = {i: {j: field.of(left[i, j]) for j in range(3) if left[i, j] != 0} for i in range(3)}
    values = solved(field, rows, {i: {k: field.of(right[i, k]) for k in range(2)} for i in range(3)})
    expected = left.LUsolve(right)
    assert all(sp.simplify(values[j].get(k, field.zero).as_expr() - expected[j, k]) == 0 for j in range(3) for k in range(2))
