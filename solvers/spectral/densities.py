"""`density`: the eigenvalue density of a declared Hermitian matrix, with its atoms, ends, outliers and mass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.spectral.green import Branch
from solvers.spectral.measure import Measure
from solvers.spectral.outliers import Outlier, find_outliers
from solvers.spectral.pieces import Piece
from theory.errors import ConvergenceError, ParameterError
from theory.spectral import GreenFunction, green_function

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False, repr=False)
class Density:
    """A law of eigenvalues: ``density`` (n,) at the points ``x`` (n,) of the real line, with its relative ``error`` (n,).

    ``atoms`` are (position, mass), ``edges`` the ends (left, right) of each interval that has a density, ``masses`` theirs.
    ``mass`` is the sum of all, one to 1e-6. ``outliers`` are single eigenvalues outside, caused by spikes. At a hard end the
    density is inf; an atom is not part of it.
    """

    name: str
    x: NDArray
    density: NDArray
    error: NDArray
    atoms: tuple[tuple[float, float], ...]
    edges: tuple[tuple[float, float], ...]
    masses: tuple[float, ...]
    outliers: tuple[Outlier, ...] = ()
    pieces: tuple[Piece, ...] = field(default=(), repr=False)

    def __repr__(self) -> str:
        """Where the law lives, in one line."""
        parts = [f"[{left:.4g}, {right:.4g}]" for left, right in self.edges]
        parts = parts if len(parts) < 5 else [*parts[:2], f"... {len(parts) - 3} more ...", parts[-1]]
        atoms = [f"{mass:.4g} at {at:.4g}" for at, mass in self.atoms]
        atoms = atoms if len(atoms) < 5 else [*atoms[:2], f"... {len(atoms) - 2} more"]
        texts = [f"on {', '.join(parts)}"] if parts else []
        texts += [f"atoms {', '.join(atoms)}"] if atoms else []
        texts += [f"outliers {', '.join(f'{o.position:.4g}' for o in self.outliers)}"] if self.outliers else []
        return f"<Density of {self.name}: {'; '.join(texts)}; mass {self.mass:.9g}>"

    @property
    def mass(self) -> float:
        """Mass of all intervals and atoms."""
        return float(sum(self.masses) + sum(m for _, m in self.atoms))

    def cumulative(self, x: ArrayLike) -> NDArray:
        """The share of eigenvalues at or below x."""
        at = np.asarray(x, dtype=float)
        below = sum((piece.below(at) for piece in self.pieces), np.zeros(at.shape))
        return below + sum((m * (at >= position) for position, m in self.atoms), np.zeros(at.shape))

    def moment(self, order: int) -> float:
        """The average of the eigenvalue to a power."""
        return self.average(lambda x: x**order)

    def average(self, function: Any) -> float:
        """The average of a function of the eigenvalue that is smooth on the intervals."""
        total = sum(m * float(function(np.float64(position))) for position, m in self.atoms)
        for piece in self.pieces:
            x, weights = piece.nodes()
            total += float(weights @ function(x))
        return float(total)

    def distance(self, eigenvalues: ArrayLike) -> float:
        """The Kolmogorov distance to the empirical law of given eigenvalues: the largest difference of the two shares below x.

        Eigenvalues within 1e-9 of an atom, relative to the largest one, count as lying on it.
        """
        values = np.sort(np.ravel(np.asarray(eigenvalues, dtype=float)))
        if not values.size or not np.all(np.isfinite(values)):
            raise ParameterError("eigenvalues: none, or not all finite; give at least one number")
        for position, _ in self.atoms:
            values = np.where(np.abs(values - position) <= 1e-9 * np.abs(values).max(), position, values)
        values, counts = np.unique(values, return_counts=True)
        after = np.cumsum(counts) / counts.sum()
        theory = self.cumulative(values)
        jump = sum((m * (values == position) for position, m in self.atoms), np.zeros(values.shape))
        return float(max(np.abs(after - theory).max(), np.abs(after - counts / counts.sum() - theory + jump).max()))

    def to_json(self) -> dict[str, Any]:
        """Plain lists and numbers, None where the density is infinite: what a program reads."""
        found: dict[str, Any] = {"schema": 1, "name": self.name, "x": self.x.tolist()}
        for key in ("density", "error"):
            found[key] = [v if np.isfinite(v) else None for v in getattr(self, key).tolist()]
        found["intervals"] = [{"left": a, "right": b, "mass": m} for (a, b), m in zip(self.edges, self.masses, strict=True)]
        found["atoms"] = [{"position": at, "mass": mass} for at, mass in self.atoms]
        found["outliers"] = [{"position": o.position, "spike": dict(o.spike), "overlap": o.overlap} for o in self.outliers]
        return {**found, "mass": self.mass}

    def plot(self, eigenvalues: ArrayLike | None = None, ax: Axes | None = None, bins: int = 60) -> Axes:
        """The density as a line, atoms as stems, outliers as triangles, given eigenvalues as a histogram."""
        from solvers.spectral.spectral_plots import plot_density

        return plot_density(self, eigenvalues, ax, bins)


def density(
    matrix: Any,
    *,
    grid: ArrayLike | None = None,
    points: int = 500,
    spikes: Mapping[str, ArrayLike] | None = None,
    **values: Any,
) -> Density:
    """The eigenvalue density of a Hermitian matrix in Gaussian matrices, at parameters given by their public names.

    ``matrix`` is a matrix equal to its transpose, an Expression of one resolvent, or a law of ``theory.free``. The density is given
    at ``grid``, or at ``points`` points, more of them towards the ends and where it bends. ``spikes`` gives values of spectra (or
    given vectors) at finitely many further modes, too few to change the density: several names of one dimension go together.
    Under the name of a Gaussian matrix it gives singular values of a mean of rank one, in general position, that it has. Raises
    DerivationError for a matrix that is not Hermitian, ParameterError for bad values and ConvergenceError where mass is missing.
    """
    return density_at(matrix, values, grid, points, spikes)


def density_at(
    matrix: Any, values: Mapping[str, Any], grid: ArrayLike | None = None, points: int = 500,
    spikes: Mapping[str, ArrayLike] | None = None,
) -> Density:  # fmt: skip
    """The same, at parameters in a mapping, whatever their names."""
    green = matrix if isinstance(matrix, GreenFunction) else _green_of(matrix)
    chosen = None if grid is None else _checked_grid(grid)
    if isinstance(points, bool) or not isinstance(points, int | np.integer) or points < 1:
        raise ParameterError(f"points: {points!r} is no number of points; give a positive whole number")
    branch = Branch(green, values)
    measure = Measure(branch)
    edges = tuple((p.interval.left, p.interval.right) for p in measure.pieces)
    x = _grid(measure.pieces, int(points)) if chosen is None else chosen
    rho, error = _on_grid(branch, measure, x)
    outliers = find_outliers(branch, measure, spikes or {})
    masses = tuple(piece.mass for piece in measure.pieces)
    return Density(branch.name, x, rho, error, tuple(measure.atoms.items()), edges, masses, outliers, measure.pieces)


def _green_of(matrix: Any) -> GreenFunction:
    if hasattr(matrix, "green_function"):
        return matrix.green_function()
    return green_function(matrix)


def _checked_grid(grid: ArrayLike) -> NDArray:
    try:
        x = np.asarray(grid, dtype=float)
    except (TypeError, ValueError):
        raise ParameterError(f"grid: {grid!r} is no array of real numbers; give the points of the line") from None
    if x.ndim != 1 or not x.size:
        raise ParameterError(f"grid: shape {x.shape}; give a one-dimensional array with at least one point")
    if not np.all(np.isfinite(x)):
        raise ParameterError("grid: some points are not finite; leave them out")
    return x


def _grid(pieces: Sequence[Piece], points: int) -> NDArray:
    """Points of every interval, ends included, at least five each: half of them even, half where panels had to be halved."""
    panels = np.array([len(piece.series) for piece in pieces])
    found = []
    for piece, share in zip(pieces, (panels / max(panels.sum(), 1) + 1 / max(len(pieces), 1)) / 2, strict=True):
        even = np.linspace(0, 1, len(piece.bounds))
        steps = (piece.bounds / (np.pi / 2) + even) / 2
        found.append(piece.position(np.interp(np.linspace(0, 1, max(5, round(points * share))), steps, piece.bounds))[0])
    return np.concatenate(found) if found else np.zeros(0)


def _on_grid(branch: Branch, measure: Measure, x: NDArray) -> tuple[NDArray, NDArray]:
    """The density and its error; zero outside the intervals and at soft ends, infinite at hard ones."""
    rho, error = np.zeros(len(x)), np.zeros(len(x))
    inside = np.zeros(len(x), dtype=bool)
    for piece in measure.pieces:
        inside |= (x > piece.interval.left) & (x < piece.interval.right)
        for end, hard in zip((piece.interval.left, piece.interval.right), piece.interval.hard, strict=True):
            rho[x == end] = np.inf if hard else rho[x == end]
    if inside.any():
        g, error[inside] = measure.axis.real(x[inside])
        rho[inside] = g.imag / np.pi
        missing = x[inside][~np.isfinite(rho[inside])]
        if missing.size:
            raise ConvergenceError(f"density of {branch.name}: the equations have no limit at {missing[0]:g}; leave it out of grid")
    return rho, error
