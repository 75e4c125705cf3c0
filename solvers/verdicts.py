"""Verdicts on solutions: which of the conditions that a theory states hold, at every point of a sweep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.compile import compile_expressions

HOLDS, FAILS, OPEN = "holds", "fails", "open"
ROUNDING = 1e-13
MATCHED = 1e-12
"""Relative difference up to which two parameters count as equal."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """One condition: ``status`` "holds", "fails" or "open" (not asked for there, or not solved) and ``value``, at every point.

    ``asked`` is the relation, ``meaning`` what it says in words, ``failure`` what is wrong where it fails, ``repair`` what to do.
    """

    name: str
    status: NDArray
    value: NDArray
    asked: str
    meaning: str
    failure: str
    repair: str

    @property
    def failed(self) -> NDArray:
        """Where it fails."""
        return self.status == FAILS

    def __bool__(self) -> bool:
        """Whether it fails nowhere."""
        return not self.failed.any()

    def __repr__(self) -> str:
        if not self.failed.any():
            return f"{self.name}: holds, {self.meaning}" if (self.status == HOLDS).any() else f"{self.name}: open, {self.meaning}"
        count = f" at {int(self.failed.sum())} of {self.failed.size} points" if self.failed.size > 1 else ""
        worst = self.value[self.failed]
        worst = worst[np.argmax(np.abs(worst))]
        quantity, bound = self.asked.rsplit(" == ", 1) if " == " in self.asked else (self.asked.split(" ")[0], "")
        figure = f"{quantity} - {bound} = {worst:.3g}" if bound else f"{quantity} = {worst:.3g}"
        return f"{self.name}: fails{count}, {self.failure} ({figure}{' at worst' if count else ''}); {self.repair}"

    def to_json(self) -> dict[str, Any]:
        """Strict JSON: ``holds`` is null where the condition is not asked for or not solved."""
        holds = {HOLDS: True, FAILS: False, OPEN: None}
        rows = [holds[str(s)] for s in self.status.reshape(-1)]
        values = [float(v) if np.isfinite(v) else None for v in self.value.reshape(-1)]
        return {
            "holds": _nested(rows, self.status.shape),
            "value": _nested(values, self.value.shape),
            "asked": self.asked,
            "meaning": self.meaning,
            "failure": self.failure,
        }


def judged(theory: Any, scalars: Mapping[Any, NDArray], values: Mapping[str, NDArray], errors: Mapping[str, NDArray],
           tolerance: float, shape: tuple[int, ...]) -> dict[str, Verdict]:  # fmt: skip
    """The verdicts on solved points: ``values`` and relative ``errors`` by name, ``scalars`` by symbol, each (points,)."""
    found = {}
    points = int(np.prod(shape, dtype=int))
    for condition in getattr(theory, "conditions", ()):
        if condition.relation == "always":
            status, difference = np.full(points, HOLDS), np.full(points, np.nan)
        else:
            difference, status = _compared(condition, values, errors, tolerance)
            status = np.where(_asked(condition, scalars, points), status, OPEN)
            if (status == OPEN).all() and condition.where and np.isfinite(difference).any():
                continue
        found[condition.name] = Verdict(
            condition.name, status.reshape(shape), difference.reshape(shape), condition.asked, condition.meaning, condition.failure,
            condition.repair,
        )  # fmt: skip
    return found


def _compared(condition: Any, values: Mapping[str, NDArray], errors: Mapping[str, NDArray], tolerance: float):
    """Quantity less bound, and whether the relation holds within the errors."""
    value, spread = values[condition.quantity], np.abs(values[condition.quantity]) * errors[condition.quantity]
    if condition.bound:
        spread = spread + np.abs(values[condition.bound]) * errors[condition.bound]
        spread = spread + tolerance * np.abs(value)
        value = value - values[condition.bound]
    short = np.abs(value) if condition.relation == "==" else -value
    with np.errstate(invalid="ignore"):
        status = np.where(short <= spread + ROUNDING, HOLDS, FAILS)
    return value, np.where(np.isfinite(value), status, OPEN)


def _asked(condition: Any, scalars: Mapping[Any, NDArray], points: int) -> NDArray:
    """Where the parameters are such that the relation is asked for."""
    asked = np.ones(points, dtype=bool)
    for one, other in condition.where:
        left, right = (np.broadcast_to(v, (points,)) for v in compile_expressions([one, other])(dict(scalars)))
        asked &= np.abs(left - right) <= MATCHED * np.maximum(np.abs(left), np.abs(right))
    return asked


def reading(verdicts: Mapping[str, Verdict], point: Any = ()) -> str:
    """What is wrong at one point, in few words; empty where nothing is."""
    return ", ".join(v.failure for v in verdicts.values() if v.status[point] == FAILS)


def stored(verdicts: Mapping[str, Verdict]) -> tuple[dict[str, NDArray], dict[str, list[str]]]:
    """Arrays and texts of verdicts, for a file."""
    arrays = {f"verdicts/{name}": v.value for name, v in verdicts.items()}
    arrays |= {f"verdict status/{name}": v.status for name, v in verdicts.items()}
    return arrays, {name: [v.asked, v.meaning, v.failure, v.repair] for name, v in verdicts.items()}


def restored(values: Mapping[str, NDArray], status: Mapping[str, NDArray], texts: Mapping[str, list[str]]) -> dict[str, Verdict]:
    """The verdicts that :func:`stored` took apart."""
    return {name: Verdict(name, status[name], values[name], *words) for name, words in texts.items()}


def _nested(flat: list, shape: tuple[int, ...]) -> Any:
    """A list in the shape of an array."""
    if not shape:
        return flat[0]
    step = len(flat) // shape[0] if shape[0] else 0
    return [_nested(flat[i * step : (i + 1) * step], shape[1:]) for i in range(shape[0])]
