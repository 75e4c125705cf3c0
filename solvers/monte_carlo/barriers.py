"""Walls of a convex energy: a logarithmic barrier in their place, and a state strictly inside of all of them to begin at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.monte_carlo.linear_shapes import shape_of
from solvers.monte_carlo.local_fields import Landscape, Loaded, Term, evaluate_at
from theory.declaration.elementwise import Wall
from theory.errors import ConvergenceError, DeclarationError

ROOM = 1e-9
"""How far inside, relative to one, a state must lie."""


def barrier(wall: sp.Expr, names: Sequence[sp.Symbol], width: sp.Symbol) -> sp.Expr:
    """What grows without bound towards a wall, and is nothing elsewhere as the width vanishes."""
    return -width * sp.Add(*[sp.log(-part) for part in affine_parts(wall, names)])


def affine_parts(wall: sp.Expr, names: Sequence[sp.Symbol]) -> tuple[sp.Expr, ...]:
    """Affine functions none of which is positive where the wall is not; DeclarationError for walls of another shape."""
    try:
        return shape_of(wall.args[0], names).parts
    except DeclarationError:
        raise DeclarationError(
            f"energy: {wall}; minima beside walls of affine functions, of the largest of several and of absolute values are "
            "found, declare such ones"
        ) from None


def inside(terms: Sequence[Term], landscape: Landscape) -> NDArray:
    """A state strictly within all walls, shape (size,); the origin where there are none. ConvergenceError where there is no such
    state."""
    rows = [
        line
        for term, part in zip(terms, landscape.loaded, strict=True)
        for wall in sorted(term.value.atoms(Wall), key=str)
        for affine in affine_parts(wall, term.names)
        for line in [_row(affine, term, part, landscape)]
    ]
    if not rows:
        return np.zeros(landscape.size)
    from scipy.optimize import linprog

    slope, value = np.concatenate([s for s, _ in rows]), np.concatenate([v for _, v in rows])
    # The largest distance from every wall, up to one.
    ends = [(None, None)] * landscape.size + [(None, 1.0)]
    cost = np.append(np.zeros(landscape.size), -1.0)
    found = linprog(cost, A_ub=np.hstack([slope, np.ones((len(slope), 1))]), b_ub=-value, bounds=ends, method="highs")
    if found.status != 0 or found.x[-1] < ROOM:
        names = ", ".join(state.name for state in landscape.states)
        raise ConvergenceError(f"{names}: no state satisfies all constraints; take fewer samples, or walls with more room")
    return found.x[:-1]


def _row(affine: sp.Expr, term: Term, part: Loaded, landscape: Landscape) -> tuple[NDArray, NDArray]:
    """The slope in the state, (rows, size), and the value where the state is zero, (rows,)."""
    slope = np.zeros((len(part.offsets[0]), landscape.size))
    for name, block in zip(term.names, part.blocks, strict=True):
        factor = affine.diff(name)
        if factor != 0:
            slope += _plain(part, factor, landscape)[:, None] * block.dense()
    return slope, _plain(part, affine, landscape)


def _plain(part: Loaded, expression: sp.Expr, landscape: Landscape) -> NDArray:
    return evaluate_at(part, expression, part.offsets, landscape.origin) / part.coefficient
