"""Cells of the passive fields of a sample, between the kinks and jumps of what depends on them.

Kinks of one field whose order another one decides, as those of the largest of three fields, are told apart by the sign of their
distance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import sympy as sp

from theory.piecewise import Pieces, UnknownOrderError, pieces

Cell = tuple[dict[sp.Symbol, tuple[sp.Expr, sp.Expr]], sp.Tuple]


def cut(bodies: sp.Tuple, passive: Sequence[sp.Symbol]) -> Iterator[Cell]:
    """Cells as (lower, upper) edges of every field, which depend on fields behind it alone, with what stands there."""
    if not passive:
        yield {}, bodies
        return
    try:
        found = list(pieces(bodies, passive[0]))
    except UnknownOrderError as unknown:
        yield from _told_apart(unknown, bodies, passive)
        return
    for lower, upper, body in found:
        for edges, inner in cut(body, passive[1:]):
            yield {passive[0]: (lower, upper), **edges}, inner


def _told_apart(unknown: UnknownOrderError, bodies: sp.Tuple, passive: Sequence[sp.Symbol]) -> Iterator[Cell]:
    gap = sp.expand(unknown.gap)
    x = next((u for u in passive[1:] if u in gap.free_symbols), None)
    if x is None or not gap.is_polynomial(x) or sp.degree(gap, x) != 1:
        raise unknown
    root = sp.expand(-gap.coeff(x, 0) / gap.coeff(x, 1))
    for side in (1, -1):
        distance = sp.Dummy("d", positive=True)
        moved = [distance if u == x else u for u in passive]
        back = {distance: side * (x - root)}
        for edges, inner in cut(bodies.xreplace({x: root + side * distance}), moved):
            low, high = edges.pop(distance)
            if high.is_nonpositive:
                continue
            low = sp.S.Zero if low == -sp.oo or low.is_nonpositive else low
            ends = (root + low, root + high) if side > 0 else (root - high, root - low)
            placed = {u: (a.xreplace(back), b.xreplace(back)) for u, (a, b) in edges.items()}
            yield {**placed, x: ends}, inner.xreplace(back)


def depends(bounds: Mapping[sp.Symbol, Pieces]) -> bool:
    """Whether the edges of a field depend on another field."""
    return any(e.free_symbols & set(bounds) for cut in bounds.values() for e in cut.edges)


def indicator(u: sp.Symbol, lower: sp.Expr, upper: sp.Expr) -> Pieces:
    """1 between two edges, else 0."""
    edges, bodies = [-sp.oo], []
    for edge, body in ((lower, 0), (upper, 1), (sp.oo, 0)):
        if edge != edges[-1]:
            edges.append(edge)
            bodies.append(sp.Integer(body))
    return Pieces(u, tuple(edges), tuple(bodies))


def cases(
    bodies: sp.Tuple, active: Sequence[sp.Symbol], passive: Sequence[sp.Symbol], even: bool
) -> Iterator[tuple[int, dict[sp.Symbol, tuple[sp.Expr, sp.Expr]], sp.Tuple]]:
    """(multiplicity, finite edges of the passive fields, bodies) of every cell; mirror images are counted once where the law of all
    fields is ``even``."""
    left = list(_cells(bodies, tuple(passive)))
    flip = {s: -s for s in (*active, *passive)}
    even = even and bool(passive)
    while left:
        edges, found = left.pop(0)
        twin = None
        if even and any(not e.is_infinite for pair in edges.values() for e in pair):
            mirror = {u: (-high, -low) for u, (low, high) in edges.items()}
            for k, (other, theirs) in enumerate(left):
                if other == mirror and all(sp.expand(a.xreplace(flip) - b) == 0 for a, b in zip(theirs, found, strict=True)):
                    twin = k
                    break
        if twin is not None:
            left.pop(twin)
        yield (1 if twin is None else 2), {u: pair for u, pair in edges.items() if not all(e.is_infinite for e in pair)}, found


def bounded(edges: Mapping[sp.Symbol, tuple[sp.Expr, sp.Expr]]) -> dict[sp.Symbol, Pieces]:
    """Indicators of the fields that a cell bounds."""
    return {u: indicator(u, *pair) for u, pair in edges.items()}


@lru_cache(maxsize=64)
def _cells(bodies: sp.Tuple, passive: tuple[sp.Symbol, ...]) -> tuple[Cell, ...]:
    return tuple(cut(bodies, passive))
