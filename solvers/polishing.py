"""Solutions in double precision brought to the working precision of mpmath, and derivatives there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mpmath as mp
import sympy as sp

from solvers.modes.mode_data import ModeData
from solvers.multiprecision import Evaluator, exact
from solvers.systems import System
from theory.errors import ConvergenceError
from theory.special import Support

DIGITS = 160
"""Enough for a regulator of 1e-51 with the terms that cancel at it."""


def first_forms(system: System) -> list[sp.Expr]:
    """One form of each equation, without a count of modes where there is one: at many digits no form is better than another."""
    chosen = [next((f for f in forms if not sp.sympify(f).has(Support)), forms[0]) for forms in system.theory.residuals]
    return [system.written_out(sp.sympify(f)) for f in chosen]


def polished(
    system: System, scalars: Mapping[Any, Any], arrays: Mapping[Any, Any], weights: Mapping[str, Any], seed: Mapping[str, float]
) -> dict[Any, Any]:
    """All scalars with the unknowns, by Newton's method with exact derivatives at the working precision, from ``seed`` by name.

    ConvergenceError where there is nothing to start from or Newton's method does not settle.
    """
    theory = system.theory
    forms = first_forms(system)
    slopes = [s for f in forms for s in system.slopes(f)]
    known = {**scalars, **{u: exact(float(seed[u.name])) for u in system.unknowns}}
    if any(mp.isnan(known[u]) for u in system.unknowns):
        raise ConvergenceError(f"{theory.name}: no solution in double precision to start from; change the parameters")
    m = len(forms)
    evaluator = Evaluator(known, arrays, weights)
    if not m:
        return {s: evaluator.values[s] for s in known}
    for _ in range(60):
        f = mp.matrix([evaluator(e) for e in forms])
        jacobian = mp.matrix(m, m)
        for i, slope in enumerate(slopes):
            jacobian[i // m, i % m] = evaluator(slope)
        step = mp.lu_solve(jacobian, -f)
        for i, u in enumerate(system.unknowns):
            old = evaluator.values[u]
            evaluator.values[u] = old * mp.exp(step[i]) if system.logarithmic[i] else old + step[i]
        if all(
            abs(s) <= mp.mpf(10) ** (-mp.mp.dps * 0.6) * (1 if log else max(1, abs(evaluator.values[u])))
            for s, u, log in zip(step, system.unknowns, system.logarithmic, strict=True)
        ):
            return {s: evaluator.values[s] for s in known}
    raise ConvergenceError(f"{theory.name}: Newton's method did not settle at {mp.mp.dps} digits; change the parameters")


def precise_derivative(system: System, parameter: str, observable: str, scalars: Mapping[Any, float], data: ModeData) -> float:
    """dO/dp by a scalar parameter at one solved point, where double precision loses it to cancellation; NaN without a solution.

    ``scalars`` holds parameters and unknowns by symbol.
    """
    symbol = system.theory.parameter(parameter).symbol
    value = (
        system.written_out(system.theory.expanded(observable))
        if observable not in [u.name for u in system.unknowns]
        else (system.observable(observable))
    )
    forms, m = first_forms(system), len(system.unknowns)
    seed = {u.name: float(scalars[u]) for u in system.unknowns}
    arrays = {a: v.tolist() for a, v in data.arrays.items()}
    weights = {d: None if w is None else w.tolist() for d, w in data.weights.items()}
    with mp.workdps(DIGITS):
        try:
            known = polished(system, {**data.sizes, **scalars}, arrays, weights, seed)
        except (ConvergenceError, ZeroDivisionError):
            return float("nan")
        evaluate = Evaluator(known, arrays, weights)
        jacobian, moved = mp.matrix(m, m), mp.matrix(m, 1)
        for i, form in enumerate(forms):
            moved[i] = evaluate(form.diff(symbol))
            for j, slope in enumerate(system.slopes(form)):
                jacobian[i, j] = evaluate(slope)
        shift = mp.lu_solve(jacobian, -moved)
        terms = [evaluate(value.diff(symbol)), *(evaluate(s) * shift[i] for i, s in enumerate(system.slopes(value)))]
        total = mp.fsum(terms)
        lost = abs(total) <= max(abs(t) for t in terms) * mp.mpf(10) ** (20 - DIGITS)
        return 0.0 if lost else float(total)
