"""How many eigenvalues lie below x, from the Green's function on the vertical line above x: no density is integrated.

N(x) = 1/2 - (1/π) ∫ Re g(x + iy) dy over y > 0. In log y the integrand is analytic in a strip of half-width π/2, so that the
trapezoidal rule converges exponentially: at the step taken here its error is below 1e-10.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solvers.descent import FAR, Complex
from solvers.spectral.green import Branch

STEP, BOTTOM = 0.4, 1e-12
NOISE = 1e-7
"""The lowest height at which an atom away from zero is looked at, as a share of its position."""


def share_below(branch: Branch, x: NDArray) -> NDArray:
    """The share of eigenvalues below each x (n,), atoms at x itself counted by half; NaN where the line cannot be followed."""
    x = np.asarray(x, dtype=float)
    top = max(FAR, 1e3 * np.abs(x).max(initial=0.0) / branch.scale)
    count = int(np.ceil(np.log(top / BOTTOM) / STEP))
    heights = top * np.exp(-STEP * np.arange(count + 1))
    line = _line(branch, x, heights).real * (heights * branch.scale)[:, None]
    tail = 1 / np.expm1(STEP)  # of a geometric series: the integrand falls like y below, like 1/y above
    return 0.5 - STEP / np.pi * (line.sum(axis=0) + tail * (line[0] + line[-1]))


def _line(branch: Branch, x: NDArray, heights: NDArray) -> Complex:
    """g at all heights, from few nodes where every mode gives the same at the bottom, nearest to the spectrum's own poles."""
    if branch.nodes.error == 0:
        return branch.upper(x, heights, branch.full)
    t, line = branch.descend(x, heights * branch.scale, branch.nodes, record=True)
    bottom = branch.scale * heights[-1]
    t, step = branch.newton(x, bottom, t, branch.full, 1e-12)
    exact = branch.evaluate(x, bottom, t, branch.full)[3]
    off = ~((step < 1e-6) & (np.abs(exact - line[-1]) < 1e-9 * np.abs(exact)))
    if off.any():
        line[:, off] = branch.upper(x[off], heights, branch.full)
    return line


def mass_at(branch: Branch, x: NDArray) -> NDArray:
    """The mass of an atom at each x, the limit of y Im g(x + iy); 0 where there is none.

    Extrapolated from three heights, as low as they may be before rounding errors, about |x|/y, are seen.
    """
    x, heights = np.asarray(x, dtype=float), branch.scale * np.geomspace(FAR, 1e-10, 51)
    t, line = branch.descend(x, heights, branch.full, record=True)
    line[-1] = branch.evaluate(x, heights[-1], branch.newton(x, heights[-1], t, branch.full, 1e-13)[0], branch.full)[3]
    values = line.imag * heights[:, None]
    lowest = np.maximum(np.searchsorted(-heights, -NOISE * np.abs(x), side="right") - 1, 4)
    a, b, c = (np.take_along_axis(values, (lowest - k)[None], axis=0)[0] for k in (4, 2, 0))
    with np.errstate(all="ignore"):
        limit = c - (c - b) ** 2 / ((c - b) - (b - a))
    settled = np.abs(c - b) < 1e-12 + 1e-8 * np.abs(c)
    limit = np.where(settled | ~np.isfinite(limit), c, limit)
    return np.where(limit > 1e-7, limit, np.where(np.isnan(values[-1]), np.nan, 0.0))
