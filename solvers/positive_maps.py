"""Whether a solution of a Dyson equation is that of matrices which can be inverted: the spectral radius of X → G E[W X W*] G*.

The norm of L⁻¹ is bounded, L = L₀ + W being a pencil and G = (L₀ − E[W G W])⁻¹, where this positive map has a spectral radius below
1, and nowhere else. The radius also tells the solution that is meant from all others: for the Hermitian pencil of L and L*, shifted
off the axis, there is one with a positive imaginary part (Helton, Rashidi Far, Speicher, IMRN 2007, rnm086), and G grows out of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.compile import compile_expressions
from theory.declaration.dimensions import Dim
from theory.modes import ModeIndex
from theory.replica.data import at_mode
from theory.resolvent.atoms import Random
from theory.resolvent.dyson import Dyson, covariance
from theory.resolvent.pencil import Pencil
from theory.resolvent.results import with_given_matrices
from theory.symbols import size

BLOCK = 1 << 22
"""Entries of blocks of G at all modes that are held at a time."""
Factors = tuple[sp.Expr, sp.Expr, sp.Expr]


class Inverse(Protocol):
    """Blocks of a G at a point, or at points of some ``shape``."""

    shape: tuple[int, ...]

    def site(self, dim: Dim, expression: sp.Expr) -> NDArray:
        """A coefficient along a dimension, shape (..., modes)."""
        ...

    def vanishes(self, b: int, a: int) -> bool:
        """Whether a block is zero, as those that lead from one inverse back to an earlier one in a product are."""
        ...

    def contracted(self, w: NDArray, first: tuple[int, int], second: tuple[int, int], m: NDArray) -> NDArray:
        """Tr[w G_ba m G_dc*] for the blocks ``first`` = (b, a) and ``second`` = (d, c)."""
        ...


@dataclass(frozen=True)
class Term:
    """What is random in entry (a, b) of a pencil."""

    a: int
    b: int
    rows: Dim
    cols: Dim
    random: Random


@dataclass(frozen=True)
class Pair:
    """Two terms in (a, b) and (c, d): E[W X W*]_ac holds ``outer`` Tr[``inner`` X_bd]; the last factor of both is conjugate."""

    first: Term
    second: Term
    outer: Factors
    inner: Factors


def spectral_radius(pencil: Pencil, inverse: Inverse) -> NDArray:
    """The spectral radius of the positive map, of the shape of the points; infinite where it cannot be told."""
    terms = [Term(i, j, pencil.rows[i], pencil.cols[j], x) for (i, j), found in pencil.random.items() for x in found
             if x.leaf.kind != "given"]  # fmt: skip
    largest = np.zeros(inverse.shape)
    for together in _irreducible(terms, inverse):
        largest = np.maximum(largest, _radius(list(_pairs(together)), inverse))
    return largest


def _irreducible(terms: Sequence[Term], inverse: Inverse) -> Iterator[list[Term]]:
    """Terms that lead to each other: by Cauchy and Schwarz pairs across such parts have no larger radius."""
    from scipy.sparse.csgraph import connected_components

    leads = np.array([[s.rows == t.cols and not inverse.vanishes(t.b, s.a) for s in terms] for t in terms], dtype=bool)
    if terms:
        _, labels = connected_components(leads, directed=True, connection="strong")
        for label in np.unique(labels):
            yield [t for t, own in zip(terms, labels, strict=True) if own == label]


def _pairs(terms: Sequence[Term]) -> Iterator[Pair]:
    """All pairs whose covariance does not vanish."""
    for first in terms:
        for second in terms:
            one, other, how = first.random, second.random, first.random.leaf.how
            share = covariance(one, Random(other.left, other.leaf, not other.transposed, other.right))
            if (first.rows, first.cols) == (second.rows, second.cols) and share != 0:
                along, inside = how["row_covariance"], how["column_covariance"]
                if one.transposed:
                    along, inside = inside, along
                yield Pair(first, second, (share * along, one.left, other.left), (inside, one.right, other.right))


def _radius(pairs: Sequence[Pair], inverse: Inverse) -> NDArray:
    matrix = np.zeros((*inverse.shape, len(pairs), len(pairs)), dtype=complex)
    inner = [_product(inverse, p.first.cols, p.inner) for p in pairs]
    outer = [_product(inverse, p.first.rows, p.outer) for p in pairs]
    with np.errstate(all="ignore"):
        for i, p in enumerate(pairs):
            for j, q in enumerate(pairs):
                blocks = (p.first.b, q.first.a), (p.second.b, q.second.a)
                if q.first.rows == p.first.cols and not any(inverse.vanishes(*block) for block in blocks):
                    matrix[..., i, j] = inverse.contracted(inner[i], *blocks, outer[j])
    lost = ~np.isfinite(matrix).all(axis=(-1, -2))
    matrix[lost] = 0.0
    return np.where(lost, np.inf, np.abs(np.linalg.eigvals(matrix)).max(axis=-1, initial=0.0))


def _product(inverse: Inverse, dim: Dim, factors: Factors) -> NDArray:
    weight, first, second = (inverse.site(dim, f) for f in factors)
    return weight * first * np.conj(second)


def radii_at(dyson: Dyson, vanishing: Mapping[sp.Symbol, sp.Expr], known: Mapping[Any, NDArray], arrays: Mapping[Any, NDArray],
             shape: tuple[int, ...]) -> NDArray:  # fmt: skip
    """Spectral radii of an equation in which everything given commutes, at points of a ``shape``, some at a time."""
    flat = {s: np.broadcast_to(v, shape).reshape(-1) for s, v in known.items()}
    points, modes = int(np.prod(shape, dtype=int)), max((len(a) for a in arrays.values()), default=1)
    step = max(1, BLOCK // (modes * len(dyson) ** 2))
    pieces = []
    for begin in range(0, points, step):
        here = {s: v[begin : begin + step] for s, v in flat.items()}
        inverse = ModewiseInverse(dyson, vanishing, here, arrays, (min(step, points - begin),))
        pieces.append(spectral_radius(dyson.pencil, inverse))
    return np.concatenate(pieces).reshape(shape)


class ModewiseInverse:
    """G of one Dyson equation in which everything given commutes, mode by mode, at ``known`` scalars, traces among them."""

    def __init__(self, dyson: Dyson, vanishing: Mapping[sp.Symbol, sp.Expr], known: Mapping[Any, NDArray],
                 arrays: Mapping[Any, NDArray], shape: tuple[int, ...]) -> None:  # fmt: skip
        self.shape, self._known, self._arrays = shape, known, arrays
        self._values: dict[tuple[Dim, sp.Expr], NDArray] = {}
        self._blocks: dict[tuple[int, int], tuple[Dim, NDArray]] = {}
        for dim in dyson.dimensions:
            rows, cols, matrix = dyson.matrix_of(dim, vanishing)
            self._evaluate(dim, list(matrix))
            entries = np.stack(np.broadcast_arrays(np.zeros(shape)[..., None], *[self.site(dim, x) for x in matrix])[1:], axis=-1)
            blocks = _inverse(entries.reshape(*entries.shape[:-1], len(rows), len(cols)))
            for i, b in enumerate(cols):
                self._blocks |= {(b, a): (dim, blocks[..., i, j]) for j, a in enumerate(rows) if blocks[..., i, j].any()}

    def _evaluate(self, dim: Dim, expressions: Sequence[sp.Expr]) -> None:
        index, wanted = ModeIndex(dim.name, "k"), list(dict.fromkeys(expressions))
        written = [with_given_matrices(at_mode(sp.sympify(e), index)) for e in wanted]
        compiled = compile_expressions(written)
        found = compiled({s: self._known[s] for s in compiled.scalars}, self._arrays)
        for e, w, value in zip(wanted, written, found, strict=True):
            self._values[dim, e] = np.asarray(value)[... if index in w.free_symbols else (..., None)]

    def site(self, dim: Dim, expression: sp.Expr) -> NDArray:
        if (dim, expression) not in self._values:
            self._evaluate(dim, [expression])
        return self._values[dim, expression]

    def vanishes(self, b: int, a: int) -> bool:
        return (b, a) not in self._blocks

    def contracted(self, w: NDArray, first: tuple[int, int], second: tuple[int, int], m: NDArray) -> NDArray:
        (dim, one), (_, other) = self._blocks[first], self._blocks[second]
        product = w * one * m * np.conj(other)
        return product.sum(axis=-1) if product.shape[-1] > 1 else product[..., 0] * self._known[size(dim.name)]


def _inverse(matrices: NDArray) -> NDArray:
    try:
        return np.linalg.inv(matrices)
    except np.linalg.LinAlgError:
        return np.full(matrices.shape, np.nan)
