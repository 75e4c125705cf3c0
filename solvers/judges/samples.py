"""Random points of a theory's parameters: round numbers inside each domain, some spectra with equal and with vanishing entries."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from theory.equations import Theory

DIGITS = 3
"""Significant digits of a sampled number: a counterexample should be short."""
SPREAD, SPREAD_OF_ENTRIES = 1000, 100
"""Largest over smallest value where a domain begins at 0, of a number and of the entries of an array."""
MODES = (1, 2, 3, 5, 8)


def random_points(
    theory: Theory,
    seed: int = 0,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    modes: Sequence[int] = MODES,
) -> Iterator[dict[str, Any]]:
    """Endless values by parameter name: floats, and one list per array of as many modes as the point has (matrices are symmetric).

    ``ranges`` narrows a parameter's domain; the numbers of ``modes`` are taken in turn, by parameters that are whole numbers too.
    Every third point has equal entries, every fourth a vanishing one where the domain holds 0 and no range says otherwise.
    """
    draw, limits, turn = random.Random(seed), dict(ranges or {}), 0
    while True:
        count, values = modes[turn % len(modes)], {}
        for parameter in theory.parameters:
            low, high = _interval(parameter, limits.get(parameter.name))
            if parameter.integer:
                values[parameter.name] = min(max(count, math.ceil(low)), math.floor(high))
            elif not parameter.ndim:
                values[parameter.name] = _number(draw, low, high)
            elif parameter.ndim == 2:
                entry = {(i, j): _number(draw, low, high) for i in range(count) for j in range(i, count)}
                values[parameter.name] = [[entry[min(i, j), max(i, j)] for j in range(count)] for i in range(count)]
            else:
                entries = [_number(draw, low, high) for _ in range(count)]
                if turn % 3 == 2:
                    entries[: (count + 1) // 2] = [entries[0]] * ((count + 1) // 2)
                if turn % 4 == 3 and parameter.name not in limits and parameter.contains(0.0) and count > 1:
                    entries[draw.randrange(count)] = 0.0
                values[parameter.name] = entries
        turn += 1
        yield values


def _interval(parameter: Any, limits: tuple[float, float] | None) -> tuple[float, float]:
    if limits is not None:
        return float(limits[0]), float(limits[1])
    low = -2.0 if parameter.lower is None else float(parameter.lower)
    if parameter.upper is not None:
        high = float(parameter.upper)
    else:
        high = max(low, 0.0) + (40.0 if parameter.lower_open else 4.0)
    return (high / (SPREAD_OF_ENTRIES if parameter.ndim else SPREAD) if low == 0.0 else low), high


def _number(draw: random.Random, low: float, high: float) -> float:
    """Rounded, and spread over magnitudes where the interval is positive."""
    value = math.exp(draw.uniform(math.log(low), math.log(high))) if low > 0 else draw.uniform(low, high)
    return min(max(float(f"{value:.{DIGITS}g}"), low), high)


def described(values: Mapping[str, Any]) -> str:
    """A point in words: ``P=3, ridge=0.5, eigenvalues=[1, 0.2]``."""
    return ", ".join(f"{name}={_text(value)}" for name, value in values.items())


def _text(value: Any) -> str:
    return f"[{', '.join(map(_text, value))}]" if isinstance(value, (list, tuple)) else f"{float(value):.6g}"
