"""Draws under a mixture of points and Gaussians: independent ones, and those of a quadratic energy, coordinate by coordinate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.monte_carlo.algorithm import one_dimension
from solvers.monte_carlo.chains import Chained
from solvers.monte_carlo.mixture_values import log_weights, positive_variances
from solvers.monte_carlo.points import Point
from solvers.monte_carlo.quadratic import Quadratic, read_terms
from solvers.monte_carlo.realisation import Realisation
from theory.declaration.mixtures import Atom, Mixture, Normal
from theory.declaration.sites import Leaf
from theory.declaration.vectors import Vec
from theory.errors import DeclarationError

SWEEPS = 120
"""Turns of every coordinate that make a draw."""


class Parts:
    """A mixture at every site: log-weights, means and variances (zero for an atom) of its parts, each (parts, sites)."""

    def __init__(self, law: Mixture, dim: sp.Symbol, given: Realisation, name: str):
        for part in law.parts:
            if not isinstance(part, (Atom, Normal)):
                raise DeclarationError(f"law of {name}: nothing is drawn from the density {part}; mix Gaussians and atoms")

        def values(expression: sp.Expr) -> NDArray:
            return given.vector(Vec(dim, expression))[:, 0]

        self.level = log_weights(law, values, name)
        self.mean = np.array([values(part.position if isinstance(part, Atom) else part.mean) for part in law.parts])
        self.variance = np.zeros_like(self.mean)
        for k, part in enumerate(law.parts):
            if isinstance(part, Normal):
                self.variance[k] = positive_variances(values(part.variance), name)

    def draw(self, rng: np.random.Generator) -> NDArray:
        """Independent entries."""
        sites = np.arange(self.level.shape[1])
        chosen = np.argmax(self.level + rng.gumbel(size=self.level.shape), axis=0)
        return self.mean[chosen, sites] + np.sqrt(self.variance[chosen, sites]) * rng.standard_normal(len(sites))


class Coordinates(Chained):
    """One draw from the Gibbs measure of a quadratic energy under a mixture, for every draw of the disorder.

    Every coordinate in turn takes a value from its law given all others, which is exact (heat bath): a part of the mixture by its
    weight there, and a point of that part. Source: George and McCulloch, J. Am. Stat. Assoc. 88, 881 (1993).
    """

    @classmethod
    def check(cls, model: Any) -> None:
        if len(model.states) != 1 or not isinstance(model.states[0].how.get("prior"), Mixture):
            names = ", ".join(state.name for state in model.states)
            raise DeclarationError(f"{model.name}: states {names} under a mixture are drawn one at a time; declare one state")
        (state,) = model.states
        one_dimension(model, state)
        if model.temperature == 0:
            raise DeclarationError(f"{model.name}: a Gibbs measure has a temperature above 0; declare one")
        read_terms(model.energy, state)

    def __init__(self, model: Any, point: Point, given: Realisation):
        super().__init__(model, point, given)
        (self.state,) = model.states
        self.read = read_terms(model.energy, self.state)
        self.temperature = float(given.scalar(model.temperature)[0])

    def chain(self, draw: Realisation, rng: np.random.Generator, start: Mapping[Leaf, NDArray] | None = None) -> Turns:
        return Turns(self, draw, rng, start)


class Turns:
    """The energy over the temperature as wJw/2 - f·w, and the state w with its ``field`` f - J w."""

    updates = SWEEPS

    def __init__(self, law: Coordinates, draw: Realisation, rng: np.random.Generator, start: Mapping[Leaf, NDArray] | None):
        self.law, self.rng = law, rng
        self.parts = Parts(law.state.how["prior"], law.state.dims[0], draw, law.state.name)
        self.coupling, self.force = Quadratic(law.read, law.state, draw).normal(draw)
        self.coupling, self.force = self.coupling / law.temperature, self.force / law.temperature
        begun = law.model.start.get(law.state)
        if start is not None:
            self.state = start[law.state].copy()
        else:
            self.state = self.parts.draw(rng) if begun is None else draw.vector(begun)[:, 0].copy()
        self.field = self.force - self.coupling @ self.state

    def states(self) -> dict[Leaf, NDArray]:
        return {self.law.state: self.state.copy()}

    def update(self) -> float:
        """One turn of every coordinate; the energy over the temperature after it."""
        stiff, size = np.diagonal(self.coupling), len(self.state)
        mean, variance = self.parts.mean, self.parts.variance
        # Given the field b of the others: a part of variance v and mean m becomes one of variance v/(1 + v J).
        shrink = 1 + variance * stiff
        level = self.parts.level - np.log(shrink) / 2 - stiff * mean**2 / (2 * shrink)
        slope, bend, width = mean / shrink, variance / (2 * shrink), np.sqrt(variance / shrink)
        gumbel, normal = self.rng.gumbel(size=level.shape), self.rng.standard_normal(size)
        for i in self.rng.permutation(size):
            b = self.field[i] + stiff[i] * self.state[i]
            k = int(np.argmax(level[:, i] + slope[:, i] * b + bend[:, i] * b * b + gumbel[:, i]))
            new = (mean[k, i] + variance[k, i] * b) / shrink[k, i] + width[k, i] * normal[i]
            if new != self.state[i]:
                self.field += (self.state[i] - new) * self.coupling[i]
                self.state[i] = new
        return float(-(self.force + self.field) @ self.state / 2)
