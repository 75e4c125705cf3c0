"""An energy as functions of local fields that are affine in the states: what convex solvers and samplers read off a declaration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.monte_carlo.realisation import Realisation, dependent
from theory.declaration.keys import canonical
from theory.declaration.scalars import Over
from theory.declaration.sites import Dot, Leaf, Site, tops
from theory.declaration.vectors import Vec
from theory.declaration.walks import leaves, replace_tops, terms
from theory.errors import DeclarationError


def field_symbol(number: int) -> sp.Symbol:
    """What stands for a term's field of that number."""
    return sp.Symbol(f"_field{number}", real=True)


@dataclass(frozen=True)
class Term:
    """coefficient * sum over ``dim`` of ``value``, a function of the fields, which stand in it as ``names``."""

    coefficient: sp.Expr
    dim: sp.Symbol
    fields: tuple[Site | Over, ...]
    names: tuple[sp.Symbol, ...]
    value: sp.Expr

    @property
    def written(self) -> sp.Expr:
        """The summand as it was declared."""
        return self.value.xreplace(dict(zip(self.names, self.fields, strict=True)))


def read_fields(energy: sp.Expr, states: Sequence[Leaf]) -> list[Term]:
    """The terms of an energy that depend on the states; DeclarationError for what is no sum of functions of affine fields."""
    found = []
    for coefficient, expression, dim in terms(energy):
        if set(states) & set(leaves(coefficient)):
            held = sorted(s.name for s in set(states) & set(leaves(coefficient)))[0]
            raise DeclarationError(f"energy: a product of sums over {held}, {coefficient} * {expression}, is not simulated")
        sites = {site for state in states for site in dependent(expression, state)}
        if not sites:
            continue
        for field in sites:
            check_affine(field, states)
        fields = tuple(sorted(sites, key=lambda top: (str(top), canonical(top))))
        names = tuple(field_symbol(i) for i in range(len(fields)))
        value = replace_tops(expression, dict(zip(fields, names, strict=True)))
        found.append(Term(coefficient, dim, fields, names, value))
    return found


def check_affine(field: Site | Over, states: Sequence[Leaf]) -> None:
    """DeclarationError where a field multiplies states by each other."""
    node = getattr(field, "node", field)
    inner = node.vector.expr if isinstance(node, Dot) else field.expr if isinstance(field, Over) else sp.S.Zero
    opened = {top: sp.Dummy(real=True) for top in tops(inner) if not set(states).isdisjoint(leaves(top))}
    body = replace_tops(inner, opened)
    for top, name in opened.items():
        if not sp.expand(body.diff(name)).free_symbols.isdisjoint(opened.values()):
            names = ", ".join(state.name for state in states)
            raise DeclarationError(f"energy: the field {field} is not linear in {names}; only such fields are simulated")
        check_affine(top, states)


class Block:
    """The matrix by which a field depends on the states side by side: for each state a diagonal, a matrix, or nothing."""

    def __init__(self, parts: Sequence[tuple[slice, NDArray]], rows: int, size: int):
        self.parts, self.rows, self.size = tuple(parts), rows, size
        self._dense: NDArray | None = None

    def apply(self, state: NDArray) -> NDArray:
        """The field of a state (size,) or of several (size, columns)."""
        total = np.zeros((self.rows, *state.shape[1:]))
        for place, part in self.parts:
            here = state[place]
            total += (part if here.ndim == 1 else part[:, None]) * here if part.ndim == 1 else part @ here
        return total

    def back(self, field: NDArray) -> NDArray:
        """The transpose applied to a vector over the field's sites."""
        total = np.zeros(self.size)
        for place, part in self.parts:
            total[place] += part * field if part.ndim == 1 else part.T @ field
        return total

    def dense(self) -> NDArray:
        if self._dense is None:
            self._dense = np.zeros((self.rows, self.size))
            for place, part in self.parts:
                self._dense[:, place] += np.diag(part) if part.ndim == 1 else part
        return self._dense

    @property
    def diagonal(self) -> tuple[slice, NDArray] | None:
        """Place and diagonal of a field that is one state, site by site; None for any other."""
        return self.parts[0] if len(self.parts) == 1 and self.parts[0][1].ndim == 1 else None


@dataclass(frozen=True)
class Loaded:
    """A term in one draw: the number in front of it, and its fields as block @ state + offset."""

    term: Term
    coefficient: float
    blocks: tuple[Block, ...]
    offsets: tuple[NDArray, ...]

    def fields(self, state: NDArray) -> list[NDArray]:
        return [block.apply(state) + offset for block, offset in zip(self.blocks, self.offsets, strict=True)]


class Landscape:
    """The energy of one draw as a function of all its states side by side, shape (size,)."""

    def __init__(self, read: Sequence[Term], states: Sequence[Leaf], draw: Realisation):
        self.states = tuple(states)
        edges = np.cumsum([0, *(draw.size(state.dims[0]) for state in states)]).tolist()
        self.places = [slice(a, b) for a, b in pairwise(edges)]
        self.size = edges[-1]
        zeros = {state: np.zeros(p.stop - p.start) for state, p in zip(states, self.places, strict=True)}
        self.origin = Realisation(draw.symbols, {**draw.arrays, **zeros})
        self.loaded = [self._load(term) for term in read]

    def _load(self, term: Term) -> Loaded:
        rows = self.origin.size(term.dim)
        blocks, offsets = [], []
        for field in term.fields:
            parts = []
            for state, place in zip(self.states, self.places, strict=True):
                if state in leaves(field):
                    part = self.origin.linear(field, state)
                    parts.append((place, np.broadcast_to(part, (rows, *part.shape[1:]))))
            blocks.append(Block(parts, rows, self.size))
            offsets.append(np.broadcast_to(self.origin.vector(Vec(term.dim, field))[:, 0], (rows,)))
        return Loaded(term, float(self.origin.scalar(term.coefficient)[0]), tuple(blocks), tuple(offsets))

    def arrays(self, state: NDArray) -> dict[Leaf, NDArray]:
        """The states by leaf."""
        return {leaf: state[place] for leaf, place in zip(self.states, self.places, strict=True)}

    def energy(self, state: NDArray) -> float:
        """Sum of all terms."""
        return float(sum(evaluate_at(part, part.term.value, part.fields(state), self.origin).sum() for part in self.loaded))


def evaluate_at(part: Loaded, expression: sp.Expr, fields: Sequence[NDArray], origin: Realisation, **symbols: float) -> NDArray:
    """coefficient * an expression in the term's field symbols at every site, shape (rows,)."""
    values = dict(zip(part.term.names, (f[:, None] for f in fields), strict=True))
    here = origin.with_symbols({**values, **{sp.Symbol(n, positive=True): v for n, v in symbols.items()}})
    found = np.asarray(here.site(expression), dtype=float).reshape(-1)
    return part.coefficient * np.broadcast_to(found, (len(part.offsets[0]),))
