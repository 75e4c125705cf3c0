"""Fields of a linear dynamics at one time, as linear forms in their sources at every site; site expressions as numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from sympy.core.function import AppliedUndef

from solvers.compile import Compiled, Fixed, compile_expressions
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
        self.multipliers: dict[sp.Symbol, NDArray] = {}
        self._plans: dict[sp.Expr, tuple[list[sp.Symbol], bool]] = {}
        self._known: dict[sp.Expr, NDArray] = {}
        self._compiled: dict[sp.Expr, tuple[Compiled, Fixed]] = {}

    def __call__(self, expression: sp.Expr, now: int = 0) -> NDArray:
        """At the step ``now``."""
        if expression not in self._plans:
            free = expression.free_symbols
            self._plans[expression] = [m for m in self.multipliers if m in free], time in free
        held, timed = self._plans[expression]
        if held:
            return self._value(expression, {**{m: self.multipliers[m][now] for m in held}, time: self.times[now]})
        if expression not in self._known:
            self._known[expression] = self._value(expression, {time: self.times if timed else 0.0})
        value = self._known[expression]
        return value[now] if timed else value

    def _value(self, expression: sp.Expr, more: Mapping[Any, Any]) -> NDArray:
        if expression not in self._compiled:
            compiled = compile_expressions([expression])
            self._compiled[expression] = compiled, compiled.fixed(self.data.arrays, self.data.weights, self.data.counts)
        compiled, fixed = self._compiled[expression]
        at = {**self.scalars, **more}
        return np.asarray(compiled.at({s: at[s] for s in compiled.scalars}, fixed)[0], dtype=float)


@lru_cache(maxsize=1024)
def _factors(expression: sp.Expr) -> list[tuple[sp.Expr, list[tuple[sp.Expr, int]]]]:
    found = []
    for term in sp.Add.make_args(sp.expand(expression)):
        powers = [f.as_base_exp() for f in sp.Mul.make_args(term)]
        written = [(base, int(power)) for base, power in powers if isinstance(base, AppliedUndef)]
        found.append((sp.Mul(*[base**power for base, power in powers if not isinstance(base, AppliedUndef)]), written))
    return found


def products(expression: sp.Expr, matrix: Callable[[sp.Expr], NDArray]) -> list[tuple[sp.Expr, list[tuple[NDArray, int]]]]:
    """A sum of products of correlations: coefficients, and with each the matrices and their powers, entry by entry."""
    return [(rest, [(matrix(base), power) for base, power in factors]) for rest, factors in _factors(expression)]


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
