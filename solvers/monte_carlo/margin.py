"""The state of largest margin, or of least norm, among those that satisfy linear constraints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp

from solvers.monte_carlo.algorithm import Algorithm, only_state
from solvers.monte_carlo.constraints import Halfspaces, read_constraints
from solvers.monte_carlo.local_fields import Landscape, Term
from solvers.monte_carlo.points import Point
from solvers.monte_carlo.realisation import Realisation
from theory.declaration.sites import Leaf
from theory.errors import ConvergenceError, DeclarationError


class Margin(Algorithm):
    """One state under step functions of affine fields, at temperature 0.

    With a spherical prior: the state of squared norm N whose smallest stability is largest, whether that suffices or not; where the
    constraints allow no positive margin, a state that violates little. Without a prior: the energy has a penalty proportional to
    the squared norm, and the state is the shortest one that violates nothing; ConvergenceError where there is none.
    """

    linear = False

    @classmethod
    def check(cls, model: Any) -> None:
        state = only_state(model, (None, "spherical"))
        _, others = read_constraints(model.energy, (state,))
        if model.temperature != 0:
            raise DeclarationError(f"{model.name}: a largest margin belongs to temperature 0; declare algorithm='gibbs'")
        spherical = state.how.get("prior") == "spherical"
        if others and spherical:
            raise DeclarationError(f"{model.name}: {others[0].written} besides the constraints; only step functions have a margin")
        if not spherical and not (len(others) == 1 and _squared_norm(others[0], state)):
            raise DeclarationError(f"{model.name}: a state of least norm needs the penalty {state.name}.square() alone; declare it")

    def __init__(self, model: Any, point: Point, given: Realisation):
        super().__init__(model, point, given)
        self.state = only_state(model, (None, "spherical"))
        self.read, _ = read_constraints(model.energy, (self.state,))

    def run(self, draw: Realisation, rng: np.random.Generator) -> Callable[[Realisation], Realisation]:
        def find(variant: Realisation) -> Realisation:
            space = self.halfspaces(variant)
            if self.state.how.get("prior") == "spherical":
                unit, _ = space.direction()
                variant.set({self.state: np.sqrt(len(unit)) * unit})
                return variant
            found = space.least_norm(space.needed)
            if found is None:
                raise ConvergenceError(f"{self.state.name}: no state satisfies all constraints; take fewer samples")
            variant.set({self.state: found})
            return variant

        find(draw)
        return find

    def halfspaces(self, draw: Realisation) -> Halfspaces:
        landscape = Landscape([term for term, _ in self.read], (self.state,), draw)
        return Halfspaces(self.read, landscape)

    def verify(self, draw: Realisation, rng: np.random.Generator) -> None:
        """Whether no state beside it, of the same norm, has a larger margin; or none shorter satisfies the constraints."""
        space, state = self.halfspaces(draw), draw.arrays[self.state]
        spherical = self.state.how.get("prior") == "spherical"
        if spherical and not space.direction()[1]:
            return
        for scale in (1e-4, 1e-2, 0.3):
            for _ in range(20):
                other = state + scale * np.linalg.norm(state) / np.sqrt(len(state)) * rng.standard_normal(state.shape)
                if spherical:
                    other *= np.linalg.norm(state) / np.linalg.norm(other)
                    better = np.min(space.rows @ other) > np.min(space.rows @ state) + 1e-8
                else:
                    shorter = np.linalg.norm(other) < np.linalg.norm(state) * (1 - 1e-8)
                    better = shorter and np.all(space.rows @ other >= space.needed)
                if better:
                    raise ConvergenceError(f"{self.state.name}: a state beside it is better; the constraints are ill-conditioned")


def _squared_norm(term: Term, state: Leaf) -> bool:
    """Whether a term is a positive number times the sum of squares of the state."""
    if term.fields != (state.symbol,):
        return False
    ratio = sp.cancel(term.coefficient * term.value / term.names[0] ** 2)
    return bool(ratio.is_positive) and ratio.free_symbols.isdisjoint(term.names)
