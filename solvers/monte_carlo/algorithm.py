"""The interface of an algorithm that finds the states of an energy in one draw of its disorder."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from solvers.monte_carlo.least_squares import Spread
from solvers.monte_carlo.points import Point
from solvers.monte_carlo.realisation import Realisation
from theory.declaration.sites import Leaf
from theory.errors import DeclarationError


class Algorithm:
    """One algorithm at one point of a sweep; it reads the declaration alone.

    ``temperature`` is that of the state it sets; ``spread`` says how near to singular the last solution was.
    """

    temperature: float = 0.0
    spread: Spread = Spread(sys.maxsize, np.inf)
    linear: bool = True
    """Whether the states are linear in the data, and those of several variants are found side by side."""

    @classmethod
    def check(cls, model: Any) -> None:
        """DeclarationError, with the repair, for a model that the algorithm is not made for."""

    def __init__(self, model: Any, point: Point, given: Realisation):
        """``given`` holds what is not drawn: sizes, parameters and given arrays."""
        self.model, self.point = model, point

    def run(self, draw: Realisation, rng: np.random.Generator) -> Callable[[Realisation], Realisation]:
        """Set the states of ``draw``; the result does the same for variants of its data, at temperature 0."""
        raise NotImplementedError

    def measured(self, draw: Realisation) -> Realisation:
        """The draw that observables are taken of, once its states are set: itself, or one of thermal means."""
        return draw

    def verify(self, draw: Realisation, rng: np.random.Generator) -> None:
        """Check the states of a draw against the energy itself; ConvergenceError where they are not what they should be."""


class Drawn(Algorithm):
    """A law without a state: its observables are functions of what is drawn."""

    def run(self, draw: Realisation, rng: np.random.Generator) -> Callable[[Realisation], Realisation]:
        return lambda variant: variant


def only_state(model: Any, priors: tuple[str | None, ...] = (None,)) -> Leaf:
    """The one state of a model, over one dimension and with one of these priors; DeclarationError otherwise."""
    if len(model.states) != 1:
        names = ", ".join(leaf.name for leaf in model.states)
        raise DeclarationError(f"{model.name}: states {names} are not found together by this algorithm; declare one state")
    (state,) = model.states
    prior = state.how.get("prior")
    if prior not in priors:
        repair = f"declare one of {', '.join(map(str, priors))}" if priors != (None,) else "declare a penalty"
        raise DeclarationError(f"{model.name}: the {prior} prior of {state.name} is not simulated here; {repair}")
    one_dimension(model, state)
    return state


def one_dimension(model: Any, state: Leaf) -> None:
    """DeclarationError for a state over several dimensions."""
    if len(state.dims) != 1:
        raise DeclarationError(f"{model.name}: {state.name} has several dimensions; declare it over one")
