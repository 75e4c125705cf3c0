"""Which of several forms of each equation to evaluate, so that rounding leaves the unknowns least in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from solvers.fixed_point import inverses

MOST_COMBINATIONS = 64
"""Combinations of forms of the equations that are compared."""

Form = tuple[NDArray, NDArray, NDArray]
"""Value (points,), absolute rounding (points,), slopes (points, m) of one form of one equation."""


def selected(forms: Sequence[Sequence[Form]], together: bool) -> tuple[NDArray, NDArray, NDArray, NDArray, NDArray]:
    """Residual (n, m), Jacobian (n, m, m), rounding (n, m) of the form of each equation in which rounding matters least,
    the number of that form (n, m) and its sign (n, m): forms that fall where the first one rises are turned over.

    ``together`` chooses for all equations at once, else each takes the form that is most precise by itself.
    """
    tables = []
    for own in forms:
        value, noise, slope = (np.stack([form[i] for form in own]) for i in range(3))
        with np.errstate(all="ignore"):
            doubt = noise / np.linalg.norm(slope, axis=-1)
            doubt = np.where(np.isfinite(doubt) & np.isfinite(value), doubt, np.inf)
            against = np.sign((slope * slope[:1]).sum(axis=-1)) < 0
        tables.append((value, noise, slope, np.where(against, -1.0, 1.0), np.argmin(doubt, axis=0)))
    chosen, columns = _together(tables) if together else [table[4] for table in tables], []
    for (value, noise, slope, turn, _), best in zip(tables, chosen, strict=True):
        rows = np.arange(len(best))
        columns.append(
            ((turn * value)[best, rows], (turn[..., None] * slope)[best, rows], noise[best, rows], best, turn[best, rows])
        )
    f, jacobian, noise, best, turn = (np.stack(part, axis=1) for part in zip(*columns, strict=True))
    return f, jacobian, noise, best, turn


def _together(tables: Sequence[tuple[NDArray, ...]]) -> list[NDArray]:
    """For each equation the form to take at each point: of all combinations the one that leaves the unknowns least in doubt.

    A form that is precise by itself may say nothing new beside another one. Many combinations are not compared.
    """
    alone = [table[4] for table in tables]
    combinations = list(product(*(range(len(table[0])) for table in tables)))
    if len(tables) < 2 or not 1 < len(combinations) <= MOST_COMBINATIONS:
        return alone
    doubts = []
    for chosen in combinations:
        forms = [[part[c] for part in table[:3]] for table, c in zip(tables, chosen, strict=True)]
        value, noise, jacobian = (np.stack(part, axis=1) for part in zip(*forms, strict=True))
        with np.errstate(all="ignore"):
            doubt = (np.abs(inverses(jacobian)) @ noise[..., None])[..., 0].max(axis=1)
        doubts.append(np.where(np.isfinite(doubt) & np.isfinite(value).all(axis=1), doubt, np.inf))
    least = np.argmin(doubts, axis=0)
    found = np.isfinite(np.min(doubts, axis=0))
    table_of = np.array(combinations)[least]
    return [np.where(found, table_of[:, i], own) for i, own in enumerate(alone)]
