"""The best value of a scalar parameter, such as the optimal ridge: a root of the exact derivative, found at every point at once."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.manifests import manifest
from solvers.options import check_names, check_theory, check_tolerance
from solvers.runs import Origin
from solvers.sweeps import TOLERANCE
from solvers.systems import compiled_system, symbols_of
from solvers.values import bind
from theory.errors import ConvergenceError, ParameterError, did_you_mean

GRID = 121
"""Values tried first; a minimum narrower than their spacing can be missed."""
RESOLVED = 0.1
"""A minimum whose place is more uncertain than this is rounding, not a minimum."""
DECADES = (-30.0, 18.0)
"""Default range of a positive parameter, in decades around the scale of the unknowns."""


@dataclass(frozen=True, eq=False)
class Optimum:
    """Where an observable is smallest: floats, or arrays of the axes' shape.

    ``value`` of the parameter and its relative ``error`` (of a signed one relative to at least a thousandth of the range);
    ``observable`` there and its relative ``observable_error``; ``gradient``, the observable's derivative by the parameter;
    ``at_bound``: "" inside, "lower" or "upper" where the search ended at an end.
    """

    parameter: str
    name: str
    value: Any
    observable: Any
    gradient: Any
    error: Any
    observable_error: Any
    at_bound: Any
    axes: dict[str, NDArray]
    manifest: dict[str, Any] = field(repr=False)


def optimise(
    theory: Any,
    parameter: str,
    *,
    observable: str | None = None,
    bounds: tuple[float, float] | None = None,
    zip: Any = (),
    tolerance: float = TOLERANCE,
    **values: Any,
) -> Optimum:
    """The value of a scalar parameter that minimises an observable (the first one by default), at every point of a sweep.

    The search runs over ``bounds``, in the logarithm where they are positive; all local minima on a grid are polished and
    the lowest taken. A parameter with a limit at its lower end (ridge) is also tried there. ParameterError for bad input,
    ConvergenceError where the observable cannot be had to ``tolerance``.
    """
    check_theory(theory)
    check_tolerance(tolerance)
    check_names(zip, "zip")
    check_names(observable if observable is None or isinstance(observable, str) else [observable], "observable")
    entry = theory.parameter(parameter)
    if entry.ndim:
        raise ParameterError(f"optimise: {parameter} has a value for each mode; name a scalar parameter")
    if parameter in values:
        raise ParameterError(f"optimise: {parameter} = {values[parameter]!r} is what is sought; leave it out, or give bounds=")
    name = observable or next(iter(theory.observables))
    if name not in theory.observables:
        raise ParameterError(f"{theory.name}: no observable {name!r}; {did_you_mean(name, theory.observables)}")
    ends = _given_bounds(entry, bounds)
    inner = (entry.default if entry.default is not None else 1.0) if ends is None else sum(ends) / 2
    bound = bind(theory, {**values, parameter: inner}, zip)
    origin = Origin(replace(theory, derivation=None), bound, tolerance, None)
    low, high = _range(origin, entry, ends)
    return _Search(origin, entry, name, low, high, ends is None).optimum()


def _given_bounds(entry: Any, bounds: tuple[float, float] | None) -> tuple[float, float] | None:
    if bounds is None and None not in (entry.lower, entry.upper):
        return float(entry.lower), float(entry.upper)
    if bounds is None:
        if entry.lower is None or entry.lower < 0:
            raise ParameterError(f"optimise: {entry.name} is not bounded below by 0; give bounds=(low, high)")
        return None
    try:
        low, high = (float(b) for b in bounds)
    except (TypeError, ValueError):
        raise ParameterError(f"bounds: {bounds!r} are not two numbers; give (low, high)") from None
    floor = -math.inf if entry.lower is None else entry.lower
    ceiling = math.inf if entry.upper is None else entry.upper
    excluded = (low == floor and entry.lower_open) or (high == ceiling and entry.upper_open)
    if not (floor <= low < high <= ceiling and math.isfinite(high - low)) or excluded:
        raise ParameterError(f"bounds: ({low:g}, {high:g}) is no interval in the domain of {entry.name}; give low < high inside it")
    return low, high


def _range(origin: Origin, entry: Any, ends: tuple[float, float] | None) -> tuple[NDArray, NDArray]:
    """Ends of the search at each point."""
    points = origin.values.points
    if ends is not None:
        return np.full(points, ends[0]), np.full(points, ends[1])
    system, scale = compiled_system(origin.theory), np.ones(points)
    named = origin.values.scalars([p.name for p in origin.theory.parameters if not p.ndim])
    named[entry.name] = np.full(points, 1e-200)
    for (data, _), which in origin.cases:
        _, upper = system.bounds(symbols_of(origin.theory, {n: v[which] for n, v in named.items()}), len(which), data)
        top = np.where(np.isfinite(upper) & (upper > 0), upper, 0.0).max(axis=1, initial=0.0)
        scale[which] = np.where(top > 1e-100, top, 1.0)
    return scale * 10.0 ** DECADES[0], scale * 10.0 ** DECADES[1]


class _Search:
    def __init__(self, origin: Origin, entry: Any, name: str, low: NDArray, high: NDArray, open_ends: bool):
        self.origin, self.entry, self.name, self.open_ends = origin, entry, name, open_ends
        self.low, self.high = low, high
        self.limit = bool(getattr(entry, "limit_at_lower", False)) and bool((low <= entry.lower).all() or open_ends)
        self.logarithmic = bool((low >= 0).all())

    def evaluate(self, x: NDArray) -> tuple[NDArray, ...]:
        """Observable, its relative error, its derivative by the parameter and the absolute error of that, each (points, tries)."""
        key = (self.entry.name, self.name)
        found = self.origin.run((self.name,), [key], given=(self.entry.name, x), refine=False)
        value, error = found.values[self.name], found.errors[self.name]
        if value.ndim > 1:
            raise ParameterError(f"optimise: {self.name} has a value for each mode; name a scalar observable")
        value = np.where(error <= self.origin.tolerance, value, np.inf)
        return tuple(a.reshape(x.shape) for a in (value, error, found.gradients[key], found.gradient_errors[key]))

    def _x(self, u: NDArray) -> NDArray:
        return np.exp(u) if self.logarithmic else u

    def optimum(self) -> Optimum:
        points = len(self.low)
        low = np.where(self.low > 0, self.low, self.high * 1e-40) if self.logarithmic else self.low
        ends = (np.log(low), np.log(self.high)) if self.logarithmic else (low, self.high)
        u = np.linspace(*ends, GRID, axis=1)
        value, _, slope, noise = self.evaluate(self._x(u))
        falls = (slope[:, :-1] < 0) & (slope[:, 1:] >= 0) & np.isfinite(value[:, :-1]) & np.isfinite(value[:, 1:])
        falls &= (np.abs(slope) > noise)[:, :-1] | (np.abs(slope) > noise)[:, 1:]
        tries = max(1, int(falls.sum(axis=1).max(initial=0)))
        left, right = np.full((points, tries), np.nan), np.full((points, tries), np.nan)
        for i in range(points):
            found = np.flatnonzero(falls[i])
            left[i, : len(found)], right[i, : len(found)] = u[i, found], u[i, found + 1]
        root, doubt = self._polished(left, right)
        root = np.where(doubt < RESOLVED, root, np.nan)
        first = np.full((points, 1), self.entry.lower) if self.limit else self._x(u[:, :1])
        x = np.concatenate([first, self._x(u[:, -1:]), np.where(np.isnan(root), self._x(u[:, :1]), self._x(root))], axis=1)
        best_value, best_error, best_slope, _ = self.evaluate(x)
        best_value[:, 2:][np.isnan(root)] = np.inf
        if np.isposinf(best_value).all(axis=1).any():
            raise ConvergenceError(
                f"{self.origin.theory.name}: {self.name} has no value in the range of {self.entry.name}; give bounds="
            )
        rows = np.arange(points)
        inside = 2 + np.argmin(best_value[:, 2:], axis=1)
        ends_best = np.argmin(best_value[:, :2], axis=1)
        blur = best_error[rows, inside] + best_error[rows, ends_best]
        interior = best_value[rows, inside] <= best_value[rows, ends_best] + blur * np.abs(best_value[rows, inside])
        chosen = np.where(np.isfinite(best_value[rows, inside]) & interior, inside, ends_best)
        error = np.concatenate([np.zeros((points, 2)), doubt], axis=1)[rows, chosen]
        at_bound = np.array(["lower", "upper", ""])[np.minimum(chosen, 2)]
        shape = self.origin.values.shape
        arrays = [a[rows, chosen] for a in (x, best_value, best_slope)] + [error, best_error[rows, chosen], at_bound]
        shaped = [a.reshape(shape) for a in arrays]
        out = shaped if shape else [a.item() for a in shaped]
        given = {n: v for n, v in {**self.origin.values.fixed, **self.origin.values.axes}.items() if n != self.entry.name}
        theory = self.origin.theory
        record = manifest(theory.name, theory.signature, given, optimised=self.entry.name, observable=self.name)
        return Optimum(self.entry.name, self.name, *out, axes=dict(self.origin.values.axes), manifest=record)

    def _polished(self, left: NDArray, right: NDArray) -> tuple[NDArray, NDArray]:
        """Roots of the derivative in each bracket and the relative error of the parameter there; NaN where the bracket is."""
        if np.isnan(left).all():
            return left, left
        middle = np.where(np.isnan(left), np.nanmean((left + right) / 2), (left + right) / 2)

        def derivative(u: NDArray) -> tuple[NDArray, NDArray]:
            x = self._x(np.where(np.isnan(u), middle, u))
            _, _, slope, noise = self.evaluate(x)
            return (slope * x, noise * x) if self.logarithmic else (slope, noise)

        root, width = chandrupatla(lambda u: derivative(u)[0], left, right)
        reach = (right - left) / 64
        curvature = (derivative(root + reach)[0] - derivative(root - reach)[0]) / (2 * reach)
        value, noise = derivative(root)
        with np.errstate(all="ignore"):
            doubt = width + (np.abs(value) + noise) / np.abs(curvature)
        doubt = np.where(curvature > 0, doubt, np.inf)
        return root, doubt if self.logarithmic else doubt / np.maximum(np.abs(root), 1e-3 * (self.high - self.low)[:, None])


def chandrupatla(
    function: Callable[[NDArray], NDArray], left: NDArray, right: NDArray, iterations: int = 60
) -> tuple[NDArray, NDArray]:
    """Roots of a function in brackets, all at once, by inverse quadratic interpolation kept safe by halving (Chandrupatla 1997).

    Returns roots and the widths of the last brackets.
    """
    b, a = left.copy(), right.copy()
    fb, fa = function(b), function(a)
    c, fc, t = a.copy(), fa.copy(), np.full(a.shape, 0.5)
    with np.errstate(all="ignore"):
        for _ in range(iterations):
            x = a + t * (b - a)
            fx = function(x)
            same = np.sign(fx) == np.sign(fa)
            c, fc = np.where(same, a, b), np.where(same, fa, fb)
            b, fb = np.where(same, b, a), np.where(same, fb, fa)
            a, fa = x, fx
            best = np.where(np.abs(fa) < np.abs(fb), a, b)
            width = np.abs(b - a)
            limit = 2 * np.finfo(float).eps * np.maximum(np.abs(best), 1.0)
            done = (width <= 4 * limit) | (fa == 0) | (fb == 0) | np.isnan(fx)
            if done.all():
                break
            xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
            interpolate = (phi**2 < xi) & ((1 - phi) ** 2 < 1 - xi)
            quadratic = fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
            t = np.where(interpolate & np.isfinite(quadratic), quadratic, 0.5)
            small = limit / np.maximum(width, 1e-300)
            t = np.where(done, 0.0, np.clip(t, np.minimum(small, 0.5), np.maximum(1 - small, 0.5)))
    zero = (fa == 0) | (fb == 0)
    return np.where(np.abs(fa) < np.abs(fb), a, b), np.where(zero, 2 * np.finfo(float).eps, np.abs(b - a))
