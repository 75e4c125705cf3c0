"""Leading eigenvectors of matrices with a planted one, as ground states: the overlap appears at the threshold of Baik, Ben Arous
and Péché, although zero solves the equations on both sides of it."""

import numpy as np
import pytest
import sympy as sp

from solvers import solve, sweep
from theory import Dim, Energy, Gaussian, Noise, Signs, State, sum_over

N, P = Dim("N"), Dim("P")
v, w0 = State("v", N, prior="spherical"), Noise("w0", N)
tau = sp.Symbol("tau", positive=True)
TAU = np.array([0.2, 0.6, 0.9, 1.5, 2.0, 5.0, 30.0])


def rectangular():
    X = Gaussian("X", P, N, variance=1 / N)
    fields = X @ v + sp.sqrt(tau) * Signs("u", P) * sum_over(N, w0 * v) / N
    return Energy(-sum_over(P, fields**2) / 2, over=v, name="rectangular", observe={"square": (sum_over(N, w0 * v) / N) ** 2})


def symmetric():
    J = Gaussian("J", N, N, variance=1 / N, symmetry=1)
    energy = -sum_over(N, v * (J @ v)) / 2 - tau * sum_over(N, w0 * v) ** 2 / (2 * N)
    return Energy(energy, over=v, name="symmetric", observe={"square": (sum_over(N, w0 * v) / N) ** 2})


@pytest.mark.parametrize(("make", "square", "energy"), [
    (rectangular, lambda s: 1 - 1 / s, lambda s: -(1 + s) ** 2 / (2 * s)),
    (symmetric, lambda s: 1 - 1 / s**2, lambda s: -(s + 1 / s) / 2),
])  # fmt: skip
@pytest.mark.parametrize("order", [1, -1])
def test_an_overlap_appears_at_the_threshold(make, square, energy, order):
    theory, values = make().theory(), TAU[::order]
    sizes = {"P": 1.0} if make is rectangular else {}
    curve = sweep(theory, N=1.0, tau=values, **sizes)
    beyond = np.maximum(values, 1.0)
    assert curve["square"] == pytest.approx(square(beyond), abs=1e-10)
    assert curve["ground_state_energy"] == pytest.approx(energy(beyond), rel=1e-10)


def test_a_symmetric_solution_that_is_asked_for_is_kept():
    theory = rectangular().theory()
    start = {"m": 0.0, "qhat": 4.0, "chat": -2.0, "mhat": 0.0, "chi": 0.5}
    assert solve(theory, N=1.0, P=1.0, tau=3.0, start=start)["m"] == 0
    assert solve(theory, N=1.0, P=1.0, tau=3.0)["m"] == pytest.approx(np.sqrt(2), rel=1e-10)
