"""An energy in one draw as messages see it: local measures of the sites and of the fields, and the matrices between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.monte_carlo.expressions import evaluate
from solvers.monte_carlo.local_fields import Landscape, Loaded, Term, field_symbol
from solvers.monte_carlo.messages.measures import Atoms, Energies, Measure, Tilt
from solvers.monte_carlo.messages.minima import Minimum
from solvers.monte_carlo.messages.mixtures import Mixed
from solvers.monte_carlo.messages.potentials import Potential, without_quadratic
from solvers.monte_carlo.messages.reading import Read, Single, slopes_by_sums
from solvers.monte_carlo.messages.spheres import Sphere
from solvers.monte_carlo.realisation import Realisation, dependent
from theory.declaration.mixtures import Mixture
from theory.declaration.scalars import Over
from theory.declaration.sites import Leaf, Site
from theory.declaration.vectors import Vec
from theory.declaration.walks import leaves, replace_tops


@dataclass
class Channel:
    """Functions of the fields ``matrix @ state + offset``."""

    fields: tuple[Site | Over, ...]
    matrix: NDArray
    squares: NDArray
    offset: NDArray
    local: Any


@dataclass
class Pull:
    """A sum Σ row·state that a function of sums holds, and the derivative of the energy by it, in units of the temperature."""

    top: Over
    row: NDArray
    offset: float
    slope: sp.Expr


@dataclass(frozen=True)
class Units:
    """How an energy becomes a measure: ``temperature`` (that which divides it), at ``minimum`` or by ``constraints`` alone."""

    temperature: float
    minimum: bool = False
    constraints: bool = False

    def local(self, energies: Energies, prior: Any = None) -> Any:
        if self.minimum:
            return Minimum(energies)
        if prior == "ising":
            return Atoms((-1.0, 1.0), energies)
        if prior == "gaussian":
            energies = Energies(energies.bend + 1.0, energies.slope, energies.rest)
        found = Measure(energies)
        return Sphere(found) if prior == "spherical" else found


class Graph:
    """Everything that the iteration needs of a draw; states stand side by side, shape (size,)."""

    def __init__(self, read: Read, states: tuple[Leaf, ...], draw: Realisation, units: Units):
        self.units = units
        every = [*read.penalties, *(single.term for single in read.channels), *read.couplings]
        landscape = Landscape(every, states, draw)
        self.origin, self.size, self.states, self.places = landscape.origin, landscape.size, states, landscape.places
        loaded = iter(landscape.loaded)
        penalties = [next(loaded) for _ in read.penalties]
        channels = [(single, next(loaded)) for single in read.channels]
        self.sites = [self._site(state, place, penalties) for state, place in zip(states, self.places, strict=True)]
        self.channels = self._channels(channels)
        self.coupling = sum((self._coupling(part) for part in loaded), np.zeros((self.size, self.size))) if read.couplings else None
        self.own = np.zeros(self.size)
        if self.coupling is not None:
            # What couples a site to itself is no message but a part of its own measure.
            self.own = np.diag(self.coupling).copy()
            np.fill_diagonal(self.coupling, 0.0)
        self.pulls = [self._pull(top, slope) for top, slope in slopes_by_sums(read).items()]

    def _add(self, energies: Energies, one: Single, coefficient: float, slope: NDArray | float, offset: NDArray | float) -> None:
        """Add a term, as a function of x where its field is slope x + offset, to energies."""
        factor, name, rows = coefficient / self.units.temperature, one.name, len(energies.bend)
        if self.units.constraints:
            energies.rest.append(Forbidden(one.value, name, self.origin, factor, slope, offset))
            return
        bend, line, rest = without_quadratic(one.value, name)
        bend, line = (factor * self._numbers(e, rows) for e in (bend, line))
        energies.bend = energies.bend + bend * np.square(slope)
        energies.slope = energies.slope + (line + bend * offset) * slope
        if rest != 0:
            energies.rest.append(Potential(rest, name, self.origin, factor, slope, offset))

    def _numbers(self, expression: sp.Expr, rows: int) -> NDArray:
        return np.broadcast_to(np.asarray(self.origin.site(expression), dtype=float).reshape(-1), (rows,))

    def _site(self, state: Leaf, place: slice, penalties: list[Loaded]) -> Any:
        energies = Energies.zero(place.stop - place.start)
        for part in penalties:
            where, diagonal = part.blocks[0].diagonal or (slice(0), np.zeros(0))
            if where == place:
                self._add(energies, _alone(part.term), part.coefficient, diagonal, part.offsets[0])
        prior = state.how.get("prior")
        if isinstance(prior, Mixture):
            return Mixed(prior, state, energies, self.origin)
        return self.units.local(energies, prior)

    def _channels(self, loaded: list[tuple[Single, Loaded]]) -> list[Channel]:
        """Terms of one field make one channel."""
        together: dict[Any, list[tuple[Single, Loaded]]] = {}
        for single, part in loaded:
            together.setdefault((single.term.fields, single.weights), []).append((single, part))
        found = []
        for (fields, _), group in together.items():
            matrix, offset = combined(*group[0], self.origin)
            energies = Energies.zero(len(matrix))
            for single, part in group:
                self._add(energies, single, part.coefficient, 1.0, 0.0)
            found.append(Channel(fields, matrix, matrix**2, offset, self.units.local(energies)))
        return found

    def _coupling(self, part: Loaded) -> NDArray:
        """The matrix K of a term -s K s/2 over the temperature."""
        term = part.term
        factor = float(self.origin.scalar(term.value.diff(*term.names))[0]) * part.coefficient / self.units.temperature
        product = part.blocks[0].dense().T @ part.blocks[1].dense()
        return -factor * (product + product.T)

    def _pull(self, top: Over, slope: sp.Expr) -> Pull:
        term = Term(sp.S.One, top.dim, *_opened(top, self.states))
        part = Landscape([term], self.states, self.origin).loaded[0]
        weight = np.asarray(self.origin.site(term.value.diff(term.names[0])), dtype=float).reshape(-1)
        row = part.blocks[0].back(np.broadcast_to(weight, (part.blocks[0].rows,)))
        base = self.origin.vector(Vec(top.dim, top.expr))[:, 0].sum()
        return Pull(top, row, float(base), slope)

    def pulled(self, mean: NDArray) -> NDArray:
        """What functions of sums add to the field of each site, their sums at these means."""
        if not self.pulls:
            return np.zeros(self.size)
        sums = {pull.top: float(pull.row @ mean) + pull.offset for pull in self.pulls}

        def slope(pull: Pull) -> float:
            known = lambda e: e in sums or isinstance(e, sp.Symbol)  # noqa: E731
            return float(np.squeeze(evaluate(pull.slope, lambda e: sums.get(e, self.origin.symbols.get(e)), known)))

        return -sum((slope(pull) * pull.row for pull in self.pulls), np.zeros(self.size)) / self.units.temperature

    def tilts(self, a: NDArray, b: NDArray) -> list[Tilt]:
        """The factors exp(a x - b x²/2) of the sites of each state, and what couples a site to itself."""
        return [Tilt(a[place], b[place] - self.own[place], np.zeros_like(a[place])) for place in self.places]

    def moments(self, a: NDArray, b: NDArray) -> tuple[NDArray, NDArray]:
        """Means and variances of all sites under these factors."""
        found = [site.moments(tilt) for site, tilt in zip(self.sites, self.tilts(a, b), strict=True)]
        return np.concatenate([m for m, _ in found]), np.concatenate([v for _, v in found])


class Forbidden(Potential):
    """Infinite where the value is above zero, zero elsewhere: states of zero energy alone."""

    def __call__(self, x: NDArray) -> NDArray:
        return np.where(self._at(self.value, x) > 0, np.inf, 0.0)

    def first(self, x: NDArray) -> NDArray:
        return np.zeros_like(x)


def _alone(term: Term) -> Single:
    (name,) = term.names
    return Single(term, (sp.S.One,), name, term.value)


def combined(single: Single, part: Loaded, origin: Realisation) -> tuple[NDArray, NDArray]:
    """Matrix and offset of the combination of fields that a term depends on."""
    weights = [float(origin.scalar(weight)[0]) for weight in single.weights]
    rows, size = part.blocks[0].rows, part.blocks[0].size
    matrix = sum((w * block.dense() for w, block in zip(weights, part.blocks, strict=True)), np.zeros((rows, size)))
    return matrix, sum((w * offset for w, offset in zip(weights, part.offsets, strict=True)), np.zeros(rows))


def _opened(top: Over, states: tuple[Leaf, ...]) -> tuple[Any, Any, sp.Expr]:
    """Field, name and value of a sum that is linear in one state."""
    state = next(s for s in states if s in leaves(top))
    fields = dependent(top.expr, state)
    names = (field_symbol(0),)
    return fields, names, replace_tops(top.expr, dict(zip(fields, names, strict=True)))
