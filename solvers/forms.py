"""Which of several forms of each equation to evaluate, so that rounding leaves the unknowns least in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from solvers.fixed_point import inverses

MOST_COMBINATIONS = 64
"""Combinations of forms of the equations that are compared."""

Numbers = Sequence[Sequence[int] | NDArray]
"""For each equation the numbers of its forms among all."""
Selected = tuple[NDArray, NDArray, NDArray, NDArray, NDArray]


def selected(value: NDArray, noise: NDArray, slope: NDArray, equations: Numbers, together: bool) -> Selected:
    """Residual (n, m), Jacobian (n, m, m), rounding (n, m) of the form of each equation in which rounding matters least,
    the number of that form (n, m) and its sign (n, m): forms that fall where the first one rises are turned over.

    ``value`` (forms, n), absolute rounding ``noise`` (forms, n) and ``slope`` (forms, n, m) belong to all forms, ``equations`` says
    which are those of each equation. ``together`` chooses for all equations at once, else each takes the form that is most precise
    by itself.
    """
    rows = np.arange(value.shape[1])[:, None]
    with np.errstate(all="ignore"):
        # Nothing is said where the value is no number.
        doubt = noise / np.sqrt(np.einsum("fni,fni->fn", slope, slope)) + 0 * value
        doubt[~np.isfinite(doubt)] = np.inf
        best = np.empty((value.shape[1], len(equations)), dtype=int)
        for i, own in enumerate(equations):
            best[:, i] = np.argmin(doubt[own], axis=0) if len(own) > 1 else 0
        if together and len(equations) > 1:
            best = _together(noise, slope, np.isfinite(value), equations, best)
        which = np.empty_like(best)
        for i, own in enumerate(equations):
            which[:, i] = np.asarray(own)[best[:, i]]
        steep = slope[which, rows]
        turn = np.where(np.einsum("nmi,mni->nm", steep, slope[[own[0] for own in equations]]) < 0, -1.0, 1.0)
    return turn * value[which, rows], turn[..., None] * steep, noise[which, rows], best, turn


def _together(noise: NDArray, slope: NDArray, usable: NDArray, equations: Numbers, alone: NDArray) -> NDArray:
    """For each equation the form to take at each point: of all combinations the one that leaves the unknowns least in doubt.

    A form that is precise by itself may say nothing new beside another one. Many combinations are not compared.
    """
    combinations = list(product(*(range(len(own)) for own in equations)))
    if not 1 < len(combinations) <= MOST_COMBINATIONS:
        return alone
    doubts = []
    for chosen in combinations:
        forms = [own[c] for own, c in zip(equations, chosen, strict=True)]
        doubt = (np.abs(inverses(slope[forms].swapaxes(0, 1))) @ noise[forms].T[..., None])[..., 0].max(axis=1)
        doubts.append(np.where(np.isfinite(doubt) & usable[forms].all(axis=0), doubt, np.inf))
    least = np.argmin(doubts, axis=0)
    found = np.isfinite(np.min(doubts, axis=0))
    return np.where(found[:, None], np.array(combinations)[least], alone)
