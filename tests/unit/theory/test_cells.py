"""Cells of passive fields between their kinks, also where one decides the order of those of another."""

import random

import pytest
import sympy as sp

from theory.piecewise import UnknownOrderError, pieces
from theory.replica.cells import cut

u = sp.symbols("u_1:4", real=True)
a, b, c = sp.symbols("a b c")


def largest(fields, values):
    return sum(v * sp.prod([sp.Heaviside(f - g) for g in fields if g != f]) for f, v in zip(fields, values, strict=True))


BODIES = {
    "largest of three": (largest((u[0], u[1], sp.S.Zero), (a, b, c)), 2),
    "largest of four": (largest((*u, sp.S.Zero), (a, b, c, a * b)), 3),
    "maximum": (sp.Max(u[0], u[1], 1) + a * sp.sign(u[1]), 2),
    "nothing to tell apart": (sp.Abs(u[0]) + sp.sign(u[1] - 2), 2),
}


@pytest.mark.parametrize("name", BODIES)
def test_every_point_lies_in_one_cell_whose_body_is_the_value_there(name):
    body, count = BODIES[name]
    cells, draw = list(cut(sp.Tuple(body), u[:count])), random.Random(0)
    for edges, _ in cells:
        for i, field in enumerate(u[:count]):
            assert not {s for e in edges[field] for s in e.free_symbols} & set(u[: i + 1]), "edges depend on fields behind alone"
    for _ in range(40):
        point = {x: sp.Rational(draw.randint(-900, 900), 271) for x in u[:count]}
        inside = [
            found for edges, (found,) in cells
            if all(low.xreplace(point) < point[x] and point[x] < high.xreplace(point) for x, (low, high) in edges.items())
        ]  # fmt: skip
        assert len(inside) == 1
        assert sp.expand(inside[0].xreplace(point) - body.xreplace(point)) == 0


def test_an_order_that_no_field_decides_is_refused():
    with pytest.raises(UnknownOrderError, match="unknown order"):
        list(cut(sp.Tuple(sp.Max(u[0], sp.Symbol("s", real=True), 0)), u[:1]))
    assert pieces(sp.Abs(u[0] - u[1]), u[0]).edges == (-sp.oo, u[1], sp.oo)
