"""Whether Markov chains have reached what they sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from theory.errors import ConvergenceError

DRIFT = 5.0
"""Standard errors beyond which a mean is not what it must be."""
BATCHES = 20


def batch_mean(chain: NDArray) -> tuple[float, float]:
    """Mean of a correlated series and its standard error, from the means of batches."""
    means = np.array([part.mean() for part in np.array_split(chain, BATCHES)])
    return float(means.mean()), float(means.std(ddof=1) / np.sqrt(BATCHES))


def compare_chains(state: str, what: str, one: NDArray, two: NDArray) -> None:
    """ConvergenceError where two chains of different beginnings, their first quarter left out, differ in a mean."""
    (a, da), (b, db) = (batch_mean(chain[len(chain) // 4 :]) for chain in (one, two))
    if not abs(a - b) <= DRIFT * np.hypot(da, db) + 1e-9 * (abs(a) + abs(b)):
        raise ConvergenceError(f"{state}: two chains differ in their {what}, {a:g} and {b:g}; the measure is not reached")
