"""What one training set says of the error to come, and what splits of the samples measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.features.arrays import count, features_and_labels, nonnegative, within_range
from theory.errors import ParameterError


@dataclass(frozen=True)
class CrossValidation:
    """Generalised cross-validation of one ridge regression on P samples.

    test_error: estimate of the squared error on new samples, noise included, summed over outputs: train_error (κ/λ)².
    train_error: mean squared residual. effective_ridge: κ = λ/(1 − df/P), the estimate of the theory's κ.
    degrees_of_freedom: df = Tr Φ (ΦᵀΦ + λ)⁻¹ Φᵀ.
    """

    test_error: float
    train_error: float
    effective_ridge: float
    degrees_of_freedom: float


def cross_validated(Phi: ArrayLike, y: ArrayLike, ridge: float) -> CrossValidation:
    """Generalised cross-validation of ridge regression, ``ridge`` > 0 being added to ΦᵀΦ (Golub, Heath and Wahba 1979).

    Phi: shape (P, N), y: shape (P,) or (P, outputs). The theory has E_train = (λ/κ)² (E_g + noise), and 1 − df/P estimates λ/κ.
    Raises ParameterError for other shapes, entries that are not finite, a ridge that is not positive and a single sample.
    """
    features, labels = features_and_labels(Phi, y)
    number = nonnegative(ridge, "ridge", positive=True)
    within_range(features, "Phi")
    within_range(labels, "y")
    if len(features) < 2:
        raise ParameterError("Phi: one sample is too few to validate on; give more")
    left, scale, _ = np.linalg.svd(features, full_matrices=False)
    coefficients, beyond = left.T @ labels, len(labels) - len(scale)
    outside = float(((labels - left @ coefficients) ** 2).sum()) if beyond else 0.0
    # Of each direction, the share that is not learned; and relative to the largest one, which may be as small as the ridge.
    kept, least = number / (scale**2 + number), 0.0 if beyond else float(scale.min()) ** 2
    relative = (least + number) / (scale**2 + number)
    left_over = float(relative.sum()) + beyond
    test = (float(((relative[:, None] * coefficients) ** 2).sum()) + outside) * len(labels) / left_over**2
    train = (float(((kept[:, None] * coefficients) ** 2).sum()) + outside) / len(labels)
    return CrossValidation(test, train, (least + number) * len(labels) / left_over, len(scale) - float(kept.sum()))


@dataclass(frozen=True, eq=False)
class Splits:
    """Errors measured on splits, each array of the shape (sizes,): test errors, and cross-validation of the same training sets."""

    P: NDArray
    test_error: NDArray
    test_stderr: NDArray
    cross_validated: NDArray
    cross_validated_stderr: NDArray
    splits: int


def measured_errors(
    Phi: ArrayLike, y: ArrayLike, P: int | Sequence[int], ridge: float, *, width: int | None = None, splits: int = 20, seed: int = 0
) -> Splits:
    """Ridge regression on P random samples, tested on all the others: means over ``splits`` and their standard errors.

    With ``width`` the features are that many random projections Φ W/√width, drawn anew for each split. Errors are squared, summed
    over outputs, and keep their noise. Raises ParameterError for bad input; P leaves at least one sample to test on.
    """
    features, labels = features_and_labels(Phi, y)
    number = nonnegative(ridge, "ridge", positive=True)
    sizes = [count(p, "P", 2, len(features) - 1) for p in np.atleast_1d(np.asarray(P, dtype=object))]
    if not sizes:
        raise ParameterError("P: no sizes; give at least one")
    repeats = count(splits, "splits", 2)
    columns = None if width is None else count(width, "width", 1)
    rng = np.random.default_rng(count(seed, "seed", 0))
    found = np.empty((2, len(sizes), repeats))
    for i, size in enumerate(sizes):
        for j in range(repeats):
            order = rng.permutation(len(features))
            used = features if columns is None else _projected(features, columns, rng)
            train, test = order[:size], order[size:]
            weights = _fitted(used[train], labels[train], number)
            found[0, i, j] = ((used[test] @ weights - labels[test]) ** 2).sum(axis=1).mean()
            found[1, i, j] = cross_validated(used[train], labels[train], number).test_error
    mean, stderr = found.mean(axis=2), found.std(axis=2, ddof=1) / np.sqrt(repeats)
    return Splits(np.array(sizes), mean[0], stderr[0], mean[1], stderr[1], repeats)


def _projected(features: NDArray, columns: int, rng: np.random.Generator) -> NDArray:
    return features @ (rng.standard_normal((features.shape[1], columns)) / np.sqrt(columns))


def _fitted(features: NDArray, labels: NDArray, ridge: float) -> NDArray:
    """The weights, by the smaller of the two systems."""
    samples, width = features.shape
    if samples < width:
        return features.T @ np.linalg.solve(features @ features.T + ridge * np.eye(samples), labels)
    return np.linalg.solve(features.T @ features + ridge * np.eye(width), features.T @ labels)
