"""Values of averages over several jointly Gaussian variables, many at once: they share nodes, and what stands at them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from solvers.quadrature import gaussian_rule
from theory.joint_average import JointAverage, stand_ins
from theory.special import LEAST

CHUNK = 1 << 19
"""Nodes of one piece, all points together."""
FAINT = 1e-19
"""Weight of a node, relative to the largest, that is left out."""
SMOOTH, SMOOTHER = 18, 6
"""Nodes of inner averages over what is smooth: so many, and one in so many of the outer ones."""
Cutter = Callable[[Sequence[sp.Expr], int], Callable[[Mapping[sp.Symbol, Any]], list[NDArray]]]


class Family:
    """The averages with one weight: bodies by number, and the derivatives of them that are asked for."""

    def __init__(self, like: JointAverage, parameters: Sequence[sp.Symbol], cutter: Cutter):
        self.like, self.parameters, self.cutter = like, tuple(parameters), cutter
        self.bodies: list[sp.Expr] = []
        self.asked: list[tuple[int, tuple[int, ...]]] = []

    def number(self, e: JointAverage) -> int:
        """The number of an average of the family, which is noted."""
        if e.body not in self.bodies:
            self.bodies.append(e.body)
        key = (self.bodies.index(e.body), e.indices)
        if key not in self.asked:
            self.asked.append(key)
        return self.asked.index(key)

    @cache  # noqa: B019  (a family lives as long as what it has compiled)
    def weights(self, order: int, nodes: int) -> tuple[list[tuple[int, ...]], Callable[..., list[NDArray]]]:
        """Powers of all monomials of that order, and the function of :func:`stand_ins` and parameters that averages them."""
        powers, expressions = zip(*self.like.moments(order), strict=True)
        cut = all(e.is_infinite for pair in self.like.edges for e in pair)
        return list(powers), self.cutter(expressions, SMOOTH + nodes // SMOOTHER if cut else 2 * nodes)


class JointValues:
    """All averages of a family at means (n), covariances (n²) and parameters, which broadcast."""

    def __init__(self, family: Family, nodes: ArrayLike, *arguments: ArrayLike):
        self.family, self.nodes, size = family, int(np.max(nodes)), len(family.like.means)
        broadcast = np.broadcast_arrays(*arguments)
        self.shape = broadcast[0].shape
        flat = np.stack([np.asarray(a, dtype=float).reshape(-1) for a in broadcast])
        self.found = np.full((len(family.asked), flat.shape[1]), np.nan)
        grid, share = _grid(self.nodes, family.like.count)
        good = np.flatnonzero(np.isfinite(flat).all(axis=0))
        step = max(1, CHUNK // len(share))
        for start in range(0, len(good), step):
            which = good[start : start + step]
            here = flat[:, which]
            means, covariance = here[:size].T, here[size : size + size**2].T.reshape(-1, size, size)
            self.found[:, which] = self._averaged(grid, share, means, covariance, here[size + size**2 :])

    def derivative(self, number: int) -> NDArray:
        """The average of that number."""
        return self.found[number].reshape(self.shape)

    def _averaged(self, grid: NDArray, share: NDArray, means: NDArray, covariance: NDArray, parameters: NDArray) -> NDArray:
        family, d = self.family, self.family.like.count
        root, inverse = _root_and_inverse(covariance[:, :d, :d])
        y = means[:, None, :d] + np.einsum("nij,kj->nki", root, grid)
        known = {s: v[:, None] for s, v in zip(family.parameters, parameters, strict=True)}
        known |= {s: y[:, :, i] for i, s in enumerate(family.like.names[:d])}
        bodies = family.cutter(family.bodies, self.nodes)(known)
        weights = _Weights(self, means, covariance, inverse, y, known)
        out = np.empty((len(family.asked), len(means)))
        for row, (number, indices) in enumerate(family.asked):
            out[row] = np.einsum("nk,nk,k->n", *np.broadcast_arrays(bodies[number], weights.derived(indices)), share)
        return out


class _Weights:
    """⟨w He_J⟩ at every node over the variables of the weight, given the others."""

    def __init__(self, values: JointValues, means: NDArray, covariance: NDArray, inverse: NDArray, y: NDArray, known: Mapping):
        self.values, self.known, self.shape = values, known, y.shape[:2]
        d = values.family.like.count
        gain = covariance[:, d:, :d] @ inverse
        distance = y - means[:, None, :d]
        self.centres = means[:, None, d:] + np.einsum("nri,nki->nkr", gain, distance)
        left = covariance[:, d:, d:] - gain @ covariance[:, :d, d:]
        scale = np.einsum("nii->ni", covariance)[:, d:]
        least = float(LEAST) * scale[:, :, None] * np.eye(scale.shape[1])
        self.left = np.where(np.einsum("nii->ni", left)[:, :, None] < float(LEAST) * scale[:, :, None], left + least, left)
        within = _root_and_inverse(self.left)[1] if scale.shape[1] else self.left
        across = -np.swapaxes(gain, 1, 2) @ within
        self.precision = np.block([[inverse - across @ gain, across], [np.swapaxes(across, 1, 2), within]])
        slopes = np.einsum("nij,nkj->nki", inverse, distance)
        self.slopes = np.concatenate([slopes, np.zeros((*self.shape, scale.shape[1]))], axis=2)
        self._moments: dict[tuple[int, ...], NDArray] = {}
        self._derived: dict[tuple[tuple[int, ...], tuple[int, ...]], NDArray] = {}

    def moment(self, powers: tuple[int, ...]) -> NDArray:
        """⟨w v^powers⟩ with v the distances of the weight's variables from their means given the node."""
        if powers not in self._moments:
            family, count = self.values.family, len(powers)
            which, function = family.weights(sum(powers), self.values.nodes)
            centres, width = stand_ins(count)
            known = dict(self.known) | {s: self.centres[:, :, r] for r, s in enumerate(centres)}
            known |= {width[r, s]: self.left[:, r, s][:, None] for r, s in product(range(count), repeat=2)}
            self._moments.update(zip(which, function(known), strict=True))
        return self._moments[powers]

    def derived(self, indices: tuple[int, ...], powers: tuple[int, ...] | None = None) -> NDArray:
        """⟨w v^powers He_J⟩, from one index less: He_Jj = s_j He_J − Σ_i (C⁻¹)_ij He_J∖i with s = C⁻¹ (y − mean)."""
        d = self.values.family.like.count
        powers = (0,) * (len(self.centres[0, 0])) if powers is None else powers
        if (indices, powers) not in self._derived:
            if not indices:
                found = self.moment(powers)
            else:
                (j, *others) = indices
                rest = tuple(others)
                found = self.slopes[:, :, j] * self.derived(rest, powers)
                for r in range(len(powers)):
                    more = tuple(p + (r == k) for k, p in enumerate(powers))
                    found = found + self.precision[:, j, d + r][:, None] * self.derived(rest, more)
                for k, i in enumerate(rest):
                    found = found - self.precision[:, i, j][:, None] * self.derived(rest[:k] + rest[k + 1 :], powers)
            self._derived[indices, powers] = found
        return self._derived[indices, powers]


def _grid(nodes: int, count: int) -> tuple[NDArray, NDArray]:
    """Nodes (k, count) and weights (k,) of independent standard Gaussians; faint ones are left out."""
    x, w = gaussian_rule(nodes, "uniform")
    grid = np.stack(np.meshgrid(*[x] * count, indexing="ij"), axis=-1).reshape(-1, count)
    share = np.prod(np.stack(np.meshgrid(*[w] * count, indexing="ij"), axis=-1), axis=-1).reshape(-1)
    kept = share > FAINT * share.max()
    return grid[kept], share[kept]


def _root_and_inverse(matrices: NDArray) -> tuple[NDArray, NDArray]:
    """R with R Rᵀ = C and C⁻¹; variances below a share of 1e-12 of the largest are rounding, and are raised to it."""
    values, vectors = np.linalg.eigh(matrices)
    values = np.maximum(values, float(LEAST) * np.abs(values).max(axis=1, keepdims=True) + 1e-300)
    root = vectors * np.sqrt(values)[:, None, :]
    inverse = np.einsum("nij,nj,nkj->nik", vectors, 1 / values, vectors)
    return root, inverse
