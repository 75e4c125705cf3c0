"""The Hopfield network: Ising spins that store patterns in Hebbian couplings, one of them condensed."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Dim, Energy, Gaussian, Parameter, Signs, State, sum_over

temperature = sp.Symbol("T", positive=True)


class Hopfield(Energy):
    """E = -Σ_μ (Σ_i ξ_i^μ s_i)²/(2N) at temperature T, self-couplings included: P patterns of which the state has no macroscopic
    overlap, Gaussian (they enter by their second moments), and one pattern of fair signs, with which its overlap is ``overlap``.

    A solve and a simulation begin at the pattern; the solve finds the retrieval state where there is one; else overlap 0, the spin
    glass or the paramagnet.

    Source: Amit, Gutfreund and Sompolinsky, Phys. Rev. Lett. 55, 1530 (1985); Ann. Phys. 173, 30 (1987).
    """

    validity = "N, P -> oo together; replica symmetry, exact where the replicon is not negative"

    def __init__(self, ansatz: str = "RS") -> None:
        sites, patterns = Dim("N"), Dim("P")
        spins = State("s", sites, prior="ising")
        pattern = Signs("xi", sites)
        condensed = sum_over(sites, pattern * spins)
        others = Gaussian("X", patterns, sites, variance=1 / sites) @ spins
        energy = -others.square() / 2 - condensed**2 / (2 * sites)
        super().__init__(
            energy,
            over=spins,
            temperature=temperature,
            ansatz=ansatz,
            algorithm="gibbs",
            start={spins: pattern},
            observe={"energy": energy / sites, "overlap": condensed / sites},
            name="hopfield",
            reference=("amit1985storing", "amit1987statistical"),
            parameters=[
                Parameter("N", sites, "number of spins", lower=0, lower_open=True),
                Parameter("P", patterns, "number of patterns besides the condensed one", lower=0, lower_open=True),
                Parameter("temperature", temperature, "temperature", lower=0, lower_open=True),
            ],
        )
