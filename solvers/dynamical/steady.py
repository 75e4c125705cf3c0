"""Steady states of a dynamics of infinitely many sites: averages over a window in time, by which nothing moves on average."""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.dynamical.trajectories import SAMPLES, SCRAMBLES, march, sampled_runs
from theory.dmft.scheduled import LinearProcess
from theory.errors import ConvergenceError, ParameterError

FEWEST = 16
"""Steps that a run must have."""


@dataclass(frozen=True)
class SteadyState:
    """What a dynamics settles to. ``values`` of the observables and their ``errors``, standard errors over independent runs.

    ``drifts``: by how much the last quarter of the run differs from the one before it. ``correlations`` by order parameter as
    functions of the time between, along ``lags``.
    """

    model: str
    values: dict[str, float]
    errors: dict[str, float]
    drifts: dict[str, float]
    lags: NDArray
    correlations: dict[str, NDArray]

    def __getitem__(self, name: str) -> float:
        """An observable."""
        return self.values[name]

    def __repr__(self) -> str:
        return ", ".join(f"{n} = {v:.5g} +- {self.errors[n]:.1g}" for n, v in self.values.items())


def steady(
    theory: Any, *, t: float, tolerance: float = 0.01, samples: int = SAMPLES, scrambles: int = SCRAMBLES, seed: int = 0,
    executor: Executor | None = None, **values: Any,
) -> SteadyState:  # fmt: skip
    """The steady state of a sampled or marched theory: averages over the second half of a run up to the time ``t``.

    The first half forgets the start. Where a flow is taken in steps of ``time_step``, the state is that of the steps. Fluctuations
    in time, chaos included, are part of it. ConvergenceError, naming the observable and the times, where the two quarters differ by
    more than four standard errors and ``tolerance`` of the largest value that was seen; ParameterError for bad input.
    """
    length = float(values.get("time_step", 1.0)) if theory.continuous else 1.0
    if isinstance(t, bool) or np.ndim(t) or not (steps := round(float(t) / length)) >= FEWEST:
        raise ParameterError(f"t: {t!r}; give one time of at least {FEWEST} steps")
    if not 0 <= tolerance < 1:
        raise ParameterError(f"tolerance: {tolerance!r}; give a number from 0 to below 1")
    times = length * np.array([0, *range(steps // 2, steps + 1)])
    if isinstance(theory, LinearProcess):
        path = march(theory, t=times, **values)
        runs = [(path.observables, path.order_parameters)]
    else:
        runs = sampled_runs(theory, times, samples, scrambles, seed, executor, True, **values)
    found: dict[str, list[float]] = {"values": [], "errors": [], "drifts": []}
    names = [n for n in theory.observables if n not in getattr(theory, "per_mode", ())]
    for name in names:
        every = np.array([observed[name] for observed, _ in runs], dtype=float)
        windows, scale = every[:, 1:], float(np.abs(every.mean(axis=0)).max())
        middle = windows.shape[1] // 2
        change = windows[:, middle:].mean(axis=1) - windows[:, :middle].mean(axis=1)
        value, error, doubt = float(windows.mean()), _error(windows.mean(axis=1)), _error(change)
        if abs(change.mean()) > 4 * doubt + tolerance * scale:
            raise ConvergenceError(
                f"{theory.name}: {name} still changes by {change.mean():.2g} between t = {times[1]:g} and t = {times[-1]:g}; "
                "take a longer time"
            )
        for kind, number in zip(found, (value, error, float(change.mean())), strict=True):
            found[kind].append(number)
    tables = {kind: dict(zip(names, numbers, strict=True)) for kind, numbers in found.items()}
    lags = np.arange(len(times) // 2)
    means = {n: np.mean([kept[n] for _, kept in runs], axis=0) for n in runs[0][1]}
    return SteadyState(theory.name, **tables, lags=length * lags, correlations=_between(means, lags, steps // 2))


def _error(values: NDArray) -> float:
    return float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else 0.0


def _between(kept: Mapping[str, NDArray], lags: NDArray, begin: int) -> dict[str, NDArray]:
    """Averages along the diagonals of the late part of each matrix over two times."""
    square = {n: m[begin:, begin:] for n, m in kept.items() if m.ndim == 2 and m.shape[0] == m.shape[1] > begin}
    return {n: np.array([np.diagonal(m, -lag).mean() for lag in lags]) for n, m in square.items()}
