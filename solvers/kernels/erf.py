"""Gaussian averages of the error function: the arcsine kernel of Williams (NeurIPS 1996)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.kernels.pairs import Pairs


def _arcsine(cross, spread):
    """(2/pi) arcsin(2 cross / sqrt(4 cross^2 + spread)), without the cancellation near 1."""
    return 2 / np.pi * np.arctan2(2 * cross, np.sqrt(spread))


@dataclass(frozen=True)
class Erf:
    """erf(h).

    E[erf erf] = (2/pi) arcsin(2 xz / sqrt((1 + 2 xx)(1 + 2 zz))), E[erf' erf'] = (4/pi)/sqrt((1 + 2 xx)(1 + 2
    zz) - 4 xz^2).
    """

    def dual(self, pairs: Pairs) -> Pairs:
        """Second moments of the activations, given those of the preactivations."""
        xx, zz = _arcsine(pairs.xx, 1 + 4 * pairs.xx), _arcsine(pairs.zz, 1 + 4 * pairs.zz)
        xz = _arcsine(pairs.xz, self._spread(pairs))
        return Pairs(xx, zz, xz, np.maximum(xx * zz - xz * xz, 0), pairs.dimension)

    def dual_derivative(self, pairs: Pairs) -> np.ndarray:
        """E[phi'(h) phi'(h')]."""
        return 4 / np.pi / np.sqrt(self._spread(pairs))

    @staticmethod
    def _spread(pairs: Pairs) -> np.ndarray:
        return 1 + 2 * (pairs.xx + pairs.zz) + 4 * pairs.det
