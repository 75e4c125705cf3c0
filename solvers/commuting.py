"""Given matrices that commute: a basis in which all of them are diagonal, found numerically and kept only if they are so in it.

Traces of what they make are sums over their joint spectra then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.stores import Store
from theory.declaration.ensembles import Deterministic
from theory.declaration.learning import Outer
from theory.declaration.matrices import Diag, Prod
from theory.declaration.matrix import Mat
from theory.modes import ModeValue
from theory.resolvent.matrix_traces import slots_of

APART = 1e-13
"""What may be left off the diagonals, relative to a matrix, in units of its Frobenius norm: rounding of eigenvectors."""
SWEEPS, KEPT = 4, 16


@dataclass(frozen=True)
class Frame:
    """An orthogonal ``basis``, the diagonals in it by slot, and what is left ``off`` them, relative to the matrices."""

    basis: NDArray
    diagonals: Mapping[Any, NDArray]
    off: float


def frame_of(matrix: Mat, values: Mapping[Any, Any]) -> Frame | None:
    """The frame in which all that is given in a matrix is diagonal; None where there is none.

    A product of a column and a row may stand in front of, between or behind the others, not in their inverses.
    """
    given = {s: values[s] for s in _slots(matrix)}
    if not any(v.ndim == 2 for v in given.values()):
        return None
    key = tuple((str(s), id(v)) for s, v in given.items())
    return _frames.found(key, lambda: _found(given), tuple(given.values()))


_frames = Store(KEPT)


@lru_cache(maxsize=4096)
def _slots(matrix: Mat) -> tuple:
    """Given matrices and data on diagonals, by what they are called; none where something has no diagonal."""
    factors = matrix.args if isinstance(matrix, Prod) else (matrix,)
    found: dict[Any, None] = {}
    for factor in factors:
        if isinstance(factor, Outer) and factor.rows == factor.cols:
            continue
        for leaf in _leaves(factor):
            if isinstance(leaf, Outer) or leaf.rows != leaf.cols:
                return ()
            found |= {leaf.leaf: None} if isinstance(leaf, Deterministic) else dict.fromkeys(leaf.vector.expr.free_symbols)
    return tuple(s for s, value in slots_of(matrix).items() if s in found and isinstance(value, ModeValue))


def _leaves(matrix: Mat) -> Iterator[Any]:
    if isinstance(matrix, (Deterministic, Diag, Outer)):
        yield matrix
    else:
        for part in matrix.args:
            yield from _leaves(part)


def _found(given: Mapping[Any, NDArray]) -> Frame | None:
    arrays = [a / norm for a in given.values() if (norm := np.linalg.norm(a)) > 0]
    if not _may_commute(arrays):
        return None
    weights = np.random.default_rng(0).normal(size=len(arrays))
    basis = np.linalg.eigh(sum(w * (a if a.ndim == 2 else np.diag(a)) for w, a in zip(weights, arrays, strict=True)))[1]
    for _ in range(SWEEPS):
        turned = [basis.T @ _times(a, basis) for a in arrays]
        off = max(float(np.linalg.norm(a - np.diag(np.diagonal(a)))) for a in turned)
        if off <= APART:
            return Frame(basis, {s: np.einsum("ik,ik->k", basis, _times(a, basis)) for s, a in given.items()}, off)
        basis = _turned(basis, turned)
    return None


def _turned(basis: NDArray, turned: Sequence[NDArray]) -> NDArray:
    """A step of Newton's method: where one matrix has near eigenvalues another one may tell them apart."""
    above, below = np.zeros_like(basis), np.full_like(basis, np.finfo(float).tiny)
    for a in turned:
        gaps = np.subtract.outer(-np.diagonal(a), -np.diagonal(a))
        above += a * gaps
        below += gaps * gaps
    moved = basis @ (np.eye(len(basis)) + above / below)
    return moved @ (1.5 * np.eye(len(basis)) - 0.5 * moved.T @ moved)


def _may_commute(arrays: Sequence[NDArray]) -> bool:
    """Whether products with a random vector do not show the contrary."""
    x = np.random.default_rng(1).normal(size=(len(arrays[0]), 1)) if arrays else np.zeros((0, 1))
    images = [_times(a, x) for a in arrays]
    for i, a in enumerate(arrays):
        for b, image in zip(arrays[:i], images[:i], strict=True):
            apart = np.linalg.norm(_times(a, image) - _times(b, images[i]))
            if apart > 1e3 * APART * np.linalg.norm(a) * np.linalg.norm(b) * np.linalg.norm(x) / np.sqrt(len(x)):
                return False
    return True


def _times(a: NDArray, x: NDArray) -> NDArray:
    return a @ x if a.ndim == 2 else a[:, None] * x
