"""A quadratic energy: its minimum, or one exact draw of its Gibbs measure, which is Gaussian."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from solvers.monte_carlo.algorithm import Algorithm, only_state
from solvers.monte_carlo.points import Point
from solvers.monte_carlo.quadratic import Quadratic, read_terms
from solvers.monte_carlo.realisation import Realisation
from theory.errors import ConvergenceError


class QuadraticLaw(Algorithm):
    """Regularised least squares, for every draw of a model at one point."""

    @classmethod
    def check(cls, model: Any) -> None:
        read_terms(model.energy, only_state(model))

    def __init__(self, model: Any, point: Point, given: Realisation):
        super().__init__(model, point, given)
        self.state = only_state(model)
        self.read = read_terms(model.energy, self.state)
        self.temperature = float(given.scalar(model.temperature)[0])

    def run(self, draw: Realisation, rng: np.random.Generator) -> Callable[[Realisation], Realisation]:
        quadratic = Quadratic(self.read, self.state, draw, self.point.vanishing)
        self.spread = quadratic.problem.spread
        if self.temperature > 0:
            draw.set({self.state: quadratic.sample(draw, self.temperature, rng)[:, 0]})
        else:
            draw.set({self.state: quadratic.minimise(draw)[:, 0]})

        def minimise(variant: Realisation) -> Realisation:
            variant.set({self.state: quadratic.minimise(variant)})
            return variant

        return minimise

    def verify(self, draw: Realisation, rng: np.random.Generator) -> None:
        """Whether the state is a minimum of the energy itself along a random direction."""
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
