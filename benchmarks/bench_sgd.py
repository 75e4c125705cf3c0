"""Losses of descents at many times, against a direct simulation of the same descent."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from measure import Benchmark

from solvers.sweeps import sweep
from theory import models

MODES, SAMPLES, BATCH, STEPS, RATE = 300, 100, 5, 500, 0.1
k = np.arange(1, MODES + 1.0)
SPECTRUM, POWER = 2 * k**-1.3, k**-1.4


def losses(name: str, **more: int) -> Callable[[], object]:
    """Test and training loss at 25 times up to the last step; derived and compiled beforehand."""
    theory = models.load(name)().theory()
    times = np.linspace(0, STEPS, 25).astype(int)
    given = {"learning_rate": RATE, "noise": 0.1, "eigenvalues": SPECTRUM, "target_power": POWER, **more}
    return lambda: sweep(theory, t=times, **given)


def descents(count: int) -> Callable[[], object]:
    """Plain NumPy descents on reused samples, all of them at once."""
    draw = np.random.default_rng(0)
    root = np.sqrt(SPECTRUM)

    def descend() -> object:
        data = draw.standard_normal((count, SAMPLES, MODES))
        labels = data @ np.sqrt(POWER) + np.sqrt(0.1) * draw.standard_normal((count, SAMPLES))
        weights = np.zeros((count, MODES))
        for _ in range(STEPS):
            chosen = draw.integers(SAMPLES, size=(count, BATCH))
            batch = np.take_along_axis(data, chosen[:, :, None], 1) * root
            errors = (batch @ weights[:, :, None])[..., 0] - np.take_along_axis(labels, chosen, 1)
            weights -= RATE / BATCH * (errors[:, None] @ batch)[:, 0]
        return weights

    return descend


def benchmarks() -> Iterator[Benchmark]:
    reused = losses("sgd-linear-regression", P=SAMPLES, batch=BATCH)
    yield Benchmark("sgd losses, 300 modes x 25 times", reused, descents(100), 1, "100 descents, 500 steps")
    fresh = losses("one-pass-linear-regression", batch=BATCH)
    yield Benchmark("exact one-pass sgd, 300 modes x 25 times", fresh, descents(100), 0.5, "100 descents, 500 steps")
