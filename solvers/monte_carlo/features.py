"""Functions of the entries of drawn matrices, and the means by which features are centred."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.monte_carlo.expressions import evaluate
from theory.declaration.ensembles import Gaussian
from theory.declaration.mapped import Mapped
from theory.declaration.matrices import Diag, Mat, Prod
from theory.declaration.sites import Entry, Functional
from theory.declaration.vectors import Vec
from theory.errors import DeclarationError

REACH, STEPS = 12.0, 1 << 16


def values(features: Mapped, inner: NDArray, draw: Any) -> NDArray:
    """The function of an array, less its mean over the declared law where the features are centred."""
    found = np.broadcast_to(_function(features, inner, draw), inner.shape)
    return found - _average(features, draw, 1) if features.centred else found


def _function(features: Mapped, entries: NDArray, draw: Any) -> Any:
    def atom(symbol: Any) -> Any:
        return entries if isinstance(symbol, Entry) else draw.scalar(symbol)[0]

    return evaluate(features.body, atom, lambda e: e.is_Symbol or isinstance(e, Functional))


def _average(features: Mapped, draw: Any, power: int) -> float:
    """Mean of a power of the function over Gaussian entries; midpoints, so that a kink or jump at zero does no harm."""
    z = (np.arange(STEPS) + 0.5) * (2 * REACH / STEPS) - REACH
    weight = np.exp(-(z**2) / 2)
    entries = np.sqrt(_variance(features.matrix, features, draw)) * z
    found = np.broadcast_to(_function(features, entries, draw), z.shape) ** power
    return float((found * weight).sum() / weight.sum())


def _variance(matrix: Mat, features: Mapped, draw: Any) -> float:
    """Variance of an entry of a product of independent matrices, as their declared laws give it."""
    total, profile = 1.0, np.ones(draw.size(matrix.rows))
    for position, factor in enumerate(matrix.args if isinstance(matrix, Prod) else (matrix,)):
        if isinstance(factor, Diag):
            profile = profile * draw.vector(factor.vector)[:, 0] ** 2
            continue
        across, scale, along = _profiles(factor, features, draw)
        first = position == 0 or (position == 1 and _is_scalar(matrix))
        total *= scale * (np.mean(profile * across) if first else np.sum(profile * across))
        profile = along
    return float(total * np.mean(profile))


def _is_scalar(matrix: Mat) -> bool:
    return isinstance(matrix.args[0], Diag)


def _profiles(factor: Mat, features: Mapped, draw: Any) -> tuple[Any, float, NDArray]:
    if isinstance(factor, Mapped):
        mean, square = (_average(factor, draw, power) for power in (1, 2))
        return 1.0, square - mean**2 if factor.centred else square, np.ones(draw.size(factor.cols))
    if not isinstance(factor, Gaussian):
        raise DeclarationError(f"features {features}: {factor} in them is no Gaussian matrix; their mean is not known")
    sides = [_vector(factor, key, axis, draw) for axis, key in enumerate(("row_covariance", "column_covariance"))]
    across, along = sides[::-1] if factor.transposed else sides
    return across, float(draw.scalar(factor.leaf.how["variance"])[0]), along


def _vector(factor: Gaussian, key: str, axis: int, draw: Any) -> NDArray:
    return draw.vector(Vec(factor.leaf.dims[axis], factor.leaf.how[key]))[:, 0]
