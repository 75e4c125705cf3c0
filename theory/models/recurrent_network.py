"""The random recurrent network, from silence to chaos, with partially symmetric couplings."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Dim, Gaussian, Noise, Parameter, State, Step, mean, tanh

gain, symmetry = sp.Symbol("g", positive=True), sp.Symbol("eta", real=True)


class RecurrentNetwork(Step):
    """N rate neurons dh/dt = -h + J tanh(h) with couplings of variance g²/N, which correlate with their transposes by η.

    They start from independent standard Gaussians. Without symmetry the silent state is stable below g = 1 and chaos reigns above.
    ``activity`` is the mean of h², ``overlap`` that of h with its start, ``rate_activity`` the mean of tanh(h)².

    Sources: Sompolinsky, Crisanti and Sommers, Phys. Rev. Lett. 61, 259 (1988); Martí, Brunel and Ostojic, 1707.08337.
    """

    validity = "N -> oo at a fixed number of steps; bias 1/N"

    def __init__(self) -> None:
        neurons = Dim("N")
        h, start = State("h", neurons), Noise("h_0", neurons)
        couplings = Gaussian("J", neurons, neurons, variance=gain**2 / neurons, symmetry=symmetry)
        super().__init__(
            {h: -h + couplings @ tanh(h)},
            initial={h: start},
            observe={
                "activity": mean(neurons, h**2),
                "overlap": mean(neurons, h * start),
                "rate_activity": mean(neurons, tanh(h) ** 2),
            },
            name="recurrent-network",
            parameters=[
                Parameter("N", neurons, "number of neurons", lower=0, lower_open=True, default=100),
                Parameter("g", gain, "gain g: the couplings have variance g²/N", lower=0, lower_open=True),
                Parameter("symmetry", symmetry, "correlation η of a coupling with its transpose", lower=-1, upper=1, default=0.0),
            ],
        )
