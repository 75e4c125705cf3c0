"""The support of an eigenvalue law on the real line: its intervals with their ends, and its atoms.

Points of the line are sorted into those with a density and those without. Where eigenvalues are counted between two points without
density, there is an atom or an interval that no point has met, and points are added until it is found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from solvers.descent import Complex
from solvers.spectral.counting import mass_at, share_below
from solvers.spectral.edges import find_edges
from solvers.spectral.green import Branch
from theory.errors import ConvergenceError

UNIFORM, DECADES, PER_DECADE = 96, 8, 6
ROUNDS, NOTHING = 40, 1e-8
ALL, PART, BESIDE = 1e-6, 1e-3, 1e-8
"""Rounds of refinement, and the mass below which an interval counts as empty. Of the mass in a gap an atom has all but the first
share, or leaves more than the second; points are next to it up to that many scales."""


@dataclass(frozen=True)
class Interval:
    """An interval with a density; ``outside`` are points without one to its left and right, ``hard`` says at which ends the density
    is infinite, ``mass`` what is counted between the points outside, atoms left out."""

    left: float
    right: float
    outside: tuple[float, float]
    hard: tuple[bool, bool]
    mass: float


class Support:
    """Points ``x`` of the line with density ``rho``; ``intervals`` and ``atoms`` (position, mass)."""

    def __init__(self, branch: Branch) -> None:
        self.branch = branch
        self.x: NDArray = np.zeros(0)
        self.g: Complex = np.zeros(0, dtype=complex)
        self.below: dict[float, float] = {}
        self.ends: list[tuple[float, bool]] = []
        self.atoms: dict[float, float] = {}
        self._test_atom(0.0)
        radius = self._radius()
        near = radius * np.geomspace(10.0**-DECADES, 1, DECADES * PER_DECADE + 1)
        self.add(np.concatenate([np.linspace(-radius, radius, 2 * UNIFORM), near, -near]))
        self.intervals: list[Interval] = []
        self.settle()

    def settle(self) -> None:
        """Find what lies between the points, then the intervals; again after points have been added."""
        self._refine()
        self.intervals = self._intervals()

    def add(self, x: NDArray, g: Complex | None = None) -> None:
        """More points, with g there where it is known; atoms themselves, and points where no limit is found, are left out."""
        x, first = np.unique(x, return_index=True)
        new = ~np.isin(x, [*self.atoms, *self.x])
        if not new.any():
            return
        x, g = x[new], self.branch.real(x[new])[0] if g is None else g[first][new]
        found = np.isfinite(g)
        order = np.argsort(all_x := np.concatenate([self.x, x[found]]))
        self.x, self.g = all_x[order], np.concatenate([self.g, g[found]])[order]

    def count(self, x: NDArray) -> NDArray:
        """Shares below points, remembered."""
        new = np.array([v for v in x.tolist() if v not in self.below])
        if new.size:
            self.below.update(zip(new.tolist(), share_below(self.branch, new).tolist(), strict=True))
        return np.array([self.below[v] for v in x.tolist()])

    def _radius(self) -> float:
        radius = 4 * self.branch.scale
        for _ in range(40):
            low, high = self.count(np.array([-radius, radius]))
            outside = self.branch.real(np.array([-radius, radius]))[0].imag == 0
            if low < NOTHING and high > 1 - NOTHING and outside.all():
                return radius
            radius *= 2
        raise ConvergenceError(f"density of {self.branch.name}: eigenvalues beyond {radius:.1e}; check the values given")

    def _gaps(self) -> list[NDArray]:
        """Runs of neighbouring points without a density."""
        empty = self.g.imag == 0
        edges = np.flatnonzero(np.diff(empty.astype(int)))
        return [run for run in np.split(np.arange(len(self.x)), edges + 1) if empty[run[0]]]

    def _refine(self) -> None:
        fresh: list[float] = []
        for _ in range(ROUNDS):
            fresh = []
            self._leave_out()
            for run in self._gaps():
                x = self.x[run]
                ends = self.count(x[[0, -1]])
                if len(x) > 1 and ends[1] - ends[0] - self._atomic(x[0], x[-1]) > NOTHING:
                    below = self.count(x)
                    for i, mass in enumerate(np.diff(below)):
                        if mass - self._atomic(x[i], x[i + 1]) > NOTHING:
                            fresh += self._hidden(run[i], mass - self._atomic(x[i], x[i + 1]))
            if not fresh:
                return
            self.add(np.array(fresh))
        raise ConvergenceError(f"density of {self.branch.name}: eigenvalues near {fresh[0]:g} that no refinement resolves; "
                               "pass a simpler matrix")

    def _atomic(self, low: float, high: float) -> float:
        return sum(mass for at, mass in self.atoms.items() if low < at < high)

    def _hidden(self, i: int, mass: float) -> list[float]:
        """Points between two neighbours without density that have ``mass`` between them; none where an atom explains it.

        From outside, a narrow piece of the spectrum is a pole: g = mass/(centre - x).
        """
        low, high = self.x[i], self.x[i + 1]
        centres = []
        for x, g in ((low, self.g[i].real), (high, self.g[i + 1].real)):
            rest = g - sum(m / (at - x) for at, m in self.atoms.items())
            centre = x + mass / rest if rest else low
            if low < centre < high:
                centres.append(float(centre))
        at = self._pole(sum(centres) / len(centres), low, high) if centres else None
        if at is not None and self._atom_of(mass, at):
            return [p for p in ((low + at) / 2, (at + high) / 2) if mass - self.atoms[at] > NOTHING]
        margin = 0.02 * (high - low)
        points = [(low + high) / 2, *(c + side * margin for c in centres for side in (-1, 0, 1))]
        return sorted({p for p in points if low < p < high})

    def _pole(self, at: float, low: float, high: float) -> float | None:
        """The pole of g near a point, by secants, as 1/g has a simple root there; None where they leave the gap."""
        x = [at - 1e-3 * (at - low), at + 1e-3 * (high - at)]
        with np.errstate(all="ignore"):
            f = (1 / self.branch.real(np.array(x))[0].real).tolist()
            for _ in range(12):
                step = f[-1] * (x[-1] - x[-2]) / (f[-1] - f[-2]) if f[-1] != f[-2] else 0.0
                if not low < x[-1] - step < high:
                    return None
                x.append(x[-1] - step)
                f.append(float(1 / self.branch.real(np.array(x[-1:]))[0].real[0]))
                if abs(step) < 1e-15 * self.branch.scale or not np.isfinite(f[-1]) or f[-1] == 0:
                    return x[-1]
        return None

    def _atom_of(self, mass: float, at: float) -> bool:
        """Whether there is an atom that has all of a mass, or leaves a part of it to others.

        An interval far more narrow than it is far from zero has not quite all of it.
        """
        if at in self.atoms or not self._test_atom(at):
            return False
        rest = mass - self.atoms[at]
        if ALL * mass < abs(rest) < PART * mass or (rest < 0 and abs(rest) > ALL * mass):
            del self.atoms[at]
            return False
        return True

    def _leave_out(self) -> None:
        """Without the points next to atoms, where shares are counted with the atom's rounding errors."""
        at = np.array(list(self.atoms))
        away = np.all(np.abs(self.x[:, None] - at) > BESIDE * self.branch.scale, axis=1)
        self.x, self.g = self.x[away], self.g[away]

    def _test_atom(self, at: float) -> bool:
        mass = float(mass_at(self.branch, np.array([at]))[0])
        if mass > NOTHING:
            self.atoms[at] = mass
        return mass > NOTHING

    def _edges(self, outside: NDArray, inside: NDArray) -> tuple[NDArray, NDArray]:
        """Ends between pairs of points, and whether they are hard; those found before are remembered."""
        pairs = list(zip(np.minimum(outside, inside).tolist(), np.maximum(outside, inside).tolist(), strict=True))
        found = [next((end for end in self.ends if low <= end[0] <= high), None) for low, high in pairs]
        new = np.flatnonzero([end is None for end in found])
        if new.size:
            ends, hard = find_edges(self.branch, outside[new], inside[new])
            for i, end in zip(new, zip(ends.tolist(), hard.tolist(), strict=True), strict=True):
                found[i] = end
                self.ends.append(end)
        return np.array([e[0] for e in found if e]), np.array([e[1] for e in found if e], dtype=bool)

    def _intervals(self) -> list[Interval]:
        gaps = self._gaps()
        left, right = np.array([run[-1] for run in gaps[:-1]]), np.array([run[0] for run in gaps[1:]])
        if not len(left):
            return []
        outside, inside = self.x[np.concatenate([left, right])], self.x[np.concatenate([left + 1, right - 1])]
        ends, hard = self._edges(outside, inside)
        below, n = self.count(outside), len(left)
        return [
            Interval(
                float(ends[i]), float(ends[n + i]), (float(outside[i]), float(outside[n + i])), (bool(hard[i]), bool(hard[n + i])),
                float(below[n + i] - below[i]) - self._atomic(outside[i], outside[n + i]),
            )
            for i in range(n)
        ]
