"""Solutions of the equations of a theory at the points of a sweep, and how exact they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.ends import Ends, reduced
from solvers.fixed_point import DAMPED, Roots, Start, find_roots, inverses, starting_points
from solvers.growth import attracts, grown_roots, grows
from solvers.guards import guarded_start, is_guarded
from solvers.homotopy import near_roots, rescued
from solvers.iteration import evolved, first_values
from solvers.modes.mode_data import ModeData
from solvers.refinement import polished
from solvers.splitting import Splitting, splits
from solvers.systems import System

FOLLOWED = 15
"""Most steps from one solution to the next on a way through parameters."""


def known(system: System, scalars: Mapping[Any, NDArray], x: NDArray) -> dict[Any, NDArray]:
    """Scalars by symbol, unknowns included."""
    return {**scalars, **{u: x[:, i] for i, u in enumerate(system.unknowns)}}


def solved_roots(
    system: System,
    scalars: Mapping[Any, NDArray],
    points: int,
    data: ModeData,
    given: Mapping[str, float] | None = None,
    before: Roots | None = None,
    search: bool = True,
    rescue: bool | None = None,
) -> Roots:
    """Roots at every point, from ``given`` values of the unknowns or from where the solver begins by itself; ``before`` are those
    with fewer nodes, and without ``search`` all that is begun from. With ``rescue`` (at first, if nothing is said) points that are
    lost so are reached from others, in the parameters."""
    if not system.unknowns:
        nothing = np.zeros((points, 0))
        flat = np.zeros(points)
        return Roots(nothing, nothing, flat, flat.astype(int), nothing.astype(bool), np.zeros((points, 0, 0)))

    def solved(scalars: Mapping[Any, NDArray], points: int, start: NDArray | None) -> Roots:
        lower, upper = system.bounds(scalars, points, data)
        return _between(system, scalars, data, lower, upper, start, DAMPED if start is None else FOLLOWED)

    lower, upper = system.bounds(scalars, points, data)
    start: Any = None
    if is_guarded(system) and before is None and not given:
        start = guarded_start(system, scalars, points, data, lambda core: solved_roots(core, scalars, points, data))
    elif len(system.unknowns) > 1 and not (grows(system) and not given and (before is None or not np.isfinite(before.x).all())):
        start = _starts(system, scalars, points, data, given, before, lower, upper, search)
    elif given:
        start = _given(system, given, points)
    # A symmetric solution that is asked for is kept.
    ends = replace(system.ends, odd=np.zeros_like(system.ends.odd)) if given else system.ends
    roots = _between(system, scalars, data, lower, upper, start, ends=ends)
    rescue = before is None if rescue is None else rescue
    if len(system.unknowns) > 1 and system.evolves and rescue and not given and not grows(system):
        rescued(system, scalars, roots, solved)
    return roots


def _between(
    system: System, scalars: Mapping[Any, NDArray], data: ModeData, lower: NDArray, upper: NDArray, start: Any, steps: int = DAMPED,
    ends: Ends | None = None,
) -> Roots:  # fmt: skip
    residual = _residual(system, scalars, data)
    if start is None and grows(system):
        return grown_roots(residual, system, scalars, len(lower), data)
    if start is None and len(system.unknowns) > 1:
        start = _starts(system, scalars, len(lower), data, None, None, lower, upper)
    with np.errstate(all="ignore"):
        roots = find_roots(residual, lower, upper, system.logarithmic, start, ends or system.ends, steps)
        if system.related:
            roots = polished(lambda x, which: residual(x, which, True), roots, system.logarithmic)
        outside = (roots.x < lower * (1 - 1e-9) - 1e-300) | (roots.x > upper * (1 + 1e-9) + 1e-300)
        outside &= ~((~system.logarithmic) & (np.abs(roots.x - np.clip(roots.x, lower, upper)) < 1e-9))
        if grows(system):
            outside |= ~attracts(residual, roots.x, system.logarithmic)
        roots.uncertainty[outside] = np.inf
    return roots


def _residual(system: System, scalars: Mapping[Any, NDArray], data: ModeData) -> Callable[..., tuple[NDArray, NDArray, NDArray]]:
    def residual(x: NDArray, which: NDArray, together: bool = False) -> tuple[NDArray, NDArray, NDArray]:
        here = {s: v[which] for s, v in scalars.items()}
        return system.best_forms(known(system, here, x), len(which), data, together)[:3]

    return residual


def _given(system: System, start: Mapping[str, float], points: int) -> NDArray:
    return np.broadcast_to([start[u.name] for u in system.unknowns], (points, len(system.unknowns)))


def _starts(
    system: System,
    scalars: Mapping[Any, NDArray],
    points: int,
    data: ModeData,
    given: Mapping[str, float] | None,
    before: Roots | None,
    lower: NDArray,
    upper: NDArray,
    search: bool = True,
) -> Iterator[Start]:
    """Where to begin, in turn, at the points where what came before has not arrived: fewer nodes, what is given, else the end of
    an iteration of the equations, or levels of a hierarchy put in one after another, else points of the domain."""
    if before is not None:
        yield np.where(near_roots(before, system.logarithmic)[:, None], before.x, np.nan)
        if not search:
            return
    if given:
        yield _given(system, given, points)
        return
    found = evolved(system, scalars, points, data, lower, upper) if system.evolves else None
    if found is None:
        yield from starting_points(lower, upper, system.logarithmic)
        # Equations without averages are solved from anywhere, as a rule; where they are not, an iteration shows the way.
        found = None if system.evolves else evolved(system, scalars, points, data, lower, upper)
        if isinstance(found, np.ndarray):
            yield found
    elif isinstance(found, np.ndarray):
        yield found
        yield first_values(system, scalars, lower, upper, data)
    else:
        if splits(system):
            yield Splitting(system, scalars, data, _residual(system, scalars, data), lower, upper)
        yield from found


def quadrature_error(system: System, finer: System, scalars: Any, points: int, data: ModeData, roots: Roots) -> NDArray:
    """How far the unknowns would move with more nodes, with signs."""
    if not system.unknowns:
        return np.zeros((points, 0))
    f, jacobian, _ = reduced(finer.best_forms(known(system, scalars, roots.x), points, data)[:3], roots.held)
    move = (inverses(jacobian) @ f[..., None])[..., 0]
    return np.where(np.isfinite(move), move, np.inf)
