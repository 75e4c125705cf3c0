"""A declared dynamics followed in time, in one draw of its disorder: the laws as they stand, with nothing derived."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.monte_carlo.designs import Design
from solvers.monte_carlo.draws import entries
from solvers.monte_carlo.flows import integrated
from solvers.monte_carlo.least_squares import Spread
from solvers.monte_carlo.points import Point
from solvers.monte_carlo.realisation import Realisation
from theory.declaration.sites import Leaf
from theory.declaration.vectors import Vec
from theory.declaration.walks import symbols
from theory.errors import DeclarationError, DivergenceError, ParameterError
from theory.symbols import time

State = dict[Leaf, NDArray]
NEAR = 1e-9
"""Relative distance to a multiple of the time step that counts as rounding."""


class Dynamics:
    """The states of a :class:`~theory.declaration.step.Step` at the times of some points that share their draws.

    A flow is integrated to a relative error of 1e-9 where ``time_step`` is None, else by steps x + time_step * rule, all states
    at once and every rule taken before the step. What is declared ``fresh="step"`` is drawn anew before each step.
    ParameterError for a time that is no multiple of the step, and for fresh draws without one; DivergenceError names the time
    at which a state stops being finite.
    """

    temperature, spread = 0.0, Spread(sys.maxsize, np.inf)

    def __init__(
        self, model: Any, point: Point, given: Realisation, time_step: float | None = None, designs: Mapping[str, Design] = {}
    ):
        self.model, self.designs = model, designs
        self.rules: dict[Leaf, Vec] = {leaf: model.rules[leaf] for leaf in sorted(model.rules, key=lambda leaf: leaf.name)}
        self.fresh = [leaf for leaf in model.leaves if leaf.how.get("fresh") is not None]
        self.step = check_steps(model, time_step)
        self.timed = any(time in symbols(rule) for rule in self.rules.values())

    @staticmethod
    def check_steps(model: Any, time_step: float | None) -> float | None:
        """The length of a step; ParameterError where ``time_step`` does not fit the model."""
        return check_steps(model, time_step)

    def follow(
        self, draw: Realisation, rng: np.random.Generator, points: Sequence[Point]
    ) -> Iterator[tuple[Point, Realisation, Callable[[Realisation], Realisation]]]:
        """The draw in its state at the time of each point, in order of time, and what does the same for variants of the data."""
        ordered = sorted(points, key=lambda p: p.symbols[time])
        begin, start = deepcopy(rng), self.initial(draw, rng)
        times = [float(p.symbols[time]) for p in ordered]
        for point, state in zip(ordered, self.states(draw, start, times, rng), strict=True):
            here = Realisation(point.symbols, {**draw.arrays, **state})

            def again(variant: Realisation, until: float = float(point.symbols[time])) -> Realisation:
                own = deepcopy(begin)
                begun = self.initial(variant, own)
                (end,) = self.states(variant, begun, [until], own)
                variant.set(end)
                return variant.with_symbols({time: until})

            yield point, here, again

    def initial(self, draw: Realisation, rng: np.random.Generator) -> State:
        """Where the states start: declared vectors, draws of their initial variance, or zero."""
        start: State = {}
        for leaf in self.rules:
            if leaf in self.model.initial:
                start[leaf] = np.array(draw.vector(self.model.initial[leaf]))
                continue
            start[leaf] = np.zeros((draw.size(leaf.dims[0]), 1))
            if leaf.how.get("initial_variance") is not None:
                variance = draw.vector(Vec(leaf.dim, leaf.how["initial_variance"]))
                start[leaf] = np.sqrt(variance) * rng.standard_normal((draw.size(leaf.dims[0]), 1))
        return start

    def states(self, draw: Realisation, start: State, times: Sequence[float], rng: np.random.Generator) -> Iterator[State]:
        """States at rising times."""
        here = Realisation(draw.symbols, {**draw.arrays, **start})
        if self.step is None:
            yield from integrated(here, self.rules, times, self.timed)
            return
        now, counts = 0, [count_of(t, self.step) for t in times]
        for count in counts:
            while now < count:
                for leaf in self.fresh:
                    here.set({leaf: entries(leaf, here, rng, self.designs)})
                here.set(self._next(here, now * self.step, self.step))
                now += 1
            yield {leaf: here.arrays[leaf] for leaf in self.rules}

    def _next(self, here: Realisation, now: float, step: float) -> State:
        at = here.with_symbols({time: now}) if self.timed else here
        rates = {leaf: at.vector(rule) for leaf, rule in self.rules.items()}
        moved = {x: here.arrays[x] + step * r if self.model.continuous else np.array(r) for x, r in rates.items()}
        for leaf, value in moved.items():
            if not np.all(np.isfinite(value)):
                when = f"t = {now + step:g}"
                raise DivergenceError(f"state {leaf.name}: not finite at {when}; shorten time_step or change the parameters")
        return moved

    def verify(self, draw: Realisation, rng: np.random.Generator) -> None:
        """Every step is the declared law; nothing was searched for."""


def check_steps(model: Any, time_step: float | None) -> float | None:
    """The length of a step, None for a flow that is integrated; ParameterError where it does not fit the model."""
    if model.couplings or model.momentum or model.constraints or any(len(leaf.dims) > 1 for leaf in model.rules):
        raise DeclarationError(f"{model.name}: couplings that learn, momenta, multipliers and samples are not simulated")
    if not model.continuous:
        if time_step not in (None, 1, 1.0):
            raise ParameterError(f"time_step: {time_step!r}; {model.name} moves in steps of 1, leave it out")
        return 1.0
    if time_step is None:
        fresh = [leaf.name for leaf in model.leaves if leaf.how.get("fresh") is not None]
        if fresh:
            names = ", ".join(fresh)
            raise ParameterError(f"time_step: none; {names} is drawn anew at every step, give time_step=0.1 or so")
        return None
    number = not isinstance(time_step, bool) and isinstance(time_step, int | float | np.number)
    if not number or not np.isfinite(time_step) or time_step <= 0:
        raise ParameterError(f"time_step: {time_step!r}; give a positive number")
    return float(time_step)


def count_of(until: float, step: float) -> int:
    """How many steps lead to a time; ParameterError where none does."""
    count = round(until / step)
    if abs(count * step - until) > NEAR * max(step, until):
        raise ParameterError(f"t: {until:g} is no multiple of the time step {step:g}; give whole steps")
    return count

