"""Trials of one point: each has a random generator of its own, so that results do not depend on how trials are shared out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.monte_carlo.designs import Design
from solvers.monte_carlo.draws import DRAWN, draw
from solvers.monte_carlo.laws import check_law
from solvers.monte_carlo.observables import averaged, contributions, holds_average, value
from solvers.monte_carlo.points import Point
from solvers.monte_carlo.realisation import Realisation
from solvers.monte_carlo.statistics import Moments, Record
from theory.declaration.observables import Contribution
from theory.errors import DeclarationError, DivergenceError


@dataclass(frozen=True)
class Piece:
    """Some trials of one point, as they are sent to a worker."""

    model: Any
    point: Point
    trials: range
    seed: int
    copies: int
    names: tuple[str, ...]
    designs: Mapping[str, Design]


def run(piece: Piece) -> list[Record]:
    """The records of a piece's trials, with one BLAS thread."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), np.errstate(all="ignore"):
        return _run(piece)


def _run(piece: Piece) -> list[Record]:
    model, point = piece.model, piece.point
    given = Realisation(point.symbols, point.arrays)
    found = check_law(model)(model, point, given)
    drawn = [leaf for leaf in model.leaves if leaf.kind in DRAWN]
    means = {name: averaged(model.observe[name]) for name in piece.names if holds_average(model.observe[name])}
    records = []
    for trial in piece.trials:
        rng = generator(piece.seed, point.index, trial)
        arrays = {leaf: draw(leaf, given, rng, piece.designs) for leaf in drawn}
        realisation = Realisation(point.symbols, {**point.arrays, **arrays})
        minimise = found.run(realisation, rng)
        if trial == 0:
            found.verify(realisation, generator(piece.seed, point.index, trial, 1))
        values: dict[str, NDArray] = {}
        moments: dict[str, tuple[Moments, ...]] = {}
        for name in piece.names:
            observable = model.observe[name]
            if name in means:
                moments[name] = means[name](realisation, piece.copies)
            elif isinstance(observable, Contribution):
                of = model.observe[observable.of]
                if found.temperature > 0 or holds_average(of):
                    raise DeclarationError(f"observable {name}: only simulated at temperature 0, of an observable without averages")
                values[name] = contributions(of, observable.source, realisation, piece.copies, minimise)
            else:
                values[name] = value(observable, realisation, piece.copies)
            if name in values and not np.all(np.isfinite(values[name])):
                raise DivergenceError(f"observable {name}: not finite in trial {trial}; change the parameters")
        records.append(Record(values, moments, found.spread.gap, found.spread.smallest))
    return records


def generator(*numbers: int) -> np.random.Generator:
    """The generator of a trial: ``(seed, point, trial)``; a fourth number gives one for other purposes."""
    seed, *key = numbers
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=tuple(key)))
