"""Zeros of many functions in brackets at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

STEPS = 80
"""Most steps towards a zero."""


def crossings(function: Callable[[NDArray, NDArray], NDArray], low: NDArray, high: NDArray) -> NDArray:
    """Zeros in brackets (n,) of functions whose values at x are ``function(x, which)``, ``which`` being numbers of brackets.

    Regula falsi that halves the value of an end that stays (Illinois), and bisection at times.
    """
    every = np.arange(len(low))
    a, b = low.astype(float), high.astype(float)
    fa, fb = function(a, every), function(b, every)
    best, least = np.where(np.abs(fa) < np.abs(fb), a, b), np.minimum(np.abs(fa), np.abs(fb))
    active = every[least > 0]
    for step in range(STEPS):
        if not active.size:
            break
        i = active
        with np.errstate(all="ignore"):
            x = b[i] - fb[i] * (b[i] - a[i]) / (fb[i] - fa[i])
            outside = ~((x - a[i]) * (b[i] - x) > 0)
        x = np.where(outside | (step % 4 == 3), (a[i] + b[i]) / 2, x)
        f = function(x, i)
        moved = np.abs(x - best[i]) > 8e-16 * np.abs(x)
        better = np.abs(f) <= least[i]
        best[i], least[i] = np.where(better, x, best[i]), np.where(better, np.abs(f), least[i])
        crossed = fb[i] * f < 0
        a[i], fa[i] = np.where(crossed, b[i], a[i]), np.where(crossed, fb[i], fa[i] / 2)
        b[i], fb[i] = x, f
        active = i[(moved | (step % 4 == 3)) & (least[i] > 0) & (np.abs(b[i] - a[i]) > 4e-16 * np.abs(x))]
    return best
