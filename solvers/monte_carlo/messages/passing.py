"""The algorithms "amp" and "tap": thermal means, or the minimum, from approximate message passing in each draw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.monte_carlo.algorithm import Algorithm, one_dimension
from solvers.monte_carlo.convex import check_convex, check_lowest, read_convex
from solvers.monte_carlo.local_fields import Landscape
from solvers.monte_carlo.messages.graph import Graph, Units
from solvers.monte_carlo.messages.iteration import Found, fixed_point, replicon
from solvers.monte_carlo.messages.linear_response import check_response
from solvers.monte_carlo.messages.marginals import Marginals
from solvers.monte_carlo.messages.reading import read
from solvers.monte_carlo.points import Point
from solvers.monte_carlo.realisation import Realisation
from theory.declaration.elementwise import Wall
from theory.declaration.mixtures import Mixture
from theory.errors import ConvergenceError, DeclarationError

PRIORS = (None, "gaussian", "spherical", "ising")
REPAIR = "declare a temperature above 0, or another algorithm"
SAME = 1e-6
"""Difference of two fixed points, relative to the spread of the state, up to which they are one."""


class MessagePassing(Algorithm):
    """Means and variances of every entry of the states by generalised approximate message passing (Rangan 2011, arXiv:1010.5141).

    The energy is a sum of penalties, functions of one local field of a matrix with independent entries, symmetric couplings and
    functions of sums. At positive temperature, and for phase SAT, observables are their thermal means: exact as sizes grow, where
    replica symmetry holds. At temperature 0 the state is the minimum of a convex energy, at any size and for any matrix. A draw of
    which the iteration does not converge, or whose fixed point is not stable, raises ConvergenceError.
    """

    linear = False

    @classmethod
    def check(cls, model: Any) -> None:
        minimum = is_minimum(model)
        for state in model.states:
            one_dimension(model, state)
            prior = state.how.get("prior")
            if prior not in PRIORS and not isinstance(prior, Mixture):
                raise DeclarationError(
                    f"{model.name}: the {prior} prior of {state.name} is not known to message passing; declare one of "
                    f"{', '.join(map(str, PRIORS))}"
                )
            if minimum and prior is not None:
                raise DeclarationError(f"{model.name}: the {prior} prior of {state.name} has no minimum; declare a temperature")
        if not minimum and model.copies:
            raise DeclarationError(f"{model.name}: {model.copies[0]} has a thermal law of its own; observe states of one draw")
        found = read(model, minimum)
        if model.temperature == 0 and not minimum:
            for term in (*found.penalties, *(single.term for single in found.channels)):
                if not isinstance(term.value, sp.Heaviside | Wall):
                    raise DeclarationError(f"{model.name}: {term.written} is no step and has no volume at temperature 0; {REPAIR}")
            if found.couplings or found.sums:
                raise DeclarationError(f"{model.name}: a volume at temperature 0 is one of steps of single fields; {REPAIR}")
        if minimum:
            read_convex(model.energy, model.states)

    def __init__(self, model: Any, point: Point, given: Realisation):
        super().__init__(model, point, given)
        self.minimum = is_minimum(model)
        declared = float(given.scalar(model.temperature)[0])
        self.units = Units(declared or 1.0, self.minimum, not self.minimum and not declared)
        self.temperature = 0.0 if self.minimum else self.units.temperature
        self.read = read(model, self.minimum)
        self.names = ", ".join(state.name for state in model.states)
        self.last: tuple[Graph, Found] | None = None

    def run(self, draw: Realisation, rng: np.random.Generator) -> Callable[[Realisation], Realisation]:
        def solve(variant: Realisation) -> Realisation:
            graph, found = self._solve(variant, rng)
            self.last = graph, found
            variant.set(self._split(graph, found.messages.mean))
            return variant

        solve(draw)
        return solve

    def measured(self, draw: Realisation) -> Realisation:
        if self.minimum or self.last is None:
            return draw
        graph, found = self.last
        return Marginals(draw, graph, found.messages)

    def verify(self, draw: Realisation, rng: np.random.Generator) -> None:
        """At a minimum, whether the energy is higher beside it. Else whether linear response gives the variances, and another
        beginning leads to the same means."""
        if self.minimum:
            check_lowest(self.model, draw, rng)
            return
        graph, found = self.last or self._solve(draw, rng)
        check_response(graph, found.messages, replicon(graph, found.messages), self.names)
        if self.model.start:
            return
        other = self._solve(draw, rng)[1].messages
        spread = np.sqrt(np.mean(found.messages.mean**2 + found.messages.variance))
        apart = float(np.sqrt(np.mean((other.mean - found.messages.mean) ** 2)) / spread)
        if apart > SAME:
            raise ConvergenceError(
                f"{self.names}: two beginnings lead to fixed points that differ by {apart:.2g}; declare where the state starts"
            )

    def _solve(self, draw: Realisation, rng: np.random.Generator) -> tuple[Graph, Found]:
        graph = Graph(self.read, self.model.states, draw, self.units)
        if self.minimum:
            self._check_convex(draw)
        found = fixed_point(graph, rng, self._start(draw), self.names)
        growth = 0.0 if self.minimum else replicon(graph, found.messages)
        if growth >= 1:
            raise ConvergenceError(
                f"{self.names}: message passing does not converge; its fixed point is unstable, errors grow by {growth:.3g} "
                "in each iteration (the replicon of the draw is negative); raise the temperature, or sample by another algorithm"
            )
        return graph, found

    def _check_convex(self, draw: Realisation) -> None:
        smooth = read_convex(self.model.energy, self.model.states)
        landscape = Landscape([s.term for s in smooth], self.model.states, draw)
        for one, part in zip(smooth, landscape.loaded, strict=True):
            check_convex(one, part, landscape)

    def _start(self, draw: Realisation) -> NDArray | None:
        """The states side by side at their declared start; None where there is none."""
        begun = [self.model.start.get(state) for state in self.model.states]
        if any(vector is None for vector in begun):
            return None
        return np.concatenate([draw.vector(vector)[:, 0] for vector in begun])

    @staticmethod
    def _split(graph: Graph, values: NDArray) -> dict[Any, NDArray]:
        return {state: values[place] for state, place in zip(graph.states, graph.places, strict=True)}


class Spinwise(MessagePassing):
    """The same for Ising spins: the equations of Thouless, Anderson and Palmer (1977), with Bolthausen's time indices (2014)."""

    @classmethod
    def check(cls, model: Any) -> None:
        for state in model.states:
            if state.how.get("prior") != "ising":
                raise DeclarationError(
                    f"{model.name}: {state.name} is no Ising spin, which 'tap' is for; declare algorithm='amp' or prior='ising'"
                )
        super().check(model)


def is_minimum(model: Any) -> bool:
    return bool(model.temperature == 0 and model.phase == "UNSAT")
