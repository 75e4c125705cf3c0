"""What a judge says of a claim."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """Whether the claim was found to hold, and the measured figures that say so."""

    holds: bool
    evidence: str
