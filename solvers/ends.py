"""Unknowns whose true value may be exactly zero, and unknowns that lose their meaning with them.

An unknown that cannot be negative moves in its logarithm, in which zero is infinitely far away. Once it is negligible it is held
next to zero, and the other unknowns are solved for without it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEGLIGIBLE = 1e-30
"""Of the interval: what falls below is held there."""
FAINT = 1e-12
"""Of the interval: what lies below, and is not known to one digit, is zero."""
OWNED = 1e-8
"""Of its interval: where the owner is below, what it owns is held at its upper end, or at one."""


@dataclass(frozen=True)
class Ends:
    """``vanishing`` (m,) may be zero; ``owner`` (m,) is the number of the unknown on which each one's meaning depends, or -1;
    ``odd`` (m,) may be zero by a symmetry."""

    vanishing: NDArray
    owner: NDArray
    odd: NDArray

    @classmethod
    def none(cls, m: int) -> Ends:
        return cls(np.zeros(m, dtype=bool), np.full(m, -1), np.zeros(m, dtype=bool))

    @staticmethod
    def _scale(upper: NDArray) -> NDArray:
        return np.where(np.isfinite(upper), np.abs(upper), 1.0)

    def stand_in(self, upper: NDArray) -> NDArray:
        """Values in the place of zero."""
        return NEGLIGIBLE * self._scale(upper)

    def held(self, x: NDArray, upper: NDArray) -> NDArray:
        """What does not move: unknowns that are negligible, and those whose owner is."""
        small = self.vanishing & (x <= NEGLIGIBLE * self._scale(upper))
        owned = self.owner >= 0
        gone = x <= OWNED * self._scale(upper)
        return small | (owned & gone[:, self.owner])

    def placed(self, x: NDArray, upper: NDArray, held: NDArray) -> NDArray:
        """Held unknowns where they are held; what has no upper end, at one."""
        return np.where(held, np.where(self.owner >= 0, np.where(np.isfinite(upper), upper, 1.0), self.stand_in(upper)), x)

    def faint(self, x: NDArray, upper: NDArray, uncertainty: NDArray) -> NDArray:
        """Unknowns so near to zero that not one digit of them is known."""
        with np.errstate(invalid="ignore"):
            return self.vanishing & (x < FAINT * self._scale(upper)) & ~(uncertainty < 0.5)

    def zero(self, held: NDArray) -> NDArray:
        """Which of the held unknowns are zero."""
        return held & (self.owner < 0)


def reduced(parts: tuple[NDArray, NDArray, NDArray], held: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Residual, Jacobian and rounding with the held unknowns taken out: they stand still and nothing depends on them."""
    f, jacobian, noise = parts
    if not held.any():
        return parts
    out = held[:, :, None] | held[:, None, :]
    identity = np.eye(held.shape[1])
    return np.where(held, 0.0, f), np.where(out, identity, jacobian), np.where(held, 0.0, noise)
