"""A wide network of three layers in the mean-field limit: features that are learnt twice, and errors that come back."""

from __future__ import annotations

from theory.declaration import Dim, Energy, Gaussian, Quenched, State, Step, mean, sqrt, sum_over, tanh
from theory.declaration.flows import flow
from theory.models.two_layer_network import network_parameters, richness


class ThreeLayerNetwork(Step):
    """f(x) = w·tanh(W₁ tanh(W₀ x/√D)/√N)/(γ₀ N) from standard Gaussian weights, trained as the two-layer network.

    ``first_kernel`` and ``second_kernel`` are the means of the squared features of the two hidden layers, summed over samples.

    Source: Bordelon and Pehlevan, 2205.09653.
    """

    validity = "N -> oo at given data and number of steps; bias 1/N"

    def __init__(self) -> None:
        inputs, width, samples = Dim("D"), Dim("N"), Dim("mu", finite=True)
        x, y = Quenched("x", inputs, samples), Quenched("y", samples)
        first, second = Gaussian("W_0", width, inputs), Gaussian("W_1", width, width)
        readout = State("w", width, initial_variance=1)
        low = tanh(first @ x / sqrt(inputs))
        high = tanh(second @ low / sqrt(width))
        loss = sum_over(samples, (y - mean(width, readout * high) / richness) ** 2) / 2
        kernels = {
            "first_kernel": sum_over(samples, mean(width, low**2)),
            "second_kernel": sum_over(samples, mean(width, high**2)),
        }
        energy = Energy(loss, over=[readout, first, second], name="network", observe={"loss": loss, **kernels})
        made = flow(energy, rate=richness**2 * width)
        super().__init__(
            {readout: made.rules[readout.leaf], **{m: made.couplings[m.leaf].rule for m in (first, second)}},
            observe=energy.observe,
            name="three-layer-network",
            parameters=network_parameters(inputs, width, x, y),
            reference="2205.09653",
        )
