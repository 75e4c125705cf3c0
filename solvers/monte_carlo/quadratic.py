"""A quadratic energy as regularised least squares, read off its declaration.

Each term c * sum_sites e(s), with e quadratic in the fields s = S w + s0 that depend on the state w, is c * (g.Sw + (Sw)^T h Sw/2)
around w = 0. The eigenvectors of h turn it into squares of rows, which are never multiplied out, and a gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.monte_carlo.least_squares import LeastSquares
from solvers.monte_carlo.realisation import Realisation, dependent, derivative
from theory.declaration.sites import Leaf, Site
from theory.declaration.vectors import Vec
from theory.declaration.walks import leaves, partial, terms
from theory.errors import DeclarationError, ParameterError

TINY = 1e-100
"""Stands for a penalty in the limit in which it goes to zero: only its dependence on the coordinates matters."""


@dataclass(frozen=True)
class Term:
    """One term of an energy: its fields, their gradient and curvature; independent of sizes and draws."""

    coefficient: sp.Expr
    expression: sp.Expr
    dim: sp.Symbol
    fields: tuple[Site, ...]
    gradient: tuple[sp.Expr, ...]
    curvature: tuple[tuple[sp.Expr, ...], ...]


@dataclass(frozen=True)
class Square:
    """sum_i weight_i (block w)_i^2 / 2 + slope . (block w); ``block`` is a diagonal (N,) or a matrix (n, N)."""

    weight: NDArray
    block: NDArray
    slope: Callable[[Realisation], NDArray]


def read_terms(energy: sp.Expr, state: Leaf) -> list[Term]:
    """The terms of an energy that depend on the state; DeclarationError where one is not quadratic in it."""
    found = []
    for coefficient, expression, dim in terms(energy):
        if state in leaves(coefficient):
            raise DeclarationError(f"energy: a product of sums over {state.name}, {coefficient} * {expression}, is not minimised")
        if state not in leaves(expression):
            continue
        fields = dependent(expression, state)
        curvature = tuple(tuple(derivative(expression, (a, b), state) for b in fields) for a in fields)
        gradient = tuple(partial(expression, a) for a in fields)
        found.append(Term(coefficient, expression, dim, fields, gradient, curvature))
    if not found:
        raise DeclarationError(f"energy: it does not depend on {state.name}")
    return found


class Quadratic:
    """The energy of one realisation; ``minimise`` serves this realisation and variants of its data.

    ``vanishing`` are parameters that are zero in the sense of a limit from above.
    """

    def __init__(self, read: Sequence[Term], state: Leaf, draw: Realisation, vanishing: Sequence[sp.Symbol] = ()):
        self.state, self.size = state, draw.size(state.dims[0])
        origin = self._at_zero(draw)
        self.squares = [square for term in read for square in self._squares(term, origin)]
        penalty = self._penalty(self.squares)
        self.limit = False
        if vanishing and not np.any(penalty):
            faint = origin.with_symbols({symbol: TINY for symbol in vanishing})
            direction = self._penalty(square for term in read for square in self._squares(term, faint))
            if np.any(direction):
                penalty, self.limit = direction / direction.max(), True
        dense = [square for square in self.squares if square.block.ndim == 2]
        rows = [np.sqrt(square.weight)[:, None] * square.block for square in dense]
        self.penalty = penalty
        self.rows = np.concatenate([*rows, np.zeros((0, self.size))])

    @cached_property
    def problem(self) -> LeastSquares:
        """The factored problem; ParameterError where its minimum is not unique."""
        return LeastSquares(self.rows, self.penalty, self.limit)

    def minimise(self, draw: Realisation) -> NDArray:
        """The state of least energy, shape (N, columns)."""
        return self.problem.solve(*self._gradient(draw))

    def sample(self, draw: Realisation, temperature: float, rng: np.random.Generator) -> NDArray:
        """One exact draw from exp(-energy/temperature): the minimiser under noise of the right size in every square."""
        offset, linear = self._gradient(draw)
        noise = np.sqrt(temperature) * rng.standard_normal((len(offset) + self.size, 1))
        linear = linear + np.sqrt(self.penalty)[:, None] * noise[len(offset) :]
        return self.problem.solve(offset + noise[: len(offset)], linear)

    def normal(self, draw: Realisation) -> tuple[NDArray, NDArray]:
        """The energy as w·J w/2 - f·w: J (N, N) and f (N,)."""
        offset, linear = self._gradient(draw)
        return self.rows.T @ self.rows + np.diag(self.penalty), -(self.rows.T @ offset + linear)[:, 0]

    def _at_zero(self, draw: Realisation) -> Realisation:
        return Realisation(draw.symbols, {**draw.arrays, self.state: np.zeros(self.size)})

    def _penalty(self, squares) -> NDArray:
        return sum((s.weight * s.block**2 for s in squares if s.block.ndim == 1), np.zeros(self.size))

    def _gradient(self, draw: Realisation) -> tuple[NDArray, NDArray]:
        """Offsets of the rows and linear term of the diagonal at w = 0."""
        origin = self._at_zero(draw)
        offsets, linear = [], np.zeros((self.size, 1))
        for square in self.squares:
            slope = square.slope(origin)
            if square.block.ndim == 1:
                linear = linear + square.block[:, None] * slope
                continue
            curved = square.weight > 0
            offsets.append(np.where(curved[:, None], slope, 0.0) / np.sqrt(np.where(curved, square.weight, 1.0))[:, None])
            if not np.all(curved) and np.any(slope[~curved]):
                linear = linear + square.block[~curved].T @ slope[~curved]
        columns = np.broadcast_shapes(linear.shape[1:], *(offset.shape[1:] for offset in offsets))
        stacked = [np.broadcast_to(offset, (len(offset), *columns)) for offset in offsets]
        return np.concatenate([*stacked, np.zeros((0, *columns))]), np.broadcast_to(linear, (self.size, *columns))

    def _squares(self, term: Term, origin: Realisation) -> Iterator[Square]:
        coefficient = float(origin.scalar(term.coefficient)[0])
        n, count = origin.size(term.dim), len(term.fields)
        blocks = [origin.linear(field, self.state) for field in term.fields]
        curvature = np.empty((n, count, count))
        for i, row in enumerate(term.curvature):
            for j, entry in enumerate(row):
                values = origin.vector(Vec(term.dim, entry))
                if np.any(values != values[:, :1]):
                    raise DeclarationError(f"energy: its curvature {entry} holds the source of a contribution; use another source")
                curvature[:, i, j] = coefficient * values[:, 0]
        weights, vectors = _directions(curvature, term.expression)
        for i in range(count):
            along = vectors[:, :, i]
            yield Square(weights[:, i], _combined(along, blocks), _slope(term, along, coefficient))


def _slope(term: Term, along: NDArray, coefficient: float) -> Callable[[Realisation], NDArray]:
    def slope(draw: Realisation) -> NDArray:
        parts = [along[:, j, None] * draw.vector(Vec(term.dim, g)) for j, g in enumerate(term.gradient)]
        return coefficient * sum(parts[1:], parts[0])

    return slope


def _directions(curvature: NDArray, expression: sp.Expr) -> tuple[NDArray, NDArray]:
    """Eigenvalues (sites, fields) and eigenvectors (sites, fields, fields) of the curvature at every site."""
    if not np.all(np.isfinite(curvature)):
        raise ParameterError(f"energy: the curvature of {expression} is not finite at these values; change them")
    if curvature.shape[1] == 1:
        return _nonnegative(curvature[:, 0], expression), np.ones_like(curvature)
    values, vectors = np.linalg.eigh(curvature)
    return _nonnegative(values, expression), vectors


def _nonnegative(values: NDArray, expression: sp.Expr) -> NDArray:
    if values.min(initial=0.0) < -1e-12 * np.abs(values).max(initial=0.0):
        raise DeclarationError(f"energy: {expression} is not convex (curvature {values.min():g}); "
                               "the minimum is not defined; write it in squares of fields")
    return np.maximum(values, 0.0)


def _combined(along: NDArray, blocks: Sequence[NDArray]) -> NDArray:
    """sum_j along[:, j] * block_j, as a diagonal when every block is one."""
    if all(block.ndim == 1 for block in blocks):
        return sum((along[:, j] * block for j, block in enumerate(blocks)), np.zeros(len(along)))
    parts = [along[:, j, None] * (np.diag(block) if block.ndim == 1 else block) for j, block in enumerate(blocks)]
    return sum(parts[1:], parts[0])
