"""A Green's function in numbers: its equations solved at large |z| and continued to the real axis, many points at once.

With z = x + iy, Im g / y falls and y Im g rises with y: no eigenvalue law can do otherwise, and every step down is held to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.compile import compile_expressions
from solvers.fixed_point import EPSILON, inverses
from solvers.mode_data import ModeData, full_data, mode_data
from solvers.values import bind
from theory.errors import ConvergenceError, ParameterError

Complex = NDArray[np.complex128]
State = tuple[Complex, ...]
PIECE = 1 << 14
"""Entries (points times modes) that are evaluated together, so that they stay in the cache."""
FAR, RATIO, LOWEST = 1e4, 0.4, 1e-8
"""Height at which continuation starts, ratio of successive heights, and the last one before the real axis, in scales."""
NEWTON, HALVINGS = 12, 12


class Branch:
    """The physical solution of a :class:`~theory.spectral.GreenFunction` at given parameters.

    ``g`` = Tr (A - z)⁻¹ / size; ``scale`` is the spread of the spectrum about zero. All arrays have the points in front.
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
        unknowns = list(green.unknowns)
        slopes = [f.diff(s) for f in green.maps for s in (*unknowns, green.shift)]
        self._places = np.flatnonzero([slope != 0 for slope in slopes])
        self._compiled = compile_expressions([*green.maps, green.value / green.size, *(slopes[i] for i in self._places)])
        self.unknowns, self.order = unknowns, len(unknowns)
        self.scale = self._scale()

    def evaluate(self, z: NDArray, t: Complex, data: ModeData) -> tuple[Complex, Complex, Complex, Complex]:
        """Maps (n, m), their Jacobian (n, m, m), their derivative by the shift (n, m), and g (n,)."""
        rows = max(1, PIECE // max((len(v) for v in data.arrays.values()), default=1))
        values = [self._piece(z[i : i + rows], t[i : i + rows], data) for i in range(0, len(z), rows)]
        found = values[0] if len(values) == 1 else np.concatenate(values, axis=1)
        n, m = len(z), self.order
        slopes = np.zeros((m * (m + 1), n), dtype=complex)
        slopes[self._places] = found[m + 1 :]
        slopes = slopes.reshape(m, m + 1, n)
        return found[:m].T, slopes[:, :m].transpose(2, 0, 1), slopes[:, m].T, found[m]

    def _piece(self, z: NDArray, t: Complex, data: ModeData) -> Complex:
        known: dict[Any, NDArray] = {**data.sizes, **self.scalars, self.green.shift: -z}  # type: ignore[dict-item]
        known |= {u: t[:, i] for i, u in enumerate(self.unknowns)}
        with np.errstate(all="ignore"):
            found = self._compiled({s: known[s] for s in self._compiled.scalars}, data.arrays, data.weights, data.counts)
        return np.array(found, dtype=complex)

    def newton(self, z: NDArray, t: NDArray, data: ModeData, tolerance: float) -> tuple[Complex, NDArray]:
        """Roots near ``t`` and the size of the last step relative to the unknowns; infinite where there is none."""
        t, step = t.copy(), np.full(len(z), np.inf)
        active = np.arange(len(z))
        for _ in range(NEWTON if self.order else 0):
            maps, jacobian, _, _ = self.evaluate(z[active], t[active], data)
            move = _solve(np.eye(self.order) - jacobian, maps - t[active])
            t[active] += move
            with np.errstate(all="ignore"):
                step[active] = np.abs(move / (t[active] + np.finfo(float).tiny)).max(axis=1)
            step[active] = np.where(np.isfinite(step[active]), step[active], np.inf)
            active = active[np.isfinite(step[active]) & (step[active] > tolerance)]
            if not active.size:
                break
        return (t, step) if self.order else (t, np.zeros(len(z)))

    def start(self, x: NDArray, height: float) -> Complex:
        """The solution far above the spectrum by iteration from zero; ConvergenceError where it does not settle."""
        z, t = x + 1j * height, np.zeros((len(x), self.order), dtype=complex)
        for _ in range(200):
            maps = self.evaluate(z, t, self.nodes)[0]
            change = np.max(np.abs(maps - t) / (np.abs(maps) + np.finfo(float).tiny), initial=0.0)
            t = maps
            if change < 1e-9:
                return t
            if not np.isfinite(change):
                break
        raise ConvergenceError(f"{self.name}: the equations have no solution at |z| = {height:.1e}; give values of order one")

    def _scale(self) -> float:
        """Root mean square eigenvalue, from 1 - Im(y g(iy)) y = <λ²>/y² at large y."""
        height, origin = 1.0, np.zeros(1)
        for _ in range(60):
            try:
                g = self.evaluate(1j * height + origin, self.start(origin, height), self.nodes)[3][0]
            except ConvergenceError:
                height *= 30.0
                continue
            lack = 1 - height * g.imag
            if 1e-9 < lack < 1e-2:
                return height * float(np.sqrt(lack))
            height *= 10.0 if lack >= 1e-2 else 0.03
        raise ConvergenceError(f"{self.name}: its eigenvalues have no scale (all zero, or infinite); check the values given")

    def rank(self) -> float | None:
        """The share of eigenvalues that are not zero by counting ranks, where that is known."""
        if self.green.rank is None:
            return None
        share = compile_expressions([self.green.rank / self.green.size])
        known = {**self.full.sizes, **self.scalars}
        return float(share({s: known[s] for s in share.scalars}, self.full.arrays, self.full.weights, self.full.counts)[0])

    def descend(self, x: NDArray, heights: NDArray, data: ModeData, record: bool = False) -> tuple[Complex, Complex]:
        """Solutions (n, m) above ``x`` at the last of the falling ``heights``, and with ``record`` g at all of them (k, n).

        Points that cannot be followed are NaN.
        """
        t, seen = self.start(x, heights[0]), []
        state = self.evaluate(x + 1j * heights[0], t, data)
        for high, low in pairwise(heights):
            seen.append(state[3])
            t, state = self._down(x, t, state, high, low, data, HALVINGS)
        return t, np.array([*seen, state[3]]) if record else state[3]

    def _down(self, x: NDArray, t: Complex, state: State, high: float, low: float, data: ModeData,
              depth: int) -> tuple[Complex, State]:
        """One step down, in two where the result is no Green's function; solution and what is evaluated there."""
        _, jacobian, rates, g = state
        tangent = _solve(np.eye(self.order) - jacobian, rates * (-1j * high))  # by log y
        guess = t + tangent * np.log(low / high)
        found, step = self.newton(x + 1j * low, guess, data, 1e-5)
        after = self.evaluate(x + 1j * low, found, data)
        ratio, least = after[3].imag / g.imag, low / high
        with np.errstate(invalid="ignore"):
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

    def upper(self, x: NDArray, heights: NDArray, data: ModeData | None = None) -> Complex:
        """g (k, n) above ``x`` at falling heights, which are multiples of the scale."""
        return self.descend(x, heights * self.scale, self.nodes if data is None else data, record=True)[1]

    def real(self, x: NDArray) -> tuple[Complex, NDArray]:
        """g (n,) on the real axis as the limit from above, and its relative error; NaN and infinity where there is no limit."""
        return self.solution(x)[1:]

    def solution(self, x: NDArray) -> tuple[Complex, Complex, NDArray]:
        """Unknowns (n, m) on the real axis, beside what :meth:`real` gives."""
        t, _ = self.descend(x, self.scale * ladder(FAR, LOWEST, RATIO), self.nodes)
        t, g, error = self._landed(x, t)
        lost = np.flatnonzero(~(error < 1e-4))
        if lost.size:
            again, _ = self.descend(x[lost], self.scale * ladder(FAR, 1e-6 * LOWEST, RATIO), self.full)
            t[lost], g[lost], error[lost] = self._landed(x[lost], again)
        return t, g, error

    def _landed(self, x: NDArray, t: Complex) -> tuple[Complex, Complex, NDArray]:
        """Newton's method on the axis itself, with every mode; the error is that of the last step and of rounding."""
        z = x + 0j
        t, step = self.newton(z, t, self.full, 1e-9)
        maps, jacobian, _, g = self.evaluate(z, t, self.full)
        inverse = np.abs(inverses(np.eye(self.order) - jacobian))
        rounding = (inverse @ np.abs(maps)[..., None])[..., 0] * 8 * EPSILON
        with np.errstate(all="ignore"):
            error = np.maximum(step**2, (rounding / np.abs(t)).max(axis=1, initial=0.0))
            wrong = ~np.isfinite(g) | ~(step < 1e-4) | (g.imag < -1e-6 * np.abs(g))
        g = np.where(g.imag > np.maximum(error, 1e-13) * np.abs(g), g, g.real)
        return t, np.where(wrong, np.nan, g), np.where(wrong, np.inf, np.maximum(error, 4 * EPSILON))


def _lengths(green: Any, values: Mapping[str, Any]) -> dict[str, float]:
    """Sizes that follow from values given over their dimension."""
    sizes = {p.symbol.name: p.name for p in green.parameters if not p.ndim}
    given = [(p.dimension, values[p.name]) for p in green.parameters if p.ndim == 1 and p.name in values]
    return {sizes[dim]: float(len(v)) for dim, v in given if dim in sizes and np.ndim(v) == 1 and len(v)}


def ladder(top: float, bottom: float, ratio: float) -> NDArray:
    """Heights from ``top`` down to ``bottom`` in steps of about ``ratio``."""
    return np.geomspace(top, bottom, 2 + int(np.log(bottom / top) / np.log(ratio)))


def _solve(matrices: Complex, right: Complex) -> Complex:
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
