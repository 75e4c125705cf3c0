"""The times of a dynamics: whole numbers of steps, and not too many of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from solvers.contours import MOST_STEPS
from solvers.values import Values
from theory.dmft.notation import step
from theory.dmft.scheduled import LinearProcess
from theory.errors import ParameterError


def step_name(theory: Any) -> str:
    """Public name of the length of a step."""
    return next(p.name for p in theory.parameters if p.symbol == step)


def check_times(theory: Any, values: Values) -> None:
    """ParameterError for a time that is no whole number of steps, and for too many of them."""
    times = values.scalars(["t"])["t"]
    steps = values.scalars([step_name(theory)])[step_name(theory)] if theory.continuous else np.ones(len(times))
    for t, length in zip(times, steps, strict=True):
        if length == 0:
            continue
        number = t / length
        if abs(number - round(number)) > 1e-9 * max(1.0, number):
            raise ParameterError(f"t = {t:g} is no whole number of steps of {length:g}; give a multiple of time_step")
        if round(number) > MOST_STEPS and not isinstance(theory, LinearProcess):
            raise ParameterError(
                f"t = {t:g}: {round(number)} steps of {length:g}, and at most {MOST_STEPS} are inverted; "
                "take fewer, or the flow (time_step=0)"
            )
