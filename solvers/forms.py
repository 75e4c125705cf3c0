"""Which of several forms of each equation to evaluate, so that rounding leaves the unknowns least in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from solvers.fixed_point import inverses

MOST_COMBINATIONS = 64
"""Combinations of forms of the equations that are compared."""

Selected = tuple[NDArray, NDArray, NDArray, NDArray, NDArray]


def selected(value: NDArray, noise: NDArray, slope: NDArray, equations: Sequence[Sequence[int]], together: bool) -> Selected:
    """Residual (n, m), Jacobian (n, m, m), rounding (n, m) of the form of each equation in which rounding matters least,
    the number of that form (n, m) and its sign (n, m): forms that fall where the first one rises are turned over.

    ``value`` (forms, n), absolute rounding ``noise`` (forms, n) and ``slope`` (forms, n, m) belong to all forms, ``equations`` says
    which are those of each equation. ``together`` chooses for all equations at once, else each takes the form that is most precise
    by itself.
    """
    rows, usable = np.arange(value.shape[1]), np.isfinite(value)
    with np.errstate(all="ignore"):
        doubt = noise / np.sqrt(np.einsum("fni,fni->fn", slope, slope))
    doubt = np.where(usable & np.isfinite(doubt), doubt, np.inf)
    best = np.stack([_least(doubt[list(own)]) for own in equations], axis=1)
    if together and len(equations) > 1:
        best = _together(noise, slope, usable, equations, best)
    which = np.stack([np.asarray(own)[best[:, i]] for i, own in enumerate(equations)], axis=1)
    steep = slope[which, rows[:, None]]
    with np.errstate(all="ignore"):
        along = np.einsum("nmi,mni->nm", steep, slope[[own[0] for own in equations]])
    turn = np.where(along < 0, -1.0, 1.0)
    return turn * value[which, rows[:, None]], turn[..., None] * steep, noise[which, rows[:, None]], best, turn


def _least(doubt: NDArray) -> NDArray:
    return np.argmin(doubt, axis=0) if len(doubt) > 1 else np.zeros(doubt.shape[1], dtype=int)


def _together(noise: NDArray, slope: NDArray, usable: NDArray, equations: Sequence[Sequence[int]], alone: NDArray) -> NDArray:
    """For each equation the form to take at each point: of all combinations the one that leaves the unknowns least in doubt.

    A form that is precise by itself may say nothing new beside another one. Many combinations are not compared.
    """
    combinations = list(product(*(range(len(own)) for own in equations)))
    if not 1 < len(combinations) <= MOST_COMBINATIONS:
        return alone
    doubts = []
    for chosen in combinations:
        forms = [own[c] for own, c in zip(equations, chosen, strict=True)]
        with np.errstate(all="ignore"):
            doubt = (np.abs(inverses(slope[forms].swapaxes(0, 1))) @ noise[forms].T[..., None])[..., 0].max(axis=1)
        doubts.append(np.where(np.isfinite(doubt) & usable[forms].all(axis=0), doubt, np.inf))
    least = np.argmin(doubts, axis=0)
    found = np.isfinite(np.min(doubts, axis=0))
    return np.where(found[:, None], np.array(combinations)[least], alone)
