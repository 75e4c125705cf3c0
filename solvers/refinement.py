"""The last steps to a solution, in the form of the equations that is most precise there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solvers.brackets import Residual, moved
from solvers.ends import reduced
from solvers.fixed_point import Roots, inverses, uncertainty_of

STEPS = 4


def polished(residual: Residual, roots: Roots, logarithmic: NDArray) -> Roots:
    """Newton steps from the roots in another form of the equations, each kept where it lowers the uncertainty."""
    x, uncertainty, size, spread = roots.x.copy(), *uncertainty_of(residual, roots.x, roots.held)
    active = np.flatnonzero(np.isfinite(x).all(axis=1))
    for _ in range(STEPS):
        if not active.size:
            break
        held = roots.held[active]
        f, jacobian, _ = reduced(residual(x[active], active), held)
        trial = moved(x[active], -(inverses(jacobian) @ f[..., None])[..., 0], logarithmic)
        doubt, left, parts = uncertainty_of(lambda at, which, own=active: residual(at, own[which]), trial, held)
        better = np.where(held, 0.0, doubt).max(axis=1) < np.where(held, 0.0, uncertainty[active]).max(axis=1)
        active, trial, doubt, left, parts = active[better], trial[better], doubt[better], left[better], parts[better]
        x[active], uncertainty[active], size[active], spread[active] = trial, doubt, left, parts
    return Roots(x, uncertainty, size, roots.iterations, roots.held, spread)
