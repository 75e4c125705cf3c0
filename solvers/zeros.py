"""Curves on which n equations in n + 1 variables hold, followed by arc length: round folds, where no parameter would do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.compile import compile_expressions
from solvers.fixed_point import EPSILON
from solvers.modes.mode_data import ModeData
from solvers.rounding import rounding
from solvers.systems import evaluated
from theory.averages import Bound

FLOOR = 1e-2
"""A variable is measured in units of its own size plus this share of its natural one."""
FIRST, LONGEST, SHORTEST = 0.02, 0.1, 1e-9
TURN = 0.97
"""Least cosine of the angle between neighbouring tangents."""
STEPS = 12


def _beside_kinks(slope: sp.Expr) -> sp.Expr:
    """A derivative without the peaks that kinks at single values of the variables leave, where a curve has none."""
    peaks = [peak for peak in slope.atoms(sp.DiracDelta) if not any(isinstance(s, Bound) for s in peak.free_symbols)]
    return slope.xreplace(dict.fromkeys(peaks, sp.S.Zero))


@dataclass(frozen=True)
class Place:
    """A point of a curve: coordinates (n + 1,), the unit tangent there, and the length of the step that leads on."""

    x: NDArray
    tangent: NDArray
    step: float = 0.0


class ZeroCurve:
    """Equations and their Jacobian at given values of everything else. ``units`` are the natural sizes of the variables.

    Variables in ``logarithmic`` are positive, and move in their logarithm.
    """

    def __init__(
        self, equations: Sequence[sp.Expr], variables: Sequence[sp.Symbol], given: Mapping[Any, float], data: ModeData,
        units: NDArray, logarithmic: NDArray, nodes: int,
    ):  # fmt: skip
        self.variables, self.given, self.data = list(variables), dict(given), data
        self.units, self.logarithmic, self.count = units, logarithmic, len(equations)
        slopes = [_beside_kinks(e.diff(v)) for e in equations for v in variables]
        noise = [_beside_kinks(rounding(e)) for e in equations]
        self._compiled = compile_expressions([*equations, *noise, *slopes], nodes, "uniform")

    def opened(self, x: NDArray) -> NDArray:
        """Values of the variables at coordinates."""
        return np.where(self.logarithmic, np.exp(np.where(self.logarithmic, x, 0.0)), x)

    def __call__(self, x: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        """Residuals (n,), their rounding (n,) and the Jacobian (n, n + 1) in the coordinates."""
        values = self.opened(x)
        scalars = {s: np.array([v]) for s, v in [*self.given.items(), *zip(self.variables, values, strict=True)]}
        found = np.array([v[0] for v in evaluated(self._compiled, scalars, 1, self.data)])
        residual, noise, slopes = np.split(found, [self.count, 2 * self.count])
        jacobian = slopes.reshape(self.count, len(x)) * np.where(self.logarithmic, values, 1.0)
        return residual, EPSILON * noise, jacobian

    def scale(self, x: NDArray) -> NDArray:
        """Units of length at a point; a logarithm is its own."""
        return np.where(self.logarithmic, self.units, np.abs(x) + FLOOR * self.units)

    def tangent(self, x: NDArray, along: NDArray) -> NDArray | None:
        """Unit tangent in units of length, on the side of ``along``; None where there is none."""
        jacobian = self(x)[2] * self.scale(x)
        if not np.all(np.isfinite(jacobian)):
            return None
        jacobian = jacobian / np.maximum(np.linalg.norm(jacobian, axis=1, keepdims=True), 1e-300)
        vector = np.linalg.svd(jacobian)[2][-1]
        return vector if vector @ along >= 0 else -vector

    def corrected(self, x: NDArray, normal: NDArray) -> NDArray | None:
        """The zero nearest to x in the plane through it with that normal (in units of length), by Newton's method; or None."""
        scale, here, last = self.scale(x), x, np.inf
        for _ in range(STEPS):
            residual, noise, jacobian = self(here)
            rows = np.vstack([jacobian * scale, normal])
            if not (np.all(np.isfinite(rows)) and np.all(np.isfinite(residual))):
                return None
            size = np.maximum(np.linalg.norm(rows, axis=1), 1e-300)
            right = np.append(residual, normal @ ((here - x) / scale))
            try:
                step = -np.linalg.solve(rows / size[:, None], right / size)
            except np.linalg.LinAlgError:
                return None
            length = float(np.linalg.norm(step))
            here = here + scale * step
            if length <= 1e-13 or (length >= 0.5 * last and length < 1e-9) or np.all(np.abs(residual) <= noise):
                return here
            if length > 0.5 or length > 2 * last:
                return None
            last = length
        return here if last < 1e-9 else None

    def error(self, place: Place, finer: ZeroCurve) -> NDArray:
        """How far the variables may be from the curve, in the plane across it: rounding, and the nodes of averages."""
        residual, noise, jacobian = finer(place.x)
        rows = np.vstack([jacobian * self.scale(place.x), place.tangent])
        doubt = np.append(np.abs(residual) + noise, 0.0)
        inverse = np.linalg.pinv(rows)
        return np.abs(inverse) @ doubt * self.scale(place.x)

    def on(self, place: Place, length: float) -> Place | None:
        """The point of the curve a given length behind a place."""
        found = self.corrected(place.x + length * self.scale(place.x) * place.tangent, place.tangent)
        tangent = None if found is None else self.tangent(found, place.tangent)
        return None if found is None or tangent is None else Place(found, tangent)


def follow_zeros(curve: ZeroCurve, start: Place, inside: Callable[[NDArray], bool], most: int) -> tuple[list[Place], str]:
    """Places from ``start`` on, and why they end: "outside" (the last one is beyond), "lost", "closed" or "long"."""
    places, here, step = [], start, FIRST
    while len(places) < most:
        ahead = curve.on(here, step)
        if ahead is None or ahead.tangent @ here.tangent < TURN or not _near(curve, here, ahead, step):
            step /= 2
            if step < SHORTEST:
                return [*places, here], "lost"
            continue
        places.append(Place(here.x, here.tangent, step))
        here = ahead
        if not inside(curve.opened(here.x)):
            return [*places, here], "outside"
        if len(places) > 10 and np.linalg.norm((here.x - start.x) / curve.scale(start.x)) < step / 2:
            return [*places, here], "closed"
        step = min(LONGEST, 1.4 * step)
    return [*places, here], "long"


def _near(curve: ZeroCurve, here: Place, ahead: Place, step: float) -> bool:
    return float(np.linalg.norm((ahead.x - here.x) / curve.scale(here.x))) < 2 * step
