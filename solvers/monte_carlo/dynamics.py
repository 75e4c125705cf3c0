"""A declared dynamics followed in time, in one draw of its disorder: the laws as they stand, with nothing derived."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.monte_carlo.batches import Batched
from solvers.monte_carlo.designs import Design
from solvers.monte_carlo.draws import entries
from solvers.monte_carlo.flows import integrated
from solvers.monte_carlo.least_squares import Spread
from solvers.monte_carlo.moves import Moves
from solvers.monte_carlo.points import Point
from solvers.monte_carlo.realisation import Realisation
from theory.declaration.copies import original
from theory.declaration.sites import Leaf
from theory.declaration.vectors import Vec
from theory.declaration.walks import symbols
from theory.errors import ParameterError
from theory.symbols import time

State = dict[Leaf, NDArray]
NEAR = 1e-9
"""Relative distance to a multiple of the time step that counts as rounding."""


class Dynamics:
    """The states of a :class:`~theory.declaration.step.Step` without copies at the times of some points that share their draws.

    A flow is integrated to a relative error of 1e-9 where ``time_step`` is None, else by steps x + time_step * rule, all states
    at once and every rule taken before the step. What is declared ``fresh="step"`` is drawn anew before each step.
    Momenta, couplings that learn, multipliers and samples need steps.
    ParameterError for a time that is no multiple of the step, and for fresh draws without one; DivergenceError names the time
    at which a state stops being finite.
    """

    temperature, spread = 0.0, Spread(sys.maxsize, np.inf)
    batches: Sequence[Any] = ()
    """Finite dimensions that states carry, such as samples."""

    def __init__(
        self, model: Any, point: Point, given: Realisation, time_step: float | None = None, designs: Mapping[str, Design] = {}
    ):
        self.model, self.designs, self.leaves = model, designs, model.leaves
        self.rules: dict[Leaf, Vec] = {leaf: model.rules[leaf] for leaf in sorted(model.rules, key=lambda leaf: leaf.name)}
        self.fresh = [leaf for leaf in model.leaves if leaf.how.get("fresh") is not None]
        self.step = check_steps(model, time_step)
        laws = (*self.rules.values(), *(law.rule for law in model.couplings.values()))
        self.timed = any(time in symbols(rule) for rule in laws)
        self.batches = sorted((d for d in model.dimensions if d.finite), key=lambda d: d.name)

    def _realised(self, draw: Realisation, arrays: Mapping[Leaf, NDArray]) -> Realisation:
        everything = {**draw.arrays, **arrays}
        return Batched(draw.symbols, everything, self.batches) if self.batches else Realisation(draw.symbols, everything)

    @staticmethod
    def check_steps(model: Any, time_step: float | None) -> float | None:
        """The length of a step; ParameterError where ``time_step`` does not fit the model."""
        return check_steps(model, time_step)

    def follow(
        self, draw: Realisation, rng: np.random.Generator, points: Sequence[Point]
    ) -> Iterator[tuple[Point, Realisation, Callable[[Realisation], Realisation]]]:
        """The draw in its state at the time of each point, in order of time, and what does the same for variants of the data."""
        ordered, draw = sorted(points, key=lambda p: p.symbols[time]), self._realised(draw, {})
        begin, start = deepcopy(rng), self.initial(draw, rng)
        times = [float(p.symbols[time]) for p in ordered]
        for point, state in zip(ordered, self.states(draw, start, times, rng), strict=True):
            here = self._realised(Realisation(point.symbols, draw.arrays), state)

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
                given = draw.vector(self.model.initial[leaf])
                start[leaf] = np.array(np.broadcast_to(given, draw.shape(leaf)) if isinstance(draw, Batched) else given)
                continue
            if original(leaf) in start:  # a copy starts where the original does
                start[leaf] = start[original(leaf)].copy()
                continue
            shape = draw.shape(leaf) if isinstance(draw, Batched) else (draw.size(leaf.dims[0]), 1)
            start[leaf] = np.zeros(shape)
            if leaf.how.get("initial_variance") is not None:
                variance = draw.vector(Vec(leaf.dim, leaf.how["initial_variance"]))
                start[leaf] = np.sqrt(variance) * rng.standard_normal(shape)
        return start

    def states(self, draw: Realisation, start: State, times: Sequence[float], rng: np.random.Generator) -> Iterator[State]:
        """States at rising times."""
        here = self._realised(draw, start)
        if self.step is None:
            yield from integrated(here, self.rules, times, self.timed)
            return
        now, counts, moves = 0, [count_of(t, self.step) for t in times], Moves(self.model, self.step)
        for count in counts:
            while now < count:
                for leaf in self.fresh:
                    drawn = entries(leaf, here, rng, self.designs)
                    white = leaf.kind == "noise" and self.model.continuous
                    here.set({leaf: drawn / np.sqrt(self.step) if white else drawn})
                here.set(moves.after(here.with_symbols({time: now * self.step}) if self.timed else here, now * self.step))
                now += 1
            yield {leaf: here.arrays[leaf] for leaf in (*self.rules, *self.model.couplings)}

    def verify(self, draw: Realisation, rng: np.random.Generator) -> None:
        """Every step is the declared law; nothing was searched for."""


def check_steps(model: Any, time_step: float | None) -> float | None:
    """The length of a step, None for a flow that is integrated; ParameterError where it does not fit the model."""
    if not model.continuous:
        if time_step not in (None, 1, 1.0):
            raise ParameterError(f"time_step: {time_step!r}; {model.name} moves in steps of 1, leave it out")
        return 1.0
    if time_step is None:
        fresh = [leaf.name for leaf in model.leaves if leaf.how.get("fresh") is not None]
        if fresh:
            names = ", ".join(fresh)
            raise ParameterError(f"time_step: none; {names} is drawn anew at every step, give time_step=0.1 or so")
        if model.couplings or model.momentum or model.constraints or any(d.finite for d in model.dimensions):
            what = "couplings that learn, momenta, multipliers and samples move in steps"
            raise ParameterError(f"time_step: none; {what}, give time_step=0.1 or so")
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

