"""Derivatives along the solution by the implicit function theorem: dO/dp = ∂O/∂p - ∂O/∂x (∂F/∂x)^-1 ∂F/∂p, exact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.fixed_point import EPSILON, inverses
from solvers.modes.mode_data import ModeData
from solvers.rounding import rounding
from solvers.systems import Expressions, System
from solvers.values import mode_dimensions
from theory.averages import mode_derivative
from theory.errors import ParameterError
from theory.modes import ModeIndex
from theory.special import Support


@dataclass(frozen=True)
class Slope:
    """A total derivative (points,) or (points, modes), and a bound on its absolute error: NaN (points,) unless asked for
    with single modes."""

    value: NDArray
    error: NDArray


def total_derivative(
    system: System,
    parameter: str,
    observable: str,
    known: Mapping[Any, NDArray],
    points: int,
    data: ModeData,
    full: ModeData | None,
    uncertainty: NDArray,
    error_by_mode: bool = False,
) -> Slope:
    """dO/dp at solved points, for a scalar parameter or at every mode of a per-mode one.

    ``known`` holds parameters and unknowns by symbol, ``uncertainty`` (points, m) that of the unknowns' coordinates.
    ParameterError for an observable of single modes by a per-mode parameter.
    """
    explicit, slopes, moves = _pieces(system, parameter, observable)
    total, m = explicit(known, points, data, full)[0], len(system.unknowns)
    if not m:
        return Slope(total, np.full(points, np.nan))
    per_mode = bool(system.theory.parameter(parameter).ndim)
    _, jacobian, _, chosen, turn = system.best_forms(known, points, data)
    values = iter(moves(known, points, data, full))
    changes = [_chosen(values, len(forms), chosen[:, i]) for i, forms in enumerate(_usable(system, parameter))]
    depth = max(c.ndim for c in changes)
    change = np.stack(np.broadcast_arrays(*[_deep(c, depth) for c in changes]), axis=1)
    if per_mode:
        jacobian, turn = _jacobian_of_first(system, parameter, known, points, data), np.ones((points, m))
    inverse = inverses(jacobian)
    shift = -(inverse @ (turn[..., None] * change.reshape(points, m, -1))).reshape(change.shape)
    by_unknown = slopes(known, points, data, full)
    for i, slope in enumerate(by_unknown):
        total = _sum(total, _times(slope, shift[:, i]))
    if total.ndim > 1 and not error_by_mode:
        return Slope(total, np.full(points, np.nan))
    own, of_slopes, of_moves, of_jacobian = _roundings(system, parameter, observable)
    usable = _usable(system, parameter)
    found = iter(of_moves(known, points, data, full))
    moved = [_chosen(found, len(forms), chosen[:, i]) for i, forms in enumerate(usable)]
    found = iter(of_jacobian(known, points, data, full))
    for i, forms in enumerate(usable):
        rows = [[next(found) for _ in range(m)] for _ in forms]
        for j in range(m):
            moved[i] = _sum(
                moved[i], _times(_chosen(iter([row[j] for row in rows]), len(forms), chosen[:, i]), np.abs(shift[:, j]))
            )
    noise = own(known, points, data, full)[0]
    for i, r in enumerate(of_slopes(known, points, data, full)):
        noise = _sum(noise, _times(r, np.abs(shift[:, i])))
        for j in range(m):
            noise = _sum(noise, _times(_times(np.abs(by_unknown[i]), np.abs(inverse[:, i, j])), moved[j]))
    scale = _deep(EPSILON + uncertainty.max(axis=1), noise.ndim)
    return Slope(total, np.broadcast_to(scale * noise, total.shape).copy())


def _sum(a: NDArray, b: NDArray) -> NDArray:
    depth = max(a.ndim, b.ndim)
    return _deep(a, depth) + _deep(b, depth)


def _times(a: NDArray, b: NDArray) -> NDArray:
    depth = max(a.ndim, b.ndim)
    return _deep(a, depth) * _deep(b, depth)


@lru_cache(maxsize=256)
def _roundings(system: System, parameter: str, observable: str) -> tuple[Expressions, Expressions, Expressions, Expressions]:
    """Rounding of what `_pieces` holds, and of the Jacobian."""
    entry, value = system.theory.parameter(parameter), system.observable(observable)
    flat = [f for forms in _usable(system, parameter) for f in forms]
    parts = (
        [_derivative(system, value, entry)],
        system.slopes(value),
        [_derivative(system, f, entry) for f in flat],
        [s for f in flat for s in system.slopes(f)],
    )
    return tuple(Expressions([rounding(e) for e in part], system.nodes) for part in parts)  # type: ignore[return-value]


def _deep(a: NDArray, depth: int) -> NDArray:
    return a.reshape(a.shape + (1,) * (depth - a.ndim))


def _chosen(values: Any, forms: int, chosen: NDArray) -> NDArray:
    candidates = [next(values) for _ in range(forms)]
    if forms == 1:
        return candidates[0]
    return np.stack(candidates)[chosen, np.arange(len(chosen))]


def _usable(system: System, parameter: str) -> list[list[sp.Expr]]:
    """Forms to differentiate; by per-mode data the first without a flag, so that derivatives at a zero entry are one-sided."""
    if not system.theory.parameter(parameter).ndim:
        return system.forms
    return [[next((f for f in forms if not f.has(Support)), forms[0])] for forms in system.forms]


@lru_cache(maxsize=256)
def _pieces(system: System, parameter: str, observable: str) -> tuple[Expressions, Expressions, Expressions]:
    """Explicit derivative; slopes by the unknowns' coordinates; derivatives of the residuals."""
    entry = system.theory.parameter(parameter)
    value = system.observable(observable)
    if entry.ndim and value.has(Support):
        value = system.written_out(system.theory.expanded(observable))
    if entry.ndim and any(isinstance(s, ModeIndex) for s in value.free_symbols):
        raise ParameterError(f"gradient: {observable} and {parameter} both have a value for each mode; take a scalar observable")
    moves = [_derivative(system, f, entry) for forms in _usable(system, parameter) for f in forms]
    return (
        Expressions([_derivative(system, value, entry)], system.nodes),
        Expressions(system.slopes(value), system.nodes),
        Expressions(moves, system.nodes),
    )


def _derivative(system: System, expression: sp.Expr, parameter: Any) -> sp.Expr:
    if not parameter.ndim:
        return expression.diff(parameter.symbol)
    indices = [ModeIndex(d, "r" if i == 0 else f"r{i}") for i, d in enumerate(mode_dimensions(system.theory)[parameter.name])]
    if len(indices) > 1:
        raise ParameterError(f"gradient: {parameter.name} has {len(indices)} mode indices; derivatives are by arrays with one")
    return mode_derivative(expression, parameter.symbol[indices[0]])


def _jacobian_of_first(system: System, parameter: str, known: Mapping[Any, NDArray], points: int, data: ModeData) -> NDArray:
    forms = _usable(system, parameter)
    rows = Expressions([s for (f,) in forms for s in system.slopes(f)], system.nodes)(known, points, data)
    m = len(system.unknowns)
    return np.stack(rows, axis=-1).reshape(points, m, m)
