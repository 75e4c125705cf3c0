"""Energies of Ising spins for single flips: quadratic ones by their matrix, any others by evaluating them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.monte_carlo.realisation import Realisation, dependent, derivative
from theory.declaration.collective import Parts
from theory.declaration.scalars import Over
from theory.declaration.sites import Leaf
from theory.declaration.walks import leaves, partial
from theory.errors import DeclarationError


class Quadratic:
    """E(s) = s A s/2 + b s + const for rows of spins (chains, N); the diagonal of A is part of the constant.

    ``slopes`` holds A s + b for every chain and is kept up to date by :meth:`flip`.
    """

    def __init__(self, read: Parts, state: Leaf, draw: Realisation, spins: NDArray):
        size = draw.size(state.dims[0])
        matrix, slope = np.zeros((size, size)), np.zeros(size)
        origin = Realisation(draw.symbols, {**draw.arrays, state: np.zeros(size)})
        for coefficient, expression, dim in read.sums:
            if state not in leaves(expression):
                continue
            c, fields = float(origin.scalar(coefficient)[0]), dependent(expression, state)
            blocks = [_dense(origin.linear(field, state), size) for field in fields]
            rows = origin.size(dim)
            for field, block in zip(fields, blocks, strict=True):
                slope += c * _at(origin, partial(expression, field), rows) @ block
                for other, across in zip(fields, blocks, strict=True):
                    bend = _at(origin, derivative(expression, (field, other), state), rows)
                    matrix += c * block.T @ (bend[:, None] * across)
        if read.collective != 0:
            means = [m for m in read.means if state in leaves(m)]
            rows_of = {m: _row(m, origin, state, size) for m in means}
            for one in means:
                slope += float(origin.scalar(partial(read.collective, one))[0]) * rows_of[one]
                for other in means:
                    bend = partial(partial(read.collective, one), other)
                    if any(state in leaves(top) for top in bend.atoms(Over)):
                        raise DeclarationError(f"energy: {read.collective} is not quadratic in {state.name}")
                    matrix += float(origin.scalar(bend)[0]) * np.outer(rows_of[one], rows_of[other])
        self.constant = np.trace(matrix) / 2
        self.matrix = (matrix + matrix.T) / 2
        np.fill_diagonal(self.matrix, 0.0)
        self.field, self.spins = slope, spins
        self.slopes = spins @ self.matrix + slope

    def cost(self, site: int) -> NDArray:
        """Change of the energy when the spin at a site is turned over, for every chain."""
        return -2 * self.spins[:, site] * self.slopes[:, site]

    def flip(self, site: int, turned: NDArray) -> None:
        """Turn the spins at a site over where ``turned``."""
        change = np.where(turned, -2 * self.spins[:, site], 0.0)
        self.spins[:, site] += change
        self.slopes += change[:, None] * self.matrix[site]

    def energies(self) -> NDArray:
        """Of every chain, up to a constant."""
        return (self.spins * (self.slopes + self.field)).sum(axis=1) / 2

    def exchange(self, one: NDArray, two: NDArray) -> None:
        """Exchange the states of pairs of chains."""
        for array in (self.spins, self.slopes):
            array[one], array[two] = array[two].copy(), array[one].copy()


class Evaluated:
    """The same for any energy, evaluated anew for every flip."""

    def __init__(self, energy: sp.Expr, state: Leaf, draw: Realisation, spins: NDArray):
        self.energy, self.state, self.draw, self.spins = energy, state, Realisation(draw.symbols, draw.arrays), spins
        self.now = self._of(spins)

    def _of(self, spins: NDArray) -> NDArray:
        self.draw.set({self.state: np.ascontiguousarray(spins.T)})
        return np.broadcast_to(self.draw.scalar(self.energy), (len(spins),)).copy()

    def cost(self, site: int) -> NDArray:
        turned = self.spins.copy()
        turned[:, site] *= -1
        self.then = self._of(turned)
        return self.then - self.now

    def flip(self, site: int, turned: NDArray) -> None:
        """To be called after :meth:`cost` of the same site."""
        self.spins[turned, site] *= -1
        self.now = np.where(turned, self.then, self.now)

    def energies(self) -> NDArray:
        return self.now

    def exchange(self, one: NDArray, two: NDArray) -> None:
        for array in (self.spins, self.now):
            array[one], array[two] = array[two].copy(), array[one].copy()


def _at(origin: Realisation, expression: sp.Expr, rows: int) -> NDArray:
    return np.broadcast_to(np.asarray(origin.site(expression), dtype=float).reshape(-1), (rows,))


def _dense(block: NDArray, size: int) -> NDArray:
    return np.diag(np.broadcast_to(block, (size,))) if block.ndim == 1 else block


def _row(top: Over, origin: Realisation, state: Leaf, size: int) -> NDArray:
    """The sum as a linear function of the state; DeclarationError where it is none."""
    fields: Sequence = dependent(top.expr, state)
    total = np.zeros(size)
    for field in fields:
        weight = _at(origin, derivative(top.expr, (field,), state), origin.size(top.dim))
        total += weight @ _dense(origin.linear(field, state), size)
    return total
