"""Every dynamics of the registry: its theory is what simulations of its declaration tend to as they grow."""

import numpy as np
import pytest

from solvers import check
from tests.monte_carlo.test_linear_dynamics import TASKS as LINEAR
from theory import Dim, Energy, Gaussian, Quenched, State, mean, models, sqrt, sum_over, tanh
from theory.declaration.step import Step

INPUTS = {"D": 4, "inputs": np.sqrt(2) * np.array([[1.0, 0, 0, 1], [1, 1, 0, 0]]).T, "labels": np.array([1.0, -0.5])}
NETWORK = {"N": 25, "richness": 2.0, "t": [1.0, 2.0], "time_step": 0.1, **INPUTS}
TASKS = {
    **LINEAR,
    "glm-flow": {"D": 25, "P": 50, "sharpness": 2.0, "ridge": 0.1, "t": [2.0, 4.0], "time_step": 0.5},
    "p-spin-langevin": {"N": 20, "temperature": 0.5, "t": [0.5, 1.0], "time_step": 0.125},
    "recurrent-network": {"N": 40, "g": 1.5, "symmetry": 0.5, "t": [1.0, 3.0], "time_step": 0.25},
    "two-layer-network": NETWORK,
    "three-layer-network": NETWORK,
}
TRIALS = {"linear": 200, "sampled": 100}


def dynamics():
    """Names of the models that are dynamics."""
    return [name for name in models.REGISTRY if isinstance(models.load(name)(), Step)]


def test_every_dynamics_has_a_task():
    assert sorted(TASKS) == sorted(dynamics()), "a new dynamics is checked here: add small sizes for it"


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(TASKS))
def test_theory_and_simulation_agree(name):
    trials = TRIALS["linear" if name in LINEAR else "sampled"]
    found = check(models.load(name)(), trials=trials, seed=7, **TASKS[name])
    assert found.passed, str(found)


@pytest.mark.slow
@pytest.mark.parametrize(("momentum", "decay"), [(0.6, 0.0), (0.0, 0.3), (0.6, 0.3)])
def test_momentum_and_weight_decay_of_a_network(momentum, decay):
    """Readout and trained coupling alike, each with a velocity and pulled to zero."""
    inputs, width, samples = Dim("D"), Dim("N"), Dim("mu", finite=True)
    x, y = Quenched("x", inputs, samples), Quenched("y", samples)
    weights, readout = Gaussian("W", width, inputs), State("w", width, initial_variance=1)
    features = tanh(weights @ x / sqrt(inputs))
    loss = sum_over(samples, (y - mean(width, readout * features)) ** 2) / 2
    observe = {"loss": loss, "kernel": sum_over(samples, mean(width, features**2)), "readout": mean(width, readout**2)}
    model = Energy(loss, over=[readout, weights], name="network", observe=observe).flow(rate=width, momentum=momentum, decay=decay)
    task = {"N": 25, "t": [0.5, 1.5], "time_step": 0.1, "D": 4, "x": INPUTS["inputs"], "y": INPUTS["labels"]}
    found = check(model, trials=100, seed=2, **task)
    assert found.passed, str(found)
