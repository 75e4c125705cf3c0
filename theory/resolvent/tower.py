"""Blocks of G as rational functions, in the unknowns themselves or with all that is known of them inserted before any inversion.

The unknowns are solved from one component to the next. What is known then stands in the entries of L₀ − Σ already, so that
two-point functions are products of the solved one-point ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sympy as sp

from theory.declaration.dimensions import Dim
from theory.ratios import Ratio, Ratios
from theory.replica.data import plain
from theory.resolvent.blocks import Inverse
from theory.resolvent.dyson import Block, Dyson, Unknown
from theory.resolvent.names import NamedTrace

Rule = Mapping[sp.Symbol, sp.Expr]


class Tower:
    """The blocks of several Dyson equations; ``coincidences`` are traces that vanish or equal another one up to sign.

    ``home`` is the smallest equation that a trace is an unknown of; ``value`` holds the traces that are known.
    """

    def __init__(self, dysons: Sequence[Dyson], coincidences: Rule) -> None:
        self.ratios = Ratios(set().union(*[d.roots() for d in dysons]))
        self.value: dict[sp.Symbol, Ratio] = {}
        self.home: dict[NamedTrace, tuple[Dyson, Unknown]] = {}
        for dyson in sorted(dysons, key=len):
            for t, unknown in dyson.unknowns.items():
                self.home.setdefault(t, (dyson, unknown))
        self.merge(coincidences)

    def merge(self, coincidences: Rule) -> None:
        """Says which traces vanish or coincide."""
        self.coincidences = dict(coincidences)
        self._raw: dict[int, dict[Dim, Inverse]] = {}

    def known(self, t: NamedTrace) -> Ratio:
        """A trace through what is known; itself if nothing is."""
        if t in self.coincidences:
            sign, other = self.coincidences[t].as_coeff_Mul()
            return self.ratios.of(sp.sympify(sign)) * self.known(other) if sign else self.ratios.zero
        return self.value[t] if t in self.value else self.ratios.of(t)

    def bare(self, t: NamedTrace) -> Ratio:
        """What is summed in a trace, in the unknowns."""
        dyson, unknown = self.home[t]
        return self.ratios.of(plain(unknown.weight)) * self._bare(dyson, unknown.block)

    def _bare(self, dyson: Dyson, block: Block) -> Ratio:
        if id(dyson) not in self._raw:
            self._raw[id(dyson)] = dyson.inverses(self.ratios, self.coincidences)
        return self._entry(dyson, self._raw[id(dyson)], block)

    def traces(self, ratio: Ratio) -> set[NamedTrace]:
        """The unknowns in a ratio."""
        return {s for s in ratio.symbols if isinstance(s, NamedTrace)}

    def level(self, rule: Mapping[sp.Symbol, Ratio]) -> Level:
        """Blocks with what is known now, and with parameters replaced by ``rule``."""
        return Level(self, rule)

    @staticmethod
    def _entry(dyson: Dyson, inverses: Mapping[Dim, Inverse], block: Block) -> Ratio:
        b, c = block
        dim = dyson.pencil.rows[c]
        return inverses[dim](b, c) if dyson.pencil.cols[b] == dim else inverses[dim].ratios.zero

    def outputs(self, dyson: Dyson) -> Iterable[tuple[sp.Expr, Block]]:
        """The diagonal of an expression as coefficients of blocks."""
        pencil = dyson.pencil
        return [(plain(x * y), (b, c)) for b, x in pencil.u.items() for c, y in pencil.v.items()]

    def output_traces(self, dyson: Dyson) -> set[NamedTrace]:
        """The unknowns on which an expression depends."""
        return set().union(*[self.traces(self._bare(dyson, block)) for _, block in self.outputs(dyson)])


class Level:
    """Blocks of G with the traces that are known when it is made."""

    def __init__(self, tower: Tower, rule: Mapping[sp.Symbol, Ratio]) -> None:
        self.tower, self.rule = tower, rule
        self._inverses: dict[int, dict[Dim, Inverse]] = {}

    def site(self, t: NamedTrace) -> Ratio:
        """What is summed in a trace."""
        dyson, unknown = self.tower.home[t]
        return self.tower.ratios.of(plain(unknown.weight), self.rule) * self._block(dyson, unknown.block)

    def output(self, dyson: Dyson) -> Ratio:
        """The diagonal of an expression at the generic site."""
        tower = self.tower
        return tower.ratios.sum([tower.ratios.of(x, self.rule) * self._block(dyson, b) for x, b in tower.outputs(dyson)])

    def _block(self, dyson: Dyson, block: Block) -> Ratio:
        if id(dyson) not in self._inverses:
            self._inverses[id(dyson)] = self._made(dyson)
        return self.tower._entry(dyson, self._inverses[id(dyson)], block)

    def _made(self, dyson: Dyson) -> dict[Dim, Inverse]:
        tower = self.tower
        cached: dict[Block, Ratio] = {}

        def entry(i: int, j: int) -> Ratio:
            if (i, j) not in cached:
                terms = [tower.ratios.of(plain(dyson.pencil.fixed.get((i, j), sp.S.Zero)), self.rule)]
                terms += [-(tower.ratios.of(c, self.rule) * tower.known(t)) for c, t in dyson.sigma.get((i, j), [])]
                cached[i, j] = tower.ratios.sum(terms)
            return cached[i, j]

        tower._bare(dyson, next(iter(dyson.wanted)))
        return {dim: Inverse(tower.ratios, bare.order, entry) for dim, bare in tower._raw[id(dyson)].items()}
