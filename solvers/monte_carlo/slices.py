"""Draws from exp(-energy/temperature) under a spherical or Gaussian measure, by slices along great circles: no steps to tune."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.monte_carlo.algorithm import Algorithm, only_state
from solvers.monte_carlo.chains import compare_chains
from solvers.monte_carlo.local_fields import Landscape, Term, evaluate_at, read_fields
from solvers.monte_carlo.points import Point
from solvers.monte_carlo.realisation import Realisation
from theory.declaration.sites import Leaf
from theory.errors import DeclarationError

PRIORS = (None, "spherical", "gaussian")
TURNS, LEAST = 10, 400
"""Updates for each dimension of the state, and at least."""


class Slices(Algorithm):
    """One draw from the Gibbs measure of any energy, convex or not, with steps or without, at positive temperature.

    The state has a spherical or Gaussian prior, or a penalty that is quadratic in it at every site. Each update chooses an ellipse
    of the prior through the state and slices the rest of the energy along it (elliptical slice sampling, Murray, Adams and MacKay
    2010; on the sphere the ellipse is a great circle).
    """

    @classmethod
    def check(cls, model: Any) -> None:
        state = only_state(model, PRIORS)
        if model.temperature == 0:
            raise DeclarationError(f"{model.name}: a Gibbs measure has a temperature above 0; declare one, or algorithm='argmin'")
        penalty, _ = split(read_fields(model.energy, (state,)), state)
        if state.how.get("prior") is None and not penalty:
            raise DeclarationError(f"{model.name}: {state.name} has neither prior nor quadratic penalty; declare one to sample it")

    def __init__(self, model: Any, point: Point, given: Realisation):
        super().__init__(model, point, given)
        self.state = only_state(model, PRIORS)
        self.temperature = float(given.scalar(model.temperature)[0])
        self.penalty, self.rest = split(read_fields(model.energy, (self.state,)), self.state)
        self.spherical = self.state.how.get("prior") == "spherical"

    def run(self, draw: Realisation, rng: np.random.Generator) -> Callable[[Realisation], Realisation]:
        def sample(variant: Realisation) -> Realisation:
            chain = _Chain(self, variant, rng)
            for _ in range(max(LEAST, TURNS * chain.size)):
                chain.turn()
            variant.set({self.state: chain.state})
            return variant

        sample(draw)
        return sample

    def verify(self, draw: Realisation, rng: np.random.Generator) -> None:
        """Whether two chains, one from the state and one from a draw of the prior, agree in their mean energy."""
        found, energies = draw.arrays[self.state], []
        for start in (found, None):
            chain = _Chain(self, draw, rng, start)
            energies.append(np.array([chain.turn() for _ in range(4 * max(LEAST, TURNS * chain.size))]))
        draw.set({self.state: found})
        compare_chains(self.state.name, "energy", *energies)


class _Chain:
    """A state, the fields that the energy depends on besides the prior, and the energy there."""

    def __init__(self, law: Slices, draw: Realisation, rng: np.random.Generator, start: NDArray | None = None):
        self.landscape = Landscape(law.rest, (law.state,), draw)
        self.size, self.rng, self.law = self.landscape.size, rng, law
        self.mean, self.width = _base(law, draw, self.size)
        self.state = self._prior() if start is None else start
        self.fields = self._linear(self.state - self.mean)
        self.centre = [part.fields(self.mean) for part in self.landscape.loaded]
        self.energy = self._energy(self.fields)

    def _prior(self) -> NDArray:
        drawn = self.mean + self.width * self.rng.standard_normal(self.size)
        return drawn * np.sqrt(self.size) / np.linalg.norm(drawn) if self.law.spherical else drawn

    def _linear(self, change: NDArray) -> list[list[NDArray]]:
        return [[block.apply(change) for block in part.blocks] for part in self.landscape.loaded]

    def _energy(self, fields: list[list[NDArray]]) -> float:
        total = 0.0
        for part, centre, moved in zip(self.landscape.loaded, self.centre, fields, strict=True):
            values = [c + m for c, m in zip(centre, moved, strict=True)]
            total += float(evaluate_at(part, part.term.value, values, self.landscape.origin).sum())
        return total / self.law.temperature

    def turn(self) -> float:
        """One update; the energy over the temperature after it."""
        here = self.state - self.mean
        across = self.width * self.rng.standard_normal(self.size)
        if self.law.spherical:
            across -= here * (here @ across) / (here @ here)
            across *= np.sqrt(self.size) / np.linalg.norm(across)
        other = self._linear(across)
        level = self.energy + self.rng.exponential()
        angle = self.rng.uniform(0, 2 * np.pi)
        low, high = angle - 2 * np.pi, angle
        while True:
            c, s = np.cos(angle), np.sin(angle)
            fields = [[c * a + s * b for a, b in zip(*pair, strict=True)] for pair in zip(self.fields, other, strict=True)]
            energy = self._energy(fields)
            if energy <= level or high - low < 1e-12:
                break
            low, high = (angle, high) if angle < 0 else (low, angle)
            angle = self.rng.uniform(low, high)
        if energy <= level:
            self.state, self.fields, self.energy = self.mean + c * here + s * across, fields, energy
        return self.energy


def split(read: list[Term], state: Leaf) -> tuple[list[Term], list[Term]]:
    """Terms that are quadratic penalties of the state at each site, and the rest; on a sphere they stay with the rest."""
    if state.how.get("prior") == "spherical":
        return [], read
    penalty = [t for t in read if t.fields == (state.symbol,) and t.value.is_polynomial(*t.names) and _degree(t) == 2]
    return penalty, [term for term in read if term not in penalty]


def _degree(term: Term) -> int:
    return int(sp.Poly(term.value, *term.names).degree())


def _base(law: Slices, draw: Realisation, size: int) -> tuple[NDArray, NDArray]:
    """Mean and standard deviation, per site, of the Gaussian measure of prior and penalties. DeclarationError where it has none."""
    curvature, slope = np.full(size, 1.0 if law.state.how.get("prior") == "gaussian" else 0.0), np.zeros(size)
    if law.spherical:
        return np.zeros(size), np.ones(size)
    for part in Landscape(law.penalty, (law.state,), draw).loaded:
        zero = [np.zeros(size)]
        (name,) = part.term.names
        curvature = curvature + evaluate_at(part, part.term.value.diff(name, 2), zero, draw) / law.temperature
        slope = slope + evaluate_at(part, part.term.value.diff(name), zero, draw) / law.temperature
    if not np.all(curvature > 0):
        raise DeclarationError(f"{law.state.name}: its penalty has curvature {curvature.min():g}; declare a positive one")
    return -slope / curvature, 1 / np.sqrt(curvature)
