"""Branches of solutions followed in a parameter, with their spinodals and crossings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from solvers.branches import Branch, Line, Special
from solvers.modes.mode_data import ModeData
from solvers.options import check_theory, check_tolerance
from solvers.quadrature import LEVELS
from solvers.runs import Origin
from solvers.sweeps import solve
from solvers.systems import System, compiled_system, symbols_of
from solvers.values import bind
from solvers.zeros import Place, ZeroCurve, follow_zeros
from theory.errors import ConvergenceError, ParameterError

MOST = 2000
"""Points of one branch."""
WIDE = 10.0
"""An interval of a positive parameter that spans more than this factor is followed in the logarithm."""


def follow(
    theory: Any,
    parameter: str,
    between: tuple[float, float],
    *,
    at: float | None = None,
    start: Mapping[str, float] | None = None,
    observables: Sequence[str] | str | None = None,
    tolerance: float = 1e-9,
    **values: Any,
) -> Branch:
    """The branch of solutions through one point, followed in a scalar parameter round its folds until it leaves ``between``.

    The point is the solution at the value ``at`` (the first end of the interval by default), near ``start`` (unknown -> value)
    where several branches exist. ``observables``: all scalar ones by default. Errors are distances across the branch, relative to
    the size of a variable: rounding and quadrature.
    ParameterError for bad input; ConvergenceError where there is no solution to begin with or the error exceeds ``tolerance``.
    """
    check_theory(theory)
    check_tolerance(tolerance)
    low, high = interval(theory, parameter, between)
    begin = float(between[0] if at is None else at)
    if not low <= begin <= high:
        raise ParameterError(f"at: {begin:g}; it must lie between {low:g} and {high:g}")
    given, data = given_values(theory, {parameter: begin}, values)
    names = [n for n in theory.observables if n not in compiled_system(theory).per_mode] if observables is None else observables
    names = [names] if isinstance(names, str) else list(names)
    for name in names:
        theory.expanded(name)
    first = _begin(theory, {**values, parameter: begin}, start)

    def made(nodes: int, finer: int) -> Branch:
        curves = [_solutions(compiled_system(theory, n), parameter, (low, high), given, data, first, n) for n in (nodes, finer)]
        places, ends = _both_ways(curves[0], first, begin, low, high, parameter)
        system = compiled_system(theory, nodes)
        return Branch.of(system, curves[0], curves[1], places, ends, parameter, names, given, data, dict(values), theory, tolerance)

    return precise(theory, made, tolerance)


def intersect(one: Branch, other: Branch, name: str) -> tuple[Special, ...]:
    """Points at which an observable or order parameter has the same value on two branches of one theory, in the order of the first.

    Where the free energies of two phases meet is a transition of first order.
    """
    return one.meet(other, name)


Found = TypeVar("Found", Branch, Line)


def precise(theory: Any, made: Callable[[int, int], Found], tolerance: float) -> Found:
    """What is found with the fewest nodes of Gaussian averages that keep the tolerance, told by the next finer ones."""
    found = made(*LEVELS[:2])
    for nodes, finer in pairwise((*LEVELS[1:], 2 * LEVELS[-1] - 1)):
        if found.error.max(initial=0.0) <= tolerance or not compiled_system(theory).has_quadrature:
            break
        found = made(nodes, finer)
    worst = float(found.error.max(initial=0.0))
    if not worst <= tolerance:
        raise ConvergenceError(f"{theory.name}: relative error {worst:.1e} on the way; raise tolerance")
    return found


def interval(theory: Any, name: str, between: Any) -> tuple[float, float]:
    """The two ends, in order, of the interval of a scalar parameter; ParameterError for anything else."""
    entry = theory.parameter(name)
    if entry.ndim:
        raise ParameterError(f"{name}: it has a value for each mode; follow a number")
    try:
        low, high = sorted(float(v) for v in between)
    except (TypeError, ValueError):
        raise ParameterError(f"interval of {name}: {between!r}; give two numbers") from None
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise ParameterError(f"interval of {name}: {between!r}; give two different finite numbers")
    for end in (low, high):
        if not entry.contains(end):
            raise ParameterError(f"interval of {name}: {end:g} is outside its domain, {entry.domain}")
    return low, high


def given_values(theory: Any, first: Mapping[str, float], values: Mapping[str, Any]) -> tuple[dict[Any, float], ModeData]:
    """Scalars by symbol, and mode data; ParameterError for axes and for what `bind` refuses."""
    clash = sorted(set(first) & set(values))
    if clash:
        raise ParameterError(f"{clash[0]}: it is followed; leave its value out")
    bound = bind(theory, {**values, **first}, ())
    if bound.axes:
        raise ParameterError(f"{next(iter(bound.axes))}: an axis; a branch has one value of it")
    origin = Origin(theory, bound, 1.0, None)
    ((data, _), _), *_ = origin.cases
    scalars = bound.scalars([p.name for p in theory.parameters if not p.ndim])
    return {s: float(v[0]) for s, v in symbols_of(theory, scalars).items()}, data


def _begin(theory: Any, values: Mapping[str, Any], start: Mapping[str, float] | None) -> NDArray:
    found = solve(theory, on_failure="mask", tolerance=1e-6, start=start, observables=[], **values)
    first = np.array([found.order_parameters[u.name] for u in theory.unknowns])
    if not np.all(np.isfinite(first)):
        where = "near start" if start else "that is found without start"
        raise ConvergenceError(f"{theory.name}: no solution {where} at the point to begin with; give start= with every unknown")
    return first


def _solutions(
    system: System, parameter: str, ends: tuple[float, float], given: Mapping[Any, float], data: ModeData, first: NDArray,
    nodes: int,
) -> ZeroCurve:  # fmt: skip
    symbol = system.theory.parameter(parameter).symbol
    rest = {s: v for s, v in given.items() if s != symbol}
    logs = np.array([*[False] * len(first), is_logarithmic(ends)])
    units = np.array([*np.maximum(np.abs(first), 0.1), unit_of(ends)])
    return ZeroCurve([forms[0] for forms in system.forms], [*system.unknowns, symbol], rest, data, units, logs, nodes)


def is_logarithmic(ends: tuple[float, float]) -> bool:
    """Whether a parameter is followed in its logarithm."""
    return ends[0] > 0 and ends[1] > WIDE * ends[0]


def unit_of(ends: tuple[float, float]) -> float:
    """The length of an interval in the coordinate in which it is followed."""
    return float(np.log(ends[1] / ends[0])) if is_logarithmic(ends) else ends[1] - ends[0]


def _both_ways(
    curve: ZeroCurve, first: NDArray, begin: float, low: float, high: float, parameter: str
) -> tuple[list[Place], tuple[str, str]]:
    """Places from the beginning of the branch to its end; a way is left out where it leads outside at once."""
    last = np.zeros(len(first) + 1)
    last[-1] = 1.0
    x = np.append(first, np.log(begin) if curve.logarithmic[-1] else begin)
    x = curve.corrected(x, last)
    if x is None or (tangent := curve.tangent(x, last)) is None:
        raise ConvergenceError(f"the solution at {parameter} = {begin:g} is singular; begin elsewhere")
    ways = []
    for sign in (1.0, -1.0):
        if (begin == high and sign > 0) or (begin == low and sign < 0):
            ways.append(([Place(x, sign * tangent)], "outside"))
            continue
        places, why = follow_zeros(curve, Place(x, sign * tangent), lambda v: low <= v[-1] <= high, MOST)
        if why == "outside":
            places[-1] = _at_end(curve, places[-2], places[-1], low, high)
        ways.append((places, why))
    (ahead, end), (behind, other) = ways
    reversed_ = [Place(b.x, -b.tangent, a.step) for a, b in pairwise(behind)][::-1]
    return [*reversed_, *ahead], (other, end)


def _at_end(curve: ZeroCurve, before: Place, beyond: Place, low: float, high: float) -> Place:
    """The point between two places at which the parameter is at the end of the interval."""
    edge = high if curve.opened(beyond.x)[-1] > high else low
    edge = float(np.log(edge)) if curve.logarithmic[-1] else edge
    share = (edge - before.x[-1]) / (beyond.x[-1] - before.x[-1])
    guess = before.x + share * (beyond.x - before.x)
    guess[-1] = edge
    fixed = np.zeros(len(guess))
    fixed[-1] = 1.0
    found = curve.corrected(guess, fixed)
    tangent = None if found is None else curve.tangent(found, beyond.tangent)
    return beyond if found is None or tangent is None else Place(found, tangent)
