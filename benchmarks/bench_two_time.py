"""Linear dynamics that change with time, marched in two times: cost against the number of steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import sympy as sp
from measure import Benchmark

from solvers import solve
from theory import Dim, Gaussian, Noise, State, Step, mean, models, sum_over
from theory.declaration import Spectrum
from theory.symbols import noise, time

MODES = 51
ETA = np.arange(1.0, MODES + 1) ** -1.2
TASK = {"N": 30, "P": 40, "sigma2": 0.1, "eta": ETA, "a2": ETA, "time_step": 0.5}


def random_features() -> Step:
    """Random features whose learning rate falls."""
    eta, a2 = Spectrum("eta", scaling=0), Spectrum("a2")
    modes, samples, width = Dim("M", eta, a2), Dim("P"), Dim("N")
    data, features = Gaussian("Phi", samples, modes), Gaussian("W", modes, width, variance=1 / width)
    readout = State("a", width)
    gap = sp.sqrt(eta) * (features @ readout) - sp.sqrt(a2)
    residual = data @ gap - Noise("epsilon", samples, variance=noise)
    force = features.T @ (sp.sqrt(eta) * (data.T @ residual)) / samples
    losses = {"test_loss": sum_over(modes, gap**2), "train_loss": mean(samples, residual**2)}
    return Step({readout: -force / (1 + time / 20)}, observe=losses)


def products(steps: int, modes: int = MODES) -> Callable[[], object]:
    """As many multiplications as the responses of that many steps take, in products of matrices."""
    left, right = np.ones((steps * modes, steps)), np.ones((steps, steps))
    return lambda: left @ right


def benchmarks() -> Iterator[Benchmark]:
    theory = random_features().theory()
    for steps, at_most in ((50, 600.0), (100, 250.0), (200, 120.0)):
        name = f"two times with a schedule, {MODES} modes, T = {steps}"
        yield Benchmark(name, lambda n=steps: solve(theory, t=n / 2, **TASK), products(steps), at_most, "one product of T³ M")
    glass = models.PSpinLangevin().theory()
    task = {"temperature": 0.5, "N": 100, "time_step": 0.1}
    for steps, at_most in ((200, 600.0), (400, 600.0)):
        name = f"two times of the spherical glass, T = {steps}"
        yield Benchmark(name, lambda n=steps: solve(glass, t=n / 10, **task), products(steps, 1), at_most, "one product of T³")
