"""The matrix Dyson equation of a pencil: G = (L₀ − Σ[G])⁻¹, with traces of blocks of G as its unknowns.

Gaussian matrices A, B of one name in an expression ... A G B ... contribute their covariance times a trace of the block between
them; everything else is smaller by 1/size. Deterministic matrices of one dimension commute, so that G splits by dimension into
small matrices over the field of functions of its spectra.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import sympy as sp

from theory.declaration.dimensions import Dim, Spectrum
from theory.declaration.matrices import Diag
from theory.declaration.sites import Leaf, varies
from theory.modes import ModeIndex
from theory.ratios import Ratios
from theory.replica.data import at_mode, plain, total
from theory.resolvent.blocks import Inverse, Triangular
from theory.resolvent.names import NamedTrace, Namer
from theory.resolvent.pencil import Pencil, Random

Block = tuple[int, int]
Rule = Mapping[sp.Symbol, sp.Expr]


@dataclass(frozen=True)
class Unknown:
    """``symbol`` = ``sign`` · Tr[``weight`` G_block] over ``dim``."""

    symbol: NamedTrace
    dim: Dim
    block: Block
    weight: sp.Expr


class Dyson:
    """The Dyson equation of one pencil; ``unknowns`` are its traces, ``sigma`` the self-energy as combinations of them.

    ``colours`` gives dimensions without a spectrum of their own one, as a further factor of all covariances along them.
    """

    def __init__(self, pencil: Pencil, namer: Namer, colours: Mapping[Dim, Spectrum] | None = None) -> None:
        self.pencil, self.colours = pencil, dict(colours or {})
        self.unknowns: dict[NamedTrace, Unknown] = {}
        self.sigma: dict[Block, list[tuple[sp.Expr, NamedTrace]]] = {}
        for (a, b), firsts in pencil.random.items():
            for (c, d), seconds in pencil.random.items():
                if pencil.cols[b] == pencil.rows[c] and pencil.rows[a] == pencil.cols[d]:
                    for first in firsts:
                        for second in seconds:
                            self._pair(first, second, (a, d), (b, c), namer)

    def _pair(self, first: Random, second: Random, where: Block, block: Block, namer: Namer) -> None:
        how, share = first.leaf.how, covariance(first, second)
        if share == 0 or (response := self.pencil.response(*block)) is None:
            return
        along, inside = how["row_covariance"], how["column_covariance"]
        if first.transposed:
            along, inside = inside, along
        dim, weight = self.pencil.cols[block[0]], sp.cancel(first.right * inside * second.left)
        number = sp.S.One
        if not varies(weight):
            number, weight = weight, sp.S.One
        sign, symbol = namer.symbol(Diag(dim, weight) @ response)
        weight *= self.colours.get(dim, sp.S.One)
        along *= self.colours.get(self.pencil.rows[where[0]], sp.S.One)
        self.unknowns.setdefault(symbol, Unknown(symbol, dim, block, plain(sign * weight)))
        coefficient = share * first.left * along * second.right * number * sign
        self.sigma.setdefault(where, []).append((plain(coefficient), symbol))

    @property
    def dimensions(self) -> list[Dim]:
        return list(dict.fromkeys(self.pencil.rows.values()))

    def __len__(self) -> int:
        return len(self.pencil)

    def matrix_of(self, dim: Dim, rule: Rule) -> tuple[list[int], list[int], sp.Matrix]:
        """Equations, variables, and the block of L₀ − Σ of a dimension, with ``rule`` applied to the unknowns."""
        pencil = self.pencil
        rows, cols = ([i for i, d in side.items() if d == dim] for side in (pencil.rows, pencil.cols))
        entry = {e: plain(x) - sp.Add(*[c * rule.get(t, t) for c, t in self.sigma.get(e, [])]) for e, x in pencil.fixed.items()}
        entry |= {e: -sp.Add(*[c * rule.get(t, t) for c, t in terms]) for e, terms in self.sigma.items() if e not in pencil.fixed}
        return rows, cols, sp.Matrix(len(rows), len(cols), lambda i, j: entry.get((rows[i], cols[j]), sp.S.Zero))

    def entry(self, i: int, j: int, rule: Rule) -> sp.Expr:
        """An entry of L₀ − Σ, with ``rule`` applied to the unknowns."""
        fixed = plain(self.pencil.fixed.get((i, j), sp.S.Zero))
        return fixed - sp.Add(*[c * rule.get(t, t) for c, t in self.sigma.get((i, j), [])])

    def order(self, dim: Dim, support: Collection[Block]) -> Triangular:
        """The irreducible blocks of a dimension, entries outside of ``support`` being zero."""
        rows, cols = ([i for i, d in side.items() if d == dim] for side in (self.pencil.rows, self.pencil.cols))
        return Triangular(rows, cols, support)

    @property
    def wanted(self) -> list[Block]:
        """The blocks of G that unknowns and output need."""
        return sorted({u.block for u in self.unknowns.values()} | {(b, c) for b in self.pencil.u for c in self.pencil.v})

    def roots(self) -> set[sp.Symbol]:
        """Symbols of which square roots occur."""
        parts = [*self.pencil.fixed.values(), *self.pencil.u.values(), *self.pencil.v.values()]
        parts += [c for terms in self.sigma.values() for c, _ in terms] + [u.weight for u in self.unknowns.values()]
        powers = set().union(*[plain(x).atoms(sp.Pow) for x in parts])
        return {p.base for p in powers if p.exp.is_Rational and not p.exp.is_Integer and p.base.is_Symbol}

    def inverses(self, ratios: Ratios, rule: Rule) -> dict[Dim, Inverse]:
        """G of every dimension with ``rule`` applied to the unknowns."""
        found = {}
        for dim in self.dimensions:
            own = [e for e in {**self.pencil.fixed, **self.sigma} if self.pencil.rows[e[0]] == dim]
            entries = {e: x for e in own if (x := ratios.of(self.entry(*e, rule)))}
            found[dim] = Inverse(ratios, self.order(dim, entries), lambda i, j, entries=entries: entries[i, j])
        return found

    def blocks(self, rule: Rule, wanted: Iterable[Block] | None = None) -> dict[Block, sp.Expr]:
        """Blocks of G as functions of the spectra of their dimension and of the unknowns, to which ``rule`` is applied.

        Those are all that unknowns and output need, or ``wanted``; vanishing ones are left out.
        """
        inverses = self.inverses(Ratios(self.roots()), rule)
        places = [(b, c) for b, c in (self.wanted if wanted is None else wanted) if self.pencil.cols[b] == self.pencil.rows[c]]
        return {(b, c): x.as_expr() for b, c in places if (x := inverses[self.pencil.rows[c]](b, c))}

    def output(self, blocks: Mapping[Block, sp.Expr]) -> sp.Expr:
        """The diagonal of the expression at the generic site."""
        pencil = self.pencil
        pairs = [(plain(x), plain(y), (b, c)) for b, x in pencil.u.items() for c, y in pencil.v.items()]
        return sp.Add(*[x * y * blocks[block] for x, y, block in pairs if block in blocks])


def covariance(first: Random, second: Random) -> sp.Expr:
    """How the entries of two matrices pair along a product ... A G B ..., apart from their row and column covariances."""
    one, other = first.leaf, second.leaf
    if "given" in (one.kind, other.kind):
        return sp.S.Zero
    across = first.transposed != second.transposed
    if one == other:
        return one.how["variance"] * (sp.S.One if across else one.how.get("symmetry", sp.S.Zero))
    (root, turned, share), (root_too, turned_too, share_too) = _origin(one), _origin(other)
    if root != root_too or across == (turned != turned_too):
        return sp.S.Zero
    return share * share_too * sp.sqrt(one.how["variance"] * other.how["variance"])


def _origin(leaf: Leaf) -> tuple[Leaf, bool, sp.Expr]:
    """The matrix with which another correlates, whether as its transpose, and how much; itself otherwise."""
    if "partner" in leaf.how:
        return leaf.how["partner"], leaf.how["turned"], leaf.how["correlation"]
    return leaf, False, sp.S.One


def traced(dim: Dim, expression: sp.Expr) -> sp.Expr:
    """Sum of a site expression over the modes of a dimension; a multiple of its size where nothing varies."""
    return total(dim, at_mode(expression, ModeIndex(dim.name, "k")), ModeIndex(dim.name, "k"))
