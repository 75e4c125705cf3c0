"""Values of traces of deterministic matrices that need not commute, by dense algebra; see :mod:`theory.resolvent.matrix_traces`.

A multiple of the identity is a number here, a diagonal matrix a vector; so are given matrices that commute, in their own basis.
Inverses of others are kept from one trace to the next, for many traces of one theory hold the same ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.commuting import Frame, frame_of
from solvers.expressions import evaluate
from solvers.given_matrices import root_of
from solvers.stores import Store
from theory.declaration.ensembles import Deterministic
from theory.declaration.learning import Outer
from theory.declaration.matrices import Diag, Inv, Prod, Root, Sum
from theory.declaration.matrix import Mat
from theory.errors import ParameterError
from theory.modes import ModeValue
from theory.resolvent.matrix_traces import slots_of

KEPT = 1 << 25
"""Entries of all the inverses and products that are kept (256 MB)."""
LARGEST = 6000
"""Rows of the largest matrix that is inverted."""
BACKWARD = 4
"""Backward error of an inverse in units of epsilon, relative to the matrix."""


def trace_values(matrix: Mat, slots: tuple, doubt: bool, *values: Any) -> NDArray:
    """The trace, or a bound on its rounding error, at scalars that broadcast; given matrices and data come as whole arrays."""
    scalars = [i for i, s in enumerate(slots) if not _is_data(matrix, s)]
    spread = np.broadcast_arrays(*[np.asarray(values[i], dtype=float) for i in scalars]) if scalars else [np.zeros(())]
    shape, flat = spread[0].shape, [v.reshape(-1) for v in spread]
    found = np.empty(flat[0].size)
    frame = frame_of(matrix, dict(zip(slots, values, strict=True)))
    for k in range(found.size):
        here = dict(zip(slots, values, strict=True))
        here.update({slots[i]: float(v[k]) for i, v in zip(scalars, flat, strict=False)})
        try:
            point = Evaluation(here, frame)
            found[k] = point.doubt(matrix) if doubt else point.trace(matrix)
        except np.linalg.LinAlgError:
            found[k] = np.nan
    return found.reshape(shape)


def _is_data(matrix: Mat, slot: Any) -> bool:
    return isinstance(slots_of(matrix)[slot], ModeValue)


class Evaluation:
    """Matrices at one set of values: ``values`` maps symbols and leaves to numbers and arrays; in the basis of ``frame``."""

    def __init__(self, values: dict[Any, Any], frame: Frame | None = None) -> None:
        self.values, self.frame = values, frame
        self._inside = values if frame is None else {**values, **frame.diagonals}
        self._own: dict[str, Any] = {}

    def value(self, matrix: Mat) -> Any:
        """A number for a multiple of the identity, a vector for a diagonal matrix, an array for others."""
        if matrix.key not in self._own:
            self._own[matrix.key] = self._value(matrix)
        return self._own[matrix.key]

    def _value(self, matrix: Mat) -> Any:
        if isinstance(matrix, Diag):
            return self._vector(matrix.vector.expr, self._inside)
        if isinstance(matrix, Deterministic):
            array = self._inside[matrix.leaf]
            return array.T if matrix.transposed else array
        if isinstance(matrix, Outer):
            return np.multiply.outer(*(self._full(v, dim) for v, dim in zip(matrix.args, (matrix.rows, matrix.cols), strict=True)))
        if isinstance(matrix, Sum):
            return _total([self.value(m) for m in matrix.args])
        if isinstance(matrix, Prod):
            return self.product(matrix.args)
        return self._kept(matrix, (matrix,))

    def _kept(self, matrix: Mat, factors: Sequence[Mat]) -> Any:
        """An inverse, root or product of several dense matrices, found before where the values in it are the same."""
        if self.frame is not None:
            return self._made(matrix, factors)
        names = {s: None for m in factors for s in slots_of(m)}
        numbers = tuple(self.values[s] for s in names if not isinstance(self.values[s], np.ndarray))
        arrays = tuple(self.values[s] for s in names if isinstance(self.values[s], np.ndarray))
        key = (tuple(m.key for m in factors), numbers, tuple(map(id, arrays)))
        return _store.found(key, lambda: self._made(matrix, factors), arrays)

    def _made(self, matrix: Mat, factors: Sequence[Mat]) -> Any:
        if len(factors) > 1:
            half = (len(factors) + 1) // 2
            return _times(self.product(factors[:half]), self.product(factors[half:]))
        inner = self.value(matrix.args[0])
        if isinstance(matrix, Root):
            return root_of(_dense(inner), str(matrix.args[0])) if self.frame is None else np.sqrt(np.maximum(inner, 0.0))
        if np.ndim(inner) < 2:
            return 1 / inner
        if len(inner) > LARGEST:
            raise ParameterError(f"{matrix}: a matrix of {len(inner)} rows, more than {LARGEST}; give smaller ones")
        return np.linalg.inv(inner)

    def product(self, factors: Sequence[Mat]) -> Any:
        """The product of at least one factor."""
        dense = [f for f in factors if not isinstance(f, Diag)]
        if len(factors) == 1:
            return self.value(factors[0])
        if len(dense) > 1:
            return self._kept(factors[0], tuple(factors))
        first, *rest = (self.value(f) for f in factors)
        for other in rest:
            first = _times(first, other)
        return first

    def trace(self, matrix: Mat) -> float:
        """The trace of a product without a number in front, or of anything else."""
        factors = list(matrix.args) if isinstance(matrix, Prod) else [matrix]
        place = next((i for i, f in enumerate(factors) if isinstance(f, Outer)), None)
        if place is not None:
            (post, pre), others = factors[place].args, [*factors[place + 1 :], *factors[:place]]
            vector = self._full(post, factors[place].rows)
            for f in reversed(others):
                vector = self.apply(f, vector)
            return float(np.sum(self._full(pre, factors[place].cols) * vector))
        if len(factors) == 1:
            value = self.value(factors[0])
            return float(np.trace(value) if np.ndim(value) == 2 else np.sum(value))
        half = _middle(factors)
        return _trace_of_product(self.product(factors[:half]), self.product(factors[half:]))

    def apply(self, matrix: Mat, vector: NDArray) -> NDArray:
        value = self.value(matrix)
        return value @ vector if np.ndim(value) == 2 else value * vector

    @staticmethod
    def _vector(expression: Any, values: dict[Any, Any]) -> Any:
        return np.asarray(evaluate(expression, values.__getitem__, lambda e: e in values), dtype=float)[()]

    def _full(self, vector: Any, dim: Any) -> Any:
        """A vector with an entry for each mode of a dimension."""
        value, length = self._vector(vector.expr, self.values), self.values[dim]
        if not np.ndim(value) and length != int(length):
            raise ParameterError(f"{dim} = {length:g}: a matrix needs a whole number of rows and columns")
        full = value if np.ndim(value) else np.full(int(length), value)
        return full if self.frame is None else self.frame.basis.T @ full

    def doubt(self, matrix: Mat) -> float:
        """A bound on the rounding error of the trace, in units of epsilon: what backward errors of inverses do to first order."""
        factors = list(matrix.args) if isinstance(matrix, Prod) else [matrix]
        total, values = 0.0, [np.asarray(self.value(f)) for f in factors]
        size = max(len(v) for v in values if v.ndim)
        if len(factors) == 1:
            return self._back(factors[0], np.ones(size) if values[0].ndim == 1 else np.eye(size), values[0])
        for i, factor in enumerate(factors):
            rest: Any = 1.0
            for other in (*values[i + 1 :], *values[:i]):
                rest = _times(rest, other)
            if np.ndim(rest) < 2:
                rest = np.broadcast_to(rest, size)
                rest = rest if values[i].ndim < 2 else np.diag(rest)
            total += self._back(factor, rest.T, values[i])
        return total

    def _back(self, matrix: Mat, slope: NDArray, value: Any) -> float:
        """First-order change of a scalar with this slope by a matrix, through the rounding errors that the matrix is made with."""
        own = float(np.linalg.norm(slope) * _norm(value, len(slope)))
        if isinstance(matrix, Inv):
            inner, turned = self.value(matrix.args[0]), np.transpose(value)
            back = _times(_times(turned, slope), turned)
            own = self._backward * float(np.linalg.norm(back) * _norm(inner, len(slope)))
            return own + self._back(matrix.args[0], back, inner)
        if isinstance(matrix, Sum):
            return own + sum(self._back(m, slope, self.value(m)) for m in matrix.args if not isinstance(m, (Diag, Deterministic)))
        if isinstance(matrix, Prod):
            total, values = own, [np.asarray(self.value(f)) for f in matrix.args]
            for i, factor in enumerate(matrix.args):
                if isinstance(factor, (Diag, Deterministic)):
                    continue
                back: Any = slope
                for left in values[:i]:
                    back = _times(left.T, back)
                for right in reversed(values[i + 1 :]):
                    back = _times(back, right.T)
                total += self._back(factor, back, values[i])
            return total
        return self._backward * own if isinstance(matrix, Deterministic) else own

    @property
    def _backward(self) -> float:
        """Backward error in units of epsilon."""
        return BACKWARD + (0.0 if self.frame is None else self.frame.off / np.finfo(float).eps)


_store = Store(KEPT)


def _middle(factors: Sequence[Mat]) -> int:
    """Where to cut a product so that both parts hold about as many dense factors."""
    dense = [i for i, f in enumerate(factors) if not isinstance(f, Diag)]
    return max(1, dense[len(dense) // 2] if len(dense) > 1 else len(factors) - 1)


def _times(a: Any, b: Any) -> Any:
    if np.ndim(a) == 2 and np.ndim(b) == 2:
        return a @ b
    return a[:, None] * b if np.ndim(a) == 1 and np.ndim(b) == 2 else a * b


def _trace_of_product(a: Any, b: Any) -> float:
    if np.ndim(a) == 2 and np.ndim(b) == 2:
        return float(np.sum(a * b.T))
    product = _times(a, b)
    return float(np.trace(product) if np.ndim(product) == 2 else np.sum(product))


def _total(values: Sequence[Any]) -> Any:
    if not any(np.ndim(v) == 2 for v in values):
        return sum(values)
    total = sum(v for v in values if np.ndim(v) == 2) + 0.0
    for v in values:
        if np.ndim(v) < 2:
            np.einsum("ii->i", total)[:] += v
    return total


def _norm(value: Any, size: int) -> float:
    """The Frobenius norm."""
    return float(np.linalg.norm(value if np.ndim(value) else np.broadcast_to(value, size)))


def _dense(value: Any, size: int | None = None) -> NDArray:
    if np.ndim(value) == 2:
        return value
    return np.diag(np.broadcast_to(value, size or np.size(value)))
