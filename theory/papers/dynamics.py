"""Claims about a course in time: that the theory derived from a declaration is what its simulation tends to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

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
