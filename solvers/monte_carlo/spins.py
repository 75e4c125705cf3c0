"""Draws of Ising spins from exp(-energy/temperature): single flips by heat bath or Metropolis, with parallel tempering."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.monte_carlo.algorithm import only_state
from solvers.monte_carlo.chains import Chained
from solvers.monte_carlo.points import Point
from solvers.monte_carlo.realisation import Realisation
from solvers.monte_carlo.spin_energies import Evaluated, Quadratic
from theory.declaration.collective import Parts, parts
from theory.declaration.sites import Leaf
from theory.errors import DeclarationError

SWEEPS, ALONE = 200, 60
"""Sweeps of a ladder of chains, and of one chain that needs none."""
HOTTEST = 1.6
"""Highest temperature of the ladder, in units of the spread of the local fields at random spins."""
SPACING = 1.0
"""Distance of neighbouring inverse temperatures, in units of the spread of the energy at the hotter one."""


class Spins(Chained):
    """One draw from the Gibbs measure of Ising spins for every draw of the disorder.

    ``algorithm="gibbs"`` flips by heat bath, ``"metropolis"`` by Metropolis. Chains at a ladder of higher temperatures exchange
    states with the one that is drawn from, so that it is in equilibrium; where the declaration says how the state starts, one chain
    begins there and stays in that metastable state, if it is one. Draws of the disorder are independent, and so are the states.
    """

    @classmethod
    def check(cls, model: Any) -> None:
        only_state(model, ("ising",))
        if model.temperature == 0:
            raise DeclarationError(f"{model.name}: a Gibbs measure has a temperature above 0; declare one")
        parts(model.energy)

    def __init__(self, model: Any, point: Point, given: Realisation):
        super().__init__(model, point, given)
        self.state = only_state(model, ("ising",))
        self.temperature = float(given.scalar(model.temperature)[0])
        self.read = parts(model.energy)
        self.bath = model.algorithm != "metropolis"

    def chain(self, draw: Realisation, rng: np.random.Generator, start: Mapping[Leaf, NDArray] | None = None) -> Ladder:
        return Ladder(self, draw, rng, start)


class Ladder:
    """Spins (chains, N) at a ladder of temperatures, the declared one first."""

    def __init__(self, law: Spins, draw: Realisation, rng: np.random.Generator, start: Mapping[Leaf, NDArray] | None):
        self.law, self.rng = law, rng
        size = draw.size(law.state.dims[0])
        begun = law.model.start.get(law.state)
        random = 2.0 * rng.integers(0, 2, (64, size)) - 1.0
        energy = energy_of(law.model.energy, law.read, law.state, draw, random)
        self.betas = ladder(law.temperature, energy, size) if begun is None else np.array([1 / law.temperature])
        self.spins = random[: len(self.betas)].copy()
        first = start[law.state] if start is not None else None if begun is None else draw.vector(begun)[:, 0]
        if first is not None:
            if not np.all(np.abs(first) == 1):
                raise DeclarationError(f"start of {law.state.name}: it is no vector of signs; declare Signs or a sign of a vector")
            self.spins[0] = first
        self.energy = energy_of(law.model.energy, law.read, law.state, draw, self.spins)
        self.size, self.updates = size, SWEEPS if len(self.betas) > 1 else ALONE
        self.parity = 0

    def states(self) -> dict[Leaf, NDArray]:
        return {self.law.state: self.spins[0].copy()}

    def update(self) -> float:
        """One attempt for each spin of each chain, and for each second pair of neighbours to exchange; the energy of the first."""
        for site in self.rng.permutation(self.size):
            exponent = self.betas * self.energy.cost(site)
            level = -np.log(self.rng.random(len(self.betas)))
            self.energy.flip(site, np.logaddexp(0, exponent) < level if self.law.bath else exponent < level)
        energies = self.energy.energies()
        one = np.arange(self.parity, len(self.betas) - 1, 2)
        gain = (self.betas[one] - self.betas[one + 1]) * (energies[one] - energies[one + 1])
        accepted = one[np.log(self.rng.random(len(one))) < gain]
        self.energy.exchange(accepted, accepted + 1)
        self.parity = 1 - self.parity
        return float(self.energy.energies()[0])


def energy_of(energy: Any, read: Parts, state: Leaf, draw: Realisation, spins: NDArray) -> Quadratic | Evaluated:
    """The quickest form of an energy."""
    if not read.contractions:
        try:
            return Quadratic(read, state, draw, spins)
        except DeclarationError:
            pass
    return Evaluated(energy, state, draw, spins)


def ladder(temperature: float, energy: Quadratic | Evaluated, size: int) -> NDArray:
    """Inverse temperatures, the wanted one first, up to where spins are all but free."""
    fields = np.abs(energy.cost(0)) / 2 if isinstance(energy, Evaluated) else np.abs(energy.slopes)
    spread = float(np.sqrt(np.mean(fields**2)))
    hottest = HOTTEST * spread
    if hottest <= temperature or spread == 0:
        return np.array([1 / temperature])
    # Energies spread by about sqrt(size) times the field.
    count = 1 + int(np.ceil((1 / temperature - 1 / hottest) * spread * np.sqrt(size) / (2 * SPACING)))
    return np.geomspace(1 / temperature, 1 / hottest, int(np.clip(count + 1, 2, 32)))
