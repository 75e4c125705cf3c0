"""States of other draws beside those of a model: each minimises the model's energy with a part of the disorder drawn anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from solvers.monte_carlo.points import Point
from solvers.monte_carlo.realisation import Realisation
from theory.declaration.observables import Contribution
from theory.declaration.sites import Leaf
from theory.declaration.walks import leaves


class WithCopies:
    """The algorithm of a model, followed by those of its copies on the same draw; ``leaves`` are what the copies need drawn."""

    def __init__(self, first: Any, others: Sequence[Any], needed: Sequence[Leaf]):
        self.first, self.others, self.leaves = first, tuple(others), tuple(needed)

    temperature = property(lambda self: self.first.temperature)
    linear = property(lambda self: self.first.linear)
    spread = property(lambda self: self.first.spread)

    def run(self, draw: Realisation, rng: np.random.Generator) -> Callable[[Realisation], Realisation]:
        """Set the states of ``draw``; the result does the same for variants of its data."""
        actions = [law.run(draw, rng) for law in (self.first, *self.others)]
        return lambda variant: reduce(lambda value, action: action(value), actions, variant)

    def measured(self, draw: Realisation) -> Realisation:
        return self.first.measured(draw)

    def verify(self, draw: Realisation, rng: np.random.Generator) -> None:
        for law in (self.first, *self.others):
            law.verify(draw, rng)


def with_copies(first: Any, model: Any, names: Sequence[str], point: Point, given: Realisation, law_of: Any) -> Any:
    """``first``, or it with the copies that stand in the observables ``names`` of the model."""
    observed = [model.observe[name] for name in names]
    of = [model.observe[o.of] if isinstance(o, Contribution) else o for o in observed]
    held = set(leaves(tuple(of)))
    energies = [model.for_copy(state) for state in model.copies if state in held]
    if not energies:
        return first
    others = [law_of(energy)(energy, point, given) for energy in energies]
    return WithCopies(first, others, [leaf for energy in energies for leaf in energy.leaves])
