"""Relaxation of the spherical p-spin glass after a quench: Langevin dynamics on the sphere."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Dim, Noise, Parameter, State, Step, Tensor, mean, sum_over

temperature = sp.Symbol("T", nonnegative=True)
multiplier = sp.Symbol("mu", real=True)


class PSpinLangevin(Step):
    """ds/dt = -∇E - μ s + ξ with the energy E = Σ J_{i1...ip} s_i1 ... s_ip of `spherical-p-spin` and white noise ξ of variance 2T.

    ``order`` is p; the multiplier μ holds Σ s² = N. From a random start, a quench from infinite temperature. Above the dynamic
    temperature, √(3/8) for p = 3, the energy per spin falls to -1/(2T) and response and correlation obey the
    fluctuation-dissipation theorem; below it the system ages for ever above the threshold energy, -√(4/3) at T = 0 and p = 3.
    ``overlap`` is that of the spins with their start.

    Sources: Crisanti, Horner and Sommers, Z. Phys. B 92, 257 (1993); Cugliandolo and Kurchan, Phys. Rev. Lett. 71, 173 (1993).
    """

    validity = "N -> oo at a fixed number of steps; bias 1/N"

    def __init__(self, order: int = 3) -> None:
        sites = Dim("N")
        spins, start = State("s", sites), Noise("s_0", sites)
        couplings = Tensor("J", sites, order=order, variance=1 / (2 * sites ** (order - 1)))
        thermal = Noise("xi", sites, variance=2 * temperature, fresh="step")
        super().__init__(
            {spins: -couplings.gradient(spins) - multiplier * spins + thermal},
            initial={spins: start},
            constraints={multiplier: sum_over(sites, spins**2) - sites},
            observe={"energy": couplings(spins) / sites, "overlap": mean(sites, spins * start)},
            name="p-spin-langevin",
            parameters=[
                Parameter("N", sites, "number of spins", lower=0, lower_open=True, default=40),
                Parameter("temperature", temperature, "temperature", lower=0),
            ],
        )
