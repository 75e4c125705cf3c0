"""From a declared dynamics to fields on populations: states, local fields of random matrices, and what the matrices act on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import sympy as sp

from theory.declaration.dimensions import Dim
from theory.declaration.ensembles import Gaussian
from theory.declaration.scalars import Average, Over
from theory.declaration.sites import Dot, Functional, Leaf, Site, tops
from theory.declaration.tensors import Contraction, Slope
from theory.declaration.vectors import Vec
from theory.declaration.walks import replace_tops
from theory.dmft.notation import SampleSum, step
from theory.errors import DerivationError
from theory.modes import ModeIndex
from theory.replica.data import at_mode, given, plain
from theory.symbols import time

RANDOM = {"noise", "signs"}


@dataclass(frozen=True)
class Use:
    """A random matrix at work: ``out`` = J @ ``into`` (or J.T), fields by their symbols; or a random tensor, whose slope is out."""

    leaf: Leaf
    transposed: bool
    out: sp.Symbol
    into: sp.Symbol

    @property
    def order(self) -> int:
        """Number of indices of the coupling."""
        return len(self.leaf.dims)


@dataclass(frozen=True)
class Total:
    """A global field: the sum of ``summand`` over the sites of ``dim``, the same at every site."""

    dim: Dim
    summand: sp.Expr


@dataclass(frozen=True)
class Learnt:
    """A coupling that learns: W(t) = a(t) W(0) + Σ_s k(t, s) post(s) pre(s)ᵀ; pairs of fields, and what a and k follow from."""

    decay: sp.Expr
    momentum: sp.Expr
    pairs: tuple[tuple[sp.Symbol, sp.Symbol], ...]

    @property
    def lasts(self) -> bool:
        """Whether the draw stays as it is: a = 1."""
        return self.decay == 0


@dataclass
class Fields:
    """What a Step is made of.

    ``laws``: state -> its rate of change; ``auxiliary``: field -> what it is at the same time; ``uses``: local fields; ``sums``:
    global fields. All are site expressions in symbols of fields, drawn vectors (``variances``; those in ``fresh`` at every step),
    given values with samples (``data``) and per-mode data. ``dims`` maps every field to its dimension, None for what is the same
    at every site, ``batches`` to the finite dimensions that it carries. ``learnt``: couplings that move; ``constraints``:
    multiplier -> what vanishes; ``observables``: in global fields.
    """

    model: object
    laws: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    auxiliary: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    uses: list[Use] = field(default_factory=list)
    starts: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    variances: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    dims: dict[sp.Symbol, Dim | None] = field(default_factory=dict)
    definitions: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    batches: dict[sp.Symbol, tuple[Dim, ...]] = field(default_factory=dict)
    fresh: set[sp.Symbol] = field(default_factory=set)
    signs: set[sp.Symbol] = field(default_factory=set)
    data: dict[sp.Symbol, Leaf] = field(default_factory=dict)
    sums: dict[sp.Symbol, Total] = field(default_factory=dict)
    learnt: dict[Leaf, Learnt] = field(default_factory=dict)
    constraints: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    observables: dict[str, sp.Expr] = field(default_factory=dict)
    _known: dict[object, sp.Symbol] = field(default_factory=dict)

    def index(self, dim: Dim) -> ModeIndex:
        """The free mode index of a dimension."""
        return ModeIndex(dim.name, "k")

    def lower(self, expression: sp.Expr, dim: Dim | None) -> sp.Expr:
        """A site expression in field symbols and data; DerivationError for what is neither site, sum nor local field."""
        rule = {}
        for top in sorted(tops(expression), key=str):
            if isinstance(top, Average):
                continue
            if isinstance(top, Over):
                rule[top] = SampleSum(self.lower(top.expr, dim), top.dim) if top.dim.finite else self.total(top)
            elif isinstance(top, Contraction):
                rule[top] = self.lower(top.by_sites, dim)
            elif isinstance(top, Functional):
                raise DerivationError(f"{self.model.name}: {top} in the dynamics; only sums over sites and samples are derived")
            elif isinstance(top.node, Dot):
                rule[top] = self.local(top.node)
            elif isinstance(top.node, Slope):
                rule[top] = self.slope(top.node)
            elif not given(top) or any(d.finite for d in top.node.dims):
                rule[top] = self.leaf(top.node)
        lowered = replace_tops(expression, rule)
        return plain(lowered) if dim is None else at_mode(lowered, self.index(dim))

    def leaf(self, leaf: Leaf) -> sp.Symbol:
        """The symbol of a state, a drawn vector, or given values with samples."""
        if leaf not in self._known:
            self._known[leaf] = symbol = self._symbol(leaf.name, leaf.dim, {d for d in leaf.dims if d.finite})
            if leaf.kind in RANDOM:
                if leaf.dim is None:
                    raise DerivationError(f"{self.model.name}: {leaf} is the same draw at every site; give its values, as Quenched")
                variance = leaf.how.get("variance", sp.S.One)
                self.variances[symbol] = at_mode(variance, self.index(leaf.dim))
                if leaf.kind == "signs":
                    self.signs.add(symbol)
                if "fresh" in leaf.how:
                    self.fresh.add(symbol)
                    self.variances[symbol] /= step if self.model.continuous else 1
            elif leaf.kind == "quenched":
                self.data[symbol] = leaf
        return self._known[leaf]

    def _symbol(self, name: str, dim: Dim | None, batch: Iterable[Dim] = ()) -> sp.Symbol:
        symbol = sp.Symbol(name, real=True)
        self.dims[symbol] = dim
        self.batches[symbol] = tuple(sorted(batch, key=lambda d: d.name))
        return symbol

    def _numbered(self, letter: str, dim: Dim | None, batch: Iterable[Dim] = ()) -> sp.Symbol:
        number = 1 + sum(s.name.startswith(f"{letter}_") for s in self.dims)
        return self._symbol(f"{letter}_{number}", dim, batch)

    def carried(self, expression: sp.Expr) -> set[Dim]:
        """The finite dimensions of a lowered expression."""
        if isinstance(expression, SampleSum):
            return self.carried(expression.body) - {expression.dim}
        if expression in self.batches:
            return set(self.batches[expression])
        return set().union(*map(self.carried, expression.args)) if expression.args else set()

    def total(self, node: Over) -> sp.Symbol:
        """The global field that a sum over sites is."""
        if node not in self._known:
            summand = self.lower(node.expr, node.dim)
            self._known[node] = symbol = self._numbered("m", None, self.carried(summand))
            self.sums[symbol], self.definitions[symbol] = Total(node.dim, summand), node
        return self._known[node]

    def field(self, vector: Vec) -> sp.Symbol:
        """The field that a vector is, one of its own where it is compound."""
        inner = self.lower(vector.expr, vector.dim)
        if inner.is_Symbol and self.dims.get(inner) == vector.dim:
            return inner
        for known, value in self.auxiliary.items():
            if value == inner and self.dims[known] == vector.dim:
                return known
        argument = self._numbered("x", vector.dim, self.carried(inner))
        self.auxiliary[argument], self.definitions[argument] = inner, vector.expr
        return argument

    def local(self, node: Dot) -> sp.Expr:
        """The local field that a matrix makes of a vector, and the part that its mean adds."""
        if node in self._known:
            return self._known[node]
        matrix, vector = node.matrix, node.vector
        if not isinstance(matrix, Gaussian):
            raise DerivationError(
                f"{self.model.name}: {matrix} in a law; dynamics couple through Gaussian matrices, give an inverse "
                "a state of its own"
            )
        mean = matrix.leaf.how["mean"]
        if matrix.leaf.how.get("fresh") == "layer":
            raise DerivationError(f"{self.model.name}: {matrix.leaf.name} is drawn anew at every layer; declare a matrix for each")
        if mean != 0 and matrix.leaf in self.model.couplings:
            raise DerivationError(f"{self.model.name}: the mean {mean} of {matrix.leaf.name}, which learns; declare a centred one")
        inner = self.field(vector)
        symbol = self._numbered("h", node.dim, self.batches[inner])
        self.uses.append(Use(matrix.leaf, matrix.transposed, symbol, inner))
        self.definitions[symbol] = Site(node)
        shift = plain(mean) * self.total(Over(vector.expr, vector.dim)) if mean != 0 else 0
        self._known[node] = symbol + shift
        return self._known[node]

    def slope(self, node: Slope) -> sp.Symbol:
        """The local field that a random tensor makes of a vector."""
        if node not in self._known:
            inner = self.field(node.vector)
            self._known[node] = symbol = self._numbered("h", node.dim, self.batches[inner])
            self.uses.append(Use(node.tensor, False, symbol, inner))
            self.definitions[symbol] = Site(node)
        return self._known[node]

    def of(self, dim: Dim) -> list[sp.Symbol]:
        """Fields of a population that its equations determine, in order."""
        moving = [*self.laws, *(u.out for u in self.uses), *self.auxiliary]
        return [s for s in moving if self.dims[s] == dim]

    @property
    def populations(self) -> list[Dim]:
        found = {self.dims[s] for s in [*self.laws, *(u.out for u in self.uses)]}
        return sorted(found, key=lambda d: d.name)

    @property
    def is_linear(self) -> bool:
        """Whether all laws are linear in the fields, but for multipliers, and couplings are drawn once, without samples."""
        laws = [*self.laws.values(), *self.auxiliary.values(), *self.starts.values()]
        if self.learnt or any(self.batches.values()) or any("fresh" in u.leaf.how for u in self.uses):
            return False
        if any(law.free_symbols & set(self.sums) for law in laws):
            return False
        return all(sp.expand(law).diff(a, b) == 0 for law in laws for a in law.free_symbols & set(self.dims) for b in self.dims)

    @property
    def is_scheduled(self) -> bool:
        """Whether what acts on a state changes with time: a rate, a multiplier, noise, or the kernel of a tensor."""
        timed = any({time, step} & law.free_symbols for law in (*self.laws.values(), *self.auxiliary.values()))
        return timed or bool(self.constraints or self.fresh) or any(u.leaf.kind == "tensor" for u in self.uses)


def weights(leaf: Leaf) -> tuple[sp.Expr, sp.Expr]:
    """Row and column covariance of a random matrix, at a mode of each; the entries of a tensor are alike."""
    if leaf.kind == "tensor":
        return sp.S.One, sp.S.One
    rows, cols = leaf.dims
    return (
        at_mode(leaf.how["row_covariance"], ModeIndex(rows.name, "k")),
        at_mode(leaf.how["column_covariance"], ModeIndex(cols.name, "k")),
    )
