"""Claims about a course in time: that the theory derived from a declaration is what its simulation tends to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

import sympy as sp

from theory.papers.claims import Claim


@dataclass(frozen=True)
class Agreement(Claim):
    """``Simulated(observable) = quantity`` of the model's theory, extrapolated from replications ``sizes`` to infinite size.

    ``parameters`` as in :class:`~theory.papers.claims.Simulation`. With one size the comparison is at that size, without a bound.
    """

    _: KW_ONLY
    parameters: Mapping[str, Any] = field(default_factory=dict)
    trials: int = 400
    sizes: tuple[int, ...] = (1, 2, 4)
    kind = "agreement"


@dataclass(frozen=True)
class Trend(Claim):
    """A quantity rises or falls all along a stretch of time: ``LogSlope(quantity, t) > 0`` or ``< 0`` from ``between[0]`` on."""

    _: KW_ONLY
    parameters: Mapping[str, Any] = field(default_factory=dict)
    between: tuple[float, float] = (0.0, 1.0)
    kind = "trend"


@dataclass(frozen=True)
class Frontier(Claim):
    """``LogSlope(quantity or size, compute) = exponent`` along the compute-optimal frontier, the least loss at each compute.

    ``loss`` is the observable that is least, ``sizes`` maps the public names of two sizes to the ranges that are searched, at most
    one of them in the statement; ``power_laws``, ``cases`` and ``given`` as in :class:`~theory.papers.claims.Exponent`.
    """

    _: KW_ONLY
    loss: str = ""
    sizes: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    power_laws: Mapping[str, sp.Symbol] = field(default_factory=dict)
    cases: tuple[Mapping[sp.Symbol, Any], ...] = ()
    kind = "frontier"
