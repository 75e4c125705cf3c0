"""Eigenvalues of drawn matrices, from the declaration alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.monte_carlo.draws import DRAWN, draw
from solvers.monte_carlo.points import read_points
from solvers.monte_carlo.realisation import Realisation
from solvers.monte_carlo.trials import generator
from theory.declaration.expression import Expression
from theory.declaration.matrix import Mat
from theory.declaration.scalars import Tr
from theory.errors import ParameterError


def draw_eigenvalues(matrix: Any, *, trials: int = 1, seed: int = 0, replicate: int = 1, **values: Any) -> NDArray:
    """Eigenvalues (trials, size) of a square matrix in Gaussian matrices, drawn anew in each trial.

    They are real and sorted for a matrix that is its own transpose as written, complex for any other. ``values`` go by public
    parameter name; ``replicate=r`` draws the matrix r times larger. ParameterError for what is no square matrix, and for values
    that cannot be drawn.
    """
    if not isinstance(matrix, Mat) or matrix.rows != matrix.cols:
        raise ParameterError(f"eigenvalues of {matrix!r}: pass a square matrix such as X.T @ X / P")
    for name, value, least in (("trials", trials, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise ParameterError(f"{name}: {value!r}; it must be a whole number, {least} or more")
    model = Expression(Tr(matrix), name=str(matrix))
    bound, points = read_points(model, values, replicate)
    for name in bound.axes:
        raise ParameterError(f"{name}: several values; matrices are drawn at one at a time")
    point, found = points[0], []
    given = Realisation(point.symbols, point.arrays)
    for trial in range(trials):
        rng = generator(int(seed), 0, trial)
        arrays = {leaf: draw(leaf, given, rng, {}) for leaf in model.leaves if leaf.kind in DRAWN}
        dense = Realisation(point.symbols, {**point.arrays, **arrays}).dense(matrix)
        if matrix.T == matrix:
            found.append(np.linalg.eigvalsh((dense + dense.T) / 2))
        else:
            found.append(np.linalg.eigvals(dense).astype(complex))
    return np.array(found)
