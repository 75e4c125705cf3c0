"""A wide network of two layers in the mean-field limit, trained by gradient descent on given data."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Dim, Energy, Gaussian, Parameter, Quenched, State, Step, mean, sqrt, sum_over, tanh
from theory.declaration.flows import flow

richness = sp.Symbol("gamma_0", positive=True)


class TwoLayerNetwork(Step):
    """f(x) = w·tanh(W x/√D)/(γ₀ N) from standard Gaussian weights, under gradient descent of Σ_μ (y_μ − f_μ)²/2 at the rate γ₀² N.

    A step of length η is one of gradient descent at the learning rate η γ₀² N (μP). γ₀ → 0 is the lazy limit. ``loss`` is that of
    all samples together, ``kernel`` the mean of tanh(h)², summed over samples.

    Source: Bordelon and Pehlevan, 2205.09653.
    """

    validity = "N -> oo at given data and number of steps; bias 1/N"

    def __init__(self) -> None:
        inputs, width, samples = Dim("D"), Dim("N"), Dim("mu", finite=True)
        x, y = Quenched("x", inputs, samples), Quenched("y", samples)
        weights, readout = Gaussian("W", width, inputs), State("w", width, initial_variance=1)
        features = tanh(weights @ x / sqrt(inputs))
        loss = sum_over(samples, (y - mean(width, readout * features) / richness) ** 2) / 2
        kernel = sum_over(samples, mean(width, features**2))
        energy = Energy(loss, over=[readout, weights], name="network", observe={"loss": loss, "kernel": kernel})
        made = flow(energy, rate=richness**2 * width)
        super().__init__(
            {readout: made.rules[readout.leaf], weights: made.couplings[weights.leaf].rule},
            observe=energy.observe,
            name="two-layer-network",
            parameters=network_parameters(inputs, width, x, y),
            reference="2205.09653",
        )


def network_parameters(inputs, width, x, y) -> list[Parameter]:
    """What a network on given data is given."""
    return [
        Parameter("N", width, "width", lower=0, lower_open=True, default=100),
        Parameter("D", inputs, "number of inputs", lower=0, lower_open=True),
        Parameter("richness", richness, "richness γ₀", lower=0, lower_open=True, default=1.0),
        Parameter("inputs", x, "inputs x, one column for each sample"),
        Parameter("labels", y, "labels y, one for each sample"),
    ]
