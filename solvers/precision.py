"""`evaluate`: a theory solved to any number of digits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Rational
from typing import Any

import mpmath as mp
import numpy as np
import sympy as sp

from solvers.modes.power_law import PowerLaw
from solvers.modes.spectra import Modes
from solvers.multiprecision import GUARD, Evaluator, evaluate_expression, exact, require_affordable
from solvers.options import check_names, check_theory
from solvers.points import OWN_SOLVERS
from solvers.polishing import polished
from solvers.sweeps import solve
from solvers.systems import compiled_system
from solvers.values import bind, mode_dimensions
from theory.errors import ConvergenceError, ParameterError
from theory.modes import ModeIndex
from theory.symbols import size

__all__ = ["evaluate", "evaluate_expression"]


def evaluate(theory: Any, digits: int = 30, observables: Sequence[str] | None = None, **values: Any) -> dict[str, Any]:
    """Unknowns, definitions and scalar observables of a theory with ``digits`` digits, by name, as mpmath numbers.

    Floats are taken as the binary numbers they are; text such as "1e-12" and rationals are exact. The equations as the
    literature writes them are solved, from the double-precision solution. No axes, and no limits such as ridge = 0.
    ParameterError for bad input, ConvergenceError where the digits cannot be had.
    """
    check_theory(theory)
    check_names(observables, "observables")
    if type(theory).__name__ in OWN_SOLVERS:
        raise ParameterError(f"{theory.name}: values of a dynamics are no roots of equations, and have the digits of solve(); take "
                             "the theory of its limit")
    rough = {n: _rough(n, v) for n, v in values.items()}
    bound = bind(theory, rough)
    if bound.axes:
        raise ParameterError(f"{next(iter(bound.axes))}: evaluate takes one point; give one value")
    scalars = {p.symbol: values.get(p.name, bound.fixed[p.name]) for p in theory.parameters if not p.ndim}
    for p in theory.parameters:
        if not p.ndim and getattr(p, "limit_at_lower", False) and bound.fixed[p.name] == p.lower:
            raise ParameterError(
                f"{p.name}: {float(p.lower):g} is a limit, which evaluate does not take; give a small value such as '1e-60'"
            )
    arrays, weights, sizes = _mode_values(
        theory, {**bound.fixed, **{n: v for n, v in values.items() if not isinstance(v, Modes)}}, bound
    )
    require_affordable(digits, max([len(a) for a in arrays.values()], default=1))
    seed = solve(theory, observables=[], on_failure="mask", tolerance=1e-2, **rough)
    names = _scalar_names(theory) if observables is None else [observables] if isinstance(observables, str) else list(observables)
    for name in names:
        if any(isinstance(s, ModeIndex) for s in theory.expanded(name).free_symbols):
            raise ParameterError(f"{name}: it has a value for each mode; evaluate takes scalars, evaluate_expression one mode")
    found = None
    for extra in (GUARD, GUARD + digits, GUARD + 4 * digits):
        with mp.workdps(digits + extra):
            previous = found
            try:
                known = polished(compiled_system(theory), {**sizes, **scalars}, arrays, weights, seed.order_parameters)
                evaluator = Evaluator(known, arrays, weights)
                found = {u.name: known[u.symbol] for u in theory.unknowns}
                found.update({name: evaluator(theory.expanded(name)) for name in names})
            except ZeroDivisionError:
                raise ConvergenceError(f"{theory.name}: a quantity is infinite at these parameters; move off them") from None
            limit = mp.mpf(10) ** -digits
            if previous is not None and all(abs(v - previous[n]) <= abs(v) * limit for n, v in found.items()):
                return found
    raise ConvergenceError(f"{theory.name}: fewer than {digits} digits stand; a quantity may be exactly zero, ask for others")


def _rough(name: str, value: Any) -> Any:
    """The value in double precision."""

    def number(v: Any) -> Any:
        return float(exact(v)) if isinstance(v, (str, Rational, mp.mpf, sp.Basic)) and not isinstance(v, (bool, int)) else v

    try:
        if isinstance(value, (list, tuple)):
            return [_rough(name, v) if isinstance(v, (list, tuple)) else number(v) for v in value]
        return number(value)
    except ParameterError as error:
        raise ParameterError(f"{name}: {error}") from None


def _scalar_names(theory: Any) -> list[str]:
    names = [s.name for s in theory.definitions]
    return names + [n for n, e in theory.observables.items() if not any(isinstance(s, ModeIndex) for s in e.free_symbols)]


def _mode_values(theory: Any, given: Mapping[str, Any], bound: Any) -> tuple[dict[Any, Any], dict[str, Any], dict[Any, Any]]:
    arrays: dict[Any, Any] = {}
    weights: dict[str, Any] = {}
    sizes: dict[Any, Any] = {}
    dimensions = mode_dimensions(theory)
    for p in theory.parameters:
        if not p.ndim:
            continue
        value = given[p.name]
        if isinstance(value, Modes):
            full = value.full
            weights[dimensions[p.name][0]] = full.multiplicity
            value = full.arrays[p.name]
        elif isinstance(value, PowerLaw):
            require_affordable(1, value.modes)
            with mp.workdps(200):
                value = [exact(value.scale) * mp.mpf(k) ** -exact(value.exponent) for k in range(1, int(value.modes) + 1)]
        elif bound.multiplicity is not None and p.ndim == 1:
            weights[dimensions[p.name][0]] = bound.multiplicity
        arrays[p.symbol] = value
        for name, length in zip(dimensions[p.name], np.shape(value), strict=False):
            weight = weights.get(name)
            sizes[size(name)] = length if weight is None else mp.fsum(exact(w) for w in weight)
    return arrays, weights, sizes
