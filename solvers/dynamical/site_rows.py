"""Fields of a linear dynamics at one time, as linear forms in their sources at every site; site expressions as numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from sympy.core.function import AppliedUndef

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
        self.multipliers: dict[sp.Symbol, NDArray] = {}
        self._known: dict[sp.Expr, tuple[bool, NDArray]] = {}

    def __call__(self, expression: sp.Expr, now: int = 0) -> NDArray:
        """At the step ``now``."""
        held = {m: v[now] for m, v in self.multipliers.items() if m in expression.free_symbols}
        if held:
            return self._value(expression, {**held, time: self.times[now]})
        if expression not in self._known:
            timed = time in expression.free_symbols
            self._known[expression] = timed, self._value(expression, {time: self.times if timed else 0.0})
        timed, value = self._known[expression]
        return value[now] if timed else value

    def _value(self, expression: sp.Expr, more: Mapping[Any, Any]) -> NDArray:
        at = {**self.scalars, **more}
        compiled = compile_expressions([expression])
        value = compiled({s: at[s] for s in compiled.scalars}, self.data.arrays, self.data.weights, self.data.counts)[0]
        return np.asarray(value, dtype=float)


def products(expression: sp.Expr, matrix: Callable[[sp.Expr], NDArray]) -> list[tuple[sp.Expr, list[tuple[NDArray, int]]]]:
    """A sum of products of correlations: coefficients, and with each the matrices and their powers, entry by entry."""
    found = []
    for term in sp.Add.make_args(sp.expand(expression)):
        rest, factors = sp.S.One, []
        for factor in sp.Mul.make_args(term):
            base, power = factor.as_base_exp()
            if isinstance(base, AppliedUndef):
                factors.append((matrix(base), int(power)))
            else:
                rest *= factor
        found.append((rest, factors))
    return found


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
