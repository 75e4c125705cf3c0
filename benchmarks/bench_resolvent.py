"""Random-feature regression: its error derived with nothing cached, its curve against plain evaluations of its fixed-point map."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from bench_derivation import derivation
from bench_import import fresh
from measure import Benchmark

from solvers.sweeps import sweep
from theory import models
from theory.declaration import Energy

SIZES = np.geomspace(10, 1e4, 50)
K = np.arange(1, 10**4 + 1.0)
TASK = {"N": 300.0, "ridge": 1e-2, "noise": 0.1, "eigenvalues": K**-1.5, "target_power": K**-1.2}


def generalisation_error() -> Callable[[], object]:
    """The error alone, from the energy on: its minimiser, pencils, Dyson equations, reduction, theory."""
    model = models.RandomFeatureRegression()
    energy = Energy(model.energy, over=model.over, observe={"E_g": model.observe["E_g"]}, parameters=_parameters(model))
    return derivation(energy.minimiser())


def _parameters(model: Energy) -> list:
    return [p for p in model.parameters if p.name != "members"]


def curve() -> Callable[[], object]:
    """A sweep over the sample sizes; the theory is derived and compiled beforehand."""
    theory = models.RandomFeatureRegression().theory()
    return lambda: sweep(theory, P=SIZES, observables=["E_g"], **TASK)


def fixed_point_map() -> Callable[[], object]:
    """One evaluation of the map (κ, κ_P) -> (κ_P + κ df₁/N, λ + κ_P df₁/P) with its slope, at every size."""
    eta, kappa, stage, sizes = TASK["eigenvalues"], np.full((len(SIZES), 1), 0.1), 0.05, SIZES[:, None]

    def evaluate() -> object:
        learned = sizes * eta / (kappa + sizes * eta)
        first, second = learned.sum(-1), (learned * learned).sum(-1)
        return stage + kappa[:, 0] * first / 300, 0.01 + stage * first / SIZES, second

    return evaluate


def benchmarks() -> Iterator[Benchmark]:
    imported = fresh("import sympy")
    yield Benchmark("derive the random-feature error", generalisation_error(), imported, 6, "import sympy")
    yield Benchmark("derive all of random features", derivation(models.RandomFeatureRegression()), imported, 12, "import sympy")
    yield Benchmark("derive nonlinear features", derivation(models.NonlinearFeatureRegression()), imported, 12, "import sympy")
    yield Benchmark("random features, 10^4 modes x 50 sizes", curve(), fixed_point_map(), 20, "map at 50 sizes")
