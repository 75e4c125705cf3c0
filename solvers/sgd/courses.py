"""The mean step of a descent at given sizes: contour integrals of the derived resolvents, for all times on one contour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.compile import compile_expressions
from solvers.dynamical.two_sided import TwoSided
from solvers.modes.mode_data import ModeData
from solvers.sgd.enclosures import Contour, contour, mirrored
from solvers.sgd.ridge_branches import Branch, branch_of, upper_edge
from theory.errors import ParameterError

NEAR = 1.0
"""The contour passes the slow end of the spectrum at this share of 1/(rate t)."""
FEWEST, FASTEST = 10.0, 1e12
"""Times for which the contour is made are at least this long, and steps at most that many times too long."""
EPSILON = np.finfo(float).eps

Estimate = tuple[NDArray, NDArray]
"""Values and their errors."""


class Equivalents:
    """The compiled resolvents of a theory."""

    def __init__(self, theory: Any):
        self.theory = theory
        first, second = theory.ridges
        self.single: dict[str, tuple[Branch, Any]] = {}
        self.double: dict[str, tuple[Branch, Branch, TwoSided]] = {}
        for name, inner in theory.sources:
            value = inner.expanded(name)
            if name == theory.loss:
                self.single[name] = (branch_of(inner, first), compile_expressions([value]))
            else:
                left, right = branch_of(inner, first), branch_of(inner, second)
                self.double[name] = (left, right, TwoSided([value], left.unknowns, right.unknowns))
        self.branch = branch_of(theory.kernels or theory.sources[0][1], first)
        inner = theory.kernels
        self.kernels = {n: compile_expressions([inner.expanded(n)]) for n in inner.observables} if inner is not None else {}
        self.coefficients = compile_expressions([theory.rate, theory.decay, theory.strength])
        # The contour runs in x + decay, of which the weights are functions without cancellation.
        shifted = {theory.eigenvalue: theory.eigenvalue - theory.decay}
        self.weights = compile_expressions([w.xreplace(shifted) for w in (theory.weight, theory.loss_weight, theory.factor)])

    def numbers(self, scalars: Mapping[Any, float]) -> tuple[float, float, float]:
        """Rate, decay and strength of the noise."""
        rate, decay, strength = (float(v) for v in self.coefficients({s: scalars[s] for s in self.coefficients.scalars}))
        return rate, decay, strength

    def value(self, branch: Branch, compiled: Any, ridges: NDArray, scalars: Mapping[Any, float], data: ModeData,
              scale: float) -> NDArray:
        """A function of the unknowns of a branch at complex ridges."""
        x = branch.solve(ridges, scalars, data, scale)
        known = {**data.sizes, **scalars, branch.ridge: ridges, **{u: x[:, i] for i, u in enumerate(branch.unknowns)}}
        (found,) = compiled({s: known[s] for s in compiled.scalars}, data.arrays, data.weights, data.counts)
        return np.broadcast_to(found, ridges.shape)


_made: dict[str, Equivalents] = {}


def equivalents(theory: Any) -> Equivalents:
    """The compiled resolvents of a theory, made once for equal mathematics."""
    if theory.signature not in _made:
        if len(_made) >= 32:
            _made.pop(next(iter(_made)))
        _made[theory.signature] = Equivalents(theory)
    return _made[theory.signature]


class Course:
    """Sources F(t) and kernels K(u) of one descent at given sizes, at any time up to the last one."""

    def __init__(self, found: Equivalents, scalars: Mapping[Any, float], data: ModeData, last: float):
        self.found, self.scalars, self.data = found, dict(scalars), data
        self.rate, self.decay, _ = found.numbers(self.scalars)
        self.scale = spectrum_scale(data)
        self.edge = upper_edge(found.branch, self.scalars, data, self.scale)
        growth, stable = float(self.rate) * float(self.edge + self.decay), 2 / float(self.edge + self.decay)
        if found.theory.method != "flow" and not growth < FASTEST:
            raise ParameterError(f"learning_rate = {self.rate:g}: a step multiplies errors by {growth:.3g}; lower it, a mean step "
                                 f"is stable up to {stable:.3g}")
        self.path = self._contour(max(float(last), FEWEST))
        self.ridges = self.decay - self.path.nodes
        self._values: dict[str, NDArray] = {}

    def _contour(self, last: float) -> Contour:
        length = self.edge + self.decay
        fast = length
        if self.found.theory.method != "flow":
            # The factor of a step is -growth at the edge; beyond it half of what is left to -1, or no more than powers allow.
            growth = self.rate * length - 1
            fast = min(length, max((1 - growth) / 2, NEAR / last) / self.rate)
        return contour(0.0, length, NEAR / (self.rate * last), fast)

    def integrand(self, which: int, nodes: NDArray, times: NDArray) -> NDArray:
        """Weight (0), weight of the loss (1) or factor of a step (2) at every time and node, (times, nodes)."""
        theory, compiled = self.found.theory, self.found.weights
        clock = theory.parameter("t").symbol
        known = {**self.scalars, theory.eigenvalue: nodes[None, :], clock: times[:, None]}
        with np.errstate(over="ignore", invalid="ignore"):
            value = compiled({s: known[s] for s in compiled.scalars})[which]
        return np.broadcast_to(value, (len(times), len(nodes)))

    def source(self, name: str, times: NDArray) -> Estimate:
        """F(t)."""
        with np.errstate(over="ignore", invalid="ignore"):
            fine, coarse, size = self._single(name, times) if name in self.found.single else self._double(name, times)
        return fine, error_of(fine, coarse, size)

    def _single(self, name: str, times: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        if name not in self._values:
            self._values[name] = self.found.value(*self.found.single[name], self.ridges, self.scalars, self.data, self.scale)
        return _integrated(self.integrand(1, self.path.nodes, times), self._values[name], self.path)

    def _double(self, name: str, times: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        if name not in self._values:
            self._values[name] = self._grid(name)
        grid, path = self._values[name], self.path
        left, right = self.integrand(0, path.nodes, times), self.integrand(0, path.whole, times)
        fine, coarse = (
            np.einsum("ti,ti->t", left * w, (right * path.across(w)) @ grid.T).real for w in (path.weights, path.coarse)
        )
        first, second = np.abs(left * path.weights), np.abs(right * path.across(path.weights))
        return fine, coarse, np.einsum("ti,ti->t", first, second @ np.abs(grid).T)

    def _grid(self, name: str) -> NDArray:
        """An observable at all pairs of nodes: those of the upper half plane by those of the whole contour."""
        left, right, both = self.found.double[name]
        x, y = (b.solve(self.ridges, self.scalars, self.data, self.scale) for b in (left, right))
        others = self.decay - self.path.whole
        scalars = {**self.scalars, left.ridge: self.ridges[:, None], right.ridge: others[None, :]}
        return both(x, mirrored(y), scalars, self.data)[0]

    def kernel(self, name: str, count: int) -> Estimate:
        """K(u) for u < count."""
        compiled = self.found.kernels[name]
        value = -self.found.value(self.found.branch, compiled, self.ridges, self.scalars, self.data, self.scale)
        factor = self.integrand(2, self.path.nodes, np.zeros(1))[0]
        with np.errstate(over="ignore", invalid="ignore"):
            fine, coarse, size = _integrated(factor[None, :] ** (2 * np.arange(count)[:, None]), value, self.path)
        return fine, error_of(fine, coarse, size)


def spectrum_scale(data: ModeData) -> float:
    """A number of the order of the spectrum."""
    return max(float(np.max(a)) for a in data.arrays.values())


def _integrated(powers: NDArray, value: NDArray, path: Contour) -> tuple[NDArray, NDArray, NDArray]:
    fine, coarse = (np.real(powers @ (value * w)) for w in (path.weights, path.coarse))
    return fine, coarse, np.abs(powers) @ np.abs(value * path.weights)


def error_of(fine: NDArray, coarse: NDArray, size: NDArray) -> NDArray:
    """With half the nodes the error, in units of the sum of moduli ``size``, is the square root of that of all; rounding is that
    of the largest terms."""
    with np.errstate(all="ignore"):
        error = 10 * (coarse - fine) ** 2 / size + 4 * EPSILON * size
    return np.where(size == 0, 0.0, np.where(np.isfinite(error), error, np.inf))
