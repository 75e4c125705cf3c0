"""Points of a piece at which doubles do not hold the solution, found with scalars of many digits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.extended import Extended, Found
from solvers.fixed_point import Roots
from solvers.homotopy import Known, near_roots, passed_on, variations
from solvers.modes.mode_data import ModeData
from solvers.roots import solved_roots
from solvers.split import Split
from solvers.systems import System

GONE = 1e-9
"""An unknown that may be zero, and is smaller, is left to doubles."""
LINEAR_SCALE = 1e-3
"""The error of an unknown that may be zero is relative to itself or to this share of its interval, whichever is larger; that of
an observable to its own change over this share, likewise."""
FACTORS = (0.5, 2.0, 0.1, 10.0, 1e-2, 1e2, 1e-3, 1e3, 1e-5, 1e5)
"""Other values of each parameter at which a solution in doubles is looked for, relative to its own."""


def extends(system: System, names: tuple[str, ...]) -> bool:
    """Whether what is wanted of a system is made of averages of elementary functions, and unknowns that stay away from zero."""
    if not system.unknowns or system.folded or system.dense or (system.ends.owner >= 0).any():
        return False
    if any(p.ndim for p in system.theory.parameters):
        return False
    if set(names) & system.per_mode or system.depth > 1 or not system.has_quadrature:
        return False
    return Split.applies([*(own[0] for own in system.forms), *map(system.observable, names)])


@lru_cache(maxsize=64)
def extended_system(system: System, names: tuple[str, ...]) -> Extended:
    """The same equations with scalars of many digits, made once."""
    return Extended(system, names)


class Reach:
    """Solutions with many digits at some points of a piece; ``solved(scalars, points)`` finds roots in double precision."""

    def __init__(self, system: System, names: tuple[str, ...], scalars: Mapping[Any, NDArray], data: ModeData, solved: Any):
        self.equations, self.system = extended_system(system.base, names), system
        self.scalars, self.data, self.solved = scalars, data, solved
        self.used = self.equations.parameters
        self.values = np.stack([np.asarray(scalars[s], dtype=float) for s in self.used], axis=-1)

    def found(self, roots: Roots, wanted: NDArray) -> dict[int, Found]:
        """By number the points among ``wanted`` that are found: from their roots in doubles, else on a way from another point."""
        near = near_roots(roots, self.system.logarithmic)
        found: dict[int, Found] = {}
        wanted = np.array([i for i in wanted if not roots.held[i].any()], dtype=int)
        for i in wanted:
            one = self.equations.solved(self.at(self.values[i]), list(roots.x[i]), self.data) if near[i] else None
            if one is not None and self.stays(one):
                found[int(i)] = one
        lost = [int(i) for i in wanted if int(i) not in found]
        known = [(self.values[i], roots.x[i]) for i in np.flatnonzero(near) if i not in lost]
        known += [(self.values[i], one.x) for i, one in found.items()]

        def followed(i: int, origin: Known) -> tuple[Any, int]:
            one = self.equations.followed(self.at(origin[0]), origin[1], self.at(self.values[i]), self.data)
            if one is None or not self.stays(one):
                return None, 1
            found[i] = one
            return one.x, 0

        passed_on(lost, self.values, known, lambda i: list(self.varied(i)), followed)
        return found

    def stays(self, one: Found) -> bool:
        """Whether no unknown that may be zero has gone there, which is for doubles to judge."""
        return not any(v < GONE for v, may in zip(one.x, self.system.ends.vanishing, strict=True) if may)

    def at(self, values: NDArray) -> dict[Any, float]:
        return {s: float(v) for s, v in zip(self.used, values, strict=True)}

    def varied(self, point: int) -> Iterator[tuple[NDArray, NDArray]]:
        """Solutions in doubles at other values of one parameter, near and far."""
        tried = variations(self.values[point], FACTORS)
        if not len(tried):
            return
        rest = {s: np.full(len(tried), v[point]) for s, v in self.scalars.items()}
        roots = self.solved(rest | {s: tried[:, k] for k, s in enumerate(self.used)}, len(tried))
        yield from ((tried[i], roots.x[i]) for i in np.flatnonzero(near_roots(roots, self.system.logarithmic)))


def reached(
    task: Any, piece: Any, system: System, names: tuple[str, ...], scalars: Mapping[Any, NDArray], points: int, roots: Roots
) -> None:
    """Put into a piece and its roots what is found with scalars of many digits, at the points where doubles miss the tolerance."""
    worst = np.max([np.broadcast_to(e, (points,)) for e in piece.errors.values()], axis=0)
    wanted = np.flatnonzero(~(worst <= task.tolerance))
    if not wanted.size:
        return
    known = [u.name for u in system.unknowns]
    reach = Reach(system, names, scalars, task.data, lambda s, n: solved_roots(system.base, s, n, task.data, rescue=False))
    lower, upper = system.bounds(scalars, points, task.data)
    widths = np.where(system.logarithmic, 0.0, LINEAR_SCALE * np.where(np.isfinite(upper - lower), upper - lower, 1.0))
    asked = asked_of(system)
    for i, one in reach.found(roots, wanted).items():
        values, errors = np.array(one.values, dtype=float), np.array(one.errors, dtype=float)
        slopes = np.array(one.slopes.tolist(), dtype=float).reshape(len(names), len(known))
        least = np.concatenate([widths[i], (np.abs(slopes) * widths[i]).max(axis=1, initial=0.0)])
        least = np.maximum(least, [name in asked for name in (*known, *names)])
        relative = np.where(errors == 0, 0.0, errors / np.maximum(np.abs(values), least))
        if not np.max(relative, initial=0.0) < (worst[i] if np.isfinite(worst[i]) else np.inf):
            continue
        for name, value, error in zip((*known, *names), values, relative, strict=True):
            piece.values[name][i], piece.errors[name][i] = value, error
        piece.residual[i], piece.iterations[i] = float(one.residual), piece.iterations[i] + one.steps
        x, off = values[: len(known)], errors[: len(known)]
        roots.x[i], roots.uncertainty[i], roots.spread[i] = x, np.where(system.logarithmic, off / x, off), 0.0
        roots.spread[i, :, : len(known)] = np.diag(roots.uncertainty[i])


def asked_of(system: System) -> set[str]:
    """What is asked to be non-negative: its sign counts, so that its error is measured next to one."""
    return {c.quantity for c in getattr(system.theory, "conditions", ()) if c.relation == ">=" and not c.bound}
