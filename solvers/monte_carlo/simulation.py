"""Monte Carlo from a declaration: draw the disorder, find the state, measure. Nothing derived is read."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, as_completed
from itertools import pairwise
from typing import Any

import numpy as np

from solvers.monte_carlo.designs import Design, read_designs
from solvers.monte_carlo.dynamics import Dynamics
from solvers.monte_carlo.estimate import Estimate
from solvers.monte_carlo.laws import check_law
from solvers.monte_carlo.points import Point, read_points
from solvers.monte_carlo.pooling import Simulation, pooled
from solvers.monte_carlo.statistics import Record
from solvers.monte_carlo.trials import Piece, run
from solvers.options import check_executor, check_model, check_names
from solvers.values import Values
from theory.declaration.energy import ALGORITHMS, Energy
from theory.errors import ParameterError, QuenchedError, did_you_mean
from theory.symbols import time

logger = logging.getLogger("quenched")
PIECES = 8
"""Pieces into which the trials of a point are cut for an executor."""


def simulate(
    model: Any,
    *,
    trials: int = 100,
    seed: int = 0,
    replicate: int = 1,
    observables: Sequence[str] | None = None,
    executor: Executor | None = None,
    progress: bool = False,
    design: Mapping[str, Any] | None = None,
    zip: Sequence[str] | str = (),
    time_step: float | None = None,
    algorithm: str | None = None,
    **values: Any,
) -> Estimate:
    """Means and standard errors of a model's observables over ``trials`` draws of its disorder.

    ``values`` go by public parameter name; a value with one dimension more than the parameter is an axis (axes form an outer
    product, those named in ``zip`` run together). ``replicate=r`` simulates the model r times larger. ``design`` puts
    ``Rows(features)``, ``Entries(law)`` or a function of (generator, shape) in the place of Gaussian matrices, by name. Per-mode
    observables have one number per declared mode, the sum over its r copies. Trial t of point i draws from
    ``SeedSequence(seed, spawn_key=(i, t))``, so that results are the same, to the bit, for every ``executor`` (any
    ``concurrent.futures.Executor``).

    A dynamics is followed through all values of ``t`` in one draw. ``time_step`` moves a flow by steps x + time_step * rule;
    without it the flow is integrated, to a relative error of 1e-9. ``algorithm`` finds the states of an energy in the place of the
    one that it declares; "amp" and "tap" give thermal means by message passing, where the others draw.

    Raises ParameterError for values that cannot be drawn and DeclarationError for laws that cannot be simulated. An error in a
    trial names its point, and holds the finished points in ``error.partial`` (an Estimate, nan elsewhere).
    """
    if isinstance(trials, bool) or not isinstance(trials, int | np.integer) or trials < 1:
        raise ParameterError(f"trials: {trials!r}; it must be a positive whole number")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ParameterError(f"seed: {seed!r}; it must be a whole number, 0 or more")
    check_model(model)
    check_names(observables, "observables")
    check_names(zip, "zip")
    check_executor(executor)
    if algorithm is not None:
        model = _by_algorithm(model, algorithm)
    names = _names(model, observables)
    law = check_law(model)
    if issubclass(law, Dynamics):
        law.check_steps(model, time_step)
    elif time_step is not None:
        raise ParameterError(f"time_step: {time_step!r}; {model.name} does not move in time, leave it out")
    bound, points = read_points(model, values, replicate, zip)
    copies = int(model.factor) * int(replicate)
    designs = read_designs(design, model, copies)
    _check_designs(designs, model, points)
    pieces = [
        Piece(model, group, part, int(seed), copies, names, designs, time_step)
        for group in _sharing(model, bound, points)
        for part in _parts(int(trials), PIECES if executor is not None else 1)
    ]
    done: dict[tuple[int, int], list[Record]] = {}

    def estimate() -> Estimate:
        return pooled(Simulation(model, names, bound, points, int(seed), int(trials), copies, designs), done)

    try:
        for piece, records in _run(pieces, executor, progress):
            for index, found in records.items():
                done[index, piece.trials.start] = found
    except _Failed as failed:
        error = failed.error
        where = f"{model.name} at {failed.piece.points[0].label}"
        kind = type(error) if isinstance(error, QuenchedError) else QuenchedError
        text = str(error) if isinstance(error, QuenchedError) else f"{type(error).__name__}: {error}"
        named = kind(f"{where}: {text}")
        named.partial = estimate() if done else None  # type: ignore[attr-defined]
        raise named from error
    result = estimate()
    for text in result.warnings:
        logger.warning(text)
    return result


class _Failed(Exception):
    """An error in a piece, which it carries."""

    def __init__(self, piece: Piece, error: Exception):
        super().__init__(str(error))
        self.piece, self.error = piece, error


def _by_algorithm(model: Any, algorithm: Any) -> Any:
    if not isinstance(model, Energy):
        raise ParameterError(f"algorithm: {algorithm!r}; {model.name} is no energy whose states one finds, leave it out")
    if algorithm not in ALGORITHMS:
        raise ParameterError(f"no algorithm {algorithm!r}; {did_you_mean(algorithm, ALGORITHMS)}")
    return model.with_algorithm(algorithm)


def _names(model: Any, observables: Sequence[str] | None) -> tuple[str, ...]:
    names = list(model.observe) if observables is None else [observables] if isinstance(observables, str) else list(observables)
    for name in names:
        if name not in model.observe:
            raise ParameterError(f"no observable {name!r} of {model.name}; {did_you_mean(name, model.observe)}")
    return tuple(dict.fromkeys(names))


def _check_designs(designs: Mapping[str, Design], model: Any, points: Sequence[Point]) -> None:
    for leaf in model.leaves:
        if leaf.name in designs:
            for point in points:
                rows, cols = (int(point.symbols[dim]) for dim in leaf.dims)
                designs[leaf.name].check(leaf.name, (rows, cols))


def _sharing(model: Any, bound: Values, points: Sequence[Point]) -> list[tuple[Point, ...]]:
    """Points that differ in time alone are visited by one trajectory, and share their draws."""
    clock = next((p.name for p in model.parameters if p.symbol == time), None)
    if clock not in bound.axes:
        return [(point,) for point in points]
    others = [bound.index(name) for name in bound.axes if name != clock]
    groups: dict[tuple[int, ...], list[Point]] = {}
    for point in points:
        groups.setdefault(tuple(int(index[point.index]) for index in others), []).append(point)
    return [tuple(group) for group in groups.values()]


def _parts(trials: int, count: int) -> list[range]:
    edges = np.linspace(0, trials, min(count, trials) + 1).astype(int).tolist()
    return [range(a, b) for a, b in pairwise(edges)]


def _run(pieces: Sequence[Piece], executor: Executor | None, progress: bool) -> Iterator[tuple[Piece, dict[int, list[Record]]]]:
    """Pieces with their records as they finish; what has not begun is cancelled when something goes wrong."""
    from tqdm import tqdm

    total = sum(len(piece.trials) for piece in pieces)
    with tqdm(total=total, unit="trial", file=sys.stderr, disable=not progress) as bar:
        futures: dict[Future, Piece] = {}
        try:
            if executor is None:
                for piece in pieces:
                    yield piece, _attempt(piece, lambda piece=piece: run(piece))
                    bar.update(len(piece.trials))
                return
            for piece in pieces:
                futures[_attempt(piece, lambda piece=piece: executor.submit(run, piece))] = piece
            for future in as_completed(futures):
                yield futures[future], _attempt(futures[future], future.result)
                bar.update(len(futures[future].trials))
        finally:
            for future in futures:
                future.cancel()


def _attempt(piece: Piece, action: Any) -> Any:
    try:
        return action()
    except Exception as error:
        raise _Failed(piece, error) from error
