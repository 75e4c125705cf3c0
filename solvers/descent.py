"""Closed equations of a resolvent followed from far above the spectrum down to it, many points at once.

At height y above a point, y Im g rises with y and Im g / y falls: no law of eigenvalues or singular values can do otherwise, and
every step down is held to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.compile import Compiled, compile_expressions
from solvers.modes.local_data import LocalData
from solvers.modes.mode_data import ModeData, full_data, mode_data
from solvers.values import bind
from theory.errors import ConvergenceError, ParameterError

Complex = NDArray[np.complex128]
State = tuple[Complex, ...]
PIECE = 1 << 14
"""Entries (points times modes) that are evaluated together, so that they stay in the cache."""
FAR, RATIO = 1e4, 0.25
"""Height at which continuation starts, in scales, and the ratio of successive heights."""
NEWTON, HALVINGS = 12, 12


class Descent:
    """The solution of a :class:`~theory.spectral.GreenFunction` at given parameters that decays at infinity.

    A subclass says what the symbols are at a height above points x (n,), and what is positive there. ``scale`` is the spread of
    the spectrum about zero. All arrays have the points in front.
    """

    def __init__(self, green: Any, values: Mapping[str, Any]) -> None:
        bound = bind(green.theory, {**_lengths(green, values), **values})
        for name in bound.axes:
            raise ParameterError(f"{name}: several values; a density is computed for one at a time")
        self.green, self.name = green, green.name
        given = bound.fixed
        self.nodes, modes = mode_data(green.theory, given, bound.multiplicity)
        self.full: ModeData = full_data(green.theory, self.nodes, modes)
        self.scalars = {p.symbol: np.asarray(float(given[p.name])) for p in green.parameters if not p.ndim}
        for symbol, length in self.full.sizes.items():
            if symbol in self.scalars and self.scalars[symbol] != length:
                found = f"{symbol} = {self.scalars[symbol]:g}"
                raise ParameterError(f"{found}: values over {symbol} have {length:g} entries; leave it out")
        for symbol, meaning in green.definitions:
            self.scalars[symbol] = np.asarray(self._number(meaning))
        self._check_conditions()
        unknowns = list(green.unknowns)
        slopes = [f.diff(s) for f in green.maps for s in (*unknowns, green.shift)]
        self._places = np.flatnonzero([slope != 0 for slope in slopes])
        wanted = [*green.maps, green.value / green.size, *(slopes[i] for i in self._places)]
        self._compiled = compile_expressions(wanted)
        self.local = LocalData(green.theory, self.full, modes, wanted)
        self.nodes = self.full if self.local else self.nodes
        self.unknowns, self.order = unknowns, len(unknowns)
        self.scale = self._scale()

    def _check_conditions(self) -> None:
        for least, message in self.green.conditions:
            value = self._number(least)
            if not value >= -1e-12:
                raise ParameterError(f"{self.name}: {message}")

    def _number(self, expression: Any) -> float:
        """An expression in parameters alone."""
        compiled, known = compile_expressions([expression]), {**self.full.sizes, **self.scalars}
        given = {s: known[s] for s in compiled.scalars}
        return float(compiled(given, self.full.arrays, self.full.weights, self.full.counts)[0])

    def _symbols(self, x: NDArray, height: float) -> dict[Any, NDArray]:
        """Values of the spectral parameters."""
        raise NotImplementedError

    def _speed(self, height: float) -> complex:
        """Derivative of the shift by log height."""
        raise NotImplementedError

    def _positive(self, value: Complex, height: float) -> NDArray:
        """Im g: what over the height falls, and times the height rises, with the height."""
        raise NotImplementedError

    def evaluate(self, x: NDArray, height: float, t: Complex, data: ModeData) -> tuple[Complex, Complex, Complex, Complex]:
        """Maps (n, m), their Jacobian (n, m, m), their derivative by the shift (n, m), and the value (n,)."""
        n, m = len(x), self.order
        found = np.empty((len(self._compiled.expressions), n), dtype=complex)
        for group, local in self._groups(x, height, t, data):
            rows = max(1, PIECE // max((len(v) for v in local.arrays.values()), default=1))
            for part in (group[i : i + rows] for i in range(0, len(group), rows)):
                found[:, part] = self._piece(self._compiled, x[part], height, t[part], local)
        slopes = np.zeros((m * (m + 1), n), dtype=complex)
        slopes[self._places] = found[m + 1 :]
        slopes = slopes.reshape(m, m + 1, n)
        return found[:m].T, slopes[:, :m].transpose(2, 0, 1), slopes[:, m].T, found[m]

    def _groups(self, x: NDArray, height: float, t: Complex, data: ModeData) -> Iterable[tuple[NDArray, ModeData]]:
        """Points and what their sums run over: all modes are those near the poles of the sums, and nodes for the others."""
        if data is not self.full or not self.local:
            return [(np.arange(len(x)), data)]
        return self.local.groups(self._known(x, height, t, data), len(x))

    def _known(self, x: NDArray, height: float, t: Complex, data: ModeData) -> dict[Any, Any]:
        known: dict[Any, Any] = {**data.sizes, **self.scalars, **self._symbols(x, height)}
        return known | {u: t[:, i] for i, u in enumerate(self.unknowns)}

    def _piece(self, compiled: Compiled, x: NDArray, height: float, t: Complex, data: ModeData) -> Complex:
        known = self._known(x, height, t, data)
        with np.errstate(all="ignore"):
            found = compiled({s: known[s] for s in compiled.scalars}, data.arrays, data.weights, data.counts)
        return np.array([np.broadcast_to(v, x.shape) for v in found], dtype=complex)

    def newton(self, x: NDArray, height: float, t: Complex, data: ModeData, tolerance: float) -> tuple[Complex, NDArray]:
        """Roots near ``t`` and the size of the last step relative to the unknowns; infinite where there is none."""
        t, step = t.copy(), np.full(len(x), np.inf)
        active = np.arange(len(x))
        for _ in range(NEWTON if self.order else 0):
            maps, jacobian, _, _ = self.evaluate(x[active], height, t[active], data)
            move = solved(np.eye(self.order) - jacobian, maps - t[active])
            t[active] += move
            with np.errstate(all="ignore"):
                step[active] = np.abs(move / (t[active] + np.finfo(float).tiny)).max(axis=1)
            step[active] = np.where(np.isfinite(step[active]), step[active], np.inf)
            active = active[np.isfinite(step[active]) & (step[active] > tolerance)]
            if not active.size:
                break
        return (t, step) if self.order else (t, np.zeros(len(x)))

    def start(self, x: NDArray, height: float) -> Complex:
        """The solution far above the spectrum by iteration from zero; ConvergenceError where it does not settle."""
        t = np.zeros((len(x), self.order), dtype=complex)
        for _ in range(200):
            maps = self.evaluate(x, height, t, self.nodes)[0]
            change = np.max(np.abs(maps - t) / (np.abs(maps) + np.finfo(float).tiny), initial=0.0)
            t = maps
            if change < 1e-9:
                return t
            if not np.isfinite(change):
                break
        raise ConvergenceError(f"{self.name}: the equations have no solution at |z| = {height:.1e}; give values of order one")

    def rank(self) -> float | None:
        """The share of eigenvalues that are not zero by counting ranks, where that is known."""
        if self.green.rank is None:
            return None
        return self._number(self.green.rank / self.green.size)

    def _scale(self, about: float = 0.0) -> float:
        """Root mean square eigenvalue less ``about``, from 1 - Im(y g(iy)) y = <λ²>/y² at large y."""
        height, origin = 1.0, np.full(1, about)
        for _ in range(60):
            try:
                value = self.evaluate(origin, height, self.start(origin, height), self.nodes)[3]
            except ConvergenceError:
                height *= 30.0
                continue
            lack = 1 - height * float(self._positive(value, height)[0])
            if 1e-9 < lack < 1e-6:
                return height * float(np.sqrt(lack))
            height *= 10.0 if lack >= 1e-6 else 0.03
        raise ConvergenceError(f"{self.name}: its eigenvalues have no scale (all zero, or infinite); check the values given")

    def descend(self, x: NDArray, heights: NDArray, data: ModeData, record: bool = False) -> tuple[Complex, Complex]:
        """Solutions (n, m) above ``x`` at the last of the falling ``heights``, and with ``record`` g at all of them (k, n).

        Points that cannot be followed are NaN.
        """
        t, seen = self.start(x, heights[0]), []
        state = self.evaluate(x, heights[0], t, data)
        for high, low in pairwise(heights):
            seen.append(state[3])
            t, state = self._down(x, t, state, high, low, data, HALVINGS)
        return t, np.array([*seen, state[3]]) if record else state[3]

    def _down(self, x: NDArray, t: Complex, state: State, high: float, low: float, data: ModeData,
              depth: int) -> tuple[Complex, State]:
        """One step down, in two where the result is no Green's function; solution and what is evaluated there."""
        _, jacobian, rates, value = state
        tangent = solved(np.eye(self.order) - jacobian, rates * self._speed(high))  # by log y
        with np.errstate(all="ignore"):  # powers of y, as far above the spectrum
            guess = t * np.exp(tangent / t * np.log(low / high))
        guess = np.where(np.isfinite(guess), guess, t + tangent * np.log(low / high))
        found, step = self.newton(x, low, guess, data, 1e-5)
        after = self.evaluate(x, low, found, data)
        least = low / high
        with np.errstate(all="ignore"):
            ratio = self._positive(after[3], low) / self._positive(value, high)
            near = (np.abs(found - guess) < 0.5 * np.abs(found) + 0.5 * np.abs(t)).all(axis=1)
            good = (step < 1e-3) & near & (ratio > least * 0.999) & (ratio < 1.001 / least)
        lost = np.flatnonzero(~good & np.isfinite(t).all(axis=1))
        if lost.size:
            found[lost] = np.nan
            if depth:
                middle = np.sqrt(high * low)
                part = tuple(values[lost] for values in state)
                half, part = self._down(x[lost], t[lost], part, high, middle, data, depth - 1)
                found[lost], part = self._down(x[lost], half, part, middle, low, data, depth - 1)
                for values, better in zip(after, part, strict=True):
                    values[lost] = better
        return found, after


