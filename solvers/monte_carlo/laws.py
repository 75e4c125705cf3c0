"""How the states of a law are found in one draw: one entry for each algorithm that a declaration may name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp

from solvers.monte_carlo.convex import Convex, read_convex
from solvers.monte_carlo.dynamics import Dynamics
from solvers.monte_carlo.least_squares import Spread
from solvers.monte_carlo.points import Point
from solvers.monte_carlo.quadratic import Quadratic, read_terms
from solvers.monte_carlo.realisation import Realisation
from theory.declaration.expression import Expression
from theory.declaration.sites import Leaf
from theory.declaration.step import Step
from theory.errors import ConvergenceError, DeclarationError


class Argmin:
    """The minimum of a quadratic energy, or one draw of its Gibbs measure, for every draw of a model at one point."""

    def __init__(self, model: Any, point: Point, given: Realisation):
        self.model, self.point = model, point
        self.state: Leaf = _one_state(model)
        self.read = read_terms(model.energy, self.state)
        self.temperature = float(given.scalar(model.temperature)[0])

    def run(self, draw: Realisation, rng: np.random.Generator) -> Callable[[Realisation], Realisation]:
        """Set the state of ``draw``; the result does the same for variants of its data, at temperature 0."""
        quadratic = Quadratic(self.read, self.state, draw, self.point.vanishing)
        self.spread, self.size = quadratic.problem.spread, quadratic.size
        if self.temperature > 0:
            draw.set({self.state: quadratic.sample(draw, self.temperature, rng)[:, 0]})
        else:
            draw.set({self.state: quadratic.minimise(draw)[:, 0]})

        def minimise(variant: Realisation) -> Realisation:
            variant.set({self.state: quadratic.minimise(variant)})
            return variant

        return minimise

    def verify(self, draw: Realisation, rng: np.random.Generator) -> None:
        """Whether the state is a minimum of the energy itself along a random direction; ConvergenceError otherwise."""
        if self.temperature > 0:
            return
        found = draw.arrays[self.state]
        scale = np.sqrt(np.mean(found**2)) or 1.0
        step = scale * rng.standard_normal(found.shape)
        energies = []
        for sign in (0, 1, -1):
            draw.set({self.state: found + sign * step})
            energies.append(float(draw.scalar(self.model.energy)[0]))
        draw.set({self.state: found})
        least, plus, minus = energies
        size = abs(plus) + abs(minus)
        if not (abs(plus - minus) <= 1e-6 * size and min(plus, minus) >= least - 1e-12 * size):
            raise ConvergenceError(
                f"energy {least:g} of {self.state.name} is not the minimum ({minus:g} and {plus:g} beside it); raise the ridge"
            )


class Drawn:
    """A law without a state: its observables are functions of what is drawn."""

    temperature, spread = 0.0, Spread(sys.maxsize, np.inf)

    def __init__(self, model: Any, point: Point, given: Realisation):
        pass

    def run(self, draw: Realisation, rng: np.random.Generator) -> Callable[[Realisation], Realisation]:
        return lambda variant: variant

    def verify(self, draw: Realisation, rng: np.random.Generator) -> None:
        """Nothing was searched for."""


def _one_state(model: Any) -> Leaf:
    if len(model.states) != 1:
        names = ", ".join(leaf.name for leaf in model.states)
        raise DeclarationError(f"{model.name}: states {names} are not minimised together; declare one state")
    (state,) = model.states
    if state.how.get("prior") is not None:
        raise DeclarationError(f"{model.name}: the {state.how['prior']} prior of {state.name} is not simulated; declare a penalty")
    if len(state.dims) != 1:
        raise DeclarationError(f"{model.name}: {state.name} has several dimensions; declare it over one")
    return state


ALGORITHMS: dict[str, type[Argmin]] = {"argmin": Argmin, "gibbs": Argmin}
"""By the name that a declaration gives: ``Energy(..., algorithm=name)``."""


def check_law(model: Any) -> type[Argmin] | type[Drawn] | type[Convex] | type[Dynamics]:
    """The algorithm of a model; DeclarationError where its law is simulated by none."""
    if isinstance(model, Expression):
        return Drawn
    if isinstance(model, Step):
        return Dynamics
    if not hasattr(model, "energy"):
        raise DeclarationError(f"{model.name}: law {type(model).__name__} is not simulated; declare an Energy or a Step")
    name = model.algorithm or "argmin"
    if name not in ALGORITHMS:
        known = " or ".join(ALGORITHMS)
        raise DeclarationError(f"{model.name}: algorithm {name!r} is not simulated; declare algorithm={known}")
    state = _one_state(model)
    if name == "argmin" and model.temperature == 0 and not _is_quadratic(model.energy, state):
        read_convex(model.energy, state)
        return Convex
    read_terms(model.energy, state)
    return ALGORITHMS[name]


def _is_quadratic(energy: sp.Expr, state: Leaf) -> bool:
    try:
        read_terms(energy, state)
    except DeclarationError:
        return False
    return True
