"""Steps of drawn systems with samples, couplings that learn, momenta, white noise and multipliers, against NumPy written out."""

import numpy as np
import pytest
import sympy as sp

from solvers import simulate
from theory import Dim, Energy, Gaussian, Noise, Quenched, State, Step, hebb, mean, sqrt, sum_over, tanh
from theory.errors import ConvergenceError, ParameterError

N, D, mu = Dim("N"), Dim("D"), Dim("mu", finite=True)
gamma, m, lam, force = *sp.symbols("gamma m lam", positive=True), sp.Symbol("force", real=True)
x, y, w0 = Quenched("x", D, mu), Quenched("y", mu), Quenched("w0", N)
W0, W1, w = Gaussian("W0", N, D), Gaussian("W1", N, N), State("w", N)
low = tanh(W0 @ x / sqrt(D))
high = tanh(W1 @ low / sqrt(N))
ENERGY = Energy(sum_over(mu, (y - mean(N, w * high) / gamma) ** 2) / 2, over=[w, W0, W1], name="net")


def given(matrix):
    return lambda rng, shape: matrix


@pytest.mark.parametrize(("momentum", "decay"), [(0.0, 0.0), (0.6, 0.15)])
def test_a_network_written_out(momentum, decay):
    flow = ENERGY.flow(rate=gamma**2 * N, momentum=m if momentum else 0, decay=lam if decay else 0)
    rules = {w: flow.rules[w.leaf], W0: flow.couplings[W0.leaf].rule, W1: flow.couplings[W1.leaf].rule}
    observe = {"loss": sum_over(mu, (y - mean(N, w * high) / gamma) ** 2) / 2, "kernel": sum_over(mu, mean(N, high**2))}
    law = Step(rules, observe=observe, initial={w: w0}, momentum=flow.momentum and m, name="net")
    rng, n, d, g, step = np.random.default_rng(1), 7, 3, 1.5, 0.2
    a, b, c = rng.standard_normal((n, d)), rng.standard_normal((n, n)), rng.standard_normal(n)
    data, labels = rng.standard_normal((d, 2)), np.array([1.0, -0.5])
    more = {"m": momentum} if momentum else {}
    more |= {"lam": decay} if decay else {}
    found = simulate(law, trials=1, t=1.0, time_step=step, N=n, D=d, gamma=g, x=data, y=labels, w0=c,
                     design={"W0": given(a), "W1": given(b)}, **more)  # fmt: skip
    velocity = [np.zeros_like(v) for v in (a, b, c)]
    for _ in range(5):
        h, f, miss = forward(a, b, c, data, labels, g)
        back = c[:, None] * (1 - f**2)
        first = (b.T @ back / np.sqrt(n)) * (1 - h**2)
        rates = [g * (first * miss) @ data.T / np.sqrt(d), g * (back * miss) @ h.T / np.sqrt(n), g * f @ miss]
        velocity = [momentum * v + r - decay * p for v, r, p in zip(velocity, rates, (a, b, c), strict=True)]
        a, b, c = (p + step * v for p, v in zip((a, b, c), velocity, strict=True))
    h, f, miss = forward(a, b, c, data, labels, g)
    assert found["loss"].mean == pytest.approx(np.sum(miss**2) / 2, rel=1e-12)
    assert found["kernel"].mean == pytest.approx(np.sum(f**2) / n, rel=1e-12)


def forward(a, b, c, data, labels, g):
    h = np.tanh(a @ data / np.sqrt(len(data)))
    f = np.tanh(b @ h / np.sqrt(len(c)))
    return h, f, labels - c @ f / len(c) / g


def test_states_with_samples_keep_them_apart():
    h = State("h", N, mu, initial_variance=1)
    law = Step({h: -h + W1 @ tanh(h) / sqrt(N)}, observe={"C": sum_over(mu, y * mean(N, h**2))}, name="copies")
    task = dict(t=1.0, time_step=0.25, trials=3, N=8)
    both = simulate(law, y=np.array([1.0, 1.0]), **task)["C"].mean
    parts = [simulate(law, y=np.array(v), **task)["C"].mean for v in ([1.0, 0.0], [0.0, 1.0])]
    assert both == pytest.approx(sum(parts), rel=1e-12) and abs(parts[0] - parts[1]) > 1e-3


def test_a_coupling_may_drive_the_state_that_teaches_it():
    s = State("s", N)
    law = Step({s: -s + W1 @ s / sqrt(N), W1: hebb(tanh(s), s) / sqrt(N)}, initial={s: w0}, observe={"C": mean(N, s**2)})
    matrix, here = np.arange(9.0).reshape(3, 3) / 9, np.array([1.0, -0.5, 0.2])
    found = simulate(law, trials=1, t=0.4, time_step=0.1, N=3, w0=here, design={"W1": given(matrix)})["C"].mean
    for _ in range(4):
        change = np.outer(np.tanh(here), here) / np.sqrt(3)
        here, matrix = here + 0.1 * (-here + matrix @ here / np.sqrt(3)), matrix + 0.1 * change
    assert found == pytest.approx(np.mean(here**2), rel=1e-12)


def test_white_noise_has_its_variance_per_time():
    s = State("s", N)
    law = Step({s: Noise("xi", N, variance=lam, fresh="step")}, observe={"C": mean(N, s**2)}, name="walk")
    found = simulate(law, t=[1.0, 2.0], time_step=0.25, trials=100, N=100, lam=0.7)["C"]
    assert np.all(np.abs(found.mean - [0.7, 1.4]) < 4 * found.stderr)


def test_a_multiplier_holds_its_constraint():
    s = State("s", N, initial_variance=1)
    rules = {s: W1 @ tanh(s) / sqrt(N) - force * s}
    law = Step(rules, constraints={force: sum_over(N, s**2) - N}, observe={"C": mean(N, s**2), "q": mean(N, s**4)}, name="sphere")
    found = simulate(law, t=[0.0, 0.1, 1.0], time_step=0.1, trials=5, N=20)["C"]
    assert found.stderr[0] > 0.01 and found.mean[1:] == pytest.approx(1, abs=1e-9)
    far = Step(rules, constraints={force: sum_over(N, s**2) + N}, observe={"C": mean(N, s**2)}, name="nowhere")
    with pytest.raises(ConvergenceError, match=r"no multiplier force holds its constraint at t = 0"):
        simulate(far, t=1.0, time_step=0.1, trials=1, N=20)


def test_what_moves_in_steps_needs_one():
    with pytest.raises(ParameterError, match="time_step: none; couplings that learn"):
        simulate(ENERGY.flow(rate=gamma**2 * N), t=1.0, N=5, D=3, gamma=1.0, x=np.ones((3, 1)), y=np.ones(1), observables=[])
