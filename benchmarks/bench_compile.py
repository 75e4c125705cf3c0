"""The sum of the fixed-point equation over 1000 modes at 50 sizes: compiled, written by hand, and as a lambdified SymPy sum."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import sympy as sp
from measure import Benchmark

from solvers.compile import compile_expressions
from theory import ModeArray, ModeIndex, ModeSum
from theory.symbols import P, kappa

MODES = 1000
ETA = np.arange(1.0, MODES + 1) ** -1.5
SIZES, KAPPAS = np.geomspace(10, 1e4, 50), np.geomspace(1, 1e-3, 50)


def compiled() -> np.ndarray:
    return COMPILED({P: SIZES, kappa: KAPPAS}, {DATA: ETA})[0]


def by_hand() -> np.ndarray:
    return (ETA / (SIZES[:, None] * ETA + KAPPAS[:, None])).sum(-1)


def lambdified() -> np.ndarray:
    return LAMBDIFIED(ETA, SIZES, KAPPAS)


k, DATA = ModeIndex("M"), ModeArray("eta", nonnegative=True)
COMPILED = compile_expressions([ModeSum(DATA[k] / (P * DATA[k] + kappa), k)])
i, entries = sp.Symbol("i", integer=True), sp.IndexedBase("eta")
LAMBDIFIED = sp.lambdify((entries, P, kappa), sp.Sum(entries[i] / (P * entries[i] + kappa), (i, 0, MODES - 1)), "numpy")


def benchmarks() -> Iterator[Benchmark]:
    np.testing.assert_allclose(compiled(), by_hand(), rtol=1e-12)
    np.testing.assert_allclose(compiled(), lambdified(), rtol=1e-12)
    yield Benchmark("compiled sum over modes, 1000 x 50", compiled, by_hand, 3.0, "NumPy by hand")
    yield Benchmark("the same, next to SymPy", compiled, lambdified, 0.3, "lambdified Sum")
