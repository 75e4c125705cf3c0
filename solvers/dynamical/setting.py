"""The stage of a sampled dynamics: populations with their samples, shapes of fields, and values of expressions on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from sympy.core.function import AppliedUndef

from solvers.dynamical.site_data import SiteData
from solvers.sites import MOST_EXACT, SiteFunctions, Sites, sampled
from theory.dmft.fields import weights
from theory.dmft.notation import past
from theory.modes import ModeValue
from theory.symbols import time

BUDGET = 1 << 28
"""Bytes of the responses that are kept; fewer samples carry them where all would need more."""
FEWEST = 32


@dataclass(frozen=True)
class Plan:
    """How a run is made: ``steps`` of ``length``, ``samples`` of each population, Gauss–Hermite ``nodes`` instead where few
    variables make a site; without ``responses`` there is no memory, which is a wrong theory wherever there is one. With a ``ridge``
    they are found by Stein's lemma instead of sample by sample.
    """

    steps: int
    length: float
    samples: int
    nodes: int | None
    responses: bool = True
    ridge: float | None = None


class Setting:
    """Samples, shapes and values. Field arrays have the axes of the finite dimensions, in order, and the samples last."""

    def __init__(self, theory: Any, data: SiteData, plan: Plan, seed: int, functions: SiteFunctions):
        self.theory, self.data, self.plan, self.functions = theory, data, plan, functions
        self.fields, self.site, self.still = theory.fields, theory.site, theory.still
        self.uses = {u.out: u for u in self.fields.uses}
        self.batches = functions.batches
        self.populations = sorted({d for d in self.fields.dims.values() if d is not None}, key=lambda d: d.name)
        self.sites = self._sites(seed)
        self.numbers: dict[sp.Symbol, Any] = dict(data.numbers)
        self.values: dict[sp.Symbol, NDArray] = {s: self._given(s) for s in self.fields.data}
        self.sources = self._sources()
        self.kept = self._kept()

    @property
    def is_exact(self) -> bool:
        """Whether every average is a quadrature or a plain sum."""
        return all(self._number(dim) <= MOST_EXACT for dim in self.populations)

    # ---- populations
    def _sites(self, seed: int) -> dict[Any, Sites]:
        modes, found = self.data.modes(self.theory), {}
        seeds = np.random.SeedSequence(seed)
        for dim, own in zip(self.populations, seeds.generate_state(max(1, len(self.populations))), strict=False):
            number = self._number(dim)
            exact = self.plan.nodes if number <= MOST_EXACT else None
            found[dim] = sampled(self.data.sizes[dim.name], modes.get(dim.name, {}) or self._indices(dim, number), number,
                                 self.plan.samples, int(own), exact)  # fmt: skip
        return found

    def _indices(self, dim: Any, number: int) -> dict[Any, NDArray]:
        """Where values with samples are given site by site, each site is a mode."""
        given = [leaf for leaf in self.fields.data.values() if leaf.dim == dim]
        return {leaf: np.arange(self.data.given[leaf].shape[leaf.dims.index(dim)]) for leaf in given}

    def _number(self, dim: Any) -> int:
        """Gaussian variables that a site of a population takes."""
        times = self.plan.steps + 1
        own = [s for s in self.fields.variances if self.fields.dims[s] == dim]
        drawn = [self.rows(s) * (times if s in self.fields.fresh else 1) for s in own]
        noises = [self.rows(h) * (1 if self.noise_is_still(h) else times) for h in self.uses if self.fields.dims[h] == dim]
        return sum(drawn) + sum(noises)

    def noise_is_still(self, h: sp.Symbol) -> bool:
        use = self.uses[h]
        return use.into in self.still and "fresh" not in use.leaf.how

    def shape(self, x: sp.Symbol) -> tuple[int, ...]:
        """Lengths along the finite dimensions, 1 for those that a field does not carry."""
        return tuple(int(self.data.sizes[d.name]) if d in self.fields.batches[x] else 1 for d in self.batches)

    def rows(self, x: sp.Symbol) -> int:
        return int(np.prod(self.shape(x)))

    def samples(self, x: sp.Symbol) -> int:
        dim = self.fields.dims[x]
        return 1 if dim is None else self.sites[dim].weight.size

    def _given(self, symbol: sp.Symbol) -> NDArray:
        leaf = self.fields.data[symbol]
        values = self.data.given[leaf]
        axes = [leaf.dims.index(d) for d in self.batches if d in leaf.dims]
        if leaf.dim is None:
            return values.transpose(axes).reshape(*self.shape(symbol), 1)
        sites = self.sites[leaf.dim]
        values = np.repeat(values, sites.weight.size // values.shape[leaf.dims.index(leaf.dim)], axis=leaf.dims.index(leaf.dim))
        return values.transpose([*axes, leaf.dims.index(leaf.dim)]).reshape(*self.shape(symbol), -1)

    # ---- responses
    def _sources(self) -> list[sp.Symbol]:
        """Local fields whose push is followed: those to which something responds that is remembered."""
        felt = [r for h, terms in self.site.memory.items() for c, r, _ in terms if self.share(h, c) != 0]
        wanted = {self.site.parameters[r.func(time, past)].y for r in felt}
        return sorted(wanted, key=str) if self.plan.responses else []

    def share(self, h: sp.Symbol, coefficient: sp.Expr) -> float:
        """Of a kernel in a local field, without the weights of the site itself and without functions of time."""
        use = self.uses[h]
        own = weights(use.leaf)[1 if use.transposed else 0]
        bare = sp.cancel(coefficient.replace(lambda e: isinstance(e, AppliedUndef | sp.KroneckerDelta), lambda e: sp.S.One) / own)
        (value,) = self.functions([bare], lambda a: self._value(a, None, None, {}))
        return float(value)

    def pushes(self, g: sp.Symbol) -> int:
        """Number of pushes on a local field: at each time, for each sample."""
        return self.rows(g) * (1 if g in self.still else self.plan.steps + 1)

    def _kept(self) -> dict[Any, NDArray]:
        """The samples of each population that carry responses: as many as fit the budget, evenly from every block."""
        if self.plan.ridge is not None:
            return {dim: np.arange(sites.weight.size) for dim, sites in self.sites.items()}
        remembered = [y for terms in (*self.site.memory.values(), *self.site.learning.values()) for _, _, y in terms]
        cost = 8 * sum((self.plan.steps + 1) * self.rows(y) * self.pushes(g)
                       for g in self.sources for y in set(remembered) if g in self.site.reach.get(y, ()))  # fmt: skip
        found = {}
        for dim, sites in self.sites.items():
            total = sites.weight.size
            share = max(FEWEST, int(BUDGET // max(1, cost)))
            blocks = next((int(np.max(np.unique(v, return_counts=True)[1])) for v in sites.entries.values()), total)
            blocks = total // max(1, total // blocks)
            length = blocks
            while self.plan.nodes is None and length > 16 and length * (total // blocks) > share:
                length //= 2
            found[dim] = (np.arange(total).reshape(-1, blocks)[:, :length]).ravel()
        return found

    # ---- evaluation
    def evaluate(self, expressions: Sequence[sp.Expr], sites: Sites | None) -> list[NDArray]:
        """Site expressions at the present values."""
        return self.functions(expressions, lambda atom: self._value(atom, sites, None, None))

    def _value(self, atom: sp.Expr, sites: Sites | None, kept: NDArray | None, pushed: Any) -> Any:
        if isinstance(atom, ModeValue):
            value = sites.entries[atom] if sites is not None else self.data.arrays[atom.array]
            return value if kept is None else value[kept]
        if atom in self.values:
            value = self.values[atom]
            return value if kept is None or value.shape[-1] == 1 else value[..., kept]
        if atom in self.numbers:
            return self.numbers[atom]
        return pushed[atom]

