"""One step of a declared dynamics: rates, velocities, couplings that learn, and multipliers that hold a constraint."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.monte_carlo.realisation import Realisation
from theory.declaration.sites import Leaf
from theory.declaration.vectors import Vec
from theory.errors import ConvergenceError, DivergenceError

State = dict[Leaf, NDArray]


class Moves:
    """Steps of one draw; velocities begin at zero."""

    def __init__(self, model: Any, step: float):
        self.model, self.step = model, step
        self.velocities: State = {}
        self.multipliers = dict.fromkeys(model.constraints, 0.0)

    def after(self, here: Realisation, now: float) -> State:
        """States and couplings after the step from the time ``now``; DivergenceError names the time."""
        here = here.with_symbols(dict.fromkeys(self.multipliers, 0.0)) if self.multipliers else here
        moved = {leaf: self._moved(here, leaf, self._shaped(here, leaf, here.vector(rule))) for leaf, rule in self._rules()}
        if self.multipliers:
            moved = self._held(here, moved, now)
        for leaf, law in sorted(self.model.couplings.items(), key=lambda item: item[0].name):
            rate = -float(here.scalar(law.decay)[0]) * here.arrays[leaf]
            for post, pre in law.pairs:
                rate = rate + _outer(here.vector(post), here.vector(pre))
            moved[leaf] = self._moved(here, leaf, rate)
        for leaf, value in moved.items():
            if not np.all(np.isfinite(value)):
                when = f"t = {now + self.step:g}"
                raise DivergenceError(f"state {leaf.name}: not finite at {when}; shorten time_step or change the parameters")
        return moved

    def _rules(self) -> list[tuple[Leaf, Vec]]:
        return sorted(self.model.rules.items(), key=lambda item: item[0].name)

    @staticmethod
    def _shaped(here: Realisation, leaf: Leaf, rate: NDArray) -> NDArray:
        array = here.arrays[leaf]
        return np.broadcast_to(rate, array.shape if array.ndim == rate.ndim else rate.shape)

    def _moved(self, here: Realisation, leaf: Leaf, rate: NDArray) -> NDArray:
        if not self.model.continuous:
            return np.array(rate)
        if leaf in self.model.momentum:
            momentum = float(here.scalar(self.model.momentum[leaf])[0])
            self.velocities[leaf] = rate = momentum * self.velocities.get(leaf, 0.0) + rate
        return here.arrays[leaf] + self.step * rate

    def _held(self, here: Realisation, moved: State, now: float) -> State:
        """The states moved on along the forces of the multipliers until the constraints hold."""
        from scipy.optimize import root

        names = list(self.multipliers)
        forces = {
            leaf: [self._shaped(here, leaf, here.vector(rule.map(lambda e, m=m: sp.diff(e, m)))) for m in names]
            for leaf, rule in self._rules()
            if rule.expr.free_symbols & set(names)
        }
        length = self.step if self.model.continuous else 1.0
        trial = here.with_symbols({})

        def at(guess: NDArray) -> State:
            added = {x: sum(m * f for m, f in zip(guess, fs, strict=True)) for x, fs in forces.items()}
            return {**moved, **{x: moved[x] + length * force for x, force in added.items()}}

        def violated(guess: NDArray) -> NDArray:
            trial.set(at(guess))
            return np.array([float(trial.scalar(self.model.constraints[m])[0]) for m in names])

        found = root(violated, np.array([self.multipliers[m] for m in names]), tol=1e-12)
        if not np.all(np.abs(found.fun) <= 1e-8 * max(len(a) for a in moved.values())):
            raise ConvergenceError(f"no multiplier {names[0]} holds its constraint at t = {now:g}; shorten time_step")
        self.multipliers = dict(zip(names, map(float, found.x), strict=True))
        settled = at(found.x)
        for leaf in forces:
            if leaf in self.velocities:
                self.velocities[leaf] = self.velocities[leaf] + (settled[leaf] - moved[leaf]) / length
        return settled


def _outer(post: NDArray, pre: NDArray) -> NDArray:
    """Σ post preᵀ over everything that is no site."""
    carried = np.broadcast_shapes(post.shape[1:], pre.shape[1:])
    left = np.broadcast_to(post, (len(post), *carried)).reshape(len(post), -1)
    right = np.broadcast_to(pre, (len(pre), *carried)).reshape(len(pre), -1)
    return left @ right.T
