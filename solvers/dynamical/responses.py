"""Responses of a linear dynamics at complex frequencies, followed from infinite frequency, where they are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.compile import compile_expressions
from solvers.modes.mode_data import ModeData
from theory.dmft.notation import z

FAR = 1e4
"""Where to start, relative to the largest frequency wanted."""
ACCURATE, STUCK = 1e-13, 1e-7
NEWTON, ITERATIONS = 8, 200
SMALLEST = 3e-3
"""Of a step in the logarithm of the frequency."""


class Responses:
    """R = F(R, z) of a theory, compiled, with its Jacobian."""

    def __init__(self, theory: Any):
        self.symbols = list(theory.responses)
        sides = [theory.responses[r] for r in self.symbols]
        slopes = [(i, j, e.diff(r)) for i, e in enumerate(sides) for j, r in enumerate(self.symbols)]
        self.places = [(i, j) for i, j, slope in slopes if slope != 0]
        self.sides = compile_expressions(sides)
        self.both = compile_expressions([*sides, *(slope for *_, slope in slopes if slope != 0)])

    def solve(
        self, scalars: Mapping[Any, NDArray], data: ModeData, targets: NDArray, start: tuple[NDArray, NDArray] | None = None
    ) -> tuple[NDArray, NDArray, int]:
        """Responses (K, S) at the frequencies ``targets`` (S,), their relative uncertainty (S,), and the number of Newton steps.

        ``scalars`` (S,) by symbol. ``start``: frequencies and the responses there, to be followed from; NaN where that fails.
        """
        if not self.symbols:
            return np.zeros((0, targets.size), dtype=complex), np.zeros(targets.size), 0
        with np.errstate(all="ignore"):
            where, found = start or self._far(scalars, data, targets)
            return self._follow(scalars, data, where, targets, found)

    def _far(self, scalars, data: ModeData, targets: NDArray) -> tuple[NDArray, NDArray]:
        """At large frequencies the iteration contracts: what comes back comes back later."""
        unit, far = targets / np.abs(targets) * np.abs(targets).max(), FAR
        while far < 1e60:
            where, found = unit * far, np.zeros((len(self.symbols), targets.size), dtype=complex)
            for _ in range(ITERATIONS):
                new = self._values(self.sides, scalars, data, where, found)
                change = np.abs(new - found) <= 1e-11 * np.abs(new)
                found = new
                if change.all():
                    return where, found
                if not np.isfinite(found).all():
                    break
            far *= FAR
        return unit, np.full((len(self.symbols), targets.size), np.nan, dtype=complex)

    def _values(self, compiled, scalars, data: ModeData, where: NDArray, found: NDArray) -> NDArray:
        at = {**data.sizes, **scalars, z: where, **dict(zip(self.symbols, found, strict=True))}
        values = compiled({s: at[s] for s in compiled.scalars}, data.arrays, data.weights, data.counts)
        return np.stack([np.broadcast_to(v, where.shape) for v in values]).astype(complex)

    def _follow(self, scalars, data: ModeData, where: NDArray, targets: NDArray, found: NDArray) -> tuple[NDArray, NDArray, int]:
        """Newton's method in steps of the logarithm of the frequency, each start extrapolated from the two before it."""
        distance = np.log(targets / where)
        longest = float(np.max(np.abs(distance), initial=0.0))
        done, step, total = 0.0, min(1.0, 1.0 / max(longest, 1e-300)), 0
        before, last, uncertainty = found, 0.0, np.zeros(targets.size)
        alive = np.isfinite(found).all(axis=0)
        while done < 1 - 1e-12 and alive.any():
            step = min(step, 1 - done)
            guess = found
            if last:
                ahead = found * (found / before) ** (step / last)
                guess = np.where(np.isfinite(ahead), ahead, found)
            new, doubt = np.full_like(found, np.nan), np.full(targets.size, np.inf)
            here = {s: v[alive] for s, v in scalars.items()}
            at = (where * np.exp((done + step) * distance))[alive]
            new[:, alive], doubt[alive], count, good = self._newton(here, data, at, guess[:, alive])
            total += count
            if not good and step * longest > SMALLEST:
                step /= 4
                continue
            alive &= doubt <= STUCK
            before, last, found, uncertainty, done = found, step, new, doubt, done + step
            step *= 2.0 if count <= 3 else 1.0
        found[:, ~alive] = np.nan
        return found, np.where(alive, uncertainty, np.inf), total

    def _newton(self, scalars, data: ModeData, where: NDArray, found: NDArray) -> tuple[NDArray, NDArray, int, bool]:
        size = len(self.symbols)
        found, move = found.copy(), np.full(where.size, np.inf)
        for count in range(1, NEWTON + 1):
            values = self._values(self.both, scalars, data, where, found)
            matrix = np.zeros((where.size, size, size), dtype=complex)
            matrix[:, range(size), range(size)] = 1.0
            for (i, j), slope in zip(self.places, values[size:], strict=True):
                matrix[:, i, j] -= slope
            gap = (values[:size] - found).T[..., None]
            usable = np.isfinite(matrix).all(axis=(1, 2)) & np.isfinite(gap).all(axis=(1, 2))
            step = np.full((where.size, size), np.nan, dtype=complex)
            try:
                step[usable] = np.linalg.solve(matrix[usable], gap[usable])[..., 0]
            except np.linalg.LinAlgError:
                return found, np.full(where.size, np.inf), count, False
            found = found + step.T
            before, move = move, np.where(step.T == 0, 0.0, np.abs(step.T / found)).max(axis=0)
            lost = np.isnan(move)
            if lost.any() or (count == 1 and (move > 0.5).any()):
                return found, np.where(lost, np.inf, move), count, False
            arrived = (move <= ACCURATE) | ((move <= STUCK) & (move > 0.1 * before))
            if arrived.all():
                return found, move, count, True
        return found, move, NEWTON, False


_compiled: dict[str, Responses] = {}


def compiled_responses(theory: Any) -> Responses:
    """Made once in each process for equal mathematics."""
    if theory.signature not in _compiled:
        _compiled[theory.signature] = Responses(theory)
    return _compiled[theory.signature]
