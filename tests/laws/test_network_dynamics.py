"""Networks trained by gradient descent, from their energy alone: limits, invariants and values known from elsewhere."""

import numpy as np
import pytest
import sympy as sp

from solvers import march, solve
from theory import Dim, Energy, Gaussian, Quenched, State, mean, models, sqrt, sum_over

COLUMNS = np.sqrt(2) * np.array([[1.0, 0, 0, 1], [1, 1, 0, 0]]).T


def linear(layers):
    """A deep linear network with the given number of hidden layers."""
    N, D, mu = Dim("N"), Dim("D"), Dim("mu", finite=True)
    gamma = sp.Symbol("gamma", positive=True)
    x, y, w = Quenched("x", D, mu), Quenched("y", mu), State("w", N, initial_variance=1)
    matrices = [Gaussian("W_0", N, D), *(Gaussian(f"W_{i}", N, N) for i in range(1, layers))]
    h = matrices[0] @ x / sqrt(D)
    for matrix in matrices[1:]:
        h = matrix @ h / sqrt(N)
    f = mean(N, w * h) / gamma
    loss = sum_over(mu, (y - f) ** 2) / 2
    observe = {"loss": loss, "H": sum_over(mu, mean(N, h**2)), "G": mean(N, w**2), "yf": sum_over(mu, y * f)}
    return Energy(loss, over=[w, *matrices], observe=observe, name="linear").flow(rate=gamma**2 * N)


def test_two_linear_layers_keep_their_invariant():
    """H² − (γ f)² = 1 in the flow: along a target of one sample, to first order in the step."""
    th = linear(1).theory()
    off = []
    for step in (0.1, 0.05):
        s = solve(th, t=1.0, time_step=step, N=10, D=4, gamma=1.5, x=COLUMNS[:, :1], y=np.array([1.0]))
        assert s["H"] == pytest.approx(s["G"], rel=1e-9)
        off.append(s["H"] ** 2 - (1.5 * s["yf"]) ** 2 - 1)
    assert abs(2 * off[1] - off[0]) < 0.1 * abs(off[1]) + 1e-3 and abs(off[1]) < 0.1


def test_three_layers_as_simulated_elsewhere():
    """tanh, one sample, γ₀ = 2, 19 steps of 0.1: f = .7508(16), kernels .5766(37) and .6207(12) from networks of width 4000."""
    found = solve(models.ThreeLayerNetwork().theory(), t=1.9, time_step=0.1, D=4, richness=2.0, inputs=COLUMNS[:, :1],
                  labels=np.array([1.0]))  # fmt: skip
    assert abs(1 - np.sqrt(2 * found["loss"]) - 0.7508) < 4 * 0.0016
    assert abs(found["first_kernel"] - 0.5766) < 4 * 0.0037
    assert abs(found["second_kernel"] - 0.6207) < 4 * 0.0012


@pytest.mark.slow
def test_three_hidden_linear_layers_as_simulated_elsewhere():
    """Two samples, γ₀ = 1.5, steps of .05: networks of width 1000 at step 10 have f(x₁) = .9579(18), .9540(19) with their bias."""
    th = linear(3).theory()
    path = march(th, t=[0.5, 1.95], time_step=0.05, N=10, D=4, gamma=1.5, x=COLUMNS, y=np.array([1.0, -0.5]), samples=1024)
    # y·f from the loss is not one number per sample: compare the sum of y f with theirs.
    assert path["yf"][0] == pytest.approx(0.95944 + 0.5 * 0.4345, abs=0.02)


def test_lazy_networks_follow_their_tangent_kernel():
    """γ₀ → 0: the loss decays by the kernel at the start, and the features stay."""
    th = models.TwoLayerNetwork().theory()
    task = dict(time_step=0.05, D=4, richness=1e-3, inputs=COLUMNS[:, :1], labels=np.array([1.0]))
    begin, end = (solve(th, t=t, **task) for t in (0.0, 1.0))
    assert end["kernel"] == pytest.approx(begin["kernel"], abs=1e-4)
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    slope = 1 - np.tanh(nodes) ** 2
    kernel = (weights @ (np.tanh(nodes) ** 2 + slope**2)) / weights.sum()
    assert end["loss"] == pytest.approx(0.5 * (1 - 0.05 * kernel) ** 40, rel=1e-3)
