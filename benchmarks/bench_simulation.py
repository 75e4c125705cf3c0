"""Simulation of kernel regression: against the same experiment written by hand, and as a yardstick for the theory curve."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from measure import Benchmark

from solvers.monte_carlo import simulate
from solvers.sweeps import sweep
from theory import models

SIZES = (30, 100, 300)
TRIALS = 30
MODES = 500
RIDGE, NOISE = 0.01, 0.1
ETA = np.arange(1.0, MODES + 1) ** -1.5
TASK = {"P": SIZES, "ridge": RIDGE, "noise": NOISE, "eigenvalues": ETA, "target_power": ETA}


def by_hand() -> list[tuple[float, float]]:
    """Mean and standard error of E_g and E_train at each size, as one would write them in a script."""
    generator, found = np.random.default_rng(0), []
    for P in SIZES:
        errors = np.empty((TRIALS, 2))
        for trial in range(TRIALS):
            features = generator.standard_normal((P, MODES))
            labels = features @ np.sqrt(ETA) + np.sqrt(NOISE) * generator.standard_normal(P)
            design = features * np.sqrt(ETA)
            kernel = design @ design.T
            dual = np.linalg.solve(kernel + RIDGE * np.eye(P), labels)
            learned = np.sqrt(ETA) * (design.T @ dual)
            errors[trial] = np.sum((learned - np.sqrt(ETA)) ** 2), np.mean((kernel @ dual - labels) ** 2)
        found += list(zip(errors.mean(0), errors.std(0, ddof=1) / TRIALS**0.5, strict=True))
    return found


def simulated(*observables: str) -> Callable[[], object]:
    model = models.KernelRegression()
    return lambda: simulate(model, trials=TRIALS, seed=0, observables=observables, **TASK)


def curve() -> Callable[[], object]:
    theory = models.KernelRegression().theory()
    return lambda: sweep(theory, **{**TASK, "P": np.geomspace(10, 1e4, 50)})


def benchmarks() -> Iterator[Benchmark]:
    yield Benchmark("simulate, 500 modes x 3 sizes x 30 trials", simulated("E_g", "E_train"), by_hand, 3.0, "NumPy by hand")
    yield Benchmark("theory curve, 500 modes x 50 sizes", curve(), by_hand, 0.2, "that simulation by hand")
