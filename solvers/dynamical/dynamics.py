"""Linear dynamics over a sweep: responses followed along the times, moments by inverse transforms, errors from two contours."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.compile import compile_expressions
from solvers.contours import CLOSE, contour, line
from solvers.dynamical.correlations import Correlations
from solvers.dynamical.pairs import Value
from solvers.dynamical.responses import Responses
from solvers.dynamical.times import step_name
from solvers.limits import FINITE
from solvers.modes.mode_data import ModeData
from solvers.points import Piece
from solvers.systems import symbols_of
from solvers.threads import single_thread

LARGEST = 48
"""Nodes of a contour beyond which rounding takes what a finer one gives."""
MORE = 6
STRETCHES = (1, 2, 4, 8, 16)
"""How far contours are widened along the imaginary axis, for spectra that are not real."""
DOUBLINGS = 40


@dataclass(frozen=True)
class Shape:
    """Of a contour: nodes, stretch, and whether it is moved to the edge of the spectrum."""

    number: int
    stretch: int = 1
    at_edge: bool = False


def shapes(tolerance: float) -> list[Shape]:
    """Contours in the order in which they are tried; the difference of two neighbours is the error of the first."""
    first = min(2 * math.ceil((0.6 - math.log10(tolerance)) / 1.16), LARGEST - MORE)
    plain = [Shape(n) for n in range(first, LARGEST + 1, MORE)]
    wide = [Shape(n, k, True) for k in STRETCHES for n in (first, first + MORE)]
    return plain + wide


@dataclass(frozen=True)
class DynamicTask:
    """As `solvers.points.Task`: ``scalars`` by public name, each (points,); names of the observables wanted."""

    theory: Any
    scalars: dict[str, NDArray]
    data: ModeData
    full: ModeData | None
    names: tuple[str, ...]
    tolerance: float

    def solve(self) -> Piece:
        """Every point; failures are left in the errors."""
        with single_thread(), np.errstate(all="ignore"):
            return _Run(self).piece()


class Compiled:
    """A linear dynamics as NumPy functions."""

    def __init__(self, theory: Any):
        self.theory = theory
        self.responses, self.correlations = Responses(theory), Correlations(theory)

    def moments(self, names: Sequence[str]) -> list[Any]:
        """Symbols of the moments in these observables."""
        used = set().union(*(self.theory.observables[n].free_symbols for n in names)) if names else set()
        return [m for m in self.theory.moments if m in used]

    def observable(self, name: str, values: Mapping[Any, Any]) -> NDArray:
        """An observable from values of moments, numbers or one for each mode, and of parameters."""
        compiled = compile_expressions([self.theory.observables[name]])
        return np.asarray(compiled({s: values[s] for s in compiled.scalars})[0], dtype=float)


_compiled: dict[str, Compiled] = {}


def compiled_dynamics(theory: Any) -> Compiled:
    """Made once in each process for equal mathematics."""
    key = theory.signature
    if key not in _compiled:
        if len(_compiled) >= 32:
            _compiled.pop(next(iter(_compiled)))
        _compiled[key] = Compiled(theory)
    return _compiled[key]


class _Run:
    """The points of one task, those that differ in time alone followed together."""

    def __init__(self, task: DynamicTask):
        self.task, self.compiled = task, compiled_dynamics(task.theory)
        self.times = task.scalars["t"]
        self.points = len(self.times)
        self.steps = np.ones(self.points) if not task.theory.continuous else task.scalars[step_name(task.theory)]
        self.scalars = symbols_of(task.theory, task.scalars)
        self.symbols = self.compiled.moments(task.names)
        self.iterations = np.zeros(self.points, dtype=int)
        self.residual = np.zeros(self.points)
        self._edges: dict[tuple[int, bool], float] = {}

    def piece(self) -> Piece:
        piece, best = Piece(), np.full(self.points, np.inf)
        values: list[dict[str, NDArray]] = [{} for _ in range(self.points)]
        errors: list[dict[str, NDArray]] = [{} for _ in range(self.points)]
        todo, before, last = np.arange(self.points), {}, None
        for shape in shapes(self.task.tolerance):
            now = self._moments(todo, shape)
            if last is None or (last.stretch, last.at_edge) != (shape.stretch, shape.at_edge):
                before = {}
            for i in set(before) & set(now):
                value, error = self._observed(i, before[i], now[i])
                worst = max(float(np.max(e)) for e in error.values()) if error else 0.0
                if worst < best[i] or not values[i]:
                    best[i], values[i], errors[i] = worst, value, error
            todo = np.flatnonzero(~(best <= self.task.tolerance))
            before, last = now, shape
            if not todo.size:
                break
        for name in self.task.names:
            piece.values[name] = np.stack([v[name] for v in values])
            piece.errors[name] = np.stack([e[name] for e in errors])
            piece.kinds[name] = np.full(piece.values[name].shape, FINITE)
        piece.residual, piece.iterations = self.residual, self.iterations
        piece.limits = np.zeros(self.points, dtype=bool)
        return piece

    def _moments(self, todo: NDArray, shape: Shape) -> dict[int, dict[Any, Value]]:
        """Moments at the points ``todo``, from contours of that shape."""
        found: dict[int, dict[Any, Value]] = {}
        for group in self._rows(todo):
            shift = [self._edge(row[-1], shape.at_edge) for row in group]
            kept: list[dict[Any, Any]] = [{} for _ in group]
            start, flat = None, {s: v[group[:, 0]] for s, v in self.scalars.items()}
            for column in group.T:
                contours = [
                    contour(float(self.times[i]), float(self.steps[i]), shape.number, shape.stretch, c)
                    for i, c in zip(column, shift, strict=True)
                ]
                nodes = np.stack([c.nodes for c in contours])
                spread = {s: np.repeat(v, nodes.shape[1]) for s, v in flat.items()}
                usable = start is not None and start[0].size == nodes.size and np.isfinite(start[1]).all()
                responses, doubt, count = self.compiled.responses.solve(
                    spread, self.task.data, nodes.reshape(-1), start if usable else None
                )
                start = nodes.reshape(-1), responses
                shaped, doubt = responses.reshape(len(responses), *nodes.shape), doubt.reshape(nodes.shape)
                for row, point in enumerate(column):
                    self.iterations[point] += count
                    self.residual[point] = np.max(doubt[row], initial=0.0)
                    found[int(point)] = self.compiled.correlations(
                        self.symbols, self._at(point), self.task.data, self.task.full, contours[row], shaped[:, row], kept[row]
                    )
        return found

    def _at(self, point: int) -> dict[Any, float]:
        return {s: v[point] for s, v in self.scalars.items()}

    def _edge(self, point: int, exact: bool) -> float:
        """An abscissa right of the spectrum, at the parameters of a point: 0 where growth up to its time is harmless.

        ``exact``: close to the spectrum, left of 0 where all decays.
        """
        key = (int(point), exact)
        if key not in self._edges:
            unit = 1 / max(float(self.times[point]), float(self.steps[point]), CLOSE)
            low, high, found = unit, unit, 0.0
            for _ in range(DOUBLINGS):
                if self._is_outside(point, high, unit):
                    break
                low, high = high, 2 * high
            if high > unit:
                for _ in range(6):
                    middle = (low + high) / 2
                    low, high = (low, middle) if self._is_outside(point, middle, unit) else (middle, high)
                found = high
            elif exact:
                depth = unit
                while depth < unit * 2.0**DOUBLINGS and self._is_outside(point, -depth, unit):
                    found, depth = -depth, 1.5 * depth
            self._edges[key] = found
        return self._edges[key]

    def _is_outside(self, point: int, abscissa: float, unit: float) -> bool:
        nodes = line(abscissa, unit, float(self.steps[point]))
        spread = {s: np.full(nodes.size, v) for s, v in self._at(point).items()}
        responses, *_ = self.compiled.responses.solve(spread, self.task.data, nodes)
        if not np.isfinite(responses).all():
            return False
        return bool((self.compiled.correlations.gain(self._at(point), self.task.data, nodes, responses) < 1).all())

    def _rows(self, todo: NDArray) -> list[NDArray]:
        """Points as tables: rows of equal parameters, columns of equal and rising times."""
        others = [v for n, v in self.task.scalars.items() if n != "t"]
        keys: dict[tuple, list[int]] = {}
        for i in todo:
            keys.setdefault(tuple(v[i] for v in others), []).append(int(i))
        rows = [sorted(points, key=lambda i: self.times[i]) for points in keys.values()]
        tables: dict[tuple, list[list[int]]] = {}
        for row in rows:
            tables.setdefault((tuple(self.times[row]), float(self.steps[row[0]])), []).append(row)
        return [np.array(table) for table in tables.values()]

    def _observed(self, point: int, before: Mapping[Any, Value], now: Mapping[Any, Value]):
        """Observables of one point with their relative errors: what two contours differ by, and rounding."""
        fixed = {**self.task.data.sizes, **{s: v[point] for s, v in self.scalars.items()}}
        values, errors = {}, {}
        for name in self.task.names:
            expression = self.task.theory.observables[name]
            here = {**fixed, **{s: v.value for s, v in now.items()}}
            value = self.compiled.observable(name, here)
            error = np.abs(value - self.compiled.observable(name, {**fixed, **{s: v.value for s, v in before.items()}}))
            for symbol, moment in now.items():
                if symbol in expression.free_symbols and moment.rounding:
                    nudged = self.compiled.observable(name, {**here, symbol: moment.value + moment.rounding})
                    error = error + np.abs(nudged - value)
            relative = np.where(error == 0, 0.0, error / np.abs(value)) + self.residual[point] + self.task.data.error
            values[name], errors[name] = value, np.where(np.isfinite(relative), relative, np.inf)
        return values, errors
