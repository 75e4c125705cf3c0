"""Sampled dynamics: derivations against importing SymPy, a run against simulating one network, and what more steps cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from bench_import import fresh
from measure import Benchmark
from sympy.core.cache import clear_cache

from solvers import march
from theory import models

COLUMNS = np.sqrt(2) * np.array([[1.0, 0, 0, 1], [1, 1, 0, 0]]).T
NETWORK = dict(time_step=0.1, D=4, richness=2.0, inputs=COLUMNS, labels=np.array([1.0, -0.5]))


def derivation(name: str) -> Callable[[], object]:
    """Every step, as in a new process."""
    model = models.load(name)()

    def derive() -> object:
        clear_cache()
        return model.derive()

    return derive


def recurrent(steps: int, symmetry: float, samples: int = 2048) -> Callable[[], object]:
    """Two independent runs of a recurrent network."""
    theory = models.RecurrentNetwork().theory()
    task = dict(time_step=0.25, g=1.5, symmetry=symmetry, samples=samples, scrambles=2)
    return lambda: march(theory, t=0.25 * steps, **task)


def layered(steps: int) -> Callable[[], object]:
    theory = models.ThreeLayerNetwork().theory()
    return lambda: march(theory, t=0.1 * steps, scrambles=2, **NETWORK)


def written_out(size: int = 2000, steps: int = 24) -> Callable[[], object]:
    """One network of that size, its couplings drawn."""

    def run() -> object:
        generator = np.random.default_rng(0)
        couplings, h = generator.standard_normal((size, size)) / np.sqrt(size), generator.standard_normal(size)
        for _ in range(steps):
            h = h + 0.25 * (-h + couplings @ np.tanh(h))
        return h

    return run


def benchmarks() -> Iterator[Benchmark]:
    imported, network = fresh("import sympy"), written_out()
    for name in ("recurrent-network", "glm-flow", "two-layer-network", "three-layer-network"):
        yield Benchmark(f"derive {name}", derivation(name), imported, 4.0, "import sympy")
    yield Benchmark("recurrent network, 24 steps", recurrent(24, 0.5), network, 6.0, "one network of 2000")
    yield Benchmark("three layers, two samples, 20 steps", layered(20), network, 40.0, "one network of 2000")
    yield Benchmark("with memory, 48 steps over 24", recurrent(48, 0.5), recurrent(24, 0.5), 10.0, "24 steps")
    yield Benchmark("with memory, 96 steps over 24", recurrent(96, 0.5), recurrent(24, 0.5), 80.0, "24 steps")
    yield Benchmark("without memory, 200 steps over 24", recurrent(200, 0.0), recurrent(24, 0.0), 40.0, "24 steps")
