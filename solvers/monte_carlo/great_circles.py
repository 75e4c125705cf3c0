"""States of zero energy sampled uniformly, under a spherical or Gaussian prior, along great circles cut by the constraints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.monte_carlo.algorithm import Algorithm, only_state
from solvers.monte_carlo.chains import compare_chains
from solvers.monte_carlo.constraints import Halfspaces, read_constraints
from solvers.monte_carlo.local_fields import Landscape
from solvers.monte_carlo.points import Point
from solvers.monte_carlo.realisation import Realisation
from theory.errors import ConvergenceError, DeclarationError

INSIDE = 1e-6
"""A first state that just satisfies the constraints is moved inside by this, relative to them."""
PRIORS = ("spherical", "gaussian")
TURNS = 2
"""Great circles of a state of N dimensions, in units of N^2, which is how long hit-and-run takes to forget its beginning."""


class GreatCircles(Algorithm):
    """One draw from the states that violate none of the constraints (step functions of affine fields), in the SAT phase.

    Each update chooses a random great circle through the state (for a Gaussian prior an ellipse through it), cuts out the arcs on
    which a constraint is violated and moves to a uniform point of what is left. It starts from the state of largest margin.
    """

    @classmethod
    def check(cls, model: Any) -> None:
        state = only_state(model, PRIORS)
        if model.temperature != 0 or model.phase != "SAT":
            raise DeclarationError(f"{model.name}: volumes of zero-energy states are sampled for phase='SAT' at temperature 0 only")
        _, others = read_constraints(model.energy, (state,))
        if others:
            raise DeclarationError(f"{model.name}: {others[0].written} is no step of an affine field; declare a temperature")

    def __init__(self, model: Any, point: Point, given: Realisation):
        super().__init__(model, point, given)
        self.state = only_state(model, PRIORS)
        self.spherical = self.state.how["prior"] == "spherical"
        self.read, _ = read_constraints(model.energy, (self.state,))

    def run(self, draw: Realisation, rng: np.random.Generator) -> Callable[[Realisation], Realisation]:
        def sample(variant: Realisation) -> Realisation:
            space = self._halfspaces(variant)
            state = self._walk(space, self._start(space), rng, _turns(space))[0]
            variant.set({self.state: state})
            return variant

        sample(draw)
        return sample

    def _halfspaces(self, draw: Realisation) -> Halfspaces:
        return Halfspaces(self.read, Landscape([term for term, _ in self.read], (self.state,), draw))

    def _start(self, space: Halfspaces) -> NDArray:
        unit, _ = space.direction()
        state = np.sqrt(len(unit)) * unit
        if not self.spherical and not np.all(space.rows @ state >= space.needed):
            found = space.least_norm(space.needed + INSIDE * (1 + np.abs(space.needed)))
            state = state if found is None else found
        if not np.all(space.rows @ state >= space.needed):
            raise ConvergenceError(f"{self.state.name}: no state of zero energy in this draw; take fewer samples")
        return state

    def _walk(self, space: Halfspaces, state: NDArray, rng: np.random.Generator, turns: int) -> tuple[NDArray, NDArray]:
        """The last of many states, and the mean stability of each."""
        field, means = space.rows @ state, np.empty(turns)
        for i in range(turns):
            other = rng.standard_normal(len(state))
            if self.spherical:
                other -= state * (state @ other) / (state @ state)
                other *= np.sqrt(len(state)) / np.linalg.norm(other)
            across = space.rows @ other
            angle = allowed_angle(field, across, space.needed, rng)
            state, field = np.cos(angle) * state + np.sin(angle) * other, np.cos(angle) * field + np.sin(angle) * across
            means[i] = field.mean()
        if self.spherical:
            state = state * np.sqrt(len(state)) / np.linalg.norm(state)
        return state, means

    def verify(self, draw: Realisation, rng: np.random.Generator) -> None:
        """Whether the energy itself is zero, and two chains of different beginnings agree in their mean stability."""
        energy = float(draw.scalar(self.model.energy)[0])
        if energy != 0:
            raise ConvergenceError(f"{self.state.name}: energy {energy:g} instead of 0; the constraints are ill-conditioned")
        space = self._halfspaces(draw)
        turns = 10 * _turns(space)
        chains = [self._walk(space, start, rng, turns)[1] for start in (draw.arrays[self.state], self._start(space))]
        compare_chains(self.state.name, "mean stability", *chains)


def _turns(space: Halfspaces) -> int:
    size = space.rows.shape[1]
    return TURNS * size * max(size, 10)


def allowed_angle(field: NDArray, across: NDArray, needed: NDArray, rng: np.random.Generator) -> float:
    """A uniform angle among those at which ``field cos + across sin >= needed`` everywhere; 0 is one of them."""
    radius, centre = np.hypot(field, across), np.arctan2(across, field)
    with np.errstate(divide="ignore", invalid="ignore"):
        half = np.arccos(np.clip(needed / radius, -1.0, 1.0))
    # The forbidden arc of a constraint runs from centre + half over the far side to centre - half.
    cut = (needed > -radius) & (radius > 0)
    begin = np.mod(centre[cut] + half[cut], 2 * np.pi)
    width = 2 * np.pi - 2 * half[cut]
    order = np.argsort(begin)
    begin, end = begin[order], np.minimum(begin[order] + width[order], 2 * np.pi)
    reach = np.maximum.accumulate(np.append(0.0, end))
    starts, stops = reach, np.append(begin, 2 * np.pi)
    lengths = np.maximum(stops - starts, 0.0)
    total = lengths.sum()
    if not total > 0:
        return 0.0
    at = rng.uniform(0, total)
    piece = int(np.searchsorted(np.cumsum(lengths), at))
    return float(starts[piece] + at - (np.cumsum(lengths)[piece] - lengths[piece]))
