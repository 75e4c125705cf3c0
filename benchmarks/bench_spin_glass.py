"""Spin glasses: derivations at every ansatz, curves with their verdicts, a critical line, and draws of spins by heat bath."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from bench_derivation import derivation
from bench_import import fresh
from measure import Benchmark

from solvers import follow, simulate, sweep, trace
from theory import models

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(201)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def iterated(temperatures: np.ndarray, field: float, steps: int = 200) -> Callable[[], np.ndarray]:
    """q = <tanh²> by plain iteration, at all temperatures together."""

    def solve() -> np.ndarray:
        q = np.full(len(temperatures), 0.5)
        for _ in range(steps):
            q = np.tanh((np.sqrt(q)[:, None] * NODES + field) / temperatures[:, None]) ** 2 @ WEIGHTS
        return q

    return solve


def flipped(size: int, chains: int, sweeps: int) -> Callable[[], np.ndarray]:
    """Heat bath of chains of spins by hand, one site at a time."""

    def run() -> np.ndarray:
        rng = np.random.default_rng(0)
        couplings = rng.standard_normal((size, size)) / np.sqrt(size)
        couplings = np.triu(couplings, 1) + np.triu(couplings, 1).T
        spins = 2.0 * rng.integers(0, 2, (chains, size)) - 1.0
        betas = np.linspace(0.6, 2.0, chains)
        for _ in range(sweeps):
            for site in rng.permutation(size):
                local = spins @ couplings[site]
                spins[:, site] = np.where(rng.random(chains) < 1 / (1 + np.exp(-2 * betas * local)), 1.0, -1.0)
        return spins

    return run


def benchmarks() -> Iterator[Benchmark]:
    imported = fresh("import sympy")
    for name, model, bound in (
        ("derive spin glass, RS", models.SherringtonKirkpatrick(), 6.0),
        ("derive spin glass, 2RSB", models.SherringtonKirkpatrick("2RSB"), 8.0),
        ("derive spherical glass, 1RSB", models.SphericalPSpin(), 8.0),
        ("derive Hopfield network", models.Hopfield(), 6.0),
    ):
        yield Benchmark(name, derivation(model), imported, bound, "import sympy")
    theory, temperatures = models.SherringtonKirkpatrick().theory(), np.linspace(0.3, 1.2, 50)
    yield Benchmark(
        "spin glass, 50 temperatures with verdicts",
        lambda: sweep(theory, N=1.0, temperature=temperatures, field=0.2, tolerance=1e-7),
        iterated(temperatures, 0.2), 25.0, "200 iterations by hand",
    )  # fmt: skip
    (start,) = follow(theory, "field", (0.2, 1.0), N=1.0, temperature=0.6, observables=[]).find("replicon", 0.0)
    ends = {"temperature": (0.2, 0.98), "field": (0.005, 1.5)}
    yield Benchmark(
        "line of de Almeida and Thouless",
        lambda: trace(theory, ("replicon", 0.0), ends, start, N=1.0, tolerance=1e-6),
        iterated(temperatures, 0.2), 200.0, "200 iterations by hand",
    )  # fmt: skip
    yield Benchmark(
        "draw 2 systems of 32 spins",
        lambda: simulate(models.SherringtonKirkpatrick(), N=32, temperature=0.5, trials=2, seed=0),
        flipped(32, 8, 200), 36.0, "one by hand",
    )  # fmt: skip
