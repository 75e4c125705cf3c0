"""The minimum of an energy that is piecewise linear and convex in its local fields, walls among them, by a linear programme."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.monte_carlo.convex import Convex
from solvers.monte_carlo.linear_shapes import Shape, shape_of
from solvers.monte_carlo.local_fields import Landscape, Loaded, read_fields
from solvers.monte_carlo.points import Point
from solvers.monte_carlo.realisation import Realisation
from theory.errors import ConvergenceError

SHARE = 1e-9
"""Multiplier of a constraint, next to the largest, below which the minimum may slide along it."""


class LinearProgramme(Convex):
    """The one minimum over all states together; ConvergenceError where there is none, or more than one."""

    @classmethod
    def _check_energy(cls, model: Any) -> None:
        for term in read_fields(model.energy, model.states):
            shape_of(term.coefficient * term.value, term.names)

    def __init__(self, model: Any, point: Point, given: Realisation):
        self.model, self.point = model, point
        self.read = read_fields(model.energy, model.states)
        self.shapes = [shape_of(term.coefficient * term.value, term.names) for term in self.read]

    def run(self, draw: Realisation, rng: np.random.Generator) -> Callable[[Realisation], Realisation]:
        def minimise(variant: Realisation) -> Realisation:
            landscape = Landscape(self.read, self.model.states, variant)
            variant.set(landscape.arrays(_Programme(self.shapes, landscape).solved()))
            return variant

        minimise(draw)
        return minimise


class _Programme:
    """Minimise cost @ (state, heights), with a height above every affine part of a peak; walls hold heights of no peak."""

    def __init__(self, shapes: Sequence[Shape], landscape: Landscape):
        self.landscape, self.size = landscape, landscape.size
        self.state_cost, self.heights = np.zeros(self.size), 0
        self.rows: list[tuple[NDArray, NDArray, int | None]] = []
        """Slopes in the state (rows, size), values where it is zero (rows,), and the number of the first height."""
        for part, shape in zip(landscape.loaded, shapes, strict=True):
            self.state_cost += self._affine(part, shape.affine)[0].sum(axis=0)
            for parts in shape.peaks:
                self.rows += [(*self._affine(part, inner), self.heights) for inner in parts]
                self.heights += len(part.offsets[0])
            self.rows += [(*self._affine(part, wall), None) for wall in shape.walls]

    def _affine(self, part: Loaded, expression: sp.Expr) -> tuple[NDArray, NDArray]:
        """The slope in the state, (rows, size), and the value where the state is zero, (rows,)."""
        slope = np.zeros((len(part.offsets[0]), self.size))
        for name, block in zip(part.term.names, part.blocks, strict=True):
            factor = expression.diff(name)
            if factor != 0:
                slope += self._at(part, factor)[:, None] * block.dense()
        return slope, self._at(part, expression)

    def _at(self, part: Loaded, expression: sp.Expr) -> NDArray:
        fields = dict(zip(part.term.names, (f[:, None] for f in part.offsets), strict=True))
        found = np.asarray(self.landscape.origin.with_symbols(fields).site(expression), dtype=float).reshape(-1)
        return np.broadcast_to(found, (len(part.offsets[0]),))

    def solved(self) -> NDArray:
        """The state of least energy, shape (size,)."""
        from scipy.optimize import linprog
        from scipy.sparse import csr_array, eye_array, hstack, vstack

        names = ", ".join(state.name for state in self.landscape.states)
        lines = [
            hstack(
                [
                    csr_array(slope),
                    csr_array((len(slope), self.heights)) if first is None else -eye_array(len(slope), self.heights, k=first),
                ]
            )
            for slope, _, first in self.rows
        ]
        cost = np.concatenate([self.state_cost, np.ones(self.heights)])
        limits = -np.concatenate([value for _, value, _ in self.rows])
        found = linprog(cost, A_ub=vstack(lines, format="csr"), b_ub=limits, bounds=(None, None), method="highs")
        if found.status != 0:
            why = {2: "no state satisfies all constraints", 3: "the energy falls without bound"}.get(found.status, found.message)
            raise ConvergenceError(f"{names}: {why}; take fewer samples, or add a penalty")
        multipliers = -found.ineqlin.marginals
        if np.count_nonzero(multipliers > SHARE * multipliers.max(initial=0.0)) < len(cost):
            raise ConvergenceError(f"{names}: the minimum is not the only one; take more samples, or add a penalty")
        return found.x[: self.size]
