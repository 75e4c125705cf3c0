"""A small quadrature of a large spectrum: of a million modes several hundred nodes, for every ridge at once.

Modes are sorted into bins of log eta. In a bin every weight (the multiplicity, and that times each
carrier) is replaced by weights on the same Chebyshev nodes, exact for polynomials in log eta of degree below
the number of nodes. Functions such as eta/(kappa + P eta) are analytic in the strip |Im log eta| < pi, so
that the interpolation error falls by a factor of about width/(8 pi) with each node. This holds for real kappa
> 0: near the spectrum's own poles (kappa close to -P eta) the error is not small.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from solvers.modes.carriers import products, split
from solvers.modes.moments import Bins, bin_moments
from solvers.modes.spectra import Modes
from theory.errors import ParameterError

_ROUNDING = 2e-14


def compress(modes: Modes, nodes_per_bin: int = 12, threshold: int = 1500) -> Modes:
    """The same sums over modes from fewer nodes; `full` of the result gives the modes back.

    A sum over modes of multiplicity * f(eta; carriers), with f affine in each carrier (products of
    different carriers included) and of the form eta^a / (kappa + P eta)^b, 0 <= a <= b, a <= 4, b - a <= 4,
    with real kappa >= 0 and P > 0, changes by at most `error`, relative to the sum of absolute values. Bins
    with no more modes than nodes are kept as they are; zero eigenvalues become one node. Multiplicities and
    carriers of nodes may be negative. At most `threshold` modes, and what are nodes already, are returned
    unchanged.
    """
    if nodes_per_bin < 2:
        raise ParameterError(f"compress: nodes_per_bin is {nodes_per_bin}; use at least 2, by default 12")
    name, *names = modes.arrays
    eta, multiplicity = modes.arrays[name], modes.multiplicity
    if modes.error > 0 or eta.size <= threshold:
        return modes
    carriers, pieces = [modes.arrays[c] for c in names], []
    if modes.size > modes.count:
        zero, rest = np.flatnonzero(eta == 0), np.flatnonzero(eta)
        pieces.append(_merged(_pick(multiplicity, zero), [c[zero] for c in carriers]))
        eta, carriers = eta[rest], [c[rest] for c in carriers]
        multiplicity = None if multiplicity is None else multiplicity[rest]
    bins = Bins.covering(eta)
    if bins.number * nodes_per_bin >= eta.size:
        return modes
    moments, members = bin_moments(bins, eta, multiplicity, carriers, nodes_per_bin)
    dense = np.array([i for i, m in enumerate(members) if m is None], dtype=int)
    kept = np.concatenate([np.arange(0), *(piece for m in members if m is not None for piece in m)])
    pieces.append((eta[kept], _pick(multiplicity, kept), [c[kept] for c in carriers]))
    pieces.append(_nodes(bins, dense, moments[dense]))
    nodes, weights = (np.concatenate([p[i] for p in pieces]) for i in (0, 1))
    if nodes.size >= eta.size:
        return modes
    weights[np.argmax(weights)] += modes.size - math.fsum(weights)
    values = {c: np.concatenate([p[2][i] for p in pieces]) for i, c in enumerate(names)}
    # The interpolation error of eta^4 and eta^-4, relative to the smallest value in the bin.
    interpolation = 2 * bins.width**nodes_per_bin / math.factorial(nodes_per_bin) * math.exp(2 * bins.width)
    return Modes({name: nodes, **values}, weights, modes.count, modes.size, interpolation + _ROUNDING, modes)


def _pick(multiplicity: np.ndarray | None, index: np.ndarray) -> np.ndarray:
    return np.ones(index.size) if multiplicity is None else multiplicity[index]


def _merged(multiplicity: np.ndarray,
            carriers: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Modes of eigenvalue zero as one node (several, at zero, where there is more than one carrier)."""
    weights = products(multiplicity, carriers)
    mass = np.abs(weights).sum(axis=-1, keepdims=True)
    merged, values, _ = split(weights.sum(axis=-1, keepdims=True), mass)
    return np.zeros(merged.size), merged, values


def _nodes(bins: Bins, which: np.ndarray,
           moments: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Chebyshev nodes with the given moments (bins, products, degree): (eigenvalues, weights, carriers)."""
    number, kinds, degree = moments.shape
    polynomials, points, cosines = _chebyshev(degree)
    # In two steps: the rounding of the first is in high polynomials, to which smooth sums are blind.
    weights = moments @ polynomials @ cosines
    mass = np.broadcast_to(np.abs(weights).sum(axis=-1, keepdims=True), weights.shape)
    shape = (2,) * (kinds.bit_length() - 1) + (number * degree,)
    multiplicity, values, index = split(*(np.moveaxis(w, 1, 0).reshape(shape) for w in (weights, mass)))
    nodes = np.outer(bins.centres[which], np.exp(points * bins.width / 2))
    return nodes.ravel()[index], multiplicity, values


@cache
def _chebyshev(degree: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(coefficients of y^i in T_k(2 y), nodes x_j, 2 T_k(x_j)/degree with half of that for k = 0)."""
    order = np.arange(degree)
    polynomials = np.zeros((degree, degree))
    for k in range(degree):
        row = np.polynomial.chebyshev.cheb2poly(np.eye(degree)[k, :k + 1])
        polynomials[:k + 1, k] = row * 2.0 ** order[:k + 1]
    angles = (order + 0.5) * math.pi / degree
    cosines = np.cos(np.outer(order, angles)) * np.where(order == 0, 1, 2)[:, None] / degree
    return polynomials, np.cos(angles), cosines
