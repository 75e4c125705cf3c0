"""Figures of spectra: densities with drawn eigenvalues, and clouds of complex ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from solvers.figures import PALETTE, new_figure, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_density(law: Any, eigenvalues: ArrayLike | None = None, ax: Axes | None = None, bins: int = 60) -> Axes:
    """A `Density` as lines, its atoms as stems with their mass, outliers as triangles, eigenvalues as a histogram.

    The histogram leaves eigenvalues on atoms out and is normalised to the mass of the rest, so that it lies on the line.
    """
    if ax is None:
        ax = new_figure()[1][0]
    with style():
        if eigenvalues is not None:
            _histogram(law, np.ravel(np.asarray(eigenvalues, dtype=float)), ax, bins)
        for i, (left, right) in enumerate(law.edges):
            inside = (law.x >= left) & (law.x <= right) & np.isfinite(law.density)
            ax.plot(law.x[inside], law.density[inside], color=PALETTE[0], label="density" if i == 0 else None)
        top = (1.12 if law.atoms else 1.0) * ax.get_ylim()[1]  # masses are written above the curve
        for i, (position, mass) in enumerate(law.atoms):
            place: Any = {"xycoords": ax.get_xaxis_transform(), "xytext": (3, 0), "textcoords": "offset points", "va": "top"}
            ax.annotate(f"{mass:.3g}", (position, 0.99), color=PALETTE[1], fontsize=8, **place)
            ax.axvline(position, 0, 0.99, color=PALETTE[1], label="atom (mass)" if i == 0 else "")
        if law.outliers:
            at = [outlier.position for outlier in law.outliers]
            ax.plot(at, np.full(len(at), 0.03 * top), "v", color=PALETTE[2], label="outlier", clip_on=False)
        ax.set_ylim(0, top)
        ax.set_xlabel(r"eigenvalue $\lambda$")
        ax.set_ylabel(r"density $\rho(\lambda)$")
        ax.legend(frameon=True, framealpha=0.8, edgecolor="none")
    return ax


def plot_cloud(cloud: Any, eigenvalues: ArrayLike | None = None, ax: Axes | None = None) -> Axes:
    """A `Cloud`: its density as shades where it is given on a mesh, eigenvalues as dots, the boundary as larger ones."""
    if ax is None:
        ax = new_figure()[1][0]
    with style():
        if cloud.z.ndim == 2 and min(cloud.z.shape) > 1:
            known = cloud.density[cloud.inside & np.isfinite(cloud.density)]
            shades = np.ma.masked_where(~cloud.inside, np.minimum(cloud.density, known.max(initial=0.0)))
            mesh = ax.pcolormesh(cloud.z.real, cloud.z.imag, shades, cmap="Blues", vmin=0, shading="nearest", rasterized=True)
            new: Any = ax.figure
            new.colorbar(mesh, ax=ax, label=r"density $\rho(z)$")
        if eigenvalues is not None:
            values = np.ravel(np.asarray(eigenvalues, dtype=complex))
            ax.plot(np.real(values), np.imag(values), ".", color="0.25", markersize=1.5, label="drawn eigenvalues")
        ax.plot(cloud.boundary.real, cloud.boundary.imag, ".", color=PALETTE[1], markersize=3, label="boundary")
        ax.set_aspect("equal", adjustable="datalim")
        ax.set_xlabel(r"$\mathrm{Re}\,z$")
        ax.set_ylabel(r"$\mathrm{Im}\,z$")
        ax.legend(loc="upper right", frameon=True, framealpha=0.8, edgecolor="none")
    return ax


def _histogram(law: Any, values: Any, ax: Axes, bins: int) -> None:
    on_atom = np.zeros(values.size, dtype=bool)
    for position, _ in law.atoms:
        on_atom |= np.abs(values - position) <= 1e-9 * np.abs(values).max()
    counts, ends = np.histogram(values[~on_atom], bins=bins)
    ax.stairs(counts / np.diff(ends) / values.size, ends, fill=True, color="0.8", label="drawn eigenvalues")
