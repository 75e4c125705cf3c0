"""The support of an eigenvalue law by its inverse map: intervals between gaps, their masses by residues, and atoms in gaps."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from solvers.descent import FAR
from solvers.spectral.counting import mass_at
from solvers.spectral.gaps import find_gaps
from solvers.spectral.green import Branch
from solvers.spectral.inverse import Inverse, inverse_of
from solvers.spectral.sheet import Sheet
from solvers.spectral.support import Interval

STEP, BOTTOM = 0.3, 1e-4
"""Step in log height of the sums that count eigenvalues, and their lowest height in distances to the nearest pole."""
LEAST, BISECTIONS, SAMPLES = 1e-10, 90, 14
"""Least mass of an atom, halvings of the bracket around one, and points searched in a gap."""
WITNESSES, AGREED = 10, 1e-6
"""Points at which what the map gives is compared with the way down from above, and the relative difference."""


class MappedSupport:
    """``intervals`` and ``atoms`` (position, mass) of the law of a branch with an inverse map; ``sheet`` solves on the axis."""

    def __init__(self, branch: Branch, inverse: Inverse) -> None:
        self.branch = branch
        self.inverse, self.scale = inverse, max(inverse.extent, branch.scale)
        self.sheet = sheet = Sheet(inverse, find_gaps(inverse))
        self.marks: NDArray = np.zeros(0)
        self.atoms: dict[float, float] = {}
        self.consistent = bool(len(sheet.left)) and bool((np.diff(sheet.ends) > 0).all())
        if self.consistent:
            self._find_atoms()
            self.intervals = self._intervals()
            self.consistent = self._witnessed()

    def _find_atoms(self) -> None:
        """Poles of g in gaps, where it falls from one point to the next: elsewhere it rises."""
        gap, s = self._samples()
        _, _, g = self.inverse.green(s)
        gap, s, g = gap[np.isfinite(g)], s[np.isfinite(g)], g[np.isfinite(g)]
        fall = np.flatnonzero((gap[1:] == gap[:-1]) & (g[1:] < g[:-1] - 1e-9 * np.abs(g[:-1])))
        low, high, left, right = s[fall], s[fall + 1], g[fall], g[fall + 1]
        for _ in range(BISECTIONS if len(fall) else 0):
            middle = (low + high) / 2
            at = self.inverse.green(middle)[2]
            first = at < left
            low, high = np.where(first, low, middle), np.where(first, middle, high)
            left, right = np.where(first, left, at), np.where(first, at, right)
        pole, others = (low + high) / 2, np.concatenate([self.inverse.values, self.sheet.gaps.start, self.sheet.gaps.stop])
        for at in np.unique(pole).tolist():
            away = np.abs(others - at)
            step = 1e-3 * float(away[away > 1e-9 * max(abs(at), 1e-3 * away.max(initial=0, where=np.isfinite(away)))].min())
            z, _, g = self.inverse.green(at + step * np.array([-1, -0.5, 0.5, 1]))
            slopes = np.array([z[2] - z[1], z[3] - z[0]]) / np.array([1 / g[2] - 1 / g[1], 1 / g[3] - 1 / g[0]])
            mass = float(-(4 * slopes[0] - slopes[1]) / 3)
            place = float((2 * (z[1] + z[2]) - (z[0] + z[3]) / 2) / 3)
            if mass > LEAST:
                self.atoms[0.0 if abs(place) < 1e-6 * abs(z[3] - z[0]) else place] = mass
                self.marks = np.append(self.marks, at)

    def _samples(self) -> tuple[NDArray, NDArray]:
        """Points of every gap and the gap's number: spread over it, and on both sides of z = 0 and of values of the spectrum."""
        gaps, values = self.sheet.gaps, self.inverse.values
        turn = (1 - np.cos(np.pi * np.arange(1, SAMPLES) / SAMPLES)) / 2
        inner = gaps.start[1:-1, None] + (gaps.stop - gaps.start)[1:-1, None] * turn
        out = np.geomspace(self.inverse.finest, 1e6 * self.inverse.extent, 150)
        s = [inner.ravel(), gaps.stop[0] - out, gaps.start[-1] + out]
        marked = values[self._gap_of(values) >= 0]
        zero = self._gap_of(np.zeros(1), self.sheet.gaps.left, self.sheet.gaps.right)
        if zero[0] >= 0:
            marked = np.append(marked, self.sheet.coordinates(np.zeros(1), zero))
        ends = np.concatenate([gaps.start, gaps.stop])
        for at in marked.tolist():
            s.append(at + 1e-4 * np.abs(ends - at).min() * np.array([-1.0, 1.0]))
        every = np.unique(np.concatenate(s))
        gap = self._gap_of(every)
        return gap[gap >= 0], every[gap >= 0]

    def _gap_of(self, s: NDArray, start: NDArray | None = None, stop: NDArray | None = None) -> NDArray:
        """The number of the gap in which each point lies, -1 where in none."""
        start, stop = self.sheet.gaps.start if start is None else start, self.sheet.gaps.stop if stop is None else stop
        found = np.searchsorted(start, s, side="left") - 1
        return np.where((found >= 0) & (s < stop[found]), found, -1)

    def _intervals(self) -> list[Interval]:
        sheet, middles = self.sheet, self._middles()
        x = self.inverse.slopes(middles)[0]
        below = self._below(middles)
        hard = [self._hard(sheet.left, 1.0), self._hard(sheet.right, -1.0)]
        for ends, flags in zip((sheet.left, sheet.right), hard, strict=True):
            ends[flags & (np.abs(ends) < 1e-12 * (sheet.right - sheet.left))] = 0.0
        for end in np.unique(np.concatenate([sheet.left[hard[0]], sheet.right[hard[1]]])).tolist():
            mass = float(mass_at(self.branch, np.array([end]))[0])
            self.atoms |= {end: mass} if mass > 0 else {}
        atoms = np.array(sorted(self.atoms)), np.array([self.atoms[a] for a in sorted(self.atoms)])
        inside = [float(atoms[1][(atoms[0] > low) & (atoms[0] < high)].sum()) for low, high in pairwise(x)]
        return [
            Interval(float(sheet.left[i]), float(sheet.right[i]), (float(x[i]), float(x[i + 1])),
                     (bool(hard[0][i]), bool(hard[1][i])), float(below[i + 1] - below[i]) - inside[i])
            for i in range(len(sheet.left))
        ]  # fmt: skip

    def _middles(self) -> NDArray:
        """A point of every gap, in the middle of the widest part without an atom or a value of the spectrum."""
        gaps, found = self.sheet.gaps, []
        values = self.inverse.values
        marks = np.sort(np.concatenate([self.marks, values[self._gap_of(values) >= 0]]))
        for start, stop in zip(gaps.start, gaps.stop, strict=True):
            low = stop - 2 * self.scale if np.isinf(start) else start
            high = start + 2 * self.scale if np.isinf(stop) else stop
            ends = np.concatenate([[low], marks[(marks > low) & (marks < high)], [high]])
            i = int(np.argmax(np.diff(ends)))
            found.append((ends[i] + ends[i + 1]) / 2)
        return np.array(found)

    def _below(self, s: NDArray) -> NDArray:
        """Shares of eigenvalues below z(s): half, less the integral of Re g dz over the line above s, as a sum in log height."""
        poles = np.sort(np.concatenate([self.inverse.values, self.marks, self.sheet.gaps.start[1:], self.sheet.gaps.stop[:-1]]))
        place = np.clip(np.searchsorted(poles, s), 1, len(poles) - 1)
        near = np.minimum(np.abs(s - poles[place - 1]), np.abs(s - poles[place]))
        top = 10 * FAR * self.scale
        counts = np.ceil(np.log(top / (BOTTOM * near)) / STEP).astype(int) + 1
        first = np.cumsum(counts) - counts
        heights = top * np.exp(-STEP * (np.arange(counts.sum()) - np.repeat(first, counts)))
        _, slope, g = self.inverse.green(np.repeat(s, counts) + 1j * heights)
        terms = (slope * g).real * heights
        tail = (terms[first] + terms[first + counts - 1]) / np.expm1(STEP)
        return 0.5 - STEP / np.pi * (np.add.reduceat(terms, first) + tail)

    def _hard(self, ends: NDArray, side: float) -> NDArray:
        """Ends towards which the density grows; only where a value of the spectrum or zero is an end can it."""
        length = self.sheet.right - self.sheet.left
        s = self.sheet.low if side > 0 else self.sheet.high
        place = np.clip(np.searchsorted(self.inverse.values, s), 1, len(self.inverse.values) - 1)
        away = np.minimum(*(np.abs(s - self.inverse.values[place - k]) for k in (0, 1)))
        hard = (away < 1e-6 * (self.sheet.high - self.sheet.low)) | (np.abs(ends) < 1e-9 * length)
        at = np.flatnonzero(hard)
        if at.size:
            near, nearer = (self.sheet.real(ends[at] + side * length[at] * share)[0].imag for share in (1e-9, 1e-11))
            hard[at] = nearer > near
        return hard

    def _witnessed(self) -> bool:
        """Whether the way down from above gives the same, at points of several intervals and gaps where it can be gone."""
        sheet = self.sheet
        chosen = np.unique(np.linspace(0, len(sheet.left) - 1, WITNESSES).astype(int))
        x = sheet.left[chosen] + (sheet.right - sheet.left)[chosen] * np.linspace(0.3, 0.7, len(chosen))
        x = np.concatenate([x, [i.outside[0] for i in self.intervals[:: max(1, len(self.intervals) // WITNESSES)]]])
        down = self.branch.solution(x, False)[1]
        known = np.isfinite(down)
        with np.errstate(all="ignore"):
            same = np.abs(sheet.real(x)[0] - down) < AGREED * np.abs(down)
        return bool(same[known].all())


def mapped_support(branch: Branch) -> MappedSupport | None:
    """The support by the inverse map of a branch; None where there is no map, or where what it gives is no law."""
    inverse = inverse_of(branch)
    if inverse is None:
        return None
    found = MappedSupport(branch, inverse)
    return found if found.consistent else None
