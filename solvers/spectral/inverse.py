"""The inverse map of a Green's function in numbers: z, the unknowns and derivatives at positions s of the pole of all sums."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.compile import Compiled, compile_expressions
from solvers.descent import PIECE, Complex
from solvers.fixed_point import EPSILON
from solvers.modes.local_data import GROUP
from solvers.spectral.green import Branch
from theory.averages import ModeSum
from theory.spectral.inverse_map import POLE, InverseMap, inverse_map

FAR = 1e6
"""Distance, in units of the largest value, at which z is about to be infinite."""


class Inverse:
    """z(s) for the values and parameters of a branch. ``values`` are those with a pole, sorted, and zero where none is negative.

    s is oriented so that z rises with it towards infinity on either side; ``sign`` is -1 where it is minus the pole. ``extent`` is
    the largest size of a value, ``finest`` the least distance from zero that matters, ``rate`` the slope of z far out.
    """

    def __init__(self, branch: Branch, mapped: InverseMap) -> None:
        self.branch, data = branch, branch.full
        self.tree = branch.local.trees[mapped.dimension][1] if mapped.dimension in branch.local.trees else None
        self.symbol, self.dimension, weights = mapped.array, mapped.dimension, data.weights[mapped.dimension]
        if self.tree is None:
            values, where, counts = np.unique(data.arrays[mapped.array], return_inverse=True, return_counts=True)
            total = counts.astype(float) if weights is None else np.bincount(where, weights)
            self.data = replace(data, arrays={mapped.array: values}, weights={mapped.dimension: total})
        else:
            values = np.concatenate([self.tree.zero[0], self.tree.eta])
            self.data = replace(data, arrays={}, weights={})
        slope = mapped.z.diff(POLE)
        self._slope = compile_expressions([mapped.z, slope])
        value = mapped.value / branch.green.size
        self._value = compile_expressions([mapped.z, slope, value])
        spreads = [_spread(mapped.z), _spread(value)]
        self._all = compile_expressions([mapped.z, slope, value, value.diff(POLE), *spreads, *mapped.unknowns])
        self._pole = compile_expressions([mapped.pole])
        self.sign = 1.0
        size = np.abs(values)
        self.extent, self.finest = float(size.max()), 4 * EPSILON * float(size[size > 0].min(initial=size.max()))
        ends = self.slopes(self.extent * np.array([-FAR, FAR]))
        self.sign = float(np.sign(ends[1][1]))
        self.rate = float(abs(ends[1][1]))
        self.usual = bool((np.sign(ends[1]) == self.sign).all() and (np.sign(ends[0]) * self.sign == [-1, 1]).all())
        if values[0] > 0:
            values = np.concatenate([[0.0], values])
        self.values = np.sort(self.sign * values)

    def slopes(self, s: NDArray) -> tuple[Any, Any]:
        """z and dz/ds."""
        z, slope = self._at(self._slope, s)
        return z, self.sign * slope

    def green(self, s: NDArray) -> tuple[Any, Any, Any]:
        """z, dz/ds and the Green's function."""
        z, slope, g = self._at(self._value, s)
        return z, self.sign * slope, g

    def solved(self, s: NDArray) -> tuple[Complex, Complex, NDArray]:
        """Unknowns (n, m), the Green's function (n,), and its relative error by rounding (n,), that of s included."""
        _, slope, g, bend, z_spread, g_spread, *unknowns = self._at(self._all, s)
        rounding = 4 * EPSILON + self.branch.local.error
        with np.errstate(all="ignore"):
            error = (np.abs(bend / slope) * np.abs(z_spread) + np.abs(g_spread)) * rounding / np.abs(g)
        return np.array(unknowns, dtype=complex).T.reshape(len(s), -1), np.asarray(g, dtype=complex), error

    def pole(self, x: NDArray, t: Complex) -> Complex:
        """s from unknowns (n, m) at points x (n,)."""
        known = {**self.data.sizes, **self.branch.scalars, self.branch.green.shift: -x}
        known |= {u: t[:, i] for i, u in enumerate(self.branch.unknowns)}
        with np.errstate(all="ignore"):
            found = self._pole({v: known[v] for v in self._pole.scalars})[0]
        return np.array(self.sign * np.broadcast_to(found, x.shape), dtype=complex)

    def _at(self, compiled: Compiled, s: NDArray) -> Any:
        """Compiled expressions (k, n) at s (n,), real where s is: groups of neighbouring s share their modes and nodes."""
        s = self.sign * s
        found = np.empty((len(compiled.expressions), len(s)), dtype=s.dtype)
        if self.tree is None:
            rows = max(1, 4 * PIECE // len(self.data.arrays[self.symbol]))
            for start in range(0, len(s), rows):
                part = slice(start, start + rows)
                found[:, part] = self._piece(compiled, s[part], self.data.arrays, self.data.weights)
            return found
        order = np.argsort(np.abs(s))
        for start in range(0, len(s), GROUP):
            part = order[start : start + GROUP]
            eta, weights = self.tree.around(s[part])
            found[:, part] = self._piece(compiled, s[part], {self.symbol: eta}, {self.dimension: weights})
        return found

    def _piece(self, compiled: Compiled, s: NDArray, arrays: dict, weights: dict) -> NDArray:
        known = {**self.data.sizes, **self.branch.scalars, POLE: s}
        with np.errstate(all="ignore"):
            found = compiled({v: known[v] for v in compiled.scalars}, arrays, weights, self.data.counts)
        return np.array([np.broadcast_to(v, s.shape) for v in found])


def _spread(expression: sp.Expr) -> sp.Expr:
    """How much of a relative change of its sums an expression feels, beside one of its own."""
    names = {s: sp.Dummy() for s in expression.atoms(ModeSum)}
    plain = expression.xreplace(names)
    total = sp.Abs(plain) + sp.Add(*[sp.Abs(plain.diff(name) * name) for name in names.values()])
    return total.xreplace({name: s for s, name in names.items()})


def inverse_of(branch: Branch) -> Inverse | None:
    """The inverse map of a branch; None where there is none, or where z is not infinite at both infinities of s."""
    mapped = inverse_map(branch.green)
    if mapped is None:
        return None
    inverse = Inverse(branch, mapped)
    return inverse if inverse.usual else None
