"""Volterra equations in steps: a loss whose every value feeds the noise of later ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def march(source: NDArray, kernel: NDArray, strength: float) -> NDArray:
    """L(t) = source(t) + strength Σ_{s<t} kernel(t-1-s) L(s) for t = 0, ..., T; ``kernel`` has T entries."""
    found = np.array(source, dtype=float)
    for t in range(1, len(found)):
        found[t] += strength * (kernel[t - 1 :: -1] @ found[:t])
    return found


def answer(source: NDArray, kernel: NDArray, strength: float, loss: NDArray) -> NDArray:
    """Another observable under the noise of a known loss, at t = 0, ..., T."""
    found = np.array(source, dtype=float)
    if len(found) > 1:
        # Not by Fourier transforms, whose rounding is that of the largest term at any time.
        found[1:] += strength * np.convolve(kernel, loss[:-1])[: len(found) - 1]
    return found