def _lengths(green: Any, values: Mapping[str, Any]) -> dict[str, float]:
    """Sizes that follow from values given over their dimension."""
    sizes = {p.symbol.name: p.name for p in green.parameters if not p.ndim}
    given = [(p.dimension, values[p.name]) for p in green.parameters if p.ndim == 1 and p.name in values]
    return {sizes[dim]: float(len(v)) for dim, v in given if dim in sizes and np.ndim(v) == 1 and len(v)}


def ladder(top: float, bottom: float, ratio: float) -> NDArray:
    """Heights from ``top`` down to ``bottom`` in steps of about ``ratio``."""
    return np.geomspace(top, bottom, 2 + int(np.log(bottom / top) / np.log(ratio)))


def solved(matrices: Complex, right: Complex) -> Complex:
    """Batched solutions, NaN where a matrix is singular or not finite."""
    if matrices.shape[-1] == 1:
        with np.errstate(all="ignore"):
            return right / matrices[..., 0]
    good = np.isfinite(matrices).all(axis=(1, 2)) & np.isfinite(right).all(axis=1)
    out = np.full(right.shape, np.nan, dtype=complex)
    try:
        out[good] = np.linalg.solve(matrices[good], right[good][..., None])[..., 0]
    except np.linalg.LinAlgError:
        for i in np.flatnonzero(good):
            try:
                out[i] = np.linalg.solve(matrices[i], right[i])
            except np.linalg.LinAlgError:
                continue
    return out
