"""Draws from exp(-energy/temperature) for energies with slopes, several states together, by Hamiltonian or Langevin dynamics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.monte_carlo.algorithm import Algorithm, one_dimension
from solvers.monte_carlo.chains import DRIFT, batch_mean, compare_chains
from solvers.monte_carlo.convex import curvature_of, read_convex, slope_of
from solvers.monte_carlo.local_fields import Landscape, evaluate_at
from solvers.monte_carlo.points import Point
from solvers.monte_carlo.realisation import Realisation
from theory.errors import ConvergenceError, DeclarationError

PRIORS = (None, "gaussian")
ROUNDED = 1e-3
"""Over which kinks are rounded off where they push; what is accepted knows them as they are."""
WANTED = 0.8
"""Share of proposals that is accepted once the step is tuned."""
STIFFEST = 1e-4
"""The least curvature that sets a scale, next to the largest."""


class Hamiltonian(Algorithm):
    """One draw from the Gibbs measure of an energy of local fields, convex or not, without steps, at positive temperature.

    Each update gives the states a random momentum, follows the energy's slope by leapfrog steps in coordinates in which its
    curvature at the origin is one, and accepts the end by the energy itself (Duane, Kennedy, Pendleton and Roweth 1987). The step
    is tuned in the first half of the updates.
    """

    updates, leaps = 80, (2, 8)

    @classmethod
    def check(cls, model: Any) -> None:
        if model.temperature == 0:
            raise DeclarationError(f"{model.name}: a Gibbs measure has a temperature above 0; declare one, or algorithm='argmin'")
        for state in model.states:
            one_dimension(model, state)
            if state.how.get("prior") not in PRIORS:
                raise DeclarationError(
                    f"{model.name}: the {state.how['prior']} prior of {state.name} leaves no room for momenta; declare 'gibbs'"
                )
        read_convex(model.energy, model.states)

    def __init__(self, model: Any, point: Point, given: Realisation):
        super().__init__(model, point, given)
        self.terms = read_convex(model.energy, model.states)
        self.temperature = float(given.scalar(model.temperature)[0])

    def run(self, draw: Realisation, rng: np.random.Generator) -> Callable[[Realisation], Realisation]:
        def sample(variant: Realisation) -> Realisation:
            chain = Chain(self, variant, rng)
            chain.follow(self.updates)
            variant.set(chain.landscape.arrays(chain.state))
            return variant

        sample(draw)
        return sample

    def verify(self, draw: Realisation, rng: np.random.Generator) -> None:
        """Whether two chains of different beginnings agree in their energy, and the mean of state times slope is the number of
        degrees of freedom, as the theorem of equipartition has it."""
        names, energies = ", ".join(state.name for state in self.model.states), []
        virial: NDArray = np.zeros(0)
        for start in (np.concatenate([draw.arrays[s] for s in self.model.states]), None):
            chain = Chain(self, draw, rng, start)
            energy, virial = chain.follow(8 * self.updates)
            energies.append(energy)
        compare_chains(names, "energy", *energies)
        mean, error = batch_mean(virial[len(virial) // 4 :])
        if not abs(mean - chain.size) <= DRIFT * error + 0.02 * chain.size:
            raise ConvergenceError(
                f"{names}: equipartition gives {mean:g} degrees of freedom instead of {chain.size}; add a penalty or a prior"
            )


class Langevin(Hamiltonian):
    """The same with one step for each momentum: overdamped dynamics, with the error of its step taken out."""

    updates, leaps = 400, (1, 1)


class Chain:
    """States side by side, and their energy over the temperature, prior included."""

    def __init__(self, law: Hamiltonian, draw: Realisation, rng: np.random.Generator, start: NDArray | None = None):
        self.landscape = Landscape([smooth.term for smooth in law.terms], law.model.states, draw)
        self.pairs = list(zip(law.terms, self.landscape.loaded, strict=True))
        self.law, self.rng, self.size = law, rng, self.landscape.size
        self.prior = np.zeros(self.size)
        for state, place in zip(self.landscape.states, self.landscape.places, strict=True):
            self.prior[place] = state.how.get("prior") == "gaussian"
        bend = curvature_of(self.pairs, np.zeros(self.size), self.landscape, 1.0) / law.temperature + np.diag(self.prior)
        values, vectors = np.linalg.eigh(bend)
        values = np.maximum(np.abs(values), STIFFEST * np.abs(values).max())
        self.scale = vectors / np.sqrt(values)
        """From coordinates of curvature one to the states."""
        self.step = 0.8 * self.size**-0.25
        self.state = self.scale @ rng.standard_normal(self.size) if start is None else start
        self.energy, self.slope = self._energy(self.state), self._slope(self.state)

    def _energy(self, state: NDArray) -> float:
        energies = (evaluate_at(part, s.term.value, part.fields(state), self.landscape.origin).sum() for s, part in self.pairs)
        return float(sum(energies)) / self.law.temperature + float(self.prior @ state**2) / 2

    def _slope(self, state: NDArray) -> NDArray:
        return slope_of(self.pairs, state, self.landscape, ROUNDED) / self.law.temperature + self.prior * state

    def follow(self, updates: int) -> tuple[NDArray, NDArray]:
        """The energy and the state times its slope after each update."""
        energies, virial = np.empty(updates), np.empty(updates)
        for i in range(updates):
            chance = self._move()
            if i < updates // 2:
                self.step *= np.exp((chance - WANTED) / np.sqrt(1 + i))
            energies[i], virial[i] = self.energy, self.state @ self.slope
        return energies, virial

    def _move(self) -> float:
        """One update; the chance that it had to be accepted."""
        momentum = self.rng.standard_normal(self.size)
        state, slope, before = self.state, self.slope, self.energy + momentum @ momentum / 2
        step = self.step * self.rng.uniform(0.8, 1.2)
        low, high = self.law.leaps
        with np.errstate(all="ignore"):
            momentum = momentum - step / 2 * (self.scale.T @ slope)
            for _ in range(int(self.rng.integers(low, high + 1))):
                state = state + step * (self.scale @ momentum)
                slope = self._slope(state)
                momentum = momentum - step * (self.scale.T @ slope)
            momentum = momentum + step / 2 * (self.scale.T @ slope)
            energy = self._energy(state)
            chance = np.exp(min(0.0, before - energy - momentum @ momentum / 2))
        chance = float(chance) if np.isfinite(chance) else 0.0
        if self.rng.uniform() < chance:
            self.state, self.slope, self.energy = state, slope, energy
        return chance
