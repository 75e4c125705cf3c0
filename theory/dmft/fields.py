"""From a declared dynamics to fields on populations: states, local fields of random matrices, and what the matrices act on."""

from __future__ import annotations

from dataclasses import dataclass, field

import sympy as sp

from theory.declaration.dimensions import Dim
from theory.declaration.ensembles import Gaussian
from theory.declaration.scalars import Average
from theory.declaration.sites import Dot, Functional, Leaf, Site, tops
from theory.declaration.vectors import Vec
from theory.declaration.walks import collect, replace_tops
from theory.errors import DerivationError
from theory.modes import ModeIndex
from theory.replica.data import at_mode, given
from theory.symbols import time

RANDOM = {"noise", "signs"}


@dataclass(frozen=True)
class Use:
    """A random matrix at work: ``out`` = J @ ``into`` (or J.T), fields by their symbols."""

    leaf: Leaf
    transposed: bool
    out: sp.Symbol
    into: sp.Symbol


@dataclass
class Fields:
    """What a Step is made of.

    ``laws``: state -> its rate of change; ``auxiliary``: field -> what it is at the same time; ``uses``: local fields. All are site
    expressions in symbols of fields, drawn vectors (``variances``) and per-mode data. ``dims`` maps every field to its dimension.
    """

    model: object
    laws: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    auxiliary: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    uses: list[Use] = field(default_factory=list)
    starts: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    variances: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    dims: dict[sp.Symbol, Dim] = field(default_factory=dict)
    definitions: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    _known: dict[object, sp.Symbol] = field(default_factory=dict)

    def index(self, dim: Dim) -> ModeIndex:
        """The free mode index of a dimension."""
        return ModeIndex(dim.name, "k")

    def lower(self, expression: sp.Expr, dim: Dim | None) -> sp.Expr:
        """A site expression in field symbols and data; DerivationError for a sum or given matrix inside a law."""
        rule = {}
        for top in sorted(tops(expression), key=str):
            if isinstance(top, Average):
                continue
            if isinstance(top, Functional):
                raise DerivationError(f"{self.model.name}: {top} couples all sites by their sum; global fields are not derived")
            if isinstance(top.node, Dot):
                rule[top] = self.local(top.node)
            elif not given(top):
                rule[top] = self.leaf(top.node)
        lowered = replace_tops(expression, rule)
        return lowered if dim is None else at_mode(lowered, self.index(dim))

    def leaf(self, leaf: Leaf) -> sp.Symbol:
        """The symbol of a state or drawn vector."""
        if leaf not in self._known:
            self._known[leaf] = symbol = self._symbol(leaf.name, leaf.dim)
            if leaf.kind in RANDOM:
                variance = leaf.how.get("variance", sp.S.One)
                self.variances[symbol] = at_mode(variance, self.index(leaf.dim))
        return self._known[leaf]

    def _symbol(self, name: str, dim: Dim) -> sp.Symbol:
        symbol = sp.Symbol(name, real=True)
        self.dims[symbol] = dim
        return symbol

    def _numbered(self, letter: str, dim: Dim) -> sp.Symbol:
        number = 1 + sum(s.name.startswith(f"{letter}_") for s in self.dims)
        return self._symbol(f"{letter}_{number}", dim)

    def local(self, node: Dot) -> sp.Symbol:
        """The local field that a matrix makes of a vector."""
        if node in self._known:
            return self._known[node]
        matrix, vector = node.matrix, node.vector
        if not isinstance(matrix, Gaussian):
            raise DerivationError(
                f"{self.model.name}: {matrix} in a law; dynamics couple through Gaussian matrices, give an inverse "
                "a state of its own"
            )
        how = matrix.leaf.how
        if how["mean"] != 0 or "fresh" in how:
            what = f"mean {how['mean']}" if how["mean"] != 0 else f"drawn anew at every {how['fresh']}"
            raise DerivationError(
                f"{self.model.name}: the matrix {matrix.leaf.name}, {what}, is not derived; only centred quenched ones"
            )
        inner = self.lower(vector.expr, vector.dim)
        if not (inner.is_Symbol and inner in self.dims):
            argument = self._numbered("x", vector.dim)
            self.auxiliary[argument], self.definitions[argument] = inner, vector.expr
            inner = argument
        self._known[node] = symbol = self._numbered("h", node.dim)
        self.uses.append(Use(matrix.leaf, matrix.transposed, symbol, inner))
        self.definitions[symbol] = Site(node)
        return symbol

    def of(self, dim: Dim) -> list[sp.Symbol]:
        """Fields of a population that its equations determine, in order."""
        moving = [*self.laws, *(u.out for u in self.uses), *self.auxiliary]
        return [s for s in moving if self.dims[s] == dim]

    @property
    def populations(self) -> list[Dim]:
        found = {self.dims[s] for s in [*self.laws, *(u.out for u in self.uses)]}
        return sorted(found, key=lambda d: d.name)


def read_fields(model) -> Fields:
    """Fields of a :class:`~theory.declaration.step.Step`; DerivationError for what is not derived, naming it."""
    fields = Fields(model)
    _check(model)
    for leaf in sorted(model.rules, key=lambda a: a.name):
        fields.leaf(leaf)
    for leaf, rule in sorted(model.rules.items(), key=lambda item: item[0].name):
        state = fields.leaf(leaf)
        rate = fields.lower(collect(Vec(leaf.dim, rule.expr.expand() if rule.expr.is_Mul else rule.expr)).expr, leaf.dim)
        if time in rate.free_symbols:
            raise DerivationError(f"{model.name}: the law of {leaf} changes with time; schedules are not derived")
        fields.laws[state] = rate if model.continuous else rate - state
        start = model.initial.get(leaf)
        if start is not None:
            fields.starts[state] = fields.lower(start.expr, leaf.dim)
        elif "initial_variance" in leaf.how:
            drawn = fields._symbol(f"{leaf.name}_0", leaf.dim)
            fields.starts[state], fields.variances[drawn] = drawn, at_mode(leaf.how["initial_variance"], fields.index(leaf.dim))
        else:
            fields.starts[state] = sp.S.Zero
    if not fields.uses:
        raise DerivationError(f"{model.name}: no Gaussian matrix acts on a state; there is no disorder to average")
    return fields


def _check(model) -> None:
    beyond = {
        "couplings that learn": model.couplings,
        "a momentum": model.momentum,
        "a multiplier": model.constraints,
        "states with samples": [leaf for leaf in model.rules if len(leaf.dims) > 1],
        "noise drawn at every step": [leaf for leaf in model.leaves if leaf.kind == "noise" and "fresh" in leaf.how],
    }
    for what, found in beyond.items():
        if found:
            raise DerivationError(f"{model.name}: {what} ({next(iter(found))}) in the law are not derived")


def weights(leaf: Leaf) -> tuple[sp.Expr, sp.Expr]:
    """Row and column covariance of a random matrix, at a mode of each."""
    rows, cols = leaf.dims
    return (
        at_mode(leaf.how["row_covariance"], ModeIndex(rows.name, "k")),
        at_mode(leaf.how["column_covariance"], ModeIndex(cols.name, "k")),
    )
