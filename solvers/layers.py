"""Nodes of averages that crowd together where an integrand has thin layers: next to z = c, over a width w.

The trapezoidal rule in u = β y + Σ asinh((y - c)/w), y the coordinate in which the nodes lie evenly without layers: even steps in
the logarithm of the distance from each layer, even steps in y elsewhere. A layer of any width costs the logarithm of it in nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from solvers.quadrature import BASE, to_even, weighted
from solvers.shared import FreeSymbols, parts
from theory.averages import CONTINUOUS, Average, Bound
from theory.proximal import Proximal
from theory.special import H, hazard, log_cosh, log_H, residual_life

SHARP = {H: 1.0, hazard: 1.0, log_H: 1.0, residual_life: 1.0, sp.exp: 1.0, sp.tanh: 0.5, log_cosh: 0.5, sp.erf: 1.4, sp.erfc: 1.4}
"""Functions that change over a width of one around zero, and the width over which even nodes resolve them."""
RESOLVED = 1.5
"""Steps of even nodes in a layer that they resolve to rounding."""
PLAIN = 2.0
"""Weight β of the plain coordinate beside the layers."""
TABLE, CORRECTIONS = 129, 4
LEAST = 1e-13
"""Width of the thinnest layer."""


class Layers:
    """Thin layers of averages along their continuous variables ``bounds``, as functions of ``scalars`` that ``compiled`` makes."""

    def __init__(self, averages: Sequence[Average], bounds: Sequence[Bound], scalars: Sequence[sp.Symbol], compiled: Any):
        self.averages, self.scalars, self.compiled = averages, list(scalars), compiled
        self.bounds = [b for b in bounds if b.kind in CONTINUOUS]
        self._places: dict[Bound, Callable[..., list[ArrayLike]] | None] = {}

    def places(self, bound: Bound) -> Callable[..., list[ArrayLike]] | None:
        """Centres and widths in turn; None without any."""
        if bound not in self._places:
            known = set(self.scalars)
            pairs = layers_of([a for a in self.averages if a.bound == bound], bound)
            # Next to a kink whose place is no number there is no layer.
            flat = [e for pair in pairs if all(e.free_symbols <= known and not e.has(sp.zoo, sp.nan) for e in pair) for e in pair]
            self._places[bound] = self.compiled(self.scalars, flat) if flat else None
        return self._places[bound]

    def crowded(self, given: Sequence[NDArray], shape: tuple[int, ...], nodes: int) -> dict[tuple[str, Bound], NDArray]:
        """Nodes and weights, ``shape`` + (nodes,), along each variable along which some point has layers that even nodes miss."""
        found: dict[tuple[str, Bound], NDArray] = {}
        if not given or any(np.iscomplexobj(v) for v in given):
            return found
        flat = [np.broadcast_to(v, shape).reshape(-1) for v in given]
        for bound in self.bounds:
            if (places := self.places(bound)) is None:
                continue
            with np.errstate(all="ignore"):
                both = np.stack([np.broadcast_to(v, flat[0].shape) for v in places(*flat)], axis=-1)
            y, steps, which = layered(bound.kind, both[:, ::2], both[:, 1::2], nodes)
            if which.size:
                for name, values in zip(("node", "weight"), weighted(bound.kind, y, steps), strict=True):
                    found[name, bound] = values.reshape((*shape, nodes))
        return found


def layers_of(averages: Iterable[Average], bound: Bound) -> list[tuple[sp.Expr, sp.Expr]]:
    """(centre, width) of every layer along a bound variable, in scalars; what depends on other bound variables is left out."""
    found: dict[tuple[sp.Expr, sp.Expr], None] = {}
    free = FreeSymbols()
    for node in parts([a.body for a in averages]):
        if isinstance(node, Proximal):
            kinds, argument, width = True, node.args[1], 0.5
        else:
            kinds, argument, width = node.func in SHARP, node.args[0] if node.args else node, SHARP.get(node.func, 1.0)
        if not kinds or bound not in free(argument):
            continue
        for centre, scale in _places(argument, bound):
            if not any(isinstance(s, Bound) or e.has(Average) for e in (centre, scale) for s in free(e)):
                found[centre, width * scale] = None
    return list(found)


def _places(argument: sp.Expr, bound: Bound) -> Iterator[tuple[sp.Expr, sp.Expr]]:
    """Where a linear argument is zero or a square one stationary, and the distance over which it changes by one."""
    slope = argument.diff(bound)
    if bound not in slope.free_symbols:
        yield -argument.xreplace({bound: sp.S.Zero}) / slope, 1 / sp.Abs(slope)
        return
    bend = slope.diff(bound)
    if bound not in bend.free_symbols:
        yield -slope.xreplace({bound: sp.S.Zero}) / bend, 1 / sp.sqrt(sp.Abs(bend))


def layered(kind: str, centres: NDArray, widths: NDArray, nodes: int) -> tuple[NDArray, NDArray, NDArray]:
    """Places (rows, nodes) and steps (rows, nodes) of the nodes in the even coordinate, and the rows (rows,) that have thin layers;
    ``centres`` and ``widths`` are (rows, layers), in the bound variable of this kind."""
    low, high = BASE[kind]
    step, even = (high - low) / (nodes - 1), np.linspace(low, high, nodes)
    with np.errstate(all="ignore"):
        if not (widths < RESOLVED * step * (np.minimum(centres, 1.0) if kind == "+" else 1.0)).any():
            return even, np.full(nodes, step), np.zeros(0, dtype=int)
        centres, pace = to_even(kind, centres)
        widths = widths / pace
        thin = np.isfinite(centres) & (widths < RESOLVED * step) & (centres > low) & (centres < high)
    which = np.flatnonzero(thin.any(axis=1))
    if not which.size:
        return even, np.full(nodes, step), which
    # Layers that even nodes resolve are at rest far away, so that they take none.
    c = np.where(thin, centres, 0.0)[which]
    w = np.where(thin, np.maximum(widths, LEAST), 1e300)[which]

    def mapped(y: NDArray) -> tuple[NDArray, NDArray]:
        apart = (y[:, :, None] - c[:, None, :]) / w[:, None, :]
        return PLAIN * y + np.arcsinh(apart).sum(axis=2), PLAIN + (1 / (w[:, None, :] * np.hypot(1.0, apart))).sum(axis=2)

    y = _inverted(mapped, c, w, low, high, nodes)
    if not c.any():
        y = (y - y[:, ::-1]) / 2
    u = mapped(y[:, [0, -1]])[0]
    places, steps = np.tile(even, (len(centres), 1)), np.full((len(centres), nodes), step)
    places[which], steps[which] = y, (u[:, 1:] - u[:, :1]) / (nodes - 1) / mapped(y)[1]
    return places, steps, which


def _inverted(
    mapped: Callable[[NDArray], tuple[NDArray, NDArray]], c: NDArray, w: NDArray, low: float, high: float, nodes: int
) -> NDArray:
    """The y of even steps in u between both ends: read off a table, then by Newton's method."""
    share = np.linspace(-1.0, 1.0, TABLE)
    reach = np.arcsinh((high - low) / w)
    table = c[:, :, None] + w[:, :, None] * np.sinh(share * reach[:, :, None])
    rows = len(c)
    even = np.tile(np.linspace(low, high, TABLE), (rows, 1))
    table = np.sort(np.clip(np.concatenate([table.reshape(rows, -1), even], axis=1), low, high), axis=1)
    heights = mapped(table)[0]
    u = np.linspace(heights[:, 0], heights[:, -1], nodes, axis=1)
    y = np.stack([np.interp(*row) for row in zip(u, heights, table, strict=True)])
    for _ in range(CORRECTIONS):
        value, slope = mapped(y)
        y = np.clip(y - (value - u) / slope, low, high)
    return y
