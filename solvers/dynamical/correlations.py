"""Moments of a linear dynamics at pairs of frequencies: sums over modes as matrix products, correlations from linear systems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.compile import compile_expressions
from solvers.contours import Contour
from solvers.dynamical.pairs import Pairs, Site, Value
from solvers.modes.mode_data import ModeData

ELEMENTS = 1 << 20
"""Of the matrices of linear systems that are held at a time."""


class Correlations:
    """Products of two frequencies of a theory, compiled."""

    def __init__(self, theory: Any):
        self.theory, self.carriers = theory, list(theory.correlations)
        every = [*theory.correlations.values(), *(m.products for m in theory.moments.values())]
        products = list(dict.fromkeys(p for group in every for p in group))
        self.factors = list(dict.fromkeys(f for p in products for f in (p.first, p.second)))
        self.weights = list(dict.fromkeys(p.weight for p in products))
        self.compiled = compile_expressions(self.factors), compile_expressions(self.weights)

    def __call__(
        self,
        moments: Iterable[sp.Symbol],
        scalars: Mapping[Any, float],
        data: ModeData,
        full: ModeData | None,
        contour: Contour,
        responses: NDArray,
        kept: dict[Any, Any],
    ) -> dict[sp.Symbol, Value]:
        """Values of the moments at the time of the contour; ``responses`` (K, n/2) are those at its nodes.

        ``kept`` holds what does not change with time: pass the same mapping for the same scalars and data.
        """
        site = Site(self, scalars, data, contour, responses, kept.setdefault("nodes", {}))
        wanted = [self.theory.moments[m] for m in moments]
        modes = site if full is None else Site(self, scalars, full, contour, responses, kept.setdefault("modes", {}))
        places = {m.symbol: modes if _by_mode(m) else site for m in wanted}
        found = {m.symbol: places[m.symbol].at_one(m.products) for m in wanted if m.order == 1}
        pairs = [m for m in wanted if m.order == 2]
        half = contour.nodes.size
        blocks = self.blocks(pairs)
        size = max(1, ELEMENTS // (2 * half * max(map(len, blocks), default=1) ** 2))
        for begin in range(0, half if pairs else 0, size):
            block = Pairs(self, site, slice(begin, min(begin + size, half)), blocks)
            for m in pairs:
                part = block.value(m, places[m.symbol])
                found[m.symbol] = part + found[m.symbol] if m.symbol in found else part
        return found

    def blocks(self, moments: Iterable[Any]) -> list[list[sp.Symbol]]:
        """The correlations that moments are made of, in groups with equations of their own: those of members of an ensemble."""
        reached = {p.carrier for m in moments for p in m.products} & set(self.carriers)
        group: dict[Any, Any] = {}
        while reached:
            carrier = reached.pop()
            group.setdefault(carrier, carrier)
            for p in self.theory.correlations[carrier]:
                if p.carrier in self.carriers:
                    reached |= {p.carrier} - group.keys()
                    old, new = group.setdefault(p.carrier, p.carrier), group[carrier]
                    group = {c: new if g == old else g for c, g in group.items()}
        ordered = [c for c in self.carriers if c in group]
        return [[c for c in ordered if group[c] == own] for own in dict.fromkeys(group[c] for c in ordered)]

    def gain(self, scalars: Mapping[Any, float], data: ModeData, nodes: NDArray, responses: NDArray) -> NDArray:
        """How strongly correlations feed back on themselves at z and its conjugate; below one outside of the spectrum."""
        if not self.carriers:
            return np.zeros(nodes.size)
        site = Site(self, scalars, data, Contour(nodes, nodes), responses, {})
        matrix = np.zeros((nodes.size, len(self.carriers), len(self.carriers)), dtype=complex)
        for i, carrier in enumerate(self.carriers):
            for p in self.theory.correlations[carrier]:
                if p.carrier in self.carriers:
                    one, two = (site.factor(f)[: nodes.size] for f in (p.first, p.second))
                    matrix[:, i, self.carriers.index(p.carrier)] += (one * two.conj() * site.counted(p)).sum(axis=1)
        usable = np.isfinite(matrix).all(axis=(1, 2))
        gains = np.full(nodes.size, np.inf)
        gains[usable] = np.abs(np.linalg.eigvals(matrix[usable])).max(axis=1)
        return gains


def _by_mode(moment: Any) -> bool:
    return moment.source is not None or not all(p.summed for p in moment.products)
