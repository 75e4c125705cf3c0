"""An eigenvalue law as a measure: pieces with a density and atoms, of total mass one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from solvers.descent import Complex
from solvers.spectral.green import Branch
from solvers.spectral.mapped import mapped_support
from solvers.spectral.pieces import Axis, Piece, integrate
from solvers.spectral.support import Interval, Support
from theory.errors import ConvergenceError

TOLERANCE, SPLITS, LEAST = 1e-6, 60, 1e-6
"""Relative error of a mass, rounds in which intervals are split, and the mass of an interval below which the error is absolute."""


class Measure:
    """``pieces`` and ``atoms`` (position -> mass) of the law of a Green's function; ``axis`` solves its equations on the real axis.

    Where the equations have an inverse map the support is found by it, otherwise, or where what it gives is not consistent, by
    points of the line. ConvergenceError, naming the interval and the mass that is missing, where the integral of the density over
    an interval and the count of eigenvalues in it, or the atom at zero and the rank of the matrix, differ by more than 1e-6.
    """

    def __init__(self, branch: Branch) -> None:
        self.name = branch.name
        self.axis: Axis = branch
        self.pieces: tuple[Piece, ...] = ()
        self.atoms: dict[float, float] = {}
        if not self._by_map(branch):
            self._by_points(branch)
            fault = self._fault(branch, 1.0)
            if fault:
                raise ConvergenceError(f"density of {self.name}: {fault}")

    def _by_map(self, branch: Branch) -> bool:
        mapped = mapped_support(branch)
        if mapped is None:
            return False
        found = integrate(mapped.sheet, mapped.intervals)
        self.axis, self.atoms = mapped.sheet, dict(sorted(mapped.atoms.items()))
        self.pieces = tuple(part for part in found if isinstance(part, Piece))
        return len(self.pieces) == len(found) and self._fault(branch, LEAST) is None

    def _by_points(self, branch: Branch) -> None:
        self.axis, support = branch, Support(branch)
        found: list[Piece | tuple[NDArray, Complex]] = []
        done: dict[tuple[float, float], Piece] = {}
        for _ in range(SPLITS):
            found = _integrated(branch, support.intervals, done)
            split = [part for part in found if not isinstance(part, Piece)]
            fresh = np.concatenate([np.zeros(0), *(_between(part) for part in found if isinstance(part, Piece))])
            if not split and not fresh.size:
                break
            for x, g in split:
                support.add(x, g)
            support.add(fresh)
            support.settle()
        self.pieces = tuple(piece for piece in found if isinstance(piece, Piece))
        self.atoms = dict(sorted(support.atoms.items()))

    def _fault(self, branch: Branch, least: float) -> str | None:
        """What is wrong, if anything; masses of intervals are right to 1e-6 of themselves, or of ``least`` if lighter."""
        for piece in self.pieces:
            where, counted = f"[{piece.interval.left:.6g}, {piece.interval.right:.6g}]", piece.interval.mass
            if not abs(piece.mass - counted) <= TOLERANCE * max(least, counted):
                return (f"it integrates to {piece.mass:.8g} over {where}, where the resolvent counts {counted:.8g}; an atom or a "
                        "singularity inside is missing")
        rank = branch.rank()
        if rank is not None and not abs(1 - rank - self.atoms.get(0.0, 0.0)) <= TOLERANCE:
            return (f"an atom of {self.atoms.get(0.0, 0.0):.8g} at 0, where the rank leaves {1 - rank:.8g}; the equations are "
                    "followed to a wrong branch")
        if not abs(self.mass - 1) <= TOLERANCE:
            return (f"{len(self.pieces)} intervals and {len(self.atoms)} atoms have mass {self.mass:.8g}; {1 - self.mass:.2e} is "
                    "missing")
        return None

    @property
    def mass(self) -> float:
        return sum(piece.mass for piece in self.pieces) + sum(self.atoms.values())


def _integrated(branch: Branch, intervals: Sequence[Interval],
                done: dict[tuple[float, float], Piece]) -> list[Piece | tuple[NDArray, Complex]]:
    """The pieces over intervals, taken from those that are done where their ends are the same."""
    new = [interval for interval in intervals if (interval.left, interval.right) not in done]
    found = iter(integrate(branch, new))
    parts: list[Piece | tuple[NDArray, Complex]] = []
    for interval in intervals:
        ends = interval.left, interval.right
        known = done.get(ends)
        part = next(found) if known is None else replace(known, interval=interval)
        if isinstance(part, Piece):
            done[ends] = part
        parts.append(part)
    return parts


def _between(piece: Piece) -> NDArray:
    """Points beyond the ends of a piece, where its mass is not what is counted: there is another one beside it."""
    interval = piece.interval
    if abs(piece.mass - interval.mass) < TOLERANCE / 10:
        return np.zeros(0)
    low, high = interval.outside
    share = np.array([0.01, 0.25, 0.5, 0.75])
    left, right = interval.left - share * (interval.left - low), interval.right + share * (high - interval.right)
    return np.concatenate([left, right, np.linspace(interval.left, interval.right, 41)[1:-1]])
