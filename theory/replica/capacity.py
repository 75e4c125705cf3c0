"""Capacity: how many samples leave states of zero energy, from the saddle point where their volume shrinks to a point."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from theory.asymptotics import leading
from theory.errors import DerivationError
from theory.replica.elimination import factored, linear
from theory.replica.limits import integrated
from theory.symbols import Internal, size

State = Mapping[str, Any]


def capacity(state: State) -> dict[str, Any]:
    """The number of samples at which the one remaining overlap reaches its upper end; None where there is no such point."""
    return {"capacity": _capacity(state)}


def _capacity(state: State) -> sp.Expr | None:
    if state["regime"] != "SAT" or len(state["unknowns"]) != 1 or len({s.dim for s in state["model"].samples}) != 1:
        return None
    (unknown,), (equation,), parameter = state["unknowns"], state["residual"], state["overlaps"][0]
    width = state["eliminated"][-1].get(parameter.width)
    if unknown != parameter.overlap or width is None or "ising" in state["model"].populations[0].priors:
        return None
    small = Internal("varepsilon", positive=True)
    top = sp.expand(width + unknown)
    try:
        _, balance = leading(equation.xreplace({unknown: top - small}), small)
    except DerivationError:
        return None
    value = linear(integrated(balance), size(state["model"].samples[0].dim.name))
    return None if value is None else factored(value)
