"""A contour round a segment of the real axis, dense near both of its ends: trapezoidal sums converge geometrically on it.

m = (z - low)/(high - z) takes the segment to the positive half line, and log m what lies outside to a strip. The contour is nearly
an ellipse in the strip round the image of z = infinity, so that the number of nodes grows like the logarithm of the nearness to
either end: functions such as (1 - rate z)^t, which grow outside the segment within 1/(rate t) of it, are integrated with
O(log t) nodes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HEIGHT = 2.45
"""Half-axis of the contour across the strip, in which the segment lies at a distance of pi."""
SHORTEST = 1.5
"""Half-axis along the strip where nothing forces the contour to come near an end."""


@dataclass(frozen=True)
class Contour:
    """``nodes`` in the closed upper half plane, with ``weights`` dz/(2πi), anticlockwise: integrals of functions that are real on
    the axis are the real parts of their weighted sums. ``coarse`` are the weights of every second node, zero for the others."""

    nodes: NDArray
    weights: NDArray
    coarse: NDArray

    @property
    def whole(self) -> NDArray:
        """Nodes of the whole contour: those of the upper half, then the mirror images of those off the axis."""
        return mirrored(self.nodes)

    def across(self, weights: NDArray) -> NDArray:
        """Weights of the whole contour, from those of the upper half."""
        single = weights / 2
        single[[0, -1]] *= 2
        return mirrored(single)


def mirrored(values: NDArray) -> NDArray:
    """Values at the nodes of the whole contour, from those in the upper half plane, of a function that is real on the axis."""
    tail = values[1:-1]
    return np.concatenate([values, np.conj(tail)])


def contour(low: float, high: float, near_low: float, near_high: float) -> Contour:
    """A contour round [low, high] that crosses the axis at distances of about ``near_low`` and ``near_high`` from its ends."""
    length = high - low
    left = max(np.log1p(length / near_low), SHORTEST)
    right = max(np.log1p(length / near_high), SHORTEST)
    centre, half = (right - left) / 2, (right + left) / 2
    # Long ellipses are squared off, so that they leave the side on which powers grow soon after their ends. Shape and number of
    # nodes are measured: half the nodes leave 1e-7 to 1e-10 of exp(-t z) for 1 < t < 1e10.
    blunt = np.clip((half - 3) / 6, 0.0, 1.0)
    count = 4 * int(np.ceil((60 + 28 * half) / 4))
    angle = 2 * np.pi * np.arange(count // 2 + 1) / count
    sine, cosine = np.sin(angle), np.cos(angle)
    zeta = 1j * np.pi + centre + half * cosine - 1j * HEIGHT * sine * (1 + blunt * cosine**2)
    slope = -half * sine - 1j * HEIGHT * cosine * (1 + blunt * cosine**2 - 2 * blunt * sine**2)
    m = np.exp(zeta)
    nodes = (low + high * m) / (1 + m)
    step = length * m / (1 + m) ** 2 * slope
    nodes[[0, -1]] = nodes[[0, -1]].real
    # The contour runs through both halves: twice the real part of the upper one, whose ends are shared.
    share = np.full(len(angle), 2.0)
    share[[0, -1]] = 1.0
    weights = share * step / (1j * count)
    turn = np.sign(np.sum(weights / (nodes - (low + high) / 2)).real)
    coarse = np.where(np.arange(len(angle)) % 2 == 0, 2.0, 0.0)
    return Contour(nodes, turn * weights, turn * weights * coarse)
