"""Draws of a spherical state from exp(-energy/temperature) for any energy, by slices along great circles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.monte_carlo.algorithm import only_state
from solvers.monte_carlo.chains import Chained, slice_angle, turns
from solvers.monte_carlo.points import Point
from solvers.monte_carlo.realisation import Realisation
from theory.declaration.collective import parts
from theory.declaration.sites import Leaf
from theory.errors import DeclarationError


class Circles(Chained):
    """One draw from the Gibbs measure on the sphere, of an energy with tensors or with functions of sums, evaluated as declared.

    Each update chooses a great circle through the state and slices the energy along it, so that there are no steps to tune.
    """

    @classmethod
    def check(cls, model: Any) -> None:
        only_state(model, ("spherical",))
        if model.temperature == 0:
            raise DeclarationError(f"{model.name}: a Gibbs measure has a temperature above 0; declare one")
        read = parts(model.energy)
        if not read.contractions and read.collective == 0:
            raise DeclarationError(f"{model.name}: an energy of local fields is sampled by them; declare algorithm='gibbs'")

    def __init__(self, model: Any, point: Point, given: Realisation):
        super().__init__(model, point, given)
        self.state = only_state(model, ("spherical",))
        self.temperature = float(given.scalar(model.temperature)[0])

    def chain(self, draw: Realisation, rng: np.random.Generator, start: Mapping[Leaf, NDArray] | None = None) -> Circle:
        return Circle(self, draw, rng, start)


class Circle:
    """A state on the sphere of squared radius N, and its energy over the temperature."""

    def __init__(self, law: Circles, draw: Realisation, rng: np.random.Generator, start: Mapping[Leaf, NDArray] | None):
        self.law, self.rng = law, rng
        self.draw = Realisation(draw.symbols, draw.arrays)
        self.size = draw.size(law.state.dims[0])
        self.updates = turns(self.size)
        begun = law.model.start.get(law.state)
        first = start[law.state] if start is not None else self._direction() if begun is None else draw.vector(begun)[:, 0]
        self.state = first * np.sqrt(self.size) / np.linalg.norm(first)
        self.energy = self._at(self.state)

    def _direction(self) -> NDArray:
        return self.rng.standard_normal(self.size)

    def _at(self, state: NDArray) -> float:
        self.draw.set({self.law.state: state})
        return float(self.draw.scalar(self.law.model.energy)[0]) / self.law.temperature

    def states(self) -> dict[Leaf, NDArray]:
        return {self.law.state: self.state}

    def update(self) -> float:
        across = self._direction()
        across -= self.state * (self.state @ across) / self.size
        across *= np.sqrt(self.size) / np.linalg.norm(across)

        def turned(angle: float) -> NDArray:
            return np.cos(angle) * self.state + np.sin(angle) * across

        found = slice_angle(self.rng, self.energy, lambda angle: self._at(turned(angle)))
        if found is not None:
            angle, self.energy = found
            state = turned(angle)
            # Rounding would leave the sphere in the long run.
            self.state = state * np.sqrt(self.size) / np.linalg.norm(state)
        return self.energy
