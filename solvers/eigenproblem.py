"""The eigenproblem of a kernel on a finite set of points, and the coefficients of a target in its modes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.arrays import real_array
from theory.errors import ParameterError


@dataclass(frozen=True, eq=False)
class EmpiricalModes:
    """Modes of a kernel under a probability p on m points: K = Phi diag(eta) Phi^T and Phi^T diag(p) Phi = 1.

    eigenvalues: eta_k, shape (m,), descending; sum_k eta_k = sum_i p_i K_ii. An eigenvalue that rounding
        cannot tell from zero is 0: its mode lies outside the kernel's space of functions.
    features: Phi, shape (m, m); column k is the eigenfunction k at the points.
    coefficients: a_k = sum_i p_i Phi_ik y_i, shape (m,) or (m, outputs); y = Phi a.
    pmf: p, shape (m,).
    """

    eigenvalues: np.ndarray
    features: np.ndarray
    coefficients: np.ndarray
    pmf: np.ndarray

    @property
    def target_power(self) -> np.ndarray:
        """a_k^2, summed over outputs, shape (m,); its sum is E_p[y^2]."""
        squares = self.coefficients**2
        return squares if squares.ndim == 1 else squares.sum(axis=1)

    @property
    def cumulative_power(self) -> np.ndarray:
        """C_k: share of the target's power in the k + 1 first modes, shape (m,), rising to 1 (2006.13198)."""
        rising = np.cumsum(self.target_power)
        return rising / rising[-1]

    @property
    def rank(self) -> int:
        """Number of modes with a positive eigenvalue."""
        return int(np.count_nonzero(self.eigenvalues))

    def __repr__(self) -> str:
        largest = self.eigenvalues[0] if len(self.eigenvalues) else 0.0
        return f"EmpiricalModes({len(self.pmf)} points, rank {self.rank}, largest eigenvalue {largest:.6g})"


def empirical_modes(gram, target, pmf=None) -> EmpiricalModes:
    """Solve sum_j p_j K(x_i, x_j) phi_k(x_j) = eta_k phi_k(x_i), and expand the target.

    gram: K, shape (m, m), symmetric positive semidefinite. target: y, shape (m,) or (m, outputs), not all
    zero.
    pmf: positive probabilities, shape (m,), uniform if not given.

    Raises ParameterError for anything else. An eigenvalue within 10 m eps of the largest counts as zero.
    """
    K = real_array(gram, "gram")
    if K.ndim != 2 or K.shape[0] != K.shape[1] or not K.size:
        raise ParameterError(f"gram has shape {K.shape}; give a square matrix (m, m)")
    m = len(K)
    if not K.any():
        raise ParameterError("gram is zero; give a kernel that is not zero on the points")
    asymmetry = np.abs(K - K.T).max()
    if asymmetry > 1e-10 * np.abs(K).max():
        raise ParameterError(
            f"gram is not symmetric: entries differ by up to {asymmetry:.3g}; give (K + K.T)/2"
        )
    y = real_array(target, "target")
    if y.ndim not in (1, 2) or y.shape[0] != m or not y.size:
        raise ParameterError(
            f"target has shape {y.shape}; give ({m},) or ({m}, outputs), one row per point of gram"
        )
    if not y.any():
        raise ParameterError("target is zero at every point; give one with power")
    p = _probabilities(pmf, m)

    root = np.sqrt(p)
    eigenvalues, vectors = np.linalg.eigh((root[:, None] * (K + K.T) * root) / 2)
    eigenvalues, vectors = eigenvalues[::-1], vectors[:, ::-1]
    rounding = 10 * m * np.finfo(float).eps * max(abs(eigenvalues[0]), abs(eigenvalues[-1]))
    if eigenvalues[-1] < -rounding:
        raise ParameterError(
            f"kernel is not positive semidefinite: smallest eigenvalue {eigenvalues[-1]:.6g}, largest "
            f"{eigenvalues[0]:.6g}; give a positive semidefinite kernel"
        )
    eigenvalues = np.where(eigenvalues <= rounding, 0.0, eigenvalues)
    coefficients = vectors.T @ (root * y.T).T
    return EmpiricalModes(eigenvalues, vectors / root[:, None], coefficients, p)


def _probabilities(pmf, m: int) -> np.ndarray:
    if pmf is None:
        return np.full(m, 1 / m)
    p = real_array(pmf, "pmf")
    if p.shape != (m,):
        raise ParameterError(f"pmf has shape {p.shape}; give ({m},), one probability per point of gram")
    if not (p > 0).all():
        raise ParameterError(
            f"pmf[{int(np.argmin(p))}] is {p.min():.6g}; drop the points of probability zero"
        )
    if abs(p.sum() - 1) > 1e-8:
        raise ParameterError(f"pmf sums to {p.sum():.9g}; divide it by its sum")
    return p / p.sum()
