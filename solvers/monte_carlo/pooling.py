"""From the records of trials to an estimate over the points of a sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.manifests import manifest
from solvers.monte_carlo.designs import Design
from solvers.monte_carlo.estimate import Estimate, Measured
from solvers.monte_carlo.points import Point
from solvers.monte_carlo.statistics import Record, jackknife, mean_and_error
from solvers.values import Values

NARROW = 3
"""With as many samples as modes, up to this difference, the inverse of a Gaussian matrix has no variance (at 0 or 1, no mean)."""


@dataclass(frozen=True)
class Simulation:
    """What is simulated: everything that an estimate must know besides the trials themselves."""

    model: Any
    names: tuple[str, ...]
    values: Values
    points: Sequence[Point]
    seed: int
    trials: int
    copies: int
    designs: Mapping[str, Design]


def pooled(simulation: Simulation, done: Mapping[tuple[int, int], list[Record]]) -> Estimate:
    """The estimate from the records in hand, by (point, first trial); points without any are nan, with 0 trials."""
    model, shape = simulation.model, simulation.values.shape
    records: list[list[Record]] = [[] for _ in simulation.points]
    for (index, _), part in sorted(done.items(), key=lambda item: item[0]):
        records[index] += part
    resolved = [is_resolved(found) for found in records]
    size = {
        dim.name: np.array([int(point.symbols[dim]) for point in simulation.points]).reshape(shape) for dim in model.dimensions
    }
    warnings = [
        f"{model.name} at {point.label}: the variance is infinite or not resolved near P = M at so small a ridge; "
        "standard errors mean nothing there"
        for point, good in zip(simulation.points, resolved, strict=True)
        if not good
    ]
    return Estimate(
        axes=dict(simulation.values.axes),
        observables={name: _measured(name, model, records, shape) for name in simulation.names},
        reliable=np.array(resolved).reshape(shape),
        seed=simulation.seed,
        size=size,
        warnings=tuple(warnings),
        manifest=_manifest(simulation),
    )


def is_resolved(records: Sequence[Record]) -> bool:
    """Whether the trials see the tail of the distribution: not with nearly square matrices at a ridge that no trial reaches."""
    if not records or records[0].gap is None or records[0].gap > NARROW:
        return True
    # Squared singular values fall below x with probability ~ sqrt(x/typical), so that T trials reach down to typical/T^2.
    return bool(np.median([record.smallest for record in records]) < len(records) ** 2)


def _measured(name: str, model: Any, records: Sequence[Sequence[Record]], shape: tuple[int, ...]) -> Measured:
    pairs = [_pair(name, found) if found else None for found in records]
    inner = next((np.shape(pair[0]) for pair in pairs if pair is not None), ())
    empty = (np.full(inner, np.nan), np.full(inner, np.nan))
    means, errors = zip(*[pair or empty for pair in pairs], strict=True)
    trials = np.array([len(found) for found in records]).reshape(shape)
    return Measured(np.array(means).reshape(shape + inner), np.array(errors).reshape(shape + inner), trials)


def _pair(name: str, records: Sequence[Record]) -> tuple[NDArray, NDArray]:
    if name in records[0].moments:
        return jackknife([record.moments[name] for record in records])
    return mean_and_error(np.stack([record.values[name] for record in records]))


def _manifest(simulation: Simulation) -> dict[str, Any]:
    return manifest(
        simulation.model.name,
        simulation.model.signature,
        {**simulation.values.fixed, **simulation.values.axes},
        seed=simulation.seed,
        trials=simulation.trials,
        replicate=simulation.copies,
        design={name: design.describe() for name, design in simulation.designs.items()},
    )
