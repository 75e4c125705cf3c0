"""Sums over many modes beside their poles: every mode near a pole by itself, few nodes for those that are far from all.

Modes lie in cells of log eta that are halved again and again. In a cell every function of log eta that is analytic in an ellipse
around it is summed by Chebyshev nodes: with n of them the error falls like ρ^-n, ρ being the sum of the half-axes of the ellipse
in half widths. Weights of the finest cells come from the modes, those of wider ones from their halves, without loss up to the
degree of the nodes (Fong and Darve 2009). For given poles the widest cells are taken that keep their distance; where even the
finest does not, or holds few modes, these are taken themselves.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NODES, ELLIPSE, WIDEST = 20, 6.0, 2.0
"""Nodes of a cell, least ρ of a pole, and the largest width of a cell, so that powers of eta are smooth in it."""
ERROR = 1e-13
"""Of a sum, relative to that of absolute values."""


class ModeTree:
    """Cells of the modes with eigenvalues ``eta`` (n,), not all zero, none negative, and multiplicities (n,)."""

    def __init__(self, eta: NDArray, multiplicity: NDArray | None) -> None:
        values, where, counts = np.unique(eta, return_inverse=True, return_counts=True)
        weights = counts.astype(float) if multiplicity is None else np.bincount(where, multiplicity)
        some = int(np.searchsorted(values, 0.0, side="right"))
        self.zero = values[:some], weights[:some]
        self.eta, self.weights = values[some:], weights[some:]
        logs = np.log(self.eta)
        self.low, self.span = logs[0], max(logs[-1] - logs[0], 1e-6) * (1 + 1e-12)
        self.first = max(0, int(np.ceil(np.log2(self.span / WIDEST))))
        self.last = max(self.first, int(np.ceil(np.log2(len(logs) / NODES))))
        place = (logs - self.low) * (2**self.last / self.span)
        cell = np.clip(place.astype(int), 0, 2**self.last - 1)
        self.starts = np.searchsorted(cell, np.arange(2**self.last + 1))
        self.nodal = self._nodal(cell, 2 * (place - cell) - 1)

    def _nodal(self, cell: NDArray, y: NDArray) -> list[NDArray]:
        """Weights (cells, nodes) of each level from ``first`` to ``last``; ``y`` in [-1, 1] are the places of modes in cells."""
        full = np.flatnonzero(np.diff(self.starts))
        sums = np.zeros((2**self.last, NODES))
        old, term = y * self.weights, self.weights  # of degrees -1 and 0
        for k in range(NODES):
            sums[full, k] = np.add.reduceat(term, self.starts[full])
            old, term = term, 2 * y * term - old
        levels = [sums @ _SERIES]
        halves = [_interpolation((_POINTS + side) / 2) for side in (-1, 1)]
        for _ in range(self.last - self.first):
            levels.append(levels[-1][0::2] @ halves[0] + levels[-1][1::2] @ halves[1])
        return levels[::-1]

    def around(self, poles: NDArray) -> tuple[NDArray, NDArray]:
        """Eigenvalues and multiplicities that stand for all modes in functions of eta with poles at ``poles`` (n,), complex."""
        with np.errstate(all="ignore"):
            logs = np.log(poles.astype(complex))[:, None]
        eta, weights = [self.zero[0]], [self.zero[1]]
        cells = np.arange(2**self.first)
        for level in range(self.first, self.last + 1):
            width, stride = self.span / 2**level, 2 ** (self.last - level)
            begin, end = self.starts[cells * stride], self.starts[(cells + 1) * stride]
            left = self.low + width * cells
            near = ((np.abs(logs - left) + np.abs(logs - left - width)) * 2 / width < 2 * (ELLIPSE + 1 / ELLIPSE)).any(axis=0)
            few = (end - begin <= NODES) | (near & (level == self.last))
            for i, j in zip(begin[few].tolist(), end[few].tolist(), strict=True):
                eta.append(self.eta[i:j])
                weights.append(self.weights[i:j])
            far = ~few & ~near
            eta.append(np.exp(left[far, None] + width * (_POINTS + 1) / 2).ravel())
            weights.append(self.nodal[level - self.first][cells[far]].ravel())
            cells = (2 * cells[~few & near, None] + [0, 1]).ravel()
            if not cells.size:
                break
        return np.concatenate(eta), np.concatenate(weights)


_ANGLES = (np.arange(NODES) + 0.5) * np.pi / NODES
_POINTS = np.cos(_ANGLES)
_SERIES = np.cos(np.outer(np.arange(NODES), _ANGLES)) * np.where(np.arange(NODES) == 0, 1, 2)[:, None] / NODES


def _interpolation(at: NDArray) -> NDArray:
    """The polynomials that are one at one node and zero at the others, (points, nodes)."""
    return np.cos(np.arccos(at)[:, None] * np.arange(NODES)) @ _SERIES
