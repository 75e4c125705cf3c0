"""Draws from exp(-energy/temperature) under a spherical or Gaussian measure, by slices along great circles: no steps to tune."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.monte_carlo.algorithm import one_dimension
from solvers.monte_carlo.chains import Chained, slice_angle, turns
from solvers.monte_carlo.local_fields import Landscape, Term, evaluate_at, read_fields
from solvers.monte_carlo.points import Point
from solvers.monte_carlo.realisation import Realisation
from theory.declaration.sites import Leaf
from theory.errors import DeclarationError

PRIORS = (None, "spherical", "gaussian")


class Slices(Chained):
    """One draw from the Gibbs measure of any energy, convex or not, with steps or without, at positive temperature.

    Each state has a spherical or Gaussian prior, or a penalty that is quadratic in it at every site. Each update chooses an ellipse
    of the prior through the states and slices the rest of the energy along it (elliptical slice sampling, Murray, Adams and MacKay
    2010; on a sphere the ellipse is a great circle, and several states turn by the same angle).
    """

    @classmethod
    def check(cls, model: Any) -> None:
        if model.temperature == 0:
            raise DeclarationError(f"{model.name}: a Gibbs measure has a temperature above 0; declare one, or algorithm='argmin'")
        for state in model.states:
            prior = state.how.get("prior")
            if prior not in PRIORS:
                known = ", ".join(map(str, PRIORS))
                raise DeclarationError(
                    f"{model.name}: the {prior} prior of {state.name} is not simulated here; declare one of {known}"
                )
            one_dimension(model, state)
        penalty, _ = split(read_fields(model.energy, model.states), model.states)
        penalised = {term.fields[0] for term in penalty}
        for state in model.states:
            if state.how.get("prior") is None and state.symbol not in penalised:
                raise DeclarationError(
                    f"{model.name}: {state.name} has neither prior nor quadratic penalty; declare one to sample it"
                )

    def __init__(self, model: Any, point: Point, given: Realisation):
        super().__init__(model, point, given)
        self.states = model.states
        self.temperature = float(given.scalar(model.temperature)[0])
        self.penalty, self.rest = split(read_fields(model.energy, self.states), self.states)

    def chain(self, draw: Realisation, rng: np.random.Generator, start: Mapping[Leaf, NDArray] | None = None) -> _Ellipse:
        return _Ellipse(self, draw, rng, start)


class _Ellipse:
    """A state, the fields that the energy depends on besides the prior, and the energy there."""

    def __init__(self, law: Slices, draw: Realisation, rng: np.random.Generator, start: Mapping[Leaf, NDArray] | None):
        self.landscape = Landscape(law.rest, law.states, draw)
        self.size, self.rng, self.law = self.landscape.size, rng, law
        self.updates = turns(self.size)
        places = zip(law.states, self.landscape.places, strict=True)
        self.spheres = [place for state, place in places if state.how.get("prior") == "spherical"]
        self.mean, self.width = _base(law, draw, self.landscape)
        self.state = self._prior() if start is None else np.concatenate([start[state] for state in law.states])
        self.fields = self._linear(self.state - self.mean)
        self.centre = [part.fields(self.mean) for part in self.landscape.loaded]
        self.energy = self._energy(self.fields)

    def _prior(self) -> NDArray:
        drawn = self.mean + self.width * self.rng.standard_normal(self.size)
        for place in self.spheres:
            drawn[place] *= np.sqrt(len(drawn[place])) / np.linalg.norm(drawn[place])
        return drawn

    def _linear(self, change: NDArray) -> list[list[NDArray]]:
        return [[block.apply(change) for block in part.blocks] for part in self.landscape.loaded]

    def _energy(self, fields: list[list[NDArray]]) -> float:
        total = 0.0
        for part, centre, moved in zip(self.landscape.loaded, self.centre, fields, strict=True):
            values = [c + m for c, m in zip(centre, moved, strict=True)]
            total += float(evaluate_at(part, part.term.value, values, self.landscape.origin).sum())
        return total / self.law.temperature

    def states(self) -> dict[Leaf, NDArray]:
        return self.landscape.arrays(self.state)

    def update(self) -> float:
        here = self.state - self.mean
        across = self.width * self.rng.standard_normal(self.size)
        for place in self.spheres:
            one, other = here[place], across[place]
            other = other - one * (one @ other) / (one @ one)
            across[place] = other * np.sqrt(len(one)) / np.linalg.norm(other)
        other = self._linear(across)

        def turned(angle: float) -> list[list[NDArray]]:
            c, s = np.cos(angle), np.sin(angle)
            return [[c * a + s * b for a, b in zip(*pair, strict=True)] for pair in zip(self.fields, other, strict=True)]

        found = slice_angle(self.rng, self.energy, lambda angle: self._energy(turned(angle)))
        if found is not None:
            angle, self.energy = found
            self.state, self.fields = self.mean + np.cos(angle) * here + np.sin(angle) * across, turned(angle)
        return self.energy


def split(read: list[Term], states: Sequence[Leaf]) -> tuple[list[Term], list[Term]]:
    """Terms that are quadratic penalties of one state at each site, and the rest; on a sphere they stay with the rest."""
    free = [(state.symbol,) for state in states if state.how.get("prior") != "spherical"]
    penalty = [t for t in read if t.fields in free and t.value.is_polynomial(*t.names) and _degree(t) == 2]
    return penalty, [term for term in read if term not in penalty]


def _degree(term: Term) -> int:
    return int(sp.Poly(term.value, *term.names).degree())


def _base(law: Slices, draw: Realisation, landscape: Landscape) -> tuple[NDArray, NDArray]:
    """Mean and standard deviation, per site, of the Gaussian measure of priors and penalties, one on a sphere. DeclarationError
    where a state has none."""
    curvature, slope = np.zeros(landscape.size), np.zeros(landscape.size)
    for state, place in zip(law.states, landscape.places, strict=True):
        curvature[place] = state.how.get("prior") is not None
    for part in Landscape(law.penalty, law.states, draw).loaded:
        place = landscape.places[[state.symbol for state in law.states].index(part.term.fields[0])]
        zero = [np.zeros_like(slope[place])]
        (name,) = part.term.names
        curvature[place] += evaluate_at(part, part.term.value.diff(name, 2), zero, draw) / law.temperature
        slope[place] += evaluate_at(part, part.term.value.diff(name), zero, draw) / law.temperature
    for state, place in zip(law.states, landscape.places, strict=True):
        if not np.all(curvature[place] > 0):
            raise DeclarationError(f"{state.name}: its penalty has curvature {curvature[place].min():g}; declare a positive one")
    return -slope / curvature, 1 / np.sqrt(curvature)
