"""Order or chaos: the largest Lyapunov exponent of a declared dynamics of infinitely many sites."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np

from solvers.dynamical.trajectories import SAMPLES, SCRAMBLES, sampled_runs
from theory.declaration.linearised import linearised
from theory.declaration.step import Step
from theory.dmft import derive
from theory.errors import ConvergenceError, ParameterError


@dataclass(frozen=True)
class Exponent:
    """The largest Lyapunov exponent, per time: ``value``, and ``error`` over independent runs.

    ``drift`` is by how much it differs between the two halves of the window from which it is taken: what is left of the transient.
    """

    value: float
    error: float
    drift: float

    def __repr__(self) -> str:
        return f"{self.value:.4g} +- {self.error:.1g} (drift {self.drift:+.1g})"


def largest_exponent(
    model: Any, *, t: float, time_step: float | None = None, samples: int = SAMPLES, scrambles: int = SCRAMBLES, seed: int = 0,
    executor: Executor | None = None, **values: Any,
) -> Exponent:  # fmt: skip
    """Growth rate of small differences, from the mean-field theory of the dynamics beside its linearisation.

    ½ d/dt log <δ²> over the second half of the time ``t``; the first half forgets the start. Where a flow is taken in steps of
    ``time_step``, the exponent is that of the steps. ParameterError for bad input, ConvergenceError where no difference is left.
    """
    if not isinstance(model, Step):
        raise ParameterError(f"model: {getattr(model, 'name', model)!r} is no dynamics; declare a Step")
    length = 1.0 if not model.continuous else time_step
    if isinstance(length, bool) or not isinstance(length, int | float) or not length > 0:
        raise ParameterError(f"time_step: {time_step!r}; give the length of a step of the flow")
    steps = round(float(t) / length)
    if steps < 8:
        raise ParameterError(f"t: {t!r}; give at least eight steps of {length:g}")
    times = [length * n for n in (steps // 2, (3 * steps) // 4, steps)]
    step = {"time_step": length} if model.continuous else {}
    theory = derive(linearised(model), closed=False).theory
    observed = sampled_runs(theory, times, samples, scrambles, seed, executor, False, **step, **values)
    found = np.array([one["separation"] for one, _ in observed])
    if not np.all(found > 0):
        raise ConvergenceError(f"{model.name}: no difference is left at t = {t:g}; take a shorter time")
    logs = np.log(found) / 2
    slopes = (logs[:, 2] - logs[:, 0]) / (times[2] - times[0])
    halves = np.diff(logs, axis=1) / np.diff(times)
    drift = float(np.mean(halves[:, 1] - halves[:, 0]))
    return Exponent(float(slopes.mean()), float(slopes.std(ddof=1) / np.sqrt(len(slopes))), drift)
