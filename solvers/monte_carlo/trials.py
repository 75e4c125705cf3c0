"""Trials of points that share their draws; each has a random generator of its own, however trials are shared out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.monte_carlo.copies import with_copies
from solvers.monte_carlo.designs import Design
from solvers.monte_carlo.draws import DRAWN, correlated, draw, label
from solvers.monte_carlo.dynamics import Dynamics
from solvers.monte_carlo.laws import check_law
from solvers.monte_carlo.observables import averaged, contributions, holds_average, value
from solvers.monte_carlo.points import Point
from solvers.monte_carlo.realisation import Realisation
from solvers.monte_carlo.statistics import Moments, Record
from solvers.threads import single_thread
from theory.declaration.members import joined
from theory.declaration.observables import Contribution
from theory.declaration.step import Step
from theory.errors import DeclarationError, DivergenceError


@dataclass(frozen=True)
class Piece:
    """Some trials of one point, or of points that differ in time alone, as they are sent to a worker."""

    model: Any
    points: tuple[Point, ...]
    trials: range
    seed: int
    copies: int
    names: tuple[str, ...]
    designs: Mapping[str, Design]
    time_step: float | None = None


def run(piece: Piece) -> dict[int, list[Record]]:
    """The records of a piece's trials by index of the point, with one BLAS thread."""
    with single_thread(), np.errstate(all="ignore"):
        return _run(piece)


def _run(piece: Piece) -> dict[int, list[Record]]:
    model, point = piece.model, piece.points[0]
    given = Realisation(point.symbols, point.arrays)
    found = _law(piece, given)
    moving = isinstance(found, Dynamics)
    needed = dict.fromkeys((*model.leaves, *getattr(found, "leaves", ())))
    drawn = [leaf for leaf in needed if leaf.kind in DRAWN and not (moving and leaf in found.fresh)]
    means = {name: averaged(model.observe[name]) for name in piece.names if holds_average(model.observe[name])}
    records: dict[int, list[Record]] = {p.index: [] for p in piece.points}
    for trial in piece.trials:
        rng = generator(piece.seed, point.index, trial)
        arrays = correlated({leaf: draw(leaf, given, rng, piece.designs) for leaf in drawn}, given)
        realisation = Realisation(point.symbols, {**point.arrays, **arrays})
        label(realisation, needed, rng)
        for at, state, again in _states(found, realisation, rng, piece.points):
            if trial == 0:
                found.verify(state, generator(piece.seed, at.index, trial, 1))
            values: dict[str, NDArray] = {}
            moments: dict[str, tuple[Moments, ...]] = {}
            for name in piece.names:
                observable = model.observe[name]
                if name in means:
                    moments[name] = means[name](state, piece.copies)
                elif isinstance(observable, Contribution):
                    of = model.observe[observable.of]
                    if found.temperature > 0 or holds_average(of) or not getattr(found, "linear", True):
                        where = "only simulated at the minimum of a quadratic energy, of an observable without averages"
                        raise DeclarationError(f"observable {name}: {where}")
                    values[name] = contributions(of, observable.source, state, piece.copies, again)
                else:
                    values[name] = value(observable, state, piece.copies)
                if name in values and not np.all(np.isfinite(values[name])):
                    raise DivergenceError(f"observable {name}: not finite in trial {trial}; change the parameters")
            records[at.index].append(Record(values, moments, found.spread.gap, found.spread.smallest))
    return records


def _law(piece: Piece, given: Realisation) -> Any:
    law = check_law(piece.model)
    if issubclass(law, Dynamics):
        model = joined(piece.model, piece.names) if isinstance(piece.model, Step) else piece.model
        return law(model, piece.points[0], given, piece.time_step, piece.designs)
    first = law(piece.model, piece.points[0], given)
    return with_copies(first, piece.model, piece.names, piece.points[0], given, check_law)


def _states(
    found: Any, draw: Realisation, rng: np.random.Generator, points: tuple[Point, ...]
) -> Iterator[tuple[Point, Realisation, Callable[[Realisation], Realisation]]]:
    """The draw in its state at each point, and what gives variants of the data theirs."""
    if isinstance(found, Dynamics):
        yield from found.follow(draw, rng, points)
        return
    again = found.run(draw, rng)
    yield points[0], found.measured(draw), again


def generator(*numbers: int) -> np.random.Generator:
    """The generator of a trial: ``(seed, point, trial)``; a fourth number gives one for other purposes."""
    seed, *key = numbers
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=tuple(key)))
