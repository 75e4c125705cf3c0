"""Dynamics that a user declares in a few lines, by the same path: theory, simulation, verdict."""

import pytest
import sympy as sp

from solvers import check
from theory import Dim, Gaussian, Noise, Parameter, Signs, State, Step, mean, tanh

g, rate, gain, kappa = sp.symbols("g rate gain kappa", positive=True)
N, P = Dim("N"), Dim("P")


def adaptation():
    """Rate neurons with an adaptation current."""
    h, a = State("h", N, initial_variance=1), State("a", N)
    J = Gaussian("J", N, N, variance=g**2 / N)
    return Step(
        {h: -h - gain * a + J @ tanh(h), a: rate * (tanh(h) - a)},
        observe={"activity": mean(N, h**2), "current": mean(N, a**2)},
        name="adaptation",
    )


def delay(steps=3):
    """A linear system that hears itself some steps late."""
    x, *line = (State(f"x_{i}", N) for i in range(steps + 1))
    start = Noise("z", N)
    J = Gaussian("J", N, N, variance=g**2 / N, symmetry=kappa)
    late = dict(zip(line, (x, *line), strict=False))
    return Step(
        {x: x / 2 + J @ line[-1], **late},
        initial={x: start},
        observe={"power": mean(N, x**2), "overlap": mean(N, x * start)},
        continuous=False,
        parameters=[Parameter("kappa", kappa, lower=-1, upper=1)],
        name="delay",
    )


def memory():
    """Parallel dynamics of an associative memory: one pattern beside P Gaussian ones is condensed; no neuron hears itself."""
    s, pattern, noise = State("s", N), Signs("xi", N), Noise("eta", N)
    X = Gaussian("X", P, N)
    heard = pattern * mean(N, pattern * s) + (X.T @ (X @ s)) / N - s * P / N
    return Step(
        {s: tanh(gain * heard)},
        initial={s: tanh(pattern + noise)},
        observe={"overlap": mean(N, pattern * s), "power": mean(N, s**2)},
        continuous=False,
        name="memory",
    )


TASKS = {
    "adaptation": (adaptation, dict(N=50, g=2.0, gain=1.0, rate=0.5, t=[2.0, 5.0], time_step=0.25)),
    "delay": (delay, dict(N=50, g=0.4, kappa=0.5, t=[4, 8])),
    "memory": (memory, dict(N=50, P=10, gain=3.0, t=[2, 5])),
}


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n == "memory" else pytest.mark.slow) for n in TASKS])
def test_theory_and_simulation_agree(name):
    declare, task = TASKS[name]
    model = declare()
    found = check(model, trials=200, **task)
    assert found.passed, found
