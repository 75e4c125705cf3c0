"""Random features: errors derived with nothing cached, a curve against plain evaluations of its fixed-point map; given matrices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import sympy as sp
from bench_derivation import derivation, lam
from bench_import import fresh
from measure import Benchmark

from solvers.sweeps import solve, sweep
from theory import Deterministic, Dim, Energy, Expression, Gaussian, Quenched, State, Tr, mean, models, tanh

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


def two_layers() -> Callable[[], object]:
    """Ridge regression on features of two nonlinear layers, from the energy on."""
    M, P, T, N1, N2 = Dim("M", "eta"), Dim("P"), Dim("T"), Dim("N1"), Dim("N2")
    (eta,), readout, teacher = M.spectra, State("a", N2), Quenched("v", M)
    W1, W2 = Gaussian("W1", M, N1), Gaussian("W2", N1, N2, variance=1 / N1)

    def gap(inputs: Any) -> Any:
        return tanh(tanh(inputs @ W1) @ W2) @ readout / sp.sqrt(N2) - inputs @ teacher

    X, unseen = (Gaussian(name, dim, M, column_covariance=eta) for name, dim in (("X", P), ("Z", T)))
    energy = gap(X).square() / 2 + lam * readout.square() / 2
    return derivation(Energy(energy, over=readout, observe={"E_g": mean(T, gap(unseen) ** 2)}).minimiser())


SIZE = 400


def given_matrices() -> Callable[[], object]:
    """A covariance and a penalty that commute, without a spectrum; the arrays are new every time, so that nothing is kept."""
    M, P = Dim("M"), Dim("P")
    A, B = (Deterministic(name, M, scaling=0) for name in "AB")
    X = Gaussian("X", P, M, column_covariance=A)
    theory = Expression(Tr(B @ (X.T @ X + B + lam).inv)).theory()
    levels = np.linspace(0.1, 2, SIZE)
    one, two = (symmetric(values) for values in (levels, 1 + np.sin(9 * levels)))
    return lambda: solve(theory, M=SIZE, P=SIZE / 2, lambda_=0.1, A=one.copy(), B=two.copy())


def symmetric(values: Any) -> Any:
    """A matrix with these eigenvalues."""
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(SIZE, SIZE)))[0]
    matrix = (turn * values) @ turn.T
    return (matrix + matrix.T) / 2


def eigenvalues() -> Callable[[], object]:
    """Eigenvectors of one matrix of that size."""
    matrix = symmetric(np.linspace(0.1, 2, SIZE))
    return lambda: np.linalg.eigh(matrix)


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
    yield Benchmark("derive features of two nonlinear layers", two_layers(), imported, 12, "import sympy")
    yield Benchmark("given matrices that commute, 400 modes", given_matrices(), eigenvalues(), 12, "their eigenvectors")
    yield Benchmark("random features, 10^4 modes x 50 sizes", curve(), fixed_point_map(), 20, "map at 50 sizes")
