"""Features of a user's own as a task for the theory: the spectrum of their covariance, the target in its modes, the rest noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.arrays import real_array
from solvers.features.arrays import covariance_of, features_and_labels, nonnegative, within_range
from theory.errors import ParameterError


@dataclass(frozen=True, eq=False, repr=False)
class FeatureTask:
    """Modes of features under their distribution, for every theory with these parameters: ``sweep(theory, P=..., **own.task)``.

    eigenvalues: η_k of E[φ φᵀ], shape (N,), descending. target_power: a_k² in y = Σ_k a_k φ_k/√η_k + rest, summed over outputs.
    noise: variance of the rest, which no linear function of the features explains. samples: on which this was estimated, None where
    it was given.
    """

    eigenvalues: NDArray
    target_power: NDArray
    noise: float
    samples: int | None = None

    @property
    def task(self) -> dict[str, Any]:
        """The values by the names that the models have for them."""
        return {"eigenvalues": self.eigenvalues, "target_power": self.target_power, "noise": self.noise}

    def predicted(self, P: ArrayLike, ridge: ArrayLike, width: float | None = None) -> NDArray:
        """Expected squared error on new samples, their noise included, shape of ``P`` and ``ridge`` as the axes of a grid.

        Ridge regression with P samples and ``ridge`` added to ΦᵀΦ; with ``width``, on that many random projections Φ W/√width of
        the features. The theory is that of Gaussian features of the same covariance.
        """
        from solvers.sweeps import sweep
        from theory import models

        model = models.KernelRegression() if width is None else models.RandomFeatureRegression()
        task = self.task if width is None else {"N": width, **self.task}
        if not self.target_power.any():  # all noise: theories want a target, this one is below its rounding errors
            task["target_power"] = np.full(len(self.target_power), 1e-30 * (self.noise or 1.0) / len(self.target_power))
        curve = sweep(model.theory(), P=P, ridge=ridge, observables=["E_g"], **task)
        return np.asarray(curve["E_g"]) + self.noise

    def __repr__(self) -> str:
        source, power = "given" if self.samples is None else f"{self.samples} samples", float(self.target_power.sum())
        return f"FeatureTask({len(self.eigenvalues)} features, {source}, noise {self.noise:.4g}, target {power:.4g})"


def from_features(Phi: ArrayLike, y: ArrayLike) -> FeatureTask:
    """The task of features Phi, shape (m, N), and targets y, shape (m,) or (m, outputs), estimated on these m samples.

    Second moments are not centred: a constant column of Phi is an intercept. The noise is the residual variance of least squares,
    RSS/(m − rank), and the target's power in each mode is lessened by what noise puts there, noise/m, but not below zero.
    Eigenvalues are those of ΦᵀΦ/m, which for m near N are spread more widely than the population's; give these to
    :func:`from_covariance` where they are known. Raises ParameterError for other shapes, entries that are no finite real numbers,
    features that are zero, and too few samples: m, samples given twice counted once, must exceed the rank.
    """
    features, labels = features_and_labels(Phi, y)
    samples = len(features)
    within_range(features, "Phi")
    within_range(labels, "y")
    left, scale, _ = np.linalg.svd(features, full_matrices=False)
    rank = int(np.count_nonzero(scale > max(features.shape) * np.finfo(float).eps * scale[0]))
    if samples <= rank:
        raise ParameterError(f"Phi: {samples} samples for {rank} independent features; give more samples than features, or use "
                             "from_covariance with known moments")
    coefficients = left[:, :rank].T @ labels
    rest = float(((labels - left[:, :rank] @ coefficients) ** 2).sum())
    if rest <= 1e-20 * float((labels**2).sum()) and (different := len(np.unique(features, axis=0))) <= rank:
        raise ParameterError(f"Phi: {different} different samples, some of them repeated, for {rank} independent features; give "
                             "more of them, or use from_covariance with known moments")
    noise = rest / (samples - rank)
    power = np.maximum((coefficients**2).sum(axis=1) - noise, 0.0) / samples
    return FeatureTask(scale[:rank] ** 2 / samples, power, noise, samples)


def from_covariance(covariance: ArrayLike, cross_covariance: ArrayLike, label_power: float | Sequence[float]) -> FeatureTask:
    """The task of features with E[φ φᵀ] = ``covariance``, shape (N, N), or its diagonal (N,), E[φ y] = ``cross_covariance``, shape
    (N,) or (N, outputs), and E[y²] = ``label_power``, summed over outputs.

    Raises ParameterError where they are no moments: a covariance that is not symmetric or not positive semidefinite, targets that
    the features explain to more than their power, or that vary where the features do not.
    """
    matrix = covariance_of(covariance)
    cross = real_array(cross_covariance, "cross_covariance")
    if cross.ndim not in (1, 2) or len(cross) != len(matrix):
        raise ParameterError(f"cross_covariance has shape {cross.shape}; give ({len(matrix)},) or ({len(matrix)}, outputs)")
    total = sum(nonnegative(v, "label_power") for v in np.ravel(real_array(label_power, "label_power")))
    values, vectors = np.linalg.eigh(matrix)
    values, vectors = values[::-1], vectors[:, ::-1]
    tiny = 10 * len(matrix) * np.finfo(float).eps * values[0]
    if values[-1] < -tiny:
        raise ParameterError(f"covariance has the eigenvalue {values[-1]:.6g}; give a positive semidefinite matrix")
    squares = ((vectors.T @ cross.reshape(len(cross), -1)) ** 2).sum(axis=1)
    kept = values > tiny
    if squares[~kept].sum() > 1e-12 * squares.sum():
        raise ParameterError("cross_covariance: it is not zero where the covariance is; give moments of one distribution")
    power = squares[kept] / values[kept]
    if power.sum() > total * (1 + 1e-9):
        raise ParameterError(f"label_power = {total:g}: the features explain {power.sum():.6g}; give moments of one distribution")
    return FeatureTask(values[kept], power, max(total - float(power.sum()), 0.0))
