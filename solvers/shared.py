"""Walks over expressions that hold the same parts many times, as derivatives do: every part is visited once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import sympy as sp

from theory.averages import Average
from theory.effective import Effective
from theory.envelope import Envelope
from theory.joint_average import JointAverage
from theory.proximal import Proximal

OPAQUE = (Effective, Envelope, JointAverage, Proximal)
"""Kinds with variables of their own."""


def parts(expressions: Iterable[sp.Basic]) -> Iterator[sp.Basic]:
    """Every distinct part of some expressions."""
    seen: set[sp.Basic] = set()
    stack = list(expressions)
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            yield node
            stack.extend(node.args)


class FreeSymbols:
    """The free symbols of expressions; what is known of a part is kept."""

    def __init__(self) -> None:
        self._known: dict[sp.Basic, frozenset] = {}

    def __call__(self, expression: sp.Basic) -> frozenset:
        found = self._known.get(expression)
        if found is None:
            if isinstance(expression, Average):
                found = self(expression.body) - {expression.bound}
            elif not expression.args or isinstance(expression, OPAQUE):
                found = frozenset(expression.free_symbols)
            else:
                found = frozenset().union(*map(self, expression.args)) if _plain(expression) else frozenset(expression.free_symbols)
            self._known[expression] = found
        return found


def _plain(expression: sp.Basic) -> bool:
    """Whether the free symbols are those of the arguments. Classes of functions have some of their own, as objects."""
    own = next(kind.__dict__ for kind in type(expression).__mro__ if "free_symbols" in kind.__dict__)
    return own["free_symbols"] is sp.Basic.__dict__["free_symbols"]
