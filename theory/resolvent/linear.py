"""Sparse linear systems over a field of ratios: elimination with the simplest pivots first."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from theory.ratios import Ratio, Ratios

Row = dict[Hashable, Ratio]


def solved(ratios: Ratios, matrix: Mapping[int, Row], right: Mapping[int, Row]) -> dict[Hashable, Row]:
    """For every column the row of its values, one for each column of the right side; ZeroDivisionError for a singular matrix.

    Rows have numbers, columns of both sides any names; what vanishes need not be there.
    """
    left = {i: {j: x for j, x in row.items() if x} for i, row in matrix.items()}
    known = {i: {k: x for k, x in right.get(i, {}).items() if x} for i in left}
    order: list[tuple[int, Hashable, Ratio]] = []
    waiting = dict(left)
    while waiting:
        i, j = _pivot(waiting)
        del waiting[i]
        inverse = left[i].pop(j).inverse()
        order.append((i, j, inverse))
        for other, row in waiting.items():
            if j in row:
                factor = -(row.pop(j) * inverse)
                _add(row, left[i], factor)
                _add(known[other], known[i], factor)
    values: dict[Hashable, Row] = {}
    for i, j, inverse in reversed(order):
        terms: dict[Hashable, list[Ratio]] = {k: [x] for k, x in known[i].items()}
        for other, x in left[i].items():
            for k, y in values[other].items():
                terms.setdefault(k, []).append(-(x * y))
        values[j] = {k: value * inverse for k, parts in terms.items() if (value := ratios.sum(parts))}
    return values


def _add(row: Row, other: Row, factor: Ratio) -> None:
    """Adds a multiple of another row."""
    for k, x in other.items():
        total = row[k] + factor * x if k in row else factor * x
        if total:
            row[k] = total
        else:
            row.pop(k, None)


def _pivot(left: Mapping[int, Row]) -> tuple[int, Hashable]:
    """The entry with the least fill-in, and of these the shortest."""
    count: dict[Hashable, int] = {}
    for row in left.values():
        for j in row:
            count[j] = count.get(j, 0) + 1
    best = None
    for i, row in left.items():
        for j, x in row.items():
            cost = ((len(row) - 1) * (count[j] - 1), len(x.above) + len(x.below), i, str(j))
            if best is None or cost < best[0]:
                best = cost, i, j
    if best is None:
        raise ZeroDivisionError("the matrix is singular")
    return best[1], best[2]
