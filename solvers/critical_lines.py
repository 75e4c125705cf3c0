"""Critical lines in two parameters: spinodals, and lines on which an observable has a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.branches import Line, Special
from solvers.continuation import MOST, given_values, interval, is_logarithmic, precise, unit_of
from solvers.options import check_theory
from solvers.systems import System, compiled_system
from solvers.zeros import Place, ZeroCurve, follow_zeros
from theory.errors import ConvergenceError, ParameterError, did_you_mean


def trace(
    theory: Any,
    on: str | tuple[str, float],
    between: Mapping[str, tuple[float, float]],
    start: Special,
    *,
    tolerance: float = 1e-8,
    **values: Any,
) -> Line:
    """A critical line in two parameters: ``on="spinodal"``, or where an observable has a value, ``on=("replicon", 0.0)``.

    ``between`` maps the two parameters to their intervals; ``start`` is a point on the line, out of ``branch.spinodals`` or
    ``branch.find(name, value)``, from which the line is followed both ways. ``values``: the other parameters.
    """
    check_theory(theory)
    if len(between) != 2:
        raise ParameterError(f"between: {', '.join(between) or 'nothing'}; give the intervals of two parameters")
    ranges = {name: interval(theory, name, ends) for name, ends in between.items()}
    if not isinstance(start, Special):
        raise ParameterError(f"start: {start!r}; give a point out of branch.spinodals or branch.find(...)")
    missing = [n for n in ranges if n not in start.parameters]
    if missing:
        raise ParameterError(f"start: it has no value of {missing[0]}; follow a branch with {missing[0]} given")
    first = {n: start.parameters[n] for n in ranges}
    given, data = given_values(theory, first, values)
    symbols = [theory.parameter(name).symbol for name in ranges]
    rest = {s: v for s, v in given.items() if s not in symbols}

    def made(nodes: int, finer: int) -> Line:
        curves = []
        for n in (nodes, finer):
            system = compiled_system(theory, n)
            equations, extra = _condition(system, on)
            x, units, logs = _coordinates(system, start, extra, ranges)
            curves.append((ZeroCurve(equations, [*system.unknowns, *extra, *symbols], rest, data, units, logs, n), x))
        (curve, x), (fine, _) = curves
        places, ends = _along(curve, x, list(ranges.values()), theory.name)
        return Line.of(compiled_system(theory, nodes), curve, fine, places, ends, list(ranges), given, data)

    return precise(theory, made, tolerance)


def _condition(system: System, on: str | tuple[str, float]) -> tuple[list[sp.Expr], list[sp.Symbol]]:
    """Equations of a line besides those of the theory, with the further unknowns that they need."""
    equations = [forms[0] for forms in system.forms]
    if on == "spinodal":
        null = [sp.Dummy(f"v{i}", real=True) for i in range(len(system.unknowns))]
        moved = [sp.Add(*[e.diff(u) * v for u, v in zip(system.unknowns, null, strict=True)]) for e in equations]
        return [*equations, *moved, sp.Add(*[v**2 for v in null]) - 1], null
    name, value = on if isinstance(on, tuple) and len(on) == 2 else (on, None)
    known = [*system.theory.order_parameters, *system.theory.observables]
    if not isinstance(value, (int, float)) or name not in known:
        hint = did_you_mean(str(name), known)
        raise ParameterError(f"on: {on!r}; give 'spinodal', or a name with a value such as (name, 0.0); {hint}")
    return [*equations, system.observable(name) - sp.Float(value)], []


def _coordinates(
    system: System, start: Special, extra: Sequence[sp.Symbol], ranges: Mapping[str, tuple[float, float]]
) -> tuple[NDArray, NDArray, NDArray]:
    unknowns = np.array([start.order_parameters[u.name] for u in system.unknowns])
    null = np.asarray(start.direction, dtype=float) if extra else np.zeros(0)
    size = np.linalg.norm(null)
    null = null / size if size else null
    logs = np.array([*[False] * (len(unknowns) + len(null)), *map(is_logarithmic, ranges.values())])
    values = [np.log(start.parameters[n]) if is_logarithmic(ends) else start.parameters[n] for n, ends in ranges.items()]
    units = [*np.maximum(np.abs(unknowns), 0.1), *np.ones(len(null)), *map(unit_of, ranges.values())]
    return np.array([*unknowns, *null, *values]), np.array(units), logs


def _along(curve: ZeroCurve, x: NDArray, ranges: Sequence[tuple[float, float]], name: str) -> tuple[list[Place], tuple[str, str]]:
    """Places of a critical line from one of its ends to the other."""
    toward = np.zeros(len(x))
    toward[-1] = 1.0
    found = next((f for f in (curve.corrected(x, d) for d in np.eye(len(x))[[-1, -2]]) if f is not None), None)
    tangent = None if found is None else curve.tangent(found, toward)
    if found is None or tangent is None:
        raise ConvergenceError(f"{name}: start does not lie on the line; give a point out of branch.spinodals or branch.find(...)")

    def inside(values: NDArray) -> bool:
        return all(low <= v <= high for v, (low, high) in zip(values[-2:], ranges, strict=True))

    ways = []
    for sign in (1.0, -1.0):
        places, why = follow_zeros(curve, Place(found, sign * tangent), inside, MOST)
        ways.append((places[:-1] if why == "outside" and len(places) > 1 else places, why))
    (ahead, end), (behind, other) = ways
    return [*[Place(p.x, -p.tangent) for p in behind[:0:-1]], *ahead], (other, end)
