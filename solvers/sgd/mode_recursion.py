"""Recursions of moments mode by mode, followed step by step at the points of a sweep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.compile import Compiled, compile_expressions
from solvers.modes.mode_data import ModeData
from solvers.points import Piece, Task
from solvers.sgd.descents import piece_of
from solvers.systems import symbols_of
from theory.errors import ParameterError

LEADING = "_leading"
EPSILON = np.finfo(float).eps
LONGEST = 100_000
"""Steps up to which moments are followed."""


def solve_moments(task: Task) -> Piece:
    """Every point of a piece of a sweep; points that differ in time alone are visited by one recursion."""
    theory = task.theory
    if task.gradients:
        raise ParameterError(f"{theory.name}: gradients of a descent are not available; take differences of two sweeps")
    points = len(next(iter(task.scalars.values())))
    if (last := float(np.max(task.scalars["t"], initial=0.0))) > LONGEST:
        raise ParameterError(f"t: {last:g} steps; at most {LONGEST:g} are followed, raise the learning rate")
    apart = [p.name for p in theory.parameters if not p.ndim and p.name != "t"]
    keys = list(zip(*(task.scalars[n] for n in apart), strict=True))
    values = {n: np.empty(points) for n in task.names}
    errors = {n: np.empty(points) for n in task.names}
    for leading in (False, True):
        names = [n for n in task.names if n.endswith(LEADING) is leading]
        plain = [n.removesuffix(LEADING) for n in names]
        for key in dict.fromkeys(keys) if names else ():
            rows = np.array([i for i, k in enumerate(keys) if k == key])
            scalars = symbols_of(theory, {n: float(v[rows[0]]) for n, v in task.scalars.items()})
            times = task.scalars["t"][rows].astype(int)
            when = sorted(set(times.tolist()))
            found = dict(zip(when, followed(theory, plain, scalars, task.data, when, leading), strict=True))
            for i, name in enumerate(names):
                values[name][rows] = [found[t][i] for t in times]
                # Terms are positive: a step adds a few roundings, relative to the value itself.
                errors[name][rows] = 8 * EPSILON * (times + 4)
    return piece_of(values, errors, points)


def followed(
    theory: Any, names: list[str], scalars: Mapping[Any, float], data: ModeData, times: list[int], leading: bool = False
) -> Iterator[list[float]]:
    """Observables at rising times."""
    step = theory.leading if leading else theory.step
    moments = list(step)
    starts, rules = compile_expressions(list(theory.start.values())), compile_expressions([step[m] for m in moments])
    seen = compile_expressions([theory.values[n] for n in names])
    arrays = dict(data.arrays)
    modes = max(len(a) for a in arrays.values())
    here = dict(zip(theory.start, _at(starts, scalars, arrays, data, modes), strict=True))
    now = 0
    with np.errstate(over="ignore", invalid="ignore"):
        for until in times:
            while now < until:
                after = _at(rules, scalars, {**arrays, **here}, data, modes)
                here, now = dict(zip(moments, after, strict=True)), now + 1
            known = {**data.sizes, **scalars}
            found = seen({s: known[s] for s in seen.scalars}, {**arrays, **here}, data.weights, data.counts)
            yield [float(v) for v in found]


def _at(
    compiled: Compiled, scalars: Mapping[Any, float], arrays: Mapping[Any, NDArray], data: ModeData, modes: int
) -> list[NDArray]:
    known = {**data.sizes, **scalars}
    values = compiled({s: known[s] for s in compiled.scalars}, arrays, data.weights, data.counts)
    return [np.broadcast_to(v, (modes,)) for v in values]
