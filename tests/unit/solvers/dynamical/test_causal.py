"""The sampler against what is known exactly: linear networks, quadratures, kernels of couplings, and its own errors."""

import numpy as np
import pytest
import sympy as sp
from scipy.special import iv

from solvers import march, solve, sweep
from solvers.dynamical.innovations import Innovations
from solvers.sites import sampled
from theory import models
from theory.declaration import Dim, Energy, Gaussian, Noise, Quenched, State, Step, mean, sqrt, sum_over, tanh
from theory.dmft import derive
from theory.errors import ConvergenceError, DivergenceError, ParameterError

N = Dim("N")
g, lam, eta = sp.Symbol("g", positive=True), sp.Symbol("lam", positive=True), sp.Symbol("eta", real=True)
h = State("h", N, initial_variance=1)
J = Gaussian("J", N, N, variance=g**2 / N, symmetry=eta)
LINEAR = Step({h: -h + J @ h}, observe={"C": mean(N, h**2)}, name="linear")


def test_rows_have_the_covariance_that_they_are_given():
    rng = np.random.default_rng(0)
    root = rng.standard_normal((4, 4))
    root = np.vstack([root, root[1] - root[2]])  # the last row holds nothing new
    wanted = root @ root.T
    samples = rng.standard_normal((5, 1 << 16))
    samples = np.linalg.qr(samples.T)[0].T * np.sqrt(samples.shape[1])  # exactly white
    rows, taken, held = Innovations(5, samples.shape[1]), iter(samples), []
    values = []
    for k in range(5):
        value, new = rows.append(wanted[k, held], wanted[k, k], lambda n: next(taken)[None])
        held += [k] if new else []
        values.append(value)
    assert np.array(values) @ np.array(values).T / samples.shape[1] == pytest.approx(wanted, abs=1e-6)
    assert rows.count == 4


def test_blocks_of_samples_are_even_in_themselves():
    sites = sampled(6, {"eta": np.array([1.0, 2.0, 3.0])}, 2, 3000, 0, None)
    assert sites.weight.size == 3 * 1024 and sites.entries["eta"][[0, 1024, -1]].tolist() == [1, 2, 3]
    for block in sites.draws.reshape(2, 3, 1024).swapaxes(0, 1):
        assert block @ block.T / 1024 == pytest.approx(np.eye(2), abs=0.03)
    assert sites.total(np.ones(3072)) == pytest.approx(6)


@pytest.mark.parametrize("symmetry", [0.0, 1.0, -1.0])
def test_linear_networks_end_in_bessel_functions(symmetry):
    """Flow limit by halving the step: e^{-2t} I0(2gt), I1(4gt)/2gt, and 1 in its place."""
    th = derive(LINEAR, closed=False).theory
    t, gain = 1.0, 0.8
    found = [solve(th, t=t, g=gain, eta=symmetry, N=10, time_step=s)["C"] for s in (0.25, 0.125, 0.0625)]
    exact = {0: iv(0, 2 * gain * t), 1: iv(1, 4 * gain * t) / (2 * gain * t), -1: 1.0}[symmetry] * np.exp(-2 * t)
    assert (8 * found[2] - 6 * found[1] + found[0]) / 3 == pytest.approx(exact, rel=6e-3)


def test_discrete_correlations_of_a_linear_network_are_exact():
    step, gain, steps = 0.25, 1.2, 8
    c = np.zeros((steps + 1, steps + 1))
    c[0, 0] = 1  # <h_k h_l>: h decays by 1 - step, and is driven by noise of covariance g² <h h>
    for k in range(steps):
        for m in range(k + 1):
            c[k + 1, m] = c[m, k + 1] = (1 - step) * c[k, m] + step * cross(c, m, k, step, gain)
        c[k + 1, k + 1] = (1 - step) * c[k, k + 1] + step * cross(c, k + 1, k, step, gain)
    th = derive(LINEAR, closed=False).theory
    path = march(th, t=[step * k for k in range(steps + 1)], g=gain, eta=0.0, N=10, time_step=step, samples=8192)
    assert np.abs(path["C"] - np.diag(c)) == pytest.approx(0, abs=4e-3)
    assert np.all(np.abs(path["C"] - np.diag(c)) < 5 * path.errors["C"] + 1e-3)


def cross(c, m, k, step, gain):
    """<h_m u_k>, u the noise: what it has passed on to h_m."""
    return step * sum((1 - step) ** (m - 1 - j) * gain**2 * c[j, k] for j in range(m))


