"""Fields of a linear dynamics at one time, as linear forms in their sources at every site; site expressions as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.compile import compile_expressions
from solvers.modes.mode_data import ModeData
from theory.dmft.notation import step
from theory.symbols import time


@dataclass
class Row:
    """A field at one time, at the sites of its population: ``pushed[g]`` (times, modes), ``drawn[source]`` (modes,)."""

    pushed: dict[sp.Symbol, NDArray] = field(default_factory=dict)
    drawn: dict[sp.Expr, NDArray] = field(default_factory=dict)

    def add(self, other: Row, factor: Any) -> None:
        for key, value in other.pushed.items():
            self.pushed[key] = self.pushed[key] + factor * value if key in self.pushed else factor * value
        for source, value in other.drawn.items():
            self.drawn[source] = self.drawn.get(source, 0.0) + factor * value


class Coefficients:
    """Site expressions of a theory as numbers: (modes,) or (), along the steps where they hold the time."""

    def __init__(self, scalars: Mapping[Any, float], data: ModeData, times: NDArray, length: float):
        self.scalars = {**data.sizes, **scalars, step: length}
        self.data, self.times = data, times
        self._known: dict[sp.Expr, tuple[bool, NDArray]] = {}

    def __call__(self, expression: sp.Expr, now: int = 0) -> NDArray:
        """At the step ``now``."""
        if expression not in self._known:
            timed = time in expression.free_symbols
            at = {**self.scalars, time: self.times if timed else 0.0}
            compiled = compile_expressions([expression])
            value = compiled({s: at[s] for s in compiled.scalars}, self.data.arrays, self.data.weights, self.data.counts)[0]
            self._known[expression] = timed, np.asarray(value, dtype=float)
        timed, value = self._known[expression]
        return value[now] if timed else value


def over_past(chi: NDArray, kernel: NDArray, n: int, columns: int) -> NDArray:
    """Σ_s chi(s, s') kernel(s) up to time n: chi of shape (times of pushes s', modes, times s) gives (n + 1, modes)."""
    modes, number = chi.shape[1:]
    made = np.empty((n + 1, modes))
    for begin in range(0, n + 1, columns):
        end = min(begin + columns, n + 1)
        slab = chi[begin:end].reshape(-1, number)[:, begin : n + 1]
        made[begin:end] = (slab @ kernel[begin:]).reshape(end - begin, modes)
    return made


def against(chi: NDArray, drive: NDArray, n: int, columns: int) -> NDArray:
    """Σ over pushes s' and modes of drive(s') chi(s, s'), for every s up to n."""
    number, total = chi.shape[2], np.zeros(n + 1)
    for begin in range(0, n + 1, columns):
        end = min(begin + columns, n + 1)
        total[begin:] += drive[begin:end].reshape(-1) @ chi[begin:end].reshape(-1, number)[:, begin : n + 1]
    return total
