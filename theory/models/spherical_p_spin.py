"""The spherical p-spin glass: real spins of fixed norm, coupled p at a time by a Gaussian tensor."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Dim, Energy, Parameter, State, Tensor, mean, sum_over

temperature = sp.Symbol("T", positive=True)
field = sp.Symbol("h", real=True)


class SphericalPSpin(Energy):
    """E = Σ J_{i1...ip} s_i1 ... s_ip - h Σ s_i on the sphere Σ s² = N; energies of overlap q have covariance N q^p/2.

    ``order`` is p. One step of breaking is exact; it sets in at the static temperature (0.586054 for p = 3), where the block size
    is one and the overlap jumps. With ``ground`` the temperature is zero.

    Source: Crisanti and Sommers, Z. Phys. B 87, 341 (1992).
    """

    validity = "N -> oo"

    def __init__(self, order: int = 3, ansatz: str = "1RSB", ground: bool = False) -> None:
        sites = Dim("N")
        spins = State("s", sites, prior="spherical")
        couplings = Tensor("J", sites, order=order, variance=1 / (2 * sites ** (order - 1)))
        energy = couplings(spins) - field * sum_over(sites, spins)
        super().__init__(
            energy,
            over=spins,
            temperature=0 if ground else temperature,
            ansatz=ansatz,
            algorithm=None if ground else "gibbs",
            observe={"energy": energy / sites, "magnetisation": mean(sites, spins)},
            name="spherical-p-spin",
            reference=("crisanti1992spherical",),
            parameters=[
                Parameter("N", sites, "number of spins", lower=0, lower_open=True),
                *([] if ground else [Parameter("temperature", temperature, "temperature", lower=0, lower_open=True)]),
                Parameter("field", field, "magnetic field", default=0.0),
            ],
        )
