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


def perceptron(algorithm: str, trials: int) -> Callable[[], object]:
    """Error of a Bayesian perceptron of 40 inputs and 80 samples."""
    model = models.BayesPerceptron()
    return lambda: simulate(model, trials=trials, seed=0, algorithm=algorithm, observables=["E_g"], P=80, N=40)


def passed_by_hand(iterations: int = 40) -> np.ndarray:
    """Message passing of a perceptron of 1000 inputs: products with the data and their squares alone, as often as it takes."""
    data = np.random.default_rng(0).standard_normal((2000, 1000))
    squares, state, field = data**2, np.ones(1000), np.ones(2000)
    for _ in range(iterations):
        field = data @ state + squares @ state
        state = (data.T @ field + squares.T @ field) * 1e-7
    return state


def benchmarks() -> Iterator[Benchmark]:
    large = {"P": 2000, "N": 1000, "trials": 1, "seed": 0, "algorithm": "amp", "observables": ["E_g"]}
    yield Benchmark("simulate, 500 modes x 3 sizes x 30 trials", simulated("E_g", "E_train"), by_hand, 3.0, "NumPy by hand")
    yield Benchmark("theory curve, 500 modes x 50 sizes", curve(), by_hand, 0.2, "that simulation by hand")
    yield Benchmark("thermal means of 6 perceptrons", perceptron("amp", 6), perceptron("gibbs", 6), 0.2, "a draw of each")
    bayes = models.BayesPerceptron()
    yield Benchmark(
        "thermal means of 1000 weights", lambda: simulate(bayes, **large), passed_by_hand, 10.0, "40 passes over the data"
    )  # fmt: skip
