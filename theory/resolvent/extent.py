"""How long a derivation may take: blocks of a pencil, and resolvents in a row, of which the traces are functions of many points."""

from __future__ import annotations

from theory.errors import DerivationError
from theory.resolvent.blocks import Triangular
from theory.resolvent.pencil import Pencil

LONGEST = 8
"""Resolvents of the longest product that is derived."""


def bounded(pencil: Pencil) -> Pencil:
    """The pencil itself; DerivationError where it is too long a product."""
    if (length := resolvents(pencil)) > LONGEST:
        raise DerivationError(f"expression: a pencil of {len(pencil)} blocks, {length} resolvents in a row, more than {LONGEST}; "
                              "take it apart")
    return pencil


def resolvents(pencil: Pencil) -> int:
    """The most resolvents that a product in the expression has: irreducible blocks of the pencil with random matrices in them."""
    support = {**pencil.fixed, **pencil.random}
    try:
        order = Triangular(pencil.rows, pencil.cols, support)
    except ZeroDivisionError:
        return 0
    lengths: list[int] = []
    for n, (rows, cols) in enumerate(order.blocks):
        before = [lengths[order.of_col[j]] for i in rows for j in order.across[i] if order.of_col[j] < n]
        own = any((i, j) in pencil.random for i in rows for j in cols)
        lengths.append(max(before, default=0) + own)
    return max(lengths, default=0)
