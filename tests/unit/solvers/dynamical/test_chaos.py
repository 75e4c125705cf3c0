"""Largest Lyapunov exponents: silence, the onset at g = 1, chaos, and long runs that stay what they are."""

import numpy as np
import pytest
import sympy as sp

from solvers import check, largest_exponent, march, simulate
from theory import Dim, Gaussian, State, Step, mean, models, tanh
from theory.declaration import differential, hebb, linearised
from theory.dmft import derive
from theory.errors import DeclarationError, ParameterError

N = Dim("N")
NETWORK = models.RecurrentNetwork()


def test_small_differences_obey_the_linearised_law():
    """The difference of two simulations from the same draw, one nudged, grows as the linearised law says."""
    both = linearised(NETWORK)
    h, d = (State(n, N, **how) for n, how in (("h", {}), ("d_h", {"initial_variance": 1})))
    J = next(leaf for leaf in NETWORK.leaves if leaf.kind == "gaussian")
    law = differential(tanh(h), {h.leaf: d})
    assert sp.expand(law.expr - (d * (1 - tanh(h) ** 2)).expr) == 0
    assert {leaf.name for leaf in both.rules} == {"h", "d_h"} and J in both.leaves
    found = simulate(both, t=[0.0, 4.0], g=1.5, time_step=0.25, trials=200, N=100)["separation"]
    path = march(derive(both, closed=False).theory, t=[0.0, 4.0], g=1.5, time_step=0.25)
    assert np.all(np.abs(found.mean - path["separation"]) < 4 * np.hypot(found.stderr, path.errors["separation"]))


@pytest.mark.slow
def test_chaos_begins_at_gain_one():
    task = dict(t=40, time_step=0.25, scrambles=4)
    silent, onset, chaotic = (largest_exponent(NETWORK, g=g, **task) for g in (0.9, 1.0, 1.5))
    # The slowest mode of silence decays by 1 - δ + δ g in a step, and as a power of time besides.
    assert silent.value == pytest.approx(np.log(1 - 0.25 * 0.1) / 0.25 - 1 / (4 * 30), abs=2e-3)
    assert abs(onset.value) < 0.02 and chaotic.value > 5 * chaotic.error > 0
    assert abs(chaotic.drift) < 0.02


def test_long_runs_are_not_lost_to_rounding():
    """Smooth paths leave their covariance almost singular; a factor that keeps too much of it runs away after 100 steps."""
    path = march(NETWORK.theory(), t=[20.0, 40.0], g=0.5, time_step=0.25, scrambles=2)
    assert path["activity"][1] < 1e-15
    path = march(NETWORK.theory(), t=[30.0, 40.0], g=1.5, time_step=0.25, scrambles=3)
    assert abs(path["activity"][1] - path["activity"][0]) < 0.05


@pytest.mark.slow
def test_linearised_theory_against_simulation():
    found = check(linearised(NETWORK), N=50, trials=300, t=[2.0, 5.0], g=1.5, symmetry=0.3, time_step=0.25)
    assert found.passed, found


def test_refused_with_a_sentence():
    s, W = State("s", N, initial_variance=1), Gaussian("W", N, N, variance=1 / N)
    with pytest.raises(DeclarationError, match="W moves with the states"):
        linearised(Step({s: -s + W @ s, W: hebb(s, s) / N}, observe={"C": mean(N, s**2)}))
    for change, message in (({"t": 1.0}, "at least eight steps"), ({"time_step": None}, "give the length of a step")):
        with pytest.raises(ParameterError, match=message):
            largest_exponent(NETWORK, **{**dict(t=40, time_step=0.25, g=1.5), **change})
    with pytest.raises(ParameterError, match="is no dynamics; declare a Step"):
        largest_exponent(models.KernelRegression(), t=1.0)
