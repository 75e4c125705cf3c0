"""Claims that are numbers: a quantity at one point, and where a branch of solutions ends, turns or crosses a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from theory.papers.claims import Claim


@dataclass(frozen=True)
class Value(Claim):
    """``quantity = number`` at ``parameters``: one quantity of the model, and a number or formula in the paper's symbols.

    ``digits``: significant digits that must agree (decimals where the number is 0). ``start`` (unknown -> value, or a formula in
    parameters) picks a branch. ``towards`` (parameter -> values) claims the limit: the ratio of both sides at these values is
    extrapolated as a polynomial in the parameter to the power ``rate``, negative where the parameter grows. ``held`` (unknown ->
    value) drops the equation of an unknown, that of the block size for instance.
    """

    _: KW_ONLY
    parameters: Mapping[str, Any] = field(default_factory=dict)
    digits: float = 6
    start: Mapping[str, float | str] = field(default_factory=dict)
    towards: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    rate: float = 1
    held: Mapping[str, float] = field(default_factory=dict)
    kind = "value"


@dataclass(frozen=True)
class Transition(Claim):
    """``parameter = number`` at a special point of the branch that begins at the first end of ``between`` near ``start``.

    ``on``: "spinodal" (the branch turns round), "continuous" (an order parameter vanishes), or a quantity of the model's and the
    value that it crosses, ``("entropy", 0.0)``. The first such point on the branch counts. ``parameters`` are the other ones;
    ``start``, ``towards``, ``rate`` and ``held`` as in :class:`Value`.
    """

    _: KW_ONLY
    between: tuple[float, float] = (0.0, 1.0)
    on: str | tuple[str, float] = "spinodal"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    digits: float = 6
    start: Mapping[str, float | str] = field(default_factory=dict)
    towards: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    rate: float = 1
    held: Mapping[str, float] = field(default_factory=dict)
    kind = "transition"
