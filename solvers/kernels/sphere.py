"""Spectrum of a rotation-invariant kernel for points uniform on a sphere."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from solvers.kernels.gegenbauer import degeneracy, zonal_polynomials
from solvers.kernels.kernel import Kernel
from solvers.kernels.pairs import Pairs
from solvers.kernels.validation import real_number, whole_number
from theory.errors import ConvergenceError, ParameterError

_NODES = 64  # Gauss-Legendre nodes of one panel
_MAX_PANELS = 128
_UNRESOLVED = 1e31  # harmonics of one degree: rounding of order sqrt(N_k) eps then exceeds the trace


class SphereSpectrum(NamedTuple):
    """Eigenvalues of a kernel on the sphere by degree k = 0 ... max_degree: shape (max_degree + 1,).

    eigenvalues: eta_k in K(x, x') = sum_k eta_k sum_m Y_km(x) Y_km(x'), Y orthonormal under the uniform
    probability.
    degeneracies: N_k, the number of harmonics of degree k, as floats (`degeneracy` gives exact integers).
    errors: estimated absolute error of each eigenvalue.
    remainder: K(x, x) - sum_k N_k eta_k, the trace of the degrees left out.
    """

    eigenvalues: np.ndarray
    degeneracies: np.ndarray
    errors: np.ndarray
    remainder: float


def gegenbauer_spectrum(
    kernel: Kernel | Callable[[np.ndarray], np.ndarray],
    dimension: int,
    max_degree: int,
    *,
    radius: float | None = None,
    tolerance: float = 1e-9,
) -> SphereSpectrum:
    """Spectrum of a kernel for points uniform on the sphere of a radius in R^dimension, in Gegenbauer modes.

    eta_k = E[K(t) Q_k(t)] over the cosine t of two independent points. kernel: a `Kernel`, or a vectorised
    function of the cosine (which has no radius); radius: sqrt(dimension) if not given; dimension >= 2.

    The integral is taken over the angle, in which kernels with sqrt(1 - t) at t = +-1 (ReLU, Laplace) are
    analytic, by Gauss-Legendre panels doubled until every N_k eta_k moves by less than `tolerance` K(1). An
    eigenvalue below its own error is returned as 0.

    Raises ConvergenceError where the tolerance is not reached (a kernel with a kink inside; rounding, which
    grows as sqrt(N_k), at high degree in high dimension), ParameterError for a kernel that is not positive
    semidefinite.
    """
    D = whole_number(dimension, "dimension", 2)
    degrees = whole_number(max_degree, "max_degree", 0) + 1
    tolerance = real_number(tolerance, "tolerance", positive=True)
    norm = D**0.5 if radius is None else real_number(radius, "radius", positive=True)
    values = _profile(kernel, D, norm)
    trace = float(values(np.zeros(1))[0])
    if not trace > 0:
        raise ParameterError(
            f"kernel is {trace:.6g} on the diagonal, not positive; give a positive semidefinite kernel"
        )
    exact = [degeneracy(D, k) for k in range(degrees)]
    if exact[-1] > _UNRESOLVED:
        worst = next(k for k, count in enumerate(exact) if count > _UNRESOLVED)
        raise ConvergenceError(
            f"degree {worst} in dimension {D} is beyond double precision; lower max_degree below {worst}"
        )
    counts = np.array(exact, dtype=float)

    panels, previous, shares = 4, np.full(degrees, np.inf), np.full(degrees, np.inf)
    while panels <= _MAX_PANELS:
        eta, rounding = _project(values, D, degrees, panels)
        errors = 2 * np.abs(eta - previous) + rounding
        shares = counts * errors / trace
        if shares.max() <= tolerance:
            break
        panels, previous = 2 * panels, eta
    else:
        worst = int(np.argmax(shares > tolerance))
        raise ConvergenceError(
            f"degree {worst} of the kernel in dimension {D} has error {shares[worst]:.1e} of the trace, "
            f"above {tolerance:g}; {f'lower max_degree below {worst}' if worst else 'smooth the kernel'} "
            "or raise tolerance"
        )
    if (eta < -errors).any():
        k = int(np.argmax(eta < -errors))
        raise ParameterError(
            f"kernel is not positive semidefinite on the sphere: eigenvalue {eta[k]:.6g} at degree {k}; "
            "give a positive semidefinite kernel"
        )
    eta = np.where(np.abs(eta) <= errors, 0.0, eta)
    return SphereSpectrum(eta, counts, errors, trace - float(counts @ eta))


def _profile(kernel, dimension: int, radius: float) -> Callable[[np.ndarray], np.ndarray]:
    """The kernel as a function of the angle, checked to be real, vectorised and finite."""
    if not callable(kernel):
        raise ParameterError(f"kernel is {kernel!r}; give a Kernel or a vectorised function of the cosine")

    def values(angle: np.ndarray) -> np.ndarray:
        if isinstance(kernel, Kernel):
            result = kernel.of_pairs(Pairs.from_angle(angle, dimension, radius))
        else:
            result = np.asarray(kernel(np.cos(angle)))
        if result.shape != angle.shape or result.dtype.kind not in "biuf" or not np.isfinite(result).all():
            raise ParameterError(
                f"kernel {kernel!r} is not a finite vectorised function of the cosine; give one that is"
            )
        return result.astype(float)

    return values


def _project(values, dimension: int, degrees: int, panels: int) -> tuple[np.ndarray, np.ndarray]:
    """E[K Q_k] for each degree, and an estimate of its rounding error.

    Each degree is subtracted from the kernel once found: the rounding of nodes and weights then acts on what
    is left.
    """
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    starts = np.pi / panels * np.arange(panels)
    angle = (starts[:, None] + np.pi / panels * (nodes + 1) / 2).ravel()
    density = np.exp((dimension - 2) * np.log(np.sin(angle))) * np.tile(weights, panels)
    density /= density.sum()
    kernel = rest = values(angle)
    eta, rounding = np.empty(degrees), np.empty(degrees)
    for k, Q in zip(range(degrees), zonal_polynomials(np.cos(angle), dimension), strict=False):
        mode = density * Q
        eta[k] = rest @ mode
        bound = 16 * (np.abs(rest) @ np.abs(mode)) + 8 * np.linalg.norm(kernel * mode)
        rounding[k] = np.finfo(float).eps * bound
        rest = rest - eta[k] * Q / (Q @ mode)
    return eta, rounding
