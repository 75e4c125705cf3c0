"""Realisations whose vectors carry finite dimensions, such as samples: arrays (sites, 1, finite dimensions in order)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.monte_carlo.realisation import Realisation
from theory.declaration.ensembles import MatrixLeaf
from theory.declaration.matrices import Inv, Mat
from theory.declaration.scalars import Over
from theory.declaration.sites import Leaf
from theory.declaration.vectors import Vec
from theory.errors import DeclarationError


class Batched(Realisation):
    """As :class:`Realisation`, with an axis for each of ``batches`` behind the first two, of length 1 where it is not carried."""

    def __init__(self, symbols: Mapping[sp.Symbol, Any], arrays: Mapping[Leaf, NDArray], batches: Sequence[sp.Symbol]):
        self.batches = tuple(batches)
        placed = {leaf: self._placed(leaf, a) for leaf, a in arrays.items()}
        super().__init__({s: self._lifted(v) for s, v in symbols.items()}, placed)

    def _lifted(self, value: Any) -> Any:
        return value.reshape(*value.shape, *(1,) * (2 + len(self.batches) - value.ndim)) if np.ndim(value) == 2 else value

    def _placed(self, leaf: Leaf, array: NDArray) -> NDArray:
        """A vector with its axes in place; matrices are left as they are."""
        if leaf.kind in ("gaussian", "deterministic", "tensor") or array.ndim == 2 + len(self.batches):
            return array
        if not any(d.finite for d in leaf.dims):
            return array.reshape(len(array), *(1,) * (1 + len(self.batches)))
        axes = [leaf.dims.index(d) for d in (leaf.dim, *self.batches) if d in leaf.dims]
        shape = [_length(leaf, array, d) for d in (leaf.dim, *self.batches)]
        return array.transpose(axes).reshape(shape[0], 1, *shape[1:])

    def shape(self, leaf: Leaf) -> tuple[int, ...]:
        """Of the array of a vector."""
        sites = self.size(leaf.dim) if leaf.dim is not None else 1
        return sites, 1, *(self.size(d) if d in leaf.dims else 1 for d in self.batches)

    def with_symbols(self, values: Mapping[sp.Symbol, Any]) -> Batched:
        return Batched({**self.symbols, **values}, self.arrays, self.batches)

    def set(self, states: Mapping[Leaf, NDArray]) -> None:
        super().set({leaf: self._placed(leaf, a) for leaf, a in states.items()})

    def vector(self, vector: Vec) -> NDArray:
        value = np.asarray(self.site(vector.expr), dtype=float)
        value = value if value.ndim else value.reshape((1,) * (2 + len(self.batches)))
        return np.broadcast_to(value, (self.size(vector.dim) if vector.dim is not None else 1, *value.shape[1:]))

    def scalar(self, expression: sp.Expr) -> NDArray:
        value = np.asarray(self.site(expression), dtype=float)
        if value.size != 1:
            raise DeclarationError(f"{expression}: it varies from site to site; reduce it with sum_over or mean")
        return value.reshape(1)

    def apply(self, matrix: Mat, vector: NDArray) -> NDArray:
        if vector.ndim > 2 and isinstance(matrix, MatrixLeaf | Inv):
            flat = super().apply(matrix, vector.reshape(len(vector), -1))
            return flat.reshape(len(flat), *vector.shape[1:])
        return super().apply(matrix, vector)

    def _atom(self, atom: sp.Expr) -> Any:
        if isinstance(atom, Over) and atom.dim.finite:
            value = np.asarray(self.site(atom.expr), dtype=float)
            return value.sum(axis=2 + self.batches.index(atom.dim), keepdims=True)
        return super()._atom(atom)


def _length(leaf: Leaf, array: NDArray, dim: sp.Symbol | None) -> int:
    """Length of an array along a dimension, 1 where it has none."""
    return array.shape[leaf.dims.index(dim)] if dim in leaf.dims else 1
