"""Gaussian averages of the rectifier: the arc-cosine kernels of Cho and Saul (NeurIPS 2009), with a leak."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np

from solvers.kernels.pairs import Pairs
from theory.errors import ParameterError


def _segment(angle: np.ndarray) -> np.ndarray:
    """(sin a - a cos a)/pi, which is a^3/(3 pi) at small angles."""
    return (np.sin(angle) - angle * np.cos(angle)) / np.pi


@dataclass(frozen=True)
class ReLU:
    """max(h, 0) + negative_slope min(h, 0): negative_slope 0 is the rectifier, -1 the absolute value.

    For (h, h') Gaussian with second moments xx, zz, xz and angle theta, E[relu relu] = (sqrt(det) + (pi -
    theta) xz)/2pi and E[relu' relu'] = (pi - theta)/2pi; the leak s adds s xz and s, and multiplies these by
    (1 - s)^2. All angles come from atan2(sqrt(det), xz), so that nearly parallel and antiparallel inputs keep
    their digits.
    """

    negative_slope: float = 0.0

    def __post_init__(self) -> None:
        s = self.negative_slope
        if not isinstance(s, Real) or isinstance(s, bool) or not np.isfinite(float(s)):
            raise ParameterError(f"ReLU negative_slope is {s!r}; give a finite number")
        object.__setattr__(self, "negative_slope", float(s))

    def dual(self, pairs: Pairs) -> Pairs:
        """Second moments of the activations, given those of the preactivations."""
        s = self.negative_slope
        root = np.sqrt(pairs.det)
        angle, supplement = np.arctan2(root, pairs.xz), np.arctan2(root, -pairs.xz)
        xz = s * pairs.xz + (1 - s) ** 2 * (root + supplement * pairs.xz) / (2 * np.pi)
        # (1 + s^2) (1 - cosine of the activations), on each side in terms that vanish where it does
        near = 4 * s * np.sin(angle / 2) ** 2 + (1 - s) ** 2 * (2 * np.sin(angle / 2) ** 2 - _segment(angle))
        far = (1 + s) ** 2 - 4 * s * np.sin(supplement / 2) ** 2 - (1 - s) ** 2 * _segment(supplement)
        gap = np.clip(np.where(pairs.xz > 0, near, far) / (1 + s * s), 0, 2)
        half = (1 + s * s) / 2
        det = half**2 * pairs.xx * pairs.zz * gap * (2 - gap)
        return Pairs(half * pairs.xx, half * pairs.zz, xz, det, pairs.dimension)

    def dual_derivative(self, pairs: Pairs) -> np.ndarray:
        """E[phi'(h) phi'(h')]."""
        s = self.negative_slope
        return s + (1 - s) ** 2 * np.arctan2(np.sqrt(pairs.det), -pairs.xz) / (2 * np.pi)
