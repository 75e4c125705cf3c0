"""Draws of a spherical state from exp(-energy/temperature) for any energy, by slices along great circles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.monte_carlo.algorithm import Algorithm, only_state
from solvers.monte_carlo.chains import compare_chains
from solvers.monte_carlo.points import Point
from solvers.monte_carlo.realisation import Realisation
from theory.declaration.collective import parts
from theory.errors import DeclarationError

TURNS, FEWEST = 10, 400
"""Updates for each dimension of the state, and the fewest."""


class Circles(Algorithm):
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

    def run(self, draw: Realisation, rng: np.random.Generator) -> Callable[[Realisation], Realisation]:
        def sample(variant: Realisation) -> Realisation:
            chain = Chain(self, variant, rng)
            for _ in range(max(FEWEST, TURNS * chain.size)):
                chain.turn()
            variant.set({self.state: chain.state})
            return variant

        sample(draw)
        return sample

    def verify(self, draw: Realisation, rng: np.random.Generator) -> None:
        """Whether two chains, one from the state and one from a random point, agree in their mean energy."""
        found, energies = draw.arrays[self.state], []
        for start in (found, None):
            chain = Chain(self, draw, rng, start)
            energies.append(np.array([chain.turn() for _ in range(4 * max(FEWEST, TURNS * chain.size))]))
        draw.set({self.state: found})
        compare_chains(self.state.name, "energy", *energies)


class Chain:
    """A state on the sphere of squared radius N, and its energy over the temperature."""

    def __init__(self, law: Circles, draw: Realisation, rng: np.random.Generator, start: NDArray | None = None):
        self.law, self.rng = law, rng
        self.draw = Realisation(draw.symbols, draw.arrays)
        self.size = draw.size(law.state.dims[0])
        begun = law.model.start.get(law.state)
        first = start if start is not None else self._direction() if begun is None else draw.vector(begun)[:, 0]
        self.state = first * np.sqrt(self.size) / np.linalg.norm(first)
        self.energy = self._at(self.state)

    def _direction(self) -> NDArray:
        return self.rng.standard_normal(self.size)

    def _at(self, state: NDArray) -> float:
        self.draw.set({self.law.state: state})
        return float(self.draw.scalar(self.law.model.energy)[0]) / self.law.temperature

    def turn(self) -> float:
        """One update; the energy over the temperature after it."""
        across = self._direction()
        across -= self.state * (self.state @ across) / self.size
        across *= np.sqrt(self.size) / np.linalg.norm(across)
        level = self.energy + self.rng.exponential()
        angle = self.rng.uniform(0, 2 * np.pi)
        low, high = angle - 2 * np.pi, angle
        while high - low > 1e-12:
            state = np.cos(angle) * self.state + np.sin(angle) * across
            energy = self._at(state)
            if energy <= level:
                # Rounding would leave the sphere in the long run.
                self.state, self.energy = state * np.sqrt(self.size) / np.linalg.norm(state), energy
                break
            low, high = (angle, high) if angle < 0 else (low, angle)
            angle = self.rng.uniform(low, high)
        return self.energy
