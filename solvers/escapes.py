"""Solutions at which a symmetry keeps unknowns at zero although an iteration of their equations would leave it: overlaps with a
teacher beyond the point where they appear. They are left along the direction that grows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from solvers.brackets import Residual

LENGTHS = (1.5, 0.4, 6.0, 0.1, 24.0)
"""How far along the direction the others begin, in turn."""
APART = 1e-9
"""Rows of a symmetric block are smaller than this elsewhere, relative to it; growth begins that far from one."""
LEFT = 1e-6
"""An unknown that is larger has left zero."""

Settled = Callable[[Residual, NDArray, NDArray], NDArray]
"""Solutions (n, unknowns) of what vanishes there, from starts at points with these numbers, NaN where there is none."""


def direction(jacobian: NDArray, zero: NDArray) -> NDArray | None:
    """The direction in the unknowns ``zero`` in which an iteration leaves the solution, None where it does not.

    ``jacobian`` (m, m) is that of unknown minus map. Unknowns of a symmetric solution do not respond to the others.
    """
    rows = jacobian[zero]
    block, rest = rows[:, zero], rows[:, ~zero]
    if not np.isfinite(rows).all() or np.abs(rest).max(initial=0.0) > APART * np.abs(block).max():
        return None
    own = np.diag(block)
    if (own <= 0).any():
        push = (own == own.min()).astype(float)
    else:
        growth, modes = np.linalg.eig(np.eye(len(own)) - block / own[:, None])
        largest = np.where(np.abs(np.imag(growth)) < APART, np.real(growth), -np.inf)
        k = int(np.argmax(largest))
        if not largest[k] > 1 + APART:
            return None
        push = np.real(modes[:, k])
    found = np.zeros(len(jacobian))
    found[zero] = push / np.abs(push).max() * (1 if push[np.argmax(np.abs(push))] > 0 else -1)
    return found


def deflated(residual: Residual, zero: NDArray) -> Residual:
    """The same, times what is infinite where all unknowns in ``zero`` are: solutions there are none of this (Farrell, Birkisson and
    Funke, SIAM J. Sci. Comput. 37, A2026 (2015))."""

    def away(x: NDArray, points: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        f, jacobian, noise = residual(x, points)
        near = np.where(zero, x, 0.0)
        square = np.einsum("ni,ni->n", near, near)[:, None]
        factor = 1 + 1 / square
        return factor * f, factor[..., None] * jacobian - f[:, :, None] * (2 * near / square**2)[:, None, :], factor * noise

    return away


def escaped(residual: Residual, x: NDArray, odd: NDArray, points: NDArray, settled: Settled) -> NDArray:
    """The solutions x (n, m), with others in the place of those that an iteration leaves in ``odd`` unknowns, where there are
    such."""
    out = x.copy()
    which = np.flatnonzero(np.isfinite(x).all(axis=1) & (odd & (x == 0)).any(axis=1))
    jacobians = residual(x[which], points[which])[1] if which.size else ()
    for i, jacobian in zip(which, jacobians, strict=True):
        zero = odd & (x[i] == 0)
        push = direction(jacobian, zero)
        if push is None:
            continue
        for length in LENGTHS:
            found = settled(deflated(residual, zero), (x[i] + length * push)[None], points[[i]])
            found = settled(residual, found, points[[i]])[0] if np.isfinite(found).all() else found[0]
            if np.isfinite(found).all() and np.abs(found[zero]).max() > LEFT:
                out[i] = found
                break
    return out
