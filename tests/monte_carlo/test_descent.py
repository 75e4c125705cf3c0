"""Losses of descents against simulations of the same declarations."""

import numpy as np
import pytest

from solvers import check, simulate, solve, sweep
from theory import models

k = np.arange(1, 31.0)
TASK = {"eigenvalues": 2 * k**-1.3, "target_power": k**-1.4, "noise": 0.2, "learning_rate": 0.25, "t": 12}


def test_small_batches_need_the_exact_recursion():
    """Batch 1: the exact recursion agrees at one size, the leading order is refuted by it."""
    task = {"t": 8, "batch": 1, "learning_rate": 0.3, "eigenvalues": k**-1.5, "target_power": k**-1.75}
    model = models.load("one-pass-linear-regression")()
    found = solve(model.theory(), observables=["E_g", "E_g_leading"], **task)
    drawn = simulate(model, trials=1500, seed=1, **task)["E_g"]
    assert abs(drawn.mean - found["E_g"]) < 4 * drawn.stderr
    assert drawn.mean - found["E_g_leading"] > 5 * drawn.stderr


def test_correction_of_small_batches_falls_with_size():
    """Modes r-fold and batches r times larger: the exact recursion tends to the leading order like 1/r."""
    theory = models.load("one-pass-linear-regression")().theory()
    gaps = []
    for r in (1, 2, 4, 8):
        found = solve(theory, observables=["E_g", "E_g_leading"], t=10, batch=2 * r, learning_rate=0.3,
                      eigenvalues=np.repeat(k**-1.5, r), target_power=np.repeat(k**-1.75, r) / r)
        gaps.append(found["E_g"] - found["E_g_leading"])
    assert np.all(np.array(gaps) > 0)
    assert gaps[1] / gaps[2] == pytest.approx(2, rel=0.1)
    assert gaps[2] / gaps[3] == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize("decay", [0.0, 0.05])
def test_reused_samples(decay):
    found = check(models.load("sgd-linear-regression")(), trials=400, seed=2, P=20, batch=4, weight_decay=decay, **TASK)
    assert found.passed, found


def test_a_wrong_strength_of_the_noise_is_seen():
    """Twice the batch in the theory: the check must fail."""
    model = models.load("sgd-linear-regression")()
    task = {"P": 20, **TASK, "t": 30}
    wrong = sweep(model.theory(), batch=8, **task)
    drawn = [simulate(model, trials=300 // r, seed=r, replicate=r, batch=4, **task)["E_train"] for r in (2, 4)]
    assert all(d.mean - wrong["E_train"] > 5 * d.stderr for d in drawn)


def test_flow_and_steps_share_the_simulated_limit():
    task = {key: value for key, value in TASK.items() if key != "t"}
    found = {}
    for name, time in (("flow", 20.0), ("gd", 20)):
        found[name] = check(models.load(f"{name}-linear-regression")(), trials=400, seed=3, P=20, t=time, **task)
        assert found[name].passed, found[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sgd", "gd", "flow", "one-pass"])
def test_random_features(name):
    sizes = {"sgd": {"P": 24, "batch": 4}, "one-pass": {"batch": 4}}.get(name, {"P": 24})
    found = check(models.load(f"{name}-random-features")(), trials=400, seed=4, N=16, **sizes, **TASK)
    assert found.passed, found
