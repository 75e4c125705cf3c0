"""A linear random network: the response is a resolvent, the correlation tells normal from non-normal couplings (2601.01010)."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Dim, Gaussian, Parameter, State, Step, mean
from theory.symbols import positive, time

gain, leak = positive("g"), positive("mu")
symmetry = sp.Symbol("tau", real=True)


class LinearNetwork(Step):
    """dh/dt = −μ h + g J h, with J_ij of variance 1/N and correlation τ between J_ij and J_ji, from white noise.

    ``power`` is |h|²/N: e^(−2μt) I₀(2gt) for independent couplings (τ = 0), e^(−2μt) I₁(4gt)/(2gt) for symmetric ones. The
    spectrum fills an ellipse with half axes g(1 + τ) and g(1 − τ) around −μ.

    Source: Bordelon and Pehlevan, 2601.01010.
    """

    validity = "N -> oo; bias 1/r under replicate(r)"

    def __init__(self) -> None:
        units = Dim("N")
        couplings = Gaussian("J", units, units, variance=1 / units, symmetry=symmetry)
        h = State("h", units, initial_variance=1)
        super().__init__(
            {h: -leak * h + gain * (couplings @ h)},
            name="linear-network",
            observe={"power": mean(units, h**2)},
            parameters=[
                Parameter("t", time, "time", lower=0),
                Parameter("N", units, "number of units", lower=0, lower_open=True),
                Parameter("gain", gain, "strength g of the couplings", lower=0),
                Parameter("leak", leak, "leak μ", lower=0, default=1.0),
                Parameter("symmetry", symmetry, "correlation τ of J_ij and J_ji", lower=-1, upper=1, default=0.0),
            ],
            reference="2601.01010",
        )
