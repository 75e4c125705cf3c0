"""Points of a sweep that are lost, reached from solved ones: a solution is followed while all parameters move along a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.fixed_point import Roots
from solvers.splitting import splits
from solvers.systems import System

FACTORS = ((0.6, 1.6), (0.3, 3.0), (0.1, 10.0), (0.01, 100.0))
"""Other values of each parameter at which a solution is looked for, relative to its own; farther ones where nearer ones fail."""
FIRST, SHORTEST, LONGER = 0.5, 1 / 64, 1.7
"""Of the way: the first stride, the shortest one; and how much a stride grows that arrived."""
JUMP = 0.7
"""A solution farther than this from the straight line through those before is on another branch: in the logarithm of an unknown,
or relative to its size."""
FAILURES = 2
"""Ways that may fail before the rest is given up: there may be no solutions."""
NEAR = 0.1
Solved = Callable[[Mapping[Any, NDArray], int, NDArray | None], Roots]
"""Roots at given scalars (points,), of so many points, from where they begin (points, m)."""
Known = tuple[NDArray, Any]
"""Values of the parameters and the unknowns there."""


def rescued(system: System, scalars: Mapping[Any, NDArray], roots: Roots, solved: Solved) -> None:
    """Put solutions in ``roots`` at points that have none: the branch through the nearest point of the sweep that has one, else
    through the nearest of several variations of a parameter.

    A solution with unknowns that have lost their meaning, because others are zero, is the last resort: replicas may break
    discontinuously, so that the solution at which they do not is stable beside the one at which they do.
    """
    used = sorted(set().union(*(f.free_symbols for forms in system.forms for f in forms)) & set(scalars), key=sp.default_sort_key)
    way = _Way(system, dict(scalars), used, solved, not splits(system))
    good = way.good(roots)
    lost = [int(i) for i in np.flatnonzero(~good)]
    if not lost or not used:
        return
    values = np.stack([np.broadcast_to(scalars[s], len(roots.x)).astype(float) for s in used], axis=-1)

    def followed(i: int, origin: Known) -> tuple[NDArray | None, int]:
        found = way.followed(origin, values[i], i)
        if found is None:
            # Where there is a last resort, one way is enough.
            return None, FAILURES if near_roots(roots, system.logarithmic)[i] else 1
        for name in ("x", "uncertainty", "residual", "iterations", "held", "spread"):
            getattr(roots, name)[i] = getattr(found, name)[0]
        return roots.x[i], 0

    def varied(i: int) -> list[Known]:
        return [] if system.folded else way.varied(values[i], i)

    passed_on(lost, values, [(values[i], roots.x[i]) for i in np.flatnonzero(good)], varied, followed)


def passed_on(
    lost: list[int],
    values: NDArray,
    known: list[Known],
    varied: Callable[[int], list[Known]],
    followed: Callable[[int, Known], tuple[Any, int]],
) -> None:
    """Points that are lost, each from the nearest one that has a solution: of the sweep, or one of the ``varied``.

    ``followed`` gives the solution at a point on a way from a known one, else None with the number of failures that it counts as.
    """
    failures = 0
    while lost and failures < FAILURES:
        known = known or varied(lost[0])
        if not known:
            return
        apart = np.array([[distance(values[i], v) for v, _ in known] for i in lost])
        row, column = np.unravel_index(np.argmin(apart), apart.shape)
        i = lost.pop(int(row))
        x, cost = followed(i, known[int(column)])
        failures += cost
        if x is not None:
            known.append((values[i], x))


def variations(values: NDArray, factors: Sequence[float]) -> NDArray:
    """Parameters with one of those that are positive times one of the factors, shape (variations, parameters)."""
    moving = np.flatnonzero(values > 0)
    tried = [values * np.where(np.arange(len(values)) == k, f, 1.0) for k in moving for f in factors]
    return np.array(tried).reshape(-1, len(values))


def near_roots(roots: Roots, logarithmic: NDArray) -> NDArray:
    """Points whose solutions are known to a digit, shape (points,)."""
    with np.errstate(all="ignore"):
        near = roots.uncertainty <= NEAR * np.where(logarithmic, 1.0, np.abs(roots.x) + 1e-3)
    return np.asarray((near | roots.held).all(axis=1) & np.isfinite(roots.x).all(axis=1))


def distance(a: NDArray, b: NDArray) -> float:
    """Between values of the parameters, in logarithms where both are positive."""
    with np.errstate(all="ignore"):
        apart = np.where((a > 0) & (b > 0), np.abs(np.log(a / b)), np.abs(a - b))
    return float(np.linalg.norm(apart))


class _Way:
    """Ways through the parameters ``used``; the others are those of a point of the sweep."""

    def __init__(self, system: System, scalars: dict[Any, NDArray], used: list[Any], solved: Solved, doubtful: bool):
        self.system, self.scalars, self.used, self.solved, self.doubtful = system, scalars, used, solved, doubtful

    def good(self, roots: Roots) -> NDArray:
        """Points that have a solution, shape (points,)."""
        gone = (roots.held & (self.system.ends.owner >= 0)).any(axis=1)
        return near_roots(roots, self.system.logarithmic) & ~(gone & self.doubtful)

    def at(self, values: NDArray, point: int) -> dict[Any, NDArray]:
        """Scalars at values of the parameters, shape (points, parameters)."""
        rest = {s: np.full(len(values), np.broadcast_to(v, point + 1)[point] if np.ndim(v) == 0 else v[point])
                for s, v in self.scalars.items()}  # fmt: skip
        return rest | {s: values[:, k] for k, s in enumerate(self.used)}

    def varied(self, values: NDArray, point: int) -> list[tuple[NDArray, NDArray]]:
        """Solutions at other values of one parameter, the nearest that there are."""
        for factors in FACTORS:
            tried = variations(values, factors)
            if not len(tried):
                break
            roots = self.solved(self.at(tried, point), len(tried), None)
            good = np.flatnonzero(self.good(roots))
            if good.size:
                return [(tried[i], roots.x[i]) for i in good]
        return []

    def followed(self, origin: tuple[NDArray, NDArray], goal: NDArray, point: int) -> Roots | None:
        """The solution at the goal on the branch through the origin; None where the branch does not reach it."""
        first, x = origin
        logs = (first > 0) & (goal > 0)
        share, stride = 0.0, FIRST
        behind: tuple[float, NDArray] | None = None
        while stride >= SHORTEST:
            ahead = min(1.0, share + stride)
            with np.errstate(all="ignore"):
                values = np.where(logs, first ** (1 - ahead) * goal**ahead, first + ahead * (goal - first))
            values = goal if ahead == 1.0 else values
            start = x if behind is None else self._extrapolated(behind, (share, x), ahead)
            roots = self.solved(self.at(values[None], point), 1, start[None])
            if self.good(roots)[0] and self._apart(roots.x[0], start) < JUMP:
                if ahead == 1.0:
                    return roots
                behind, share, x, stride = (share, x), ahead, roots.x[0], stride * LONGER
            else:
                stride /= 2
        return None

    def _extrapolated(self, a: tuple[float, NDArray], b: tuple[float, NDArray], share: float) -> NDArray:
        """On the straight line through two solutions, in logarithms where unknowns are positive."""
        ratio = (share - b[0]) / (b[0] - a[0])
        with np.errstate(all="ignore"):
            geometric = b[1] * np.clip(b[1] / a[1], 1e-3, 1e3) ** ratio
        return np.where(self.system.logarithmic, geometric, b[1] + ratio * (b[1] - a[1]))

    def _apart(self, x: NDArray, y: NDArray) -> float:
        ends = self.system.ends
        with np.errstate(all="ignore"):
            apart = np.where(self.system.logarithmic, np.abs(np.log(x / y)), np.abs(x - y) / (np.abs(x) + np.abs(y) + 0.1))
        return float(np.max(np.where(ends.vanishing | (ends.owner >= 0), 0.0, apart), initial=0.0))
