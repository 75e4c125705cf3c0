"""States that are drawn by Markov chains, and whether the chains have reached what they sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from solvers.monte_carlo.algorithm import Algorithm
from solvers.monte_carlo.realisation import Realisation
from theory.declaration.sites import Leaf
from theory.errors import ConvergenceError

DRIFT = 5.0
"""Standard errors beyond which a mean is not what it must be."""
BATCHES = 20
TURNS, FEWEST = 10, 400
"""Turns of states for each of their dimensions, and the fewest."""


class Chain(Protocol):
    """A Markov chain: ``updates`` of it make a draw."""

    updates: int

    def update(self) -> float:
        """One update; the energy over the temperature after it."""
        ...

    def states(self) -> dict[Leaf, NDArray]:
        """Where it is."""
        ...


class Chained(Algorithm):
    """One draw for every draw of the disorder, each from a chain of its own."""

    def chain(self, draw: Realisation, rng: np.random.Generator, start: Mapping[Leaf, NDArray] | None = None) -> Chain:
        """A chain from given states, or from where the declaration or the prior lets it begin."""
        raise NotImplementedError

    def run(self, draw: Realisation, rng: np.random.Generator) -> Callable[[Realisation], Realisation]:
        def sample(variant: Realisation) -> Realisation:
            chain = self.chain(variant, rng)
            for _ in range(chain.updates):
                chain.update()
            variant.set(chain.states())
            return variant

        sample(draw)
        return sample

    def verify(self, draw: Realisation, rng: np.random.Generator) -> None:
        """Whether two chains, one from the states found and one that begins anew, agree in their mean energy."""
        found, energies = {state: draw.arrays[state] for state in self.model.states}, []
        for start in (found, None):
            chain = self.chain(draw, rng, start)
            energies.append(np.array([chain.update() for _ in range(4 * chain.updates)]))
        draw.set(found)
        compare_chains(", ".join(state.name for state in found), "energy", *energies)


def turns(size: int) -> int:
    """Turns that make a draw of states of so many dimensions."""
    return max(FEWEST, TURNS * size)


def slice_angle(rng: np.random.Generator, energy: float, energy_at: Callable[[float], float]) -> tuple[float, float] | None:
    """An angle of the slice below a random level over ``energy``, the one at angle zero, and the energy there: the bracket
    shrinks around zero. None where it has shrunk to nothing."""
    level = energy + rng.exponential()
    angle = rng.uniform(0, 2 * np.pi)
    low, high = angle - 2 * np.pi, angle
    while high - low > 1e-12:
        found = energy_at(angle)
        if found <= level:
            return angle, found
        low, high = (angle, high) if angle < 0 else (low, angle)
        angle = rng.uniform(low, high)
    return None


def batch_mean(chain: NDArray) -> tuple[float, float]:
    """Mean of a correlated series and its standard error, from the means of batches."""
    means = np.array([part.mean() for part in np.array_split(chain, BATCHES)])
    return float(means.mean()), float(means.std(ddof=1) / np.sqrt(BATCHES))


def compare_chains(state: str, what: str, one: NDArray, two: NDArray) -> None:
    """ConvergenceError where two chains of different beginnings, their first quarter left out, differ in a mean."""
    (a, da), (b, db) = (batch_mean(chain[len(chain) // 4 :]) for chain in (one, two))
    if not abs(a - b) <= DRIFT * np.hypot(da, db) + 1e-9 * (abs(a) + abs(b)):
        raise ConvergenceError(f"{state}: two chains differ in their {what}, {a:g} and {b:g}; the measure is not reached")
