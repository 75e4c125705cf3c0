"""One draw of a declaration: arrays in the place of its leaves, and the values of everything that is declared in terms of them.

A vector is an array (sites, columns): one column, or several variants of the given data that share the draw.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.given_matrices import root_of
from solvers.monte_carlo import features
from solvers.monte_carlo.expressions import evaluate
from theory.declaration.elementwise import Wall
from theory.declaration.ensembles import MatrixLeaf
from theory.declaration.keys import canonical
from theory.declaration.learning import Outer
from theory.declaration.mapped import Mapped
from theory.declaration.matrices import Diag, Inv, Mat, Prod, Root, Sum
from theory.declaration.scalars import Average, Over, QuadraticForm, Trace
from theory.declaration.sites import Dot, Functional, Leaf, Site, tops
from theory.declaration.tensors import Contraction, Slope
from theory.declaration.vectors import Vec
from theory.declaration.walks import leaves, replace_tops
from theory.errors import DeclarationError, ParameterError


class Realisation:
    """Values of declared objects. ``symbols`` maps sizes, parameters and spectra to values, ``arrays`` maps leaves to arrays."""

    def __init__(self, symbols: Mapping[sp.Symbol, Any], arrays: Mapping[Leaf, NDArray]):
        self.symbols = dict(symbols)
        self.arrays = dict(arrays)
        self._fields: dict[Site, NDArray] = {}
        self._features: dict[str, NDArray] = {}

    def with_symbols(self, values: Mapping[sp.Symbol, Any]) -> Realisation:
        """The same draw with other values of some parameters or spectra; a spectrum may have several columns."""
        return Realisation({**self.symbols, **values}, self.arrays)

    def set(self, states: Mapping[Leaf, NDArray]) -> None:
        """Give states a value; fields that depend on them are computed anew."""
        self.arrays.update(states)
        changed = set(states)
        self._fields = {site: field for site, field in self._fields.items() if changed.isdisjoint(leaves(site))}

    def size(self, dim: sp.Symbol) -> int:
        return int(self.symbols[dim])

    def site(self, expression: sp.Expr) -> Any:
        """A site expression: an array (sites or 1, columns or 1), or a number where nothing varies."""
        return evaluate(expression, self._atom, _is_atom)

    def vector(self, vector: Vec) -> NDArray:
        """A vector, shape (sites, columns)."""
        value = np.asarray(self.site(vector.expr), dtype=float)
        if vector.dim is None:
            raise DeclarationError(f"vector {vector} over finite dimensions: it cannot be simulated with an energy")
        columns = value.shape[1] if value.ndim == 2 else 1
        return np.broadcast_to(value, (self.size(vector.dim), columns))

    def scalar(self, expression: sp.Expr) -> NDArray:
        """A scalar, one value per column."""
        value = np.asarray(self.site(expression), dtype=float)
        if value.size and value.ndim == 2 and value.shape[0] == 1:
            value = value[0]
        if value.ndim > 1:
            raise DeclarationError(f"{expression}: it varies from site to site; reduce it with sum_over or mean")
        return np.atleast_1d(value)

    def _atom(self, atom: sp.Expr) -> Any:
        if isinstance(atom, Site):
            return self._field(atom)
        if isinstance(atom, Over):
            return self.vector(Vec(atom.dim, atom.expr)).sum(axis=0, keepdims=True)
        if isinstance(atom, Contraction):
            return contracted(self.arrays[atom.tensor], self.vector(atom.vector))[None, :]
        if isinstance(atom, QuadraticForm):
            vector = self.vector(Vec(atom.matrix.cols, atom.expr))
            return (vector * self.apply(atom.matrix, vector)).sum(axis=0, keepdims=True)
        if isinstance(atom, Trace):
            return float(np.trace(self.dense(atom.matrix)))
        if isinstance(atom, Average):
            raise DeclarationError(f"average of {atom.expr}: it stands inside a sum over sites, or in a per-mode observable, only")
        if isinstance(atom, Functional):
            raise DeclarationError(f"{type(atom).__name__} {atom}: it cannot be simulated")
        if atom not in self.symbols:
            raise ParameterError(f"parameter {atom}: no value; pass it by its public name")
        return self.symbols[atom]

    def _field(self, site: Site) -> NDArray:
        node = site.node
        if isinstance(node, Leaf):
            if node not in self.arrays:
                raise DeclarationError(f"state {node.name}: it has no value yet; only observables may depend on it")
            array = self.arrays[node]
            return array[:, None] if array.ndim == 1 else array
        if site not in self._fields:
            vector = self.vector(node.vector)
            slope = isinstance(node, Slope)
            self._fields[site] = sloped(self.arrays[node.tensor], vector) if slope else self.apply(node.matrix, vector)
        return self._fields[site]

    def apply(self, matrix: Mat, vector: NDArray) -> NDArray:
        """A matrix times a vector (sites, columns)."""
        if isinstance(matrix, Diag):
            return self.vector(matrix.vector) * vector
        if isinstance(matrix, Sum):
            return sum((self.apply(part, vector) for part in matrix.args[1:]), self.apply(matrix.args[0], vector))
        if isinstance(matrix, Prod):
            for part in reversed(matrix.args):
                vector = self.apply(part, vector)
            return vector
        if isinstance(matrix, Inv):
            return np.linalg.solve(self.dense(matrix.args[0]), vector)
        return self.dense(matrix) @ vector

    def dense(self, matrix: Mat) -> NDArray:
        """A matrix as an array."""
        if isinstance(matrix, Mapped):
            return self._mapped(matrix)
        if isinstance(matrix, MatrixLeaf):
            array = self.arrays[matrix.leaf]
            return array.T if matrix.transposed else array
        if isinstance(matrix, Root):
            return root_of(self.dense(matrix.args[0]), str(matrix.args[0]))
        if isinstance(matrix, Outer):
            return self.vector(matrix.post) @ self.vector(matrix.pre).T
        return self.apply(matrix, np.eye(self.size(matrix.cols)))

    def _mapped(self, matrix: Mapped) -> NDArray:
        """Functions of the entries of a matrix; each is computed once for a draw."""
        if matrix.key not in self._features:
            self._features[matrix.key] = features.values(matrix, self.dense(matrix.matrix), self)
        return self._features[matrix.key]

    def linear(self, expression: sp.Expr, state: Leaf) -> NDArray:
        """The matrix S of a site expression S @ state + (what does not depend on it): a diagonal, shape (sites,), or (sites, N).

        DeclarationError where the expression is not affine.
        """
        total: NDArray | None = None
        for site in dependent(expression, state):
            coefficient = derivative(expression, (site,), state)
            weight = np.asarray(self.site(coefficient), dtype=float).reshape(-1)
            part = self._linear_field(site, state)
            part = weight * part if part.ndim == 1 else weight[:, None] * part
            total = part if total is None else _added(total, part)
        if total is None:
            raise DeclarationError(f"{expression} does not depend on {state.name}")
        return total

    def _linear_field(self, site: Site | Over, state: Leaf) -> NDArray:
        if isinstance(site, Over):
            inner = self.linear(site.expr, state)
            # A sum over sites is one number: a single row.
            return (
                inner[None, :] if inner.ndim == 1 else np.broadcast_to(inner, (self.size(site.dim), inner.shape[1])).sum(0)[None, :]
            )
        if isinstance(site.node, Dot):
            inner = self.linear(site.node.vector.expr, state)
            matrix = site.node.matrix
            if inner.ndim == 1:
                # A constant along the sites comes as one number.
                inner = np.broadcast_to(inner, (self.size(matrix.cols),))
                if isinstance(matrix, Diag):
                    return self.vector(matrix.vector)[:, 0] * inner
                return self.dense(matrix) * inner
            return self.apply(matrix, inner)
        if isinstance(site.node, Slope):
            raise DeclarationError(f"{site}: it is not affine in {state.name}")
        return np.ones(self.size(site.node.dims[0]))


def contracted(tensor: NDArray, vectors: NDArray) -> NDArray:
    """A tensor contracted in every index with each of the vectors (sites, columns): (columns,)."""
    rest = tensor @ vectors
    for _ in range(tensor.ndim - 1):
        rest = np.einsum("...ic,ic->...c", rest, vectors)
    return rest


def sloped(tensor: NDArray, vectors: NDArray) -> NDArray:
    """Derivatives of that contraction by the entries of each vector, shape of ``vectors`` (sites, and any axes)."""
    flat = vectors.reshape(len(vectors), -1)
    return np.stack([_slope(tensor, column) for column in flat.T], axis=1).reshape(vectors.shape)


def _slope(tensor: NDArray, vector: NDArray) -> NDArray:
    """The free index at the last place, where all before it are contracted; and at the others, the last one contracted."""
    if tensor.ndim == 1:
        return tensor
    last = tensor
    while last.ndim > 1:
        last = (vector @ last.reshape(len(vector), -1)).reshape(last.shape[1:])
    return last + _slope(tensor @ vector, vector)


def _is_atom(expression: sp.Basic) -> bool:
    return isinstance(expression, sp.Symbol | Functional)


def _added(a: NDArray, b: NDArray) -> NDArray:
    if a.ndim == b.ndim:
        return a + b
    return a + np.diag(b) if b.ndim == 1 else np.diag(a) + b


@lru_cache(maxsize=4096)
def dependent(expression: sp.Expr, state: Leaf) -> tuple[Site | Over, ...]:
    """The sites and the sums over sites in a site expression that depend on a state; DeclarationError where such a sum is not
    affine in it."""
    found = [top for top in tops(expression) if state in leaves(top)]
    for top in found:
        if not isinstance(top, Site) and not (isinstance(top, Over) and _is_affine(top.expr, state)):
            raise DeclarationError(
                f"energy: {top} holds {state.name} inside another sum; write it as one sum, or linear in the state"
            )
    return tuple(sorted(found, key=lambda top: (str(top), canonical(top))))


def _is_affine(expression: sp.Expr, state: Leaf) -> bool:
    try:
        return all(derivative(expression, (top,), state) is not None for top in dependent(expression, state))
    except DeclarationError:
        return False


@lru_cache(maxsize=4096)
def derivative(expression: sp.Expr, by: tuple[Site | Over, ...], state: Leaf) -> sp.Expr:
    """Derivative by sites, with every other atom held fixed; DeclarationError where it still depends on the state."""
    names = {site: sp.Dummy(real=True) for site in dependent(expression, state)}
    result = replace_tops(expression, names)
    # A wall is flat on both sides.
    walled = any(wall.free_symbols & set(names.values()) for wall in result.atoms(Wall))
    for site in by:
        result = sp.diff(result, names[site])
    result = sp.expand(result)
    if walled or result.free_symbols & set(names.values()):
        raise DeclarationError(f"energy: {expression} is not quadratic in {state.name}; only quadratic energies are minimised")
    return result
