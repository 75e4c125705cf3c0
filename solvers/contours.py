"""Nodes and weights of inverse transforms: a deformed line of Talbot for flows, a circle for steps.

A value at time t is Σ weight * F(node). Nodes come as the half with positive imaginary part; the other half is its conjugate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CLOSE = 1e-18
"""Time zero stands for this share of the unit of time."""
MOST_STEPS = 256
FOLDED = 1e12
"""How much the first value that folds back onto a circle is suppressed."""


@dataclass(frozen=True)
class Contour:
    """``nodes`` and ``weights`` (n/2,) in the upper half plane."""

    nodes: NDArray
    weights: NDArray

    @property
    def both(self) -> tuple[NDArray, NDArray]:
        """Nodes and weights of both half planes, the upper one first."""
        return np.concatenate([self.nodes, self.nodes.conj()]), np.concatenate([self.weights, self.weights.conj()])


def contour(t: float, step: float, number: int, stretch: int = 1, shift: float = 0.0) -> Contour:
    """For the value at time t of a flow (step 0), or after t/step steps, of a transform regular right of ``shift``.

    Two contours of different ``number`` differ by the error of the smaller one. ``stretch`` widens it along the imaginary axis,
    where singularities then come close: with twice as many nodes in proportion.
    """
    if step == 0:
        return _talbot(max(t, CLOSE), number, stretch, shift)
    return _circle(round(t / step), step, 6 * (round(t / step) + number), shift)


def _talbot(t: float, number: int, stretch: int, shift: float) -> Contour:
    """The modified contour of Weideman (SIAM J. Numer. Anal. 44, 2342 (2006)); its error falls as exp(-1.36 number)."""
    nodes = number if stretch == 1 else 2 * number * stretch
    angle = (2 * np.arange(nodes // 2, nodes) + 1) * np.pi / nodes - np.pi
    cot = 1 / np.tan(0.6407 * angle)
    s = number * (0.5017 * angle * cot - 0.6122 + 0.2645j * stretch * angle)
    slope = number * (0.5017 * cot - 0.5017 * 0.6407 * angle * (1 + cot**2) + 0.2645j * stretch)
    return Contour(shift + s / t, np.exp(shift * t + s) * slope / (1j * nodes * t))


def _circle(steps: int, step: float, nodes: int, shift: float) -> Contour:
    """A circle around the spectrum, for x(z) = step Σ_n (1 + step z)^(-n-1) x_n at n = ``steps``.

    Many more nodes than steps: values ``nodes`` later fold back, and rounding grows as the radius to the power of the steps.
    """
    radius = math.exp(math.log(FOLDED) / nodes + step * shift)
    zeta = radius * np.exp(1j * (np.arange(nodes // 2) + 0.5) * 2 * np.pi / nodes)
    return Contour((zeta - 1) / step, zeta ** (steps + 1) / (nodes * step))


def line(abscissa: float, scale: float, step: float) -> NDArray:
    """Frequencies along Re s = ``abscissa``, where a flow has z = s and steps have 1 + step z = exp(step s)."""
    above = np.concatenate([[0.0], np.geomspace(1e-2, 1e7, 46) * scale])
    if step == 0:
        return abscissa + 1j * above
    above = np.concatenate([above[above < np.pi / step], np.linspace(0, np.pi, 9)[1:] / step])
    return (np.exp(step * (abscissa + 1j * above)) - 1) / step
