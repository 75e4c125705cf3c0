"""Points that have no solution because an overlap runs to the end of its interval, and what that means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.iteration import evolved
from solvers.modes.mode_data import ModeData
from solvers.systems import System

AT_END = 1e-9
"""Share of its interval that an unknown leaves to the end that it runs to."""


def ended(system: System, scalars: Mapping[Any, NDArray], which: NDArray, data: ModeData) -> dict[int, str]:
    """By number the points among ``which`` at which the iterated equations end at an overlap's upper end, and that in words."""
    bounded = [i for i, u in enumerate(system.theory.unknowns) if u.upper.is_number and u.upper.is_finite and u.lower == 0]
    if not which.size or not bounded or not system.evolves:
        return {}
    here = {s: np.broadcast_to(v, int(which.max()) + 1)[which] if np.ndim(v) == 0 else v[which] for s, v in scalars.items()}
    lower, upper = system.bounds(here, len(which), data)
    with np.errstate(all="ignore"):
        x = evolved(system, here, len(which), data, lower, upper)
    if not isinstance(x, np.ndarray):
        return {}
    texts = {}
    for k, point in enumerate(which):
        for i in bounded:
            if upper[k, i] - x[k, i] < AT_END * upper[k, i]:
                texts[int(point)] = _words(system.theory, system.unknowns[i].name, upper[k, i])
                break
    return texts


def _words(theory: Any, name: str, end: float) -> str:
    matched = any(c.name.startswith("nishimori") for c in getattr(theory, "conditions", ()))
    meaning = "perfect recovery of the target" if matched else "all states of the measure coincide"
    return (
        f"{theory.name}: {name} runs to {end:g}, the end of its interval, where its conjugates are infinite: {meaning}; "
        f"take the state {name} = {end:g} for what it is, keep to fewer samples, or give start= for a metastable branch"
    )
