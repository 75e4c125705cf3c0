"""Averages of products of sums over samples and modes, with Gaussian factors: which labels Wick's pairings make equal.

A term is a coefficient times factors such as φ_bj u_j, summed over every label that is not a free one. Factors that are drawn anew,
φ (one for each sample and mode) and ε (one for each sample), are averaged in pairs; each pair makes its labels equal. A sum over
samples that is left is a factor of the size of the batch, a sum over modes a :class:`~theory.averages.ModeSum`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import sympy as sp

from theory.averages import ModeSum
from theory.modes import ModeIndex

FREE = "k"
"""The label of the mode whose moment is taken; it is not summed over."""


@dataclass(frozen=True)
class Factor:
    """``kind`` of a factor, with the label of its sample ("" if it has none) and of its mode ("" if it has none)."""

    kind: str
    sample: str = ""
    mode: str = ""


@dataclass(frozen=True)
class Term:
    """``coefficient`` (a function of the data of the free mode) times factors, summed over their labels."""

    coefficient: sp.Expr
    factors: tuple[Factor, ...] = ()

    def renamed(self, suffix: str) -> Term:
        """With labels of its own, the free one kept."""
        def name(label: str) -> str:
            return label if label in ("", FREE) else label + suffix

        return replace(self, factors=tuple(Factor(f.kind, name(f.sample), name(f.mode)) for f in self.factors))


def product(first: Sequence[Term], second: Sequence[Term]) -> list[Term]:
    """The product of two sums of terms."""
    pairs = [(a, b.renamed("'")) for a in first for b in second]
    return [Term(a.coefficient * b.coefficient, a.factors + b.factors) for a, b in pairs]


def averaged(
    terms: Sequence[Term], variances: Mapping[str, Callable[[sp.Expr | None], sp.Expr]], state: str, batch: sp.Expr,
    moment: Callable[[int, ModeIndex], sp.Expr], index: ModeIndex,
) -> sp.Expr:
    """Mean of a sum of terms.

    ``variances`` gives, for each kind that is drawn, its variance at a mode (None for kinds without one); factors of kind ``state``
    are independent of the draw, and ``moment(p, l)`` is the mean of the p-th power of the state at mode l. Different modes of the
    state never meet in a product that is left, or ValueError.
    """
    total = sp.S.Zero
    for term in terms:
        drawn = [f for f in term.factors if f.kind in variances]
        kept = [f for f in term.factors if f.kind == state]
        for pairing in pairings(drawn):
            total += term.coefficient * _paired(pairing, kept, variances, batch, moment, index)
    return sp.expand(total)


def pairings(factors: Sequence[Factor]) -> Iterator[list[tuple[Factor, Factor]]]:
    """All ways to pair factors of equal kind."""
    if not factors:
        yield []
        return
    first, *rest = factors
    for i, other in enumerate(rest):
        if other.kind == first.kind:
            for more in pairings([*rest[:i], *rest[i + 1 :]]):
                yield [(first, other), *more]


def _paired(pairing, kept: Sequence[Factor], variances, batch: sp.Expr, moment, index: ModeIndex) -> sp.Expr:
    samples, modes = Classes(), Classes()
    for f in [*(f for pair in pairing for f in pair), *kept]:
        samples.add(f.sample)
        modes.add(f.mode)
    for a, b in pairing:
        samples.join(a.sample, b.sample)
        modes.join(a.mode, b.mode)
    value = batch ** len(samples.roots())
    for number, root in enumerate(sorted(modes.roots() | {FREE})):
        here = index if modes.root(FREE) == root or root == FREE else ModeIndex(index.dimension, f"l{number}")
        laws = [variances[a.kind](here) for a, b in pairing if a.mode and modes.root(a.mode) == root]
        power = sum(1 for f in kept if modes.root(f.mode) == root)
        inside = reduce(lambda x, y: x * y, laws, sp.S.One) * (moment(power, here) if power else 1)
        value *= inside if here == index else ModeSum(inside, here)
    for a, _ in pairing:
        if not a.mode:
            value *= variances[a.kind](None)
    return value


class Classes:
    """Labels that have been made equal."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def add(self, label: str) -> None:
        if label:
            self._parent.setdefault(label, label)

    def root(self, label: str) -> str:
        while self._parent.get(label, label) != label:
            label = self._parent[label]
        return label

    def join(self, a: str, b: str) -> None:
        if a and b:
            first, second = sorted((self.root(a), self.root(b)), key=lambda x: (x != FREE, x))
            self._parent[second] = first

    def roots(self) -> set[str]:
        return {self.root(x) for x in self._parent}