def test_few_variables_are_a_quadrature():
    """Two layers and one sample: two Gaussian variables make a site, and the error is that of the rule."""
    mu, D = Dim("mu", finite=True), Dim("D")
    x, y, gamma = Quenched("x", D, mu), Quenched("y", mu), sp.Symbol("gamma", positive=True)
    w, W = State("w", N, initial_variance=1), Gaussian("W", N, D)
    z = W @ x / sqrt(D)
    error = y - mean(N, w * tanh(z)) / gamma
    net = Energy(sum_over(mu, error**2) / 2, over=[w, W], observe={"loss": sum_over(mu, error**2) / 2}, name="net")
    values = dict(t=1.0, time_step=0.1, gamma=2.0, N=10, D=4, y=np.array([1.0]))
    found = solve(net.flow(rate=gamma**2 * N).theory(), x=np.sqrt(2) * np.array([[1.0], [0], [0], [1]]), **values)
    assert 0 < found.error < 3e-5
    # The same with the sample in two equal halves of another length is one sample still: the process knows x·x/D alone.
    again = solve(net.flow(rate=gamma**2 * N).theory(), x=np.array([[1.0], [1], [1], [1]]), **values)
    assert again["loss"] == pytest.approx(found["loss"], rel=1e-12)


def test_points_that_differ_in_time_share_their_runs():
    th = models.RecurrentNetwork().theory()
    curve = sweep(th, t=[1.0, 0.0, 2.0], g=[0.5, 1.5], time_step=0.5, samples=256, scrambles=3)
    one = solve(th, t=2.0, g=1.5, time_step=0.5, samples=256, scrambles=3)
    assert curve["activity"].shape == (3, 2) and curve["activity"][2, 1] == one["activity"]
    assert np.all(curve["activity"][1] == curve["activity"][1, 0]) and np.all(curve.errors["activity"] > 0)


def test_errors_cover_what_more_samples_change():
    th = models.RecurrentNetwork().theory()
    few = march(th, t=[2.0, 4.0], g=1.5, symmetry=0.5, time_step=0.25, samples=512)
    many = march(th, t=[2.0, 4.0], g=1.5, symmetry=0.5, time_step=0.25, samples=8192, seed=1)
    both = np.hypot(few.errors["activity"], many.errors["activity"])
    assert np.all(np.abs(few["activity"] - many["activity"]) < 4 * both)
    assert np.all(many.errors["activity"] < few.errors["activity"])


def test_without_responses_the_memory_is_gone():
    th = models.RecurrentNetwork().theory()
    task = dict(t=4.0, g=1.5, time_step=0.25, samples=512, scrambles=3)
    whole, cut, free = (march(th, **task, **more) for more in
                        ({"symmetry": 0.5}, {"symmetry": 0.5, "responses": False}, {"symmetry": 0.0}))  # fmt: skip
    assert cut["activity"] == pytest.approx(free["activity"], rel=1e-12)
    assert abs(whole["activity"][0] - free["activity"][0]) > 20 * whole.errors["activity"][0]


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"t": 1.1}, ParameterError, "t = 1.1 is no whole number of steps of 0.25; give a multiple of time_step"),
        ({"samples": 3}, ParameterError, "samples: 3; give a whole number, 16 or more"),
        ({"scrambles": 1}, ParameterError, "scrambles: 1; give a whole number, 2 or more"),
        ({"tolerance": 1e-6}, ConvergenceError, "relative error .* of|at t = 1 exceeds 1e-06; take more samples"),
        ({"t": 1e5}, ParameterError, "and at most 4000 are sampled; take longer steps"),
        ({"time_step": 0.0}, ParameterError, "time_step"),
        ({"observables": "activty"}, ParameterError, "did you mean 'activity'"),
    ],
)
def test_bad_input_is_named(change, kind, message):
    task = dict(t=1.0, g=1.5, time_step=0.25, samples=64, scrambles=2)
    with pytest.raises(kind, match=message):
        solve(models.RecurrentNetwork().theory(), **{**task, **change})


def test_a_run_that_blows_up_names_its_time():
    wild = Step({h: h**3 + J @ tanh(h)}, observe={"C": mean(N, h**2)}, name="wild").theory()
    with pytest.raises(DivergenceError, match=r"wild: .* is not finite at t = \d"):
        solve(wild, t=30.0, g=1.5, eta=0.0, N=10, time_step=0.5, samples=64, scrambles=2)
    masked = sweep(wild, t=[30.0], g=1.5, eta=0.0, N=10, time_step=0.5, samples=64, scrambles=2, on_failure="mask")
    assert masked.status.tolist() == ["failed"] and np.isnan(masked["C"]).all()


def test_white_noise_and_redrawn_matrices():
    """An Ornstein-Uhlenbeck process driven by a redrawn matrix: moments in closed recursion."""
    X = Gaussian("X", N, N, variance=g**2 / N, fresh="step")
    law = Step({h: -h + X @ h + Noise("xi", N, variance=lam, fresh="step")}, observe={"C": mean(N, h**2)}, name="driven")
    step, gain, noise, c = 0.25, 0.7, 0.3, 1.0
    for _ in range(6):
        c = (1 - step) ** 2 * c + step**2 * gain**2 * c + step * noise
    path = march(law.theory(), t=6 * step, g=gain, lam=noise, N=10, time_step=step, samples=8192)
    assert abs(path["C"][0] - c) < 4 * path.errors["C"][0] + 1e-4
