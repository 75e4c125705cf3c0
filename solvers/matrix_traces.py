"""Values of traces of deterministic matrices that need not commute, by dense algebra; see :mod:`theory.resolvent.matrix_traces`.

A multiple of the identity is a number here, a diagonal matrix a vector. Inverses are kept from one trace to the next, for many
traces of one theory hold the same ones.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.expressions import evaluate
from solvers.given_matrices import root_of
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
    for k in range(found.size):
        here = dict(zip(slots, values, strict=True))
        here.update({slots[i]: float(v[k]) for i, v in zip(scalars, flat, strict=False)})
        try:
            point = Evaluation(here)
            found[k] = point.doubt(matrix) if doubt else point.trace(matrix)
        except np.linalg.LinAlgError:
            found[k] = np.nan
    return found.reshape(shape)


def _is_data(matrix: Mat, slot: Any) -> bool:
    return isinstance(slots_of(matrix)[slot], ModeValue)


class Evaluation:
    """Matrices at one set of values: ``values`` maps symbols and leaves to numbers and arrays."""

    def __init__(self, values: dict[Any, Any]) -> None:
        self.values = values
        self._own: dict[str, Any] = {}

    def value(self, matrix: Mat) -> Any:
        """A number for a multiple of the identity, a vector for a diagonal matrix, an array for others."""
        if matrix.key not in self._own:
            self._own[matrix.key] = self._value(matrix)
        return self._own[matrix.key]

    def _value(self, matrix: Mat) -> Any:
        if isinstance(matrix, Diag):
            return self._vector(matrix.vector.expr)
        if isinstance(matrix, Deterministic):
            array = self.values[matrix.leaf]
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
        names = {s: None for m in factors for s in slots_of(m)}
        numbers = tuple(self.values[s] for s in names if not isinstance(self.values[s], np.ndarray))
        arrays = tuple(self.values[s] for s in names if isinstance(self.values[s], np.ndarray))
        key = (tuple(m.key for m in factors), numbers, tuple(map(id, arrays)))
        found = _store.get(key)
        return _store.put(key, self._made(matrix, factors), arrays) if found is None else found

    def _made(self, matrix: Mat, factors: Sequence[Mat]) -> Any:
        if len(factors) > 1:
            half = (len(factors) + 1) // 2
            return _times(self.product(factors[:half]), self.product(factors[half:]))
        if isinstance(matrix, Root):
            return root_of(_dense(self.value(matrix.args[0])), str(matrix.args[0]))
        inner = self.value(matrix.args[0])
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
            return float(np.trace(self.value(factors[0])))
        half = _middle(factors)
        return _trace_of_product(self.product(factors[:half]), self.product(factors[half:]))

    def apply(self, matrix: Mat, vector: NDArray) -> NDArray:
        value = self.value(matrix)
        return value @ vector if np.ndim(value) == 2 else value * vector

    def _vector(self, expression: Any) -> Any:
        return np.asarray(evaluate(expression, self.values.__getitem__, lambda e: e in self.values), dtype=float)[()]

    def _full(self, vector: Any, dim: Any) -> Any:
        """A vector with an entry for each mode of a dimension."""
        value, length = self._vector(vector.expr), self.values[dim]
        if not np.ndim(value) and length != int(length):
            raise ParameterError(f"{dim} = {length:g}: a matrix needs a whole number of rows and columns")
        return value if np.ndim(value) else np.full(int(length), value)

    def doubt(self, matrix: Mat) -> float:
        """A bound on the rounding error of the trace, in units of epsilon: what backward errors of inverses do to first order."""
        factors = list(matrix.args) if isinstance(matrix, Prod) else [matrix]
        total, values = 0.0, [np.asarray(self.value(f)) for f in factors]
        if len(factors) == 1:
            return self._back(factors[0], np.eye(len(values[0])), values[0])
        for i, factor in enumerate(factors):
            rest: Any = 1.0
            for other in (*values[i + 1 :], *values[:i]):
                rest = _times(rest, other)
            if np.ndim(rest) < 2:
                rest = np.diag(np.broadcast_to(rest, len(values[i])))
            total += self._back(factor, rest.T, values[i])
        return total

    def _back(self, matrix: Mat, slope: NDArray, value: Any) -> float:
        """First-order change of a scalar with this slope by a matrix, through the rounding errors that the matrix is made with."""
        own = float(np.linalg.norm(slope) * np.linalg.norm(_dense(value, len(slope))))
        if isinstance(matrix, Inv):
            inner, found = _dense(self.value(matrix.args[0]), len(slope)), _dense(value, len(slope))
            back = found.T @ slope @ found.T
            return BACKWARD * float(np.linalg.norm(back) * np.linalg.norm(inner)) + self._back(matrix.args[0], back, inner)
        if isinstance(matrix, Sum):
            return own + sum(self._back(m, slope, self.value(m)) for m in matrix.args if not isinstance(m, (Diag, Deterministic)))
        if isinstance(matrix, Prod):
            total, values = own, [np.asarray(self.value(f)) for f in matrix.args]
            for i, factor in enumerate(matrix.args):
                if isinstance(factor, (Diag, Deterministic)):
                    continue
                back: Any = slope
                for left in values[:i]:
                    back = left.T @ back if np.ndim(left) == 2 else (left[:, None] if np.ndim(left) else left) * back
                for right in reversed(values[i + 1 :]):
                    back = _times(back, right.T if np.ndim(right) == 2 else right)
                total += self._back(factor, back, values[i])
            return total
        return own


class _Store:
    """What was computed last, as much as there is room for."""

    def __init__(self) -> None:
        self.kept: OrderedDict[Any, tuple[Any, tuple]] = OrderedDict()
        self.entries = 0

    def get(self, key: Any) -> Any:
        if key not in self.kept:
            return None
        self.kept.move_to_end(key)
        return self.kept[key][0]

    def put(self, key: Any, value: Any, arrays: tuple) -> Any:
        """``value``, kept together with the ``arrays`` that it is made of, so that no other ones take their place in memory."""
        self.kept[key] = (value, arrays)
        self.entries += np.size(value)
        while self.entries > KEPT and len(self.kept) > 1:
            self.entries -= np.size(self.kept.popitem(last=False)[1][0])
        return value


_store = _Store()


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


def _dense(value: Any, size: int | None = None) -> NDArray:
    if np.ndim(value) == 2:
        return value
    return np.diag(np.broadcast_to(value, size or np.size(value)))
