"""`eigenvalue_cloud`: the density of complex eigenvalues of a declared matrix, with its boundary and mass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.descent import Complex
from solvers.spectral.plane import Plane
from solvers.spectral.rays import Rays
from theory.errors import ConvergenceError, ParameterError
from theory.spectral.hermitisation import hermitised

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Cloud:
    """A law of complex eigenvalues: ``density`` per area, its ``error`` (absolute) and whether it is ``inside`` the spectrum at
    points ``z``, all of one shape.

    ``boundary`` (n,) are points of the boundary on rays from the mean eigenvalue, of both half planes; ``atom`` is the mass at
    zero, ``atom_at_mean`` that at a mean eigenvalue that is not zero, and ``mass`` all of it, one to 1e-6.
    """

    name: str
    z: Complex
    density: NDArray
    error: NDArray
    inside: NDArray
    boundary: Complex
    atom: float
    mass: float
    atom_at_mean: float = 0.0

    def plot(self, eigenvalues: ArrayLike | None = None, ax: Axes | None = None) -> Axes:
        """Boundary as dots, given eigenvalues as smaller ones; the density as shades where ``z`` is a mesh."""
        from solvers.spectral.spectral_plots import plot_cloud

        return plot_cloud(self, eigenvalues, ax)


def eigenvalue_cloud(matrix: Any, *, grid: ArrayLike | None = None, rays: int = 48, **values: Any) -> Cloud:
    """The density of the eigenvalues of a square matrix in real Gaussian matrices, at parameters given by their public names.

    The matrix is Hermitised (Girko 1984; Feinberg and Zee 1997), so that it need not be normal. ``grid`` are complex points of any
    shape, by default a mesh of 41 x 41 points over the spectrum; ``rays`` is the number of rays of each half plane on which the
    boundary is given. Raises DerivationError for what is no square matrix or beyond the engine, ParameterError for bad values and
    ConvergenceError, naming the mass that is missing, where the density does not integrate to one together with its atom at zero.
    """
    if isinstance(rays, bool) or not isinstance(rays, int | np.integer) or rays < 1:
        raise ParameterError(f"rays: {rays!r} is no number of rays; give a positive whole number")
    z = None if grid is None else _checked(grid)
    plane = Plane(hermitised(matrix), values)
    found = Rays(plane)
    atom, rank = found.atom_at(0.0), plane.rank()
    if rank is not None and not abs(1 - rank - atom) <= 1e-3:
        raise ConvergenceError(f"eigenvalues of {plane.name}: a mass {atom:.6g} at 0, where the rank leaves {1 - rank:.6g}; the "
                               "equations are followed to a wrong branch")
    atom = atom if rank is None else 1 - rank
    aside = found.atom_at(found.centre) if found.centre else 0.0
    mass = found.total() + atom + aside
    if not abs(mass - 1) <= TOLERANCE:
        raise ConvergenceError(f"eigenvalues of {plane.name}: the density and an atom {atom:.6g} at 0 have mass {mass:.8g}; "
                               f"{1 - mass:.1e} is missing where the boundary is not resolved by rays from {found.centre:.4g}")
    boundary = _boundary(found, int(rays))
    if z is None:
        z = _mesh(boundary, found)
    seen = plane.at(z.ravel())
    diverges = (z.ravel() == found.centre) & (found.diverges | (aside > 0))
    inside = plane.inside(seen) | diverges
    density, error = np.where(diverges, np.inf, seen.density), np.where(diverges, 0.0, seen.error)
    lost = np.flatnonzero(~np.isfinite(seen.weight) & ~diverges)
    if lost.size:
        where = f"{z.ravel()[lost[0]]:.4g}"
        raise ConvergenceError(f"eigenvalues of {plane.name}: the equations have no limit at {where}; leave it out of grid")
    return Cloud(
        plane.name, z, np.where(inside, density, 0.0).reshape(z.shape), np.where(inside, error, 0.0).reshape(z.shape),
        inside.reshape(z.shape), boundary, float(max(atom, 0.0)), mass, float(aside),
    )  # fmt: skip


def _checked(grid: ArrayLike) -> Complex:
    try:
        z = np.asarray(grid, dtype=complex)
    except (TypeError, ValueError):
        raise ParameterError(f"grid: {grid!r} is no array of complex numbers; give points of the plane") from None
    if not z.size:
        raise ParameterError(f"grid: shape {z.shape}; give at least one point")
    if not np.all(np.isfinite(z)):
        raise ParameterError("grid: some points are not finite; leave them out")
    return z


def _mesh(boundary: Complex, rays: Rays) -> Complex:
    """41 x 41 points over the spectrum, a little beyond its boundary on every side."""
    if not boundary.size:
        boundary = np.array([rays.centre - rays.radius, rays.centre + rays.radius], dtype=complex)
    middle, high = (boundary.real.min() + boundary.real.max()) / 2, max(np.abs(boundary.imag).max(), 0.02 * rays.radius)
    if abs(middle - rays.centre) < 1e-3 * rays.radius:
        middle = rays.centre  # where the density may diverge, which is not to be met nearly
    wide = max((boundary.real.max() - boundary.real.min()) / 2, 0.02 * rays.radius)
    side = 1.1 * np.linspace(-1, 1, 41)
    return middle + wide * side + 1j * high * side[:, None]


def _boundary(rays: Rays, number: int) -> Complex:
    """Ends of the segments of rays, and their mirror images in the real axis."""
    angles = np.pi * (np.arange(number) + 0.5) / number
    parts = rays.segments(angles)
    radii, which = np.concatenate([parts.start, parts.stop]), np.concatenate([parts.ray, parts.ray]).astype(int)
    upper: Complex = np.asarray(rays.centre + radii * np.exp(1j * angles[which]), dtype=np.complex128)[radii > 0]
    return np.concatenate([upper, np.conj(upper)])
