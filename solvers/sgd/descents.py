"""Losses of a descent at the points of a sweep: sources and kernels of the mean step, then the Volterra equation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.limits import FINITE, INFINITE
from solvers.points import Piece, Task
from solvers.sgd.courses import Course, Estimate, equivalents
from solvers.sgd.volterra import answer, march
from solvers.systems import symbols_of
from theory.errors import ParameterError

LONGEST = 100_000
"""Steps up to which the memory of every step is kept."""
SMALL = 1e-6
"""Errors are relative to a loss, or to this share of that at the start where it has fallen below it."""
HUGE = 1e100
"""A loss beyond this many times its scale counts as infinite."""


def solve_descent(task: Task) -> Piece:
    """Every point of a piece of a sweep; points that differ in time and batch alone share their contour.

    ParameterError for a batch larger than the samples, for more steps than are followed, and for gradients.
    """
    theory, found = task.theory, equivalents(task.theory)
    if task.gradients:
        raise ParameterError(f"{theory.name}: gradients of a descent are not available; take differences of two sweeps")
    points = len(task.scalars["t"])
    batch = next((p.name for p in theory.parameters if p.symbol == theory.batch), None)
    apart = [n for n in task.scalars if n not in ("t", batch)]
    keys = list(zip(*(task.scalars[n] for n in apart), strict=True))
    values = {n: np.empty(points) for n in task.names}
    errors = {n: np.empty(points) for n in task.names}
    for key in dict.fromkeys(keys):
        rows = np.array([i for i, k in enumerate(keys) if k == key])
        scalars = symbols_of(theory, {n: float(v[rows[0]]) for n, v in task.scalars.items()})
        last = float(np.max(task.scalars["t"][rows]))
        check_steps(theory, last)
        course = Course(found, scalars, task.data, last)
        batches = task.scalars[batch][rows] if batch is not None else np.zeros(len(rows))
        for size in np.unique(batches):
            some = rows[batches == size]
            own = {**scalars, theory.batch: float(size)} if batch is not None else scalars
            check_batch(theory, own)
            for name, (value, error) in losses(course, task.names, own, task.scalars["t"][some]).items():
                values[name][some], errors[name][some] = value, error
    return piece_of(values, errors, points)


def piece_of(values: Mapping[str, NDArray], errors: Mapping[str, NDArray], points: int) -> Piece:
    """What was found, as a piece of a sweep: losses that have grown out of bounds are infinite."""
    piece = Piece(residual=np.zeros(points), iterations=np.zeros(points, dtype=int), limits=np.zeros(points, dtype=bool))
    for name, value in values.items():
        infinite = ~(np.abs(value) < HUGE)
        piece.values[name] = np.where(infinite, np.inf, value)
        piece.errors[name] = np.where(infinite, 0.0, errors[name])
        piece.kinds[name] = np.where(infinite, INFINITE, FINITE)
    return piece


def check_steps(theory: Any, last: float) -> None:
    """ParameterError for more steps than are kept in memory."""
    if theory.kernels is not None and last > LONGEST:
        raise ParameterError(f"t: {last:g} steps; at most {LONGEST:g} are followed, raise the learning rate or use the flow")


def check_batch(theory: Any, scalars: Mapping[Any, float]) -> None:
    """ParameterError for a batch larger than the set that it is drawn from."""
    if theory.method == "minibatch" and scalars[theory.batch] > scalars[theory.samples]:
        batch, samples = scalars[theory.batch], scalars[theory.samples]
        raise ParameterError(f"batch: {batch:g} samples out of P = {samples:g}; give at most P, or use the one-pass model")


def losses(course: Course, names: tuple[str, ...], scalars: Mapping[Any, float], times: NDArray) -> dict[str, Estimate]:
    """Observables and their errors at the times, relative to them or to SMALL of what they are at the start."""
    theory = course.found.theory
    if theory.kernels is None:
        found = {name: course.source(name, np.concatenate([[0.0], times])) for name in names}
        return {name: (value[1:], _relative(value, error)[1:]) for name, (value, error) in found.items()}
    strength, steps = course.found.numbers(scalars)[2], np.arange(int(np.max(times)) + 1.0)
    sources = {name: course.source(name, steps) for name in {theory.loss, *names}}
    kernels = {name: course.kernel(name, len(steps) - 1) for name in sources}
    bounded = _bounded(*(v for v, _ in sources.values()), *(v for v, _ in kernels.values()))
    sources = {name: (v[:bounded], e[:bounded]) for name, (v, e) in sources.items()}
    kernels = {name: (v[: max(bounded - 1, 0)], e[: max(bounded - 1, 0)]) for name, (v, e) in kernels.items()}
    (source, worst), (kernel, doubt) = sources[theory.loss], kernels[theory.loss]
    with np.errstate(all="ignore"):
        loss = march(source, kernel, strength)
        # What is wrong with sources and kernels is carried on like noise.
        unsure = march(answer(worst, doubt, strength, loss), kernel, strength)
        at, result = times.astype(int), {}
        for name in names:
            value, error = loss, unsure
            if name != theory.loss:
                (own, first), (reply, second) = sources[name], kernels[name]
                value = answer(own, reply, strength, loss)
                error = answer(answer(first, second, strength, loss), np.abs(reply), strength, unsure)
            beyond = len(steps) - bounded
            value, error = np.append(value, np.full(beyond, np.inf)), np.append(_relative(value, error), np.zeros(beyond))
            result[name] = (value[at], error[at])
    return result


def _bounded(*series: NDArray) -> int:
    """The number of steps before anything grows out of bounds."""
    last = max(len(v) for v in series)
    for v in series:
        wrong = ~(np.abs(v) < HUGE)
        if wrong.any():
            last = min(last, int(np.argmax(wrong)))
    return last


def _relative(value: NDArray, error: NDArray) -> NDArray:
    """``value[0]`` is that at the start."""
    with np.errstate(all="ignore"):
        return np.where(error == 0, 0.0, error / np.maximum(np.abs(value), SMALL * np.abs(value[0])))
