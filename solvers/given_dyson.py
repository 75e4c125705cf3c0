"""The Dyson equation where given matrices stand inside inverses: blocks are full matrices, unknowns traces all the same.

Nothing commutes there, so that there is no reduction to sums over modes. Sizes are whole and matrices dense.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.dyson import DysonSolution, check_bounded, check_settled, iterated, strengths
from solvers.expressions import evaluate
from solvers.matrix_traces import Evaluation
from solvers.monte_carlo.points import Point, read_points
from solvers.positive_maps import spectral_radius
from theory.declaration.dimensions import Dim, Spectrum
from theory.declaration.matrices import Diag
from theory.declaration.scalars import Trace
from theory.declaration.sites import tops
from theory.errors import DerivationError, ParameterError
from theory.replica.data import array_of
from theory.resolvent.atoms import given_of
from theory.resolvent.dyson import Dyson
from theory.resolvent.equivalents import Equivalents
from theory.resolvent.existence import norms
from theory.resolvent.names import Namer
from theory.resolvent.pencil import linearise
from theory.symbols import size

LARGEST = 6000
"""Rows of the largest matrix that is inverted at every step."""
FAINT = 1e-12
"""Traces smaller than this share of the largest may vanish; their own error does not count."""


def solve_given(expression: Any, tolerance: float, values: Mapping[str, Any]) -> DysonSolution:
    """As :func:`solvers.solve_dyson`; DerivationError for observables that are not made of traces."""
    _, points = read_points(expression, values, 1)
    if len(points) != 1:
        raise ParameterError(f"{expression.name}: {len(points)} points; with given matrices in inverses, give one value of each")
    namer, tree, equivalents = Namer(), {}, Equivalents()
    for name, observable in {**expression.observe, **norms(expression)}.items():
        for top in sorted(tops(observable), key=str) if isinstance(observable, sp.Expr) else [observable]:
            if not isinstance(top, Trace):
                raise DerivationError(f"observable {name}: {top} is no trace; with given matrices in inverses, write it with Tr")
            tree[top] = equivalents.linear(top.matrix)
    given = _by_slot(points[0])
    arrays = {array_of(s): v for s, v in given.items() if isinstance(s, Spectrum)}
    given |= strengths(expression, equivalents.meaning, {s: v for s, v in given.items() if not np.ndim(v)}, arrays, tolerance)
    parts = {top: Blocks(Dyson(linearise(matrix, given_matrices=True), namer), given) for top, matrix in tree.items()}
    unknowns = list(dict.fromkeys(t for part in parts.values() for t in part.dyson.unknowns))

    def update(x: NDArray) -> NDArray:
        known = dict(zip(unknowns, x, strict=True))
        found: dict[Any, float] = {}
        for part in parts.values():
            found |= part.traces(part.inverse(known))
        return np.array([found[t] for t in unknowns])

    x, error, iterations = iterated(update, np.zeros(len(unknowns)), tolerance, FAINT)
    check_settled(expression, error, iterations, tolerance)
    known = dict(zip(unknowns, x, strict=True))
    inverses = {top: part.inverse(known) for top, part in parts.items()}
    radii = [spectral_radius(part.dyson.pencil, DenseInverse(part, inverses[top])) for top, part in parts.items()]
    largest = np.max(radii, axis=0, initial=0.0)
    check_bounded(expression, largest)
    totals = {top: part.total(inverses[top]) for top, part in parts.items()}
    atoms = {**points[0].symbols, **totals}
    seen = {n: np.asarray(evaluate(v, atoms.__getitem__, atoms.__contains__)) for n, v in expression.observe.items()}
    return DysonSolution({t.name: np.asarray(v) for t, v in zip(unknowns, x, strict=True)}, seen, error, iterations, largest)


class Blocks:
    """The matrix L₀ − Σ of one pencil at given values, row by row and column by column of all its dimensions."""

    def __init__(self, dyson: Dyson, given: dict[Any, Any]) -> None:
        self.dyson, pencil, self.given = dyson, dyson.pencil, Evaluation(given)
        self.rows, count = self._places(pencil.rows)
        self.cols, _ = self._places(pencil.cols)
        if count > LARGEST:
            raise ParameterError(f"given matrices in inverses: a pencil of {count} rows, more than {LARGEST}; give smaller ones")
        self.fixed = np.zeros((count, count))
        for (i, j), x in pencil.fixed.items():
            self._add(self.fixed, i, j, np.diag(self.site(pencil.rows[i], x)))
        for (i, j), terms in pencil.random.items():
            for term in terms:
                if term.leaf.kind == "given":
                    array = self.given.value(given_of(term))
                    left, right = self.site(pencil.rows[i], term.left), self.site(pencil.cols[j], term.right)
                    self._add(self.fixed, i, j, left[:, None] * array * right)
        self.sigma = [(i, j, self.site(pencil.rows[i], c), t) for (i, j), terms in dyson.sigma.items() for c, t in terms]
        self.weights = {t: self.site(u.dim, u.weight) for t, u in dyson.unknowns.items()}

    def _places(self, numbers: Mapping[int, Dim]) -> tuple[dict[int, slice], int]:
        found, begin = {}, 0
        for number, dim in numbers.items():
            found[number] = slice(begin, begin + int(self.given.values[dim]))
            begin = found[number].stop
        return found, begin

    def site(self, dim: Dim, expression: sp.Expr) -> NDArray:
        return np.broadcast_to(self.given.value(Diag(dim, expression)), int(self.given.values[dim]))

    def _add(self, matrix: NDArray, i: int, j: int, block: NDArray) -> None:
        matrix[self.rows[i], self.cols[j]] += block

    def inverse(self, known: Mapping[Any, float]) -> NDArray:
        """G at given traces."""
        matrix = self.fixed.copy()
        for i, j, coefficient, t in self.sigma:
            self._add(matrix, i, j, np.diag(-coefficient * known[t]))
        return np.linalg.inv(matrix)

    def traces(self, g: NDArray) -> dict[Any, float]:
        """The unknowns that belong to a G."""
        return {t: float(self.weights[t] @ self._diagonal(g, *u.block)) for t, u in self.dyson.unknowns.items()}

    def total(self, g: NDArray) -> float:
        """The trace of the expression itself."""
        pencil, total = self.dyson.pencil, 0.0
        for b, x in pencil.u.items():
            for c, y in pencil.v.items():
                dim = pencil.cols[b]
                total += float(np.sum(self.site(dim, x) * self.site(dim, y) * self._diagonal(g, b, c)))
        return total

    def _diagonal(self, g: NDArray, b: int, c: int) -> NDArray:
        return np.diagonal(g[self.cols[b], self.rows[c]])


class DenseInverse:
    """G of a pencil in full, as :mod:`solvers.positive_maps` reads it."""

    shape: tuple[int, ...] = ()

    def __init__(self, blocks: Blocks, g: NDArray) -> None:
        self.site, pencil = blocks.site, blocks.dyson.pencil
        self._blocks = {(b, a): x for b in pencil.cols for a in pencil.rows if (x := g[blocks.cols[b], blocks.rows[a]]).any()}

    def vanishes(self, b: int, a: int) -> bool:
        return (b, a) not in self._blocks

    def contracted(self, w: NDArray, first: tuple[int, int], second: tuple[int, int], m: NDArray) -> NDArray:
        return w @ (self._blocks[first] * self._blocks[second]) @ m


def _by_slot(point: Point) -> dict[Any, Any]:
    """Values of symbols, sizes, given vectors and given matrices, in the places where these stand."""
    found: dict[Any, Any] = {s: np.ravel(v) if np.ndim(v) else v for s, v in point.symbols.items()}
    found |= {size(s.name): v for s, v in point.symbols.items() if isinstance(s, Dim)}
    found |= {leaf if leaf.kind == "deterministic" else leaf.symbol: array for leaf, array in point.arrays.items()}
    return found
