"""Order parameters of k-step replica symmetry breaking: overlaps, their conjugates, and the blocks of replicas."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sympy as sp

from theory.errors import DerivationError
from theory.replica.hierarchy import Hierarchical, per_replica
from theory.replica.verdicts import free_name
from theory.symbols import Internal, beta


@dataclass(frozen=True)
class Breaking:
    """Overlaps q_0 < ... < q_k of replicas that are ever closer, with the diagonal ``norm``; replicas of overlap q_j at least
    share a block of x_j, 0 < x_1 < ... < x_k < 1 as n -> 0. ``conjugates`` r_j are covariances of the field on a site.

    At temperature zero blocks are y_j/β with ``blocks`` y_j, and the norm beyond the innermost overlap is χ/β: ``cold``.

    A solver sees the increments ``steps``, dq_j = q_j - q_{j-1}, so that the order needs no watching. All of them run from the
    outermost level to the innermost one.
    """

    norm: sp.Expr
    overlaps: tuple[sp.Symbol, ...]
    conjugates: tuple[sp.Symbol, ...]
    blocks: tuple[sp.Symbol, ...]
    steps: tuple[sp.Symbol, ...]
    cold: bool = False
    free_width: sp.Symbol | None = None
    """Norm beyond the innermost overlap, an order parameter where the prior leaves the norm free; at temperature zero it is χ/β,
    and the symbol is χ."""

    @property
    def count(self) -> int:
        return len(self.blocks)

    @property
    def base(self) -> sp.Symbol:
        return self.overlaps[0]

    @property
    def width(self) -> sp.Expr:
        """What the innermost overlap leaves of the norm."""
        return self.norm - self.overlaps[-1]

    @property
    def unit(self) -> sp.Expr:
        """Fields and energies come with it in exponents; one at temperature zero, where exponents are in units of it."""
        return sp.S.One if self.cold else beta

    @property
    def overlap(self) -> Hierarchical:
        """The matrix of overlaps."""
        return Hierarchical.from_entries([self.norm, *reversed(self.overlaps)], self.inner_blocks)

    @property
    def conjugate(self) -> Hierarchical:
        """The matrix of conjugates; its diagonal, which a fixed norm makes irrelevant, is that of the innermost level."""
        entries = list(reversed(self.conjugates))
        return Hierarchical.from_entries([entries[0], *entries], self.inner_blocks)

    @property
    def inner_blocks(self) -> tuple[sp.Symbol, ...]:
        """Innermost first, as matrices have them."""
        return tuple(y / beta if self.cold else y for y in reversed(self.blocks))

    @property
    def tree_blocks(self) -> tuple[sp.Symbol, ...]:
        """Innermost first, as trees have them: in units of the temperature where that is zero."""
        return tuple(reversed(self.blocks))

    def spreads(self, entries: tuple[sp.Expr, ...]) -> tuple[sp.Expr, ...]:
        """Increments of entries that run from the outermost level inwards, innermost first, the outermost entry itself last."""
        return (*(entries[j] - entries[j - 1] for j in range(len(entries) - 1, 0, -1)), entries[0])

    def share(self, level: int) -> sp.Expr:
        """Derivative of the sum of all entries of a matrix by that of one level, per replica."""
        return per_replica(sp.diff(self.overlap.total(), self.overlaps[level]))

    @property
    def written_out(self) -> dict[sp.Symbol, sp.Expr]:
        """Overlaps in terms of the outermost one and the increments."""
        return {q: self.base + sp.Add(*self.steps[:j]) for j, q in enumerate(self.overlaps) if j}


STIFFNESS = Internal("A", positive=True)
"""Of a real site, what all but its penalty adds to the curvature of its energy."""


def breaking(ansatz: str, norm: sp.Expr | None, cold: bool = False, taken: Collection[str] = ()) -> Breaking:
    """The order parameters of "RS", "1RSB", "2RSB", ...; replica symmetry has one overlap q and its conjugate r. ``norm`` None:
    free, as it is for every prior at temperature zero, where the equation of the width fixes it. Names that a declaration has
    ``taken`` are left to it."""
    count = 0 if ansatz == "RS" else int(ansatz.removesuffix("RSB"))
    if count > 3:
        raise DerivationError(f"ansatz {ansatz}: averages nest {count + 1} deep; three steps are derived at most")

    def named(*names: str) -> tuple[sp.Symbol, ...]:
        return tuple(sp.Symbol(free_name(name, taken), positive=True) for name in names)

    overlaps = named(*(f"q_{j}" for j in range(count + 1))) if count else named("q")
    conjugates = named(*(f"r_{j}" for j in range(count + 1))) if count else named("r")
    blocks = named(*(f"{'y' if cold else 'x'}_{j}" for j in range(1, count + 1)))
    steps = named(*(f"dq_{j}" for j in range(1, count + 1)))
    (width,) = named("chi" if cold else "c") if norm is None or cold else (None,)
    if width is not None:
        norm = overlaps[-1] + (width / beta if cold else width)
    return Breaking(norm, overlaps, conjugates, blocks, steps, cold, width)
