"""Deriving theories from declarations, nothing cached, against importing SymPy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import sympy as sp
from bench_import import fresh
from measure import Benchmark
from sympy.core.cache import clear_cache

from theory import Dim, Energy, Gaussian, Noise, Quenched, State, models, sum_over

lam, noise = sp.symbols("lambda, noise", positive=True)


def ridge_regression(sets: int = 1, temperature: Any = 0) -> Energy:
    """Ridge regression on one or more training sets of one covariance and of different noise."""
    M = Dim("M", "eta")
    (eta,), teacher, w = M.spectra, Quenched("v", M), State("w", M)
    energy = lam * w.square() / 2
    for k in range(1, sets + 1):
        samples = Dim(f"P{k}")
        X = Gaussian(f"X{k}", samples, M, column_covariance=eta)
        energy += (X @ w - X @ teacher - Noise(f"epsilon{k}", samples, variance=k * noise)).square() / 2
    return Energy(energy, over=w, temperature=temperature, observe={"E_g": sum_over(M, eta * (w - teacher) ** 2)})


def derivation(model: Energy) -> Callable[[], object]:
    """Every step, as in a new process."""

    def derive() -> object:
        clear_cache()
        return model.derive()

    return derive


def benchmarks() -> Iterator[Benchmark]:
    imported = fresh("import sympy")
    named = {
        "derive kernel regression": (models.KernelRegression(), 6.0),
        "derive ridge regression at temperature": (ridge_regression(temperature=sp.Symbol("T", positive=True)), 6.0),
        "derive two training sets": (ridge_regression(sets=2), 24.0),
    }
    for name, (model, bound) in named.items():
        yield Benchmark(name, derivation(model), imported, bound, "import sympy")
