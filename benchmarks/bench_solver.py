"""Learning curves of kernel regression over 50 sample sizes, against plain evaluations of the sum in its fixed-point equation."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from measure import Benchmark

from solvers.sweeps import sweep
from theory import models

SIZES = np.geomspace(10, 1e4, 50)


def spectrum(modes: int) -> dict[str, np.ndarray]:
    """An unsorted power law with a target of the same decay."""
    k = np.random.default_rng(0).permutation(np.arange(1.0, modes + 1))
    return {"eigenvalues": k**-1.5, "target_power": k**-1.5}


def curve(modes: int) -> Callable[[], object]:
    """A sweep over the sample sizes; the theory is derived and compiled beforehand."""
    theory, data = models.KernelRegression().theory(), spectrum(modes)
    return lambda: sweep(theory, P=SIZES, ridge=1e-3, noise=0.1, **data)


def map_at_all_sizes(modes: int) -> Callable[[], object]:
    """One evaluation of the sum at every size."""
    eta, kappa, sizes = spectrum(modes)["eigenvalues"], np.full((len(SIZES), 1), 0.01), SIZES[:, None]
    return lambda: (eta / (sizes * eta + kappa)).sum(-1)


def map_at_one_size(modes: int) -> Callable[[], object]:
    """One pass of the sum over the modes."""
    eta = spectrum(modes)["eigenvalues"]
    return lambda: (eta / (100.0 * eta + 0.01)).sum()


def benchmarks() -> Iterator[Benchmark]:
    yield Benchmark("curve, 10^4 modes x 50 sizes", curve(10**4), map_at_all_sizes(10**4), 10, "map at 50 sizes")
    yield Benchmark("curve, 10^6 modes x 50 sizes", curve(10**6), map_at_one_size(10**6), 15, "pass over 10^6 modes")
