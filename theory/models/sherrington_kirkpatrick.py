"""The Sherrington–Kirkpatrick spin glass: Ising spins, all coupled by Gaussian couplings, in a field."""

from __future__ import annotations

import sympy as sp

from theory.declaration import Dim, Energy, Gaussian, Parameter, State, mean, sum_over

temperature = sp.Symbol("T", positive=True)
field = sp.Symbol("h", real=True)
ferromagnetic = sp.Symbol("J_0", real=True)


class SherringtonKirkpatrick(Energy):
    """E = -Σ_{i<j} J_ij s_i s_j - h Σ s_i at temperature T, with couplings of mean J_0/N and variance 1/N.

    ``ansatz`` is "RS", "1RSB", "2RSB", ...; energy and magnetisation are per spin. The replicon of the RS theory vanishes on the
    de Almeida–Thouless line. With ``ground`` the temperature is zero: the state of least energy.

    Source: Sherrington and Kirkpatrick, Phys. Rev. Lett. 35, 1792 (1975); Parisi, Phys. Rev. Lett. 43, 1754 (1979).
    """

    validity = "N -> oo; exact where the replicon is not negative"

    def __init__(self, ansatz: str = "RS", ground: bool = False) -> None:
        sites = Dim("N")
        spins = State("s", sites, prior="ising")
        couplings = Gaussian("J", sites, sites, variance=1 / sites, mean=ferromagnetic / sites, symmetry=1)
        energy = -sum_over(sites, spins * (couplings @ spins)) / 2 - field * sum_over(sites, spins)
        super().__init__(
            energy,
            over=spins,
            temperature=0 if ground else temperature,
            ansatz=ansatz,
            algorithm=None if ground else "gibbs",
            observe={"energy": energy / sites, "magnetisation": mean(sites, spins)},
            nishimori=None if ground else {spins: 1},
            matched=None if ground else {temperature * ferromagnetic: 1, field: 0},
            name="sherrington-kirkpatrick",
            reference=("sherrington1975solvable", "dealmeida1978stability", "parisi1980order"),
            parameters=[
                Parameter("N", sites, "number of spins", lower=0, lower_open=True),
                *([] if ground else [Parameter("temperature", temperature, "temperature", lower=0, lower_open=True)]),
                Parameter("field", field, "magnetic field", default=0.0),
                Parameter("ferromagnetic", ferromagnetic, "mean of the couplings times N", default=0.0),
            ],
        )
