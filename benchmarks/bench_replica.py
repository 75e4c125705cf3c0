"""Replica theories: curves of 50 sample sizes against the integrals in their equations, and derivations against importing SymPy."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from bench_derivation import derivation
from bench_import import fresh
from measure import Benchmark
from three_classes import three_classes

from solvers.sweeps import sweep
from theory import models

SIZES = np.linspace(0.2, 5, 50)


def state_evolution(name: str) -> Callable[[], object]:
    """A curve to a relative error of 1e-8; the theory is derived and compiled beforehand."""
    theory = getattr(models, name)().theory()

    def curve() -> object:
        return sweep(theory, P=SIZES, N=1.0, ridge=0.1, tolerance=1e-8)

    curve()
    return curve


def from_nothing(name: str) -> Callable[[], object]:
    """The same with derivation and compilation, as a new process has it."""
    lines = f"th = models.{name}().derive().theory; sweep(th, P=np.linspace(0.2, 5, 50), N=1.0, ridge=0.1, tolerance=1e-8)"
    return fresh(f"import numpy as np; from theory import models; from solvers import sweep; {lines}")


def iterations_by_hand() -> object:
    """A hundred steps of a fixed point of two averages over 801 nodes at every size, in NumPy alone."""
    z, scale = np.linspace(-10, 10, 801), SIZES[:, None]
    weight = np.exp(-(z**2) / 2)
    total = 0.0
    for _ in range(100):
        field = np.tanh(z * scale)
        total += float(np.sum(weight * field) + np.sum(weight * field**2))
    return total


def benchmarks() -> Iterator[Benchmark]:
    for name, label in (("LogisticRegression", "logistic"), ("SupportVector", "hinge")):
        yield Benchmark(f"{label}: 50 values of alpha at 1e-8", state_evolution(name), iterations_by_hand, 50, "100 steps by hand")
    imported = fresh("import sympy")
    for name, label in (("LogisticRegression", "logistic"), ("SupportVector", "hinge")):
        yield Benchmark(f"{label}: derived, compiled, solved", from_nothing(name), imported, 15, "import sympy")
    yield Benchmark("derive a sparse posterior", derivation(models.BayesSparseRegression()), imported, 4, "import sympy")
    yield Benchmark(
        "derive two-step breaking", derivation(models.SherringtonKirkpatrick(ansatz="2RSB")), imported, 2, "import sympy"
    )
    yield Benchmark("derive three classes of a teacher", derivation(three_classes(drawn=True)), imported, 12, "import sympy")
    classes = fresh("import runpy; runpy.run_path('benchmarks/three_classes.py', run_name='__main__')")
    yield Benchmark("three classes: derived, compiled, solved", classes, imported, 60, "import sympy")
