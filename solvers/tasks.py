"""Values for a model's parameters where a user gives none: a generic task, on which a check has teeth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from solvers.modes.power_law import PowerLaw
from theory.declaration.dimensions import Dim

MODES, SAMPLES, DATA = 30, 20, 2
TIME_STEP = 0.1
"""Of a flow that is sampled, where none is given."""


def sample_values(model: Any, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A value for every parameter of a declared model that is not in ``given``.

    Sizes start at 20; numbers lie inside their domains, away from the defaults at which effects vanish; spectra are power laws
    over 30 modes (or as many as a given array of the same dimension has); signed vectors alternate; matrices are positive.
    """
    given = dict(given or {})
    lengths = {p.dimension: length for p in model.parameters if (length := _length(p, given.get(p.name)))}
    values: dict[str, Any] = {}
    count = dict.fromkeys(("size", "number", "spectrum", "vector"), 0)
    for p in model.parameters:
        if p.name in given:
            continue
        modes = np.arange(1, lengths.get(p.dimension, MODES) + 1.0)
        if any(d.finite for d in _dims(p)):
            values[p.name] = _data([d.name for d in _dims(p) if not d.finite], _dims(p), {**values, **given})
        elif p.ndim == 2:
            values[p.name] = np.eye(len(modes)) + np.outer(modes**-0.5, modes**-0.5) / 2
        elif p.ndim == 1:
            kind = "vector" if p.lower is None else "spectrum"
            decay = modes ** -(1.3 + 0.4 * count[kind])
            values[p.name] = 2 * decay if kind == "spectrum" else (-1) ** modes * np.sqrt(decay)
            count[kind] += 1
        else:
            kind = "size" if isinstance(p.symbol, Dim) else "number"
            values[p.name] = SAMPLES + 5 * count[kind] if kind == "size" else _inside(p, 0.3 / (1 + count[kind] / 2))
            count[kind] += 1
    return values


def whole_steps(theory: Any, chosen: dict[str, Any], time_step: float | None) -> float | None:
    """The time step of a sampled dynamics, with a chosen time made a whole number of steps."""
    if theory.continuous and time_step is None:
        time_step = TIME_STEP
    if "t" in chosen:
        chosen["t"] = 10 * time_step if theory.continuous and time_step else 5
    return time_step


def _dims(parameter: Any) -> tuple[Any, ...]:
    """Of given values that run over samples or sites."""
    return getattr(getattr(parameter.symbol, "node", None), "dims", ())


def _data(sites: list[str], dims: tuple[Any, ...], known: Mapping[str, Any]) -> Any:
    """Values of a few samples, of size one."""
    shape = [DATA if d.finite else int(known.get(d.name, SAMPLES)) for d in dims]
    grid = np.indices(shape)
    return np.sqrt(2) * np.cos(1.0 + (1 + grid[-1]) * (1 + grid[0])) if sites else np.cos(np.pi * grid.sum(axis=0)) / (1 + grid[0])


def _inside(parameter: Any, distance: float) -> float:
    low, high = parameter.lower, parameter.upper
    if low is not None and high is not None:
        return low + (high - low) * min(distance, 0.9)
    return low + distance if low is not None else high - distance if high is not None else distance


def _length(parameter: Any, value: Any) -> int:
    if parameter.ndim == 0 or value is None:
        return 0
    if isinstance(value, PowerLaw):
        return int(value.modes) if np.isfinite(value.modes) else 0
    return int(np.shape(value)[-1]) if np.ndim(value) else 0
