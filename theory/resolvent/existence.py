"""Whether an inverse exists: that of a matrix which is not symmetric says nothing about itself inside the spectrum.

There its deterministic equivalent goes on as an analytic function, with no sign of error. What breaks down is its squared norm
Tr B Bᵀ, which must be positive: a theory that holds such an inverse has it as an unknown.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from theory.declaration.matrices import Inv
from theory.declaration.scalars import Trace
from theory.declaration.vectors import Vec
from theory.declaration.walks import leaves, matrices_in
from theory.equations import Unknown

Pair = tuple[sp.Eq, tuple[sp.Expr, ...]]


def norms(expression) -> dict[str, sp.Expr]:
    """Squared norms of the random inverses that are not symmetric, by name."""
    values = tuple(v for v in expression.observe.values() if isinstance(v, (sp.Expr, Vec)))
    found = [m for m in matrices_in(values, Inv) if m.T != m and any(leaf.kind == "gaussian" for leaf in leaves(Trace(m)))]
    distinct = [m for i, m in enumerate(found) if m.T not in found[:i]]
    return {f"tr_norm_{i}" if i > 1 else "tr_norm": Trace(m @ m.T) for i, m in enumerate(distinct, 1)}


def existing(named: Mapping[str, sp.Expr], guards: Mapping[str, sp.Expr], grown: bool) -> tuple[list[Unknown], list[Pair]]:
    """Unknowns that are positive where the inverses exist, and their equations, from the norms' ``named`` values."""
    unknowns, equations = [], []
    for name in guards:
        symbol, meaning = sp.Symbol(name, positive=True), f"squared norm, {guards[name]}: the inverse exists where it is positive"
        start = sp.S.Zero if grown else None
        unknowns.append(Unknown(symbol, meaning, sp.S.Zero, start=start, grown=grown, guard=True))
        equations.append((sp.Eq(symbol, named[name], evaluate=False), (named[name] - symbol,)))
    return unknowns, equations

