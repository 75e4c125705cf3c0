"""Limits at the closed end of a parameter's domain: ridge = 0 stands for ridge to 0 from above.

The equations are solved at two tiny values. What agrees is the limit; what falls with the regulator is zero, what grows infinite.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.modes.mode_data import ModeData, node_parameter
from solvers.systems import System, symbols_of
from solvers.values import mode_dimensions
from theory.errors import ParameterError

FIRST, RATIO = 1e-45, 1e-6
"""First regulator, relative to the scale of the unknown, and the second relative to the first."""
BELOW_MODES = 1e-26
"""How far a regulator must lie below the smallest eigenvalue: corrections go as the square root of the ratio at worst."""
FLOOR = 1e-72
"""The smallest regulator: its fourth power is a normal number, with room to spare."""
AGREE = 1e-10
SLOPE = 0.02
"""Powers of the regulator below this are called constant if the values agree, and undecided otherwise."""

FINITE, ZERO, INFINITE, UNDECIDED = 0, 1, 2, 3


class Regularised:
    """The points of a piece, those at a limit replaced by two regularised copies.

    ``scalars`` (by public name) are what is solved; `merge` brings results back to the points asked for.
    """

    def __init__(self, system: System, scalars: Mapping[str, NDArray], data: ModeData):
        theory = system.theory
        ends = {p.name: float(p.lower) for p in theory.parameters if not p.ndim and getattr(p, "limit_at_lower", False)}
        points = len(next(iter(scalars.values()))) if scalars else 1
        at_end = {name: scalars[name] == end for name, end in ends.items()}
        self.points = points
        self.limits = np.flatnonzero(np.any(list(at_end.values()), axis=0)) if at_end else np.zeros(0, dtype=int)
        if not self.limits.size:
            self.scalars, self.regulator = dict(scalars), np.zeros(0)
            return
        self.regulator = self._regulator(system, {n: v[self.limits] for n, v in scalars.items()}, data)
        self.scalars = {}
        for name, values in scalars.items():
            first, second = values.copy(), values[self.limits]
            if name in ends:
                here = at_end[name][self.limits]
                first[self.limits] = np.where(here, ends[name] + self.regulator, second)
                second = np.where(here, ends[name] + self.regulator * RATIO, second)
            self.scalars[name] = np.concatenate([first, second])

    def _regulator(self, system: System, scalars: Mapping[str, NDArray], data: ModeData) -> NDArray:
        n = len(self.limits)
        _, upper = system.bounds(symbols_of(system.theory, scalars), n, data)
        scale = np.where(np.isfinite(upper) & (upper > 0), upper, 1.0).max(axis=1, initial=0.0)
        first = FIRST * np.where(scale > 0, scale, 1.0)
        first = np.minimum(first, BELOW_MODES * self._smallest(system, data))
        if first.min() * RATIO < FLOOR:
            raise ParameterError(
                f"{self._names(system)}: the limit is out of reach of double precision, eigenvalues go down to "
                f"{self._smallest(system, data):.1g}; set the smallest to zero, rescale, or give a positive value"
            )
        return first

    @staticmethod
    def _names(system: System) -> str:
        return ", ".join(f"{p.name} = {float(p.lower):g}" for p in system.theory.parameters if getattr(p, "limit_at_lower", False))

    @staticmethod
    def _smallest(system: System, data: ModeData) -> float:
        smallest = np.inf
        groups: dict[str, list[Any]] = {}
        dimensions = mode_dimensions(system.theory)
        for p in system.theory.parameters:
            if p.ndim == 1:
                groups.setdefault(dimensions[p.name][0], []).append(p)
        for name, parameters in groups.items():
            nodes = node_parameter(system.theory, parameters)
            if nodes is not None and np.isfinite(data.counts[name]):
                values = data.arrays[nodes.symbol]
                smallest = min(smallest, float(values[values > 0].min(initial=np.inf)))
        return smallest

    def merge(self, values: NDArray) -> tuple[NDArray, NDArray]:
        """Values (points, ...) and kinds: FINITE, ZERO, INFINITE or UNDECIDED. The limit of a zero is 0, of an infinite one inf."""
        out, kinds = values[: self.points].copy(), np.zeros(values[: self.points].shape, dtype=np.int8)
        if not self.limits.size:
            return out, kinds
        first, second = values[self.limits], values[self.points :]
        with np.errstate(all="ignore"):
            slope = (np.log(np.abs(second)) - np.log(np.abs(first))) / np.log(RATIO)
            same = (np.abs(second - first) <= AGREE * np.abs(second)) | (first == second)
        kind = np.where(same, FINITE, np.where(slope > SLOPE, ZERO, np.where(slope < -SLOPE, INFINITE, UNDECIDED)))
        kind = np.where(np.isfinite(first) & np.isfinite(second), kind, UNDECIDED)
        out[self.limits] = np.select([kind == ZERO, kind == INFINITE], [0.0, np.sign(second) * np.inf], second)
        kinds[self.limits] = kind
        return out, kinds

    def spread(self, values: NDArray) -> NDArray:
        """The larger of each pair of errors, with the disagreement that is left in the values left to `merge`."""
        out = values[: self.points].copy()
        if self.limits.size:
            out[self.limits] = np.maximum(values[self.limits], values[self.points :])
        return out
