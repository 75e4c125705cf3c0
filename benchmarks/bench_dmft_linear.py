"""Linear dynamics: derivations against importing SymPy, curves in time against the sums over modes that they are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from bench_dmft import derivation
from bench_import import fresh
from measure import Benchmark

from solvers import frontier, sweep
from solvers.modes.power_law import PowerLaw
from theory import models

MODELS = ("gradient-flow-regression", "momentum-regression", "linear-network", "two-matrix-flow", "random-feature-flow")
NODES = 8


def loss(modes: int, times: int, *observables: str) -> Callable[[], object]:
    """Losses of random features at many times, to 1e-6."""
    k, theory = np.arange(1, modes + 1.0), models.load("random-feature-flow")().theory()
    task = dict(N=300, P=500, noise=0.1, members=4, eigenvalues=k**-1.5, target_power=k**-1.75, tolerance=1e-6)
    return lambda: sweep(theory, observables=observables, t=np.geomspace(0.1, 3e4, times), **task)


def by_hand(modes: int, times: int) -> Callable[[], object]:
    """One sum over modes at all pairs of the nodes of a contour, at each time."""
    nodes, values = np.exp(2j * np.pi * np.arange(2 * NODES) / (2 * NODES)) + 2, np.arange(1, modes + 1.0) ** -1.5

    def run() -> object:
        for _ in range(times):
            terms = 1 / (nodes[:, None] + values)
            found = (terms[:NODES] * values) @ terms.T
        return found

    return run


def optima() -> Callable[[], object]:
    """The compute-optimal frontier of infinite power laws."""
    theory, laws = models.load("random-feature-flow")().theory(), {"eigenvalues": PowerLaw(1.5), "target_power": PowerLaw(1.75)}
    return lambda: frontier(theory, "test_loss", {"N": (1e2, 1e4), "t": (1e2, 1e4)}, per_decade=2, P=1e14, **laws)


def benchmarks() -> Iterator[Benchmark]:
    imported = fresh("import sympy")
    for name in MODELS:
        yield Benchmark(f"derive {name}", derivation(name), imported, 4.0, "import sympy")
    one, every = ("test_loss",), ("test_loss", "train_loss", "ensemble_loss", "bagged_loss", "ensemble_bagged_loss")
    sums = "one sum at all pairs of nodes"
    yield Benchmark("random features, 24 times, 10^4 modes", loss(10_000, 24, *one), by_hand(10_000, 24), 12.0, sums)
    yield Benchmark("the same, with ensembles", loss(10_000, 24, *every), by_hand(10_000, 24), 24.0, sums)
    yield Benchmark("random features, 10^5 modes over 10^4", loss(100_000, 24, *one), loss(10_000, 24, *one), 15.0, "10^4 modes")
    yield Benchmark("compute-optimal frontier, 5 x 5 sizes", optima(), loss(10_000, 24, *one), 20.0, "24 times, 10^4 modes")
