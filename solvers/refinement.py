"""The last steps to a solution, in the form of the equations that is most precise there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solvers.brackets import Residual, moved
from solvers.ends import reduced
from solvers.fixed_point import Roots, doubts_of, inverses

STEPS = 4


def polished(residual: Residual, roots: Roots, logarithmic: NDArray) -> Roots:
    """Newton steps from the roots in another form of the equations, each kept where it lowers the uncertainty."""
    x, held = roots.x.copy(), roots.held
    parts = reduced(residual(x, np.arange(len(x))), held)
    uncertainty, size, spread = doubts_of(parts, held)
    active = np.flatnonzero(np.isfinite(x).all(axis=1))
    f, jacobian = parts[0][active], parts[1][active]
    for _ in range(STEPS):
        if not active.size:
            break
        trial = moved(x[active], -(inverses(jacobian) @ f[..., None])[..., 0], logarithmic)
        parts = reduced(residual(trial, active), held[active])
        doubt, left, terms = doubts_of(parts, held[active])
        better = np.where(held[active], 0.0, doubt).max(axis=1) < np.where(held[active], 0.0, uncertainty[active]).max(axis=1)
        active, f, jacobian = active[better], parts[0][better], parts[1][better]
        x[active], uncertainty[active], size[active], spread[active] = trial[better], doubt[better], left[better], terms[better]
    return Roots(x, uncertainty, size, roots.iterations, held, spread)
