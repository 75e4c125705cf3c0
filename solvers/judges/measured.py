"""Judges of numbers: a quantity at one point, a special point of a branch by continuation; limits by extrapolation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp

from solvers.branches import Branch
from solvers.continuation import follow
from solvers.judges.reading import Reading
from solvers.judges.verdicts import Verdict
from solvers.sweeps import solve
from theory.equations import Theory
from theory.errors import ClaimError, did_you_mean
from theory.papers.numbers import Transition, Value
from theory.parsing import parse

TOLERANCE = 1e-8
"""Relative error of what is solved, where the claim has fewer digits."""
GONE = 1e-6
"""An order parameter that is smaller where its branch is lost vanishes there."""


def judge_value(reading: Reading) -> Verdict:
    """The quantity at the claim's parameters, or its limit, agrees with the number to the claim's digits."""
    claim = reading.claim
    assert isinstance(claim, Value)
    name, theory = reading.name_of(claim.statement.args[0]), _held(reading.full_theory, claim.held)

    def measured(parameters: Mapping[str, Any]) -> tuple[float, str]:
        found = solve(theory, tolerance=_tolerance(claim), start=_start(claim, parameters), **parameters)
        return float(found[name]), f", error {found.errors[name]:.0e}"

    return _judged(reading, measured)


def judge_transition(reading: Reading) -> Verdict:
    """The first special point of the branch, or its limit, agrees with the number to the claim's digits."""
    claim = reading.claim
    assert isinstance(claim, Transition)
    name, theory = reading.name_of(claim.statement.args[0]), _held(reading.full_theory, claim.held)
    seen = [claim.on[0]] if isinstance(claim.on, tuple) and claim.on[0] in theory.observables else []

    def measured(parameters: Mapping[str, Any]) -> tuple[float, str]:
        options = {"start": _start(claim, {**parameters, name: claim.between[0]}), "tolerance": _tolerance(claim)}
        branch = follow(theory, name, claim.between, observables=seen, **options, **parameters)
        points = branch.find(*claim.on) if isinstance(claim.on, tuple) else [s for s in branch.spinodals if s.kind == claim.on]
        if points:
            order = {u.name: points[0].order_parameters[u.name] for u in theory.unknowns}
            return points[0][name], f" at {_described(order)}"
        if claim.on == "continuous" and (end := _vanishing(branch)) is not None:
            return end
        reach = f"{branch.values.min():g} to {branch.values.max():g}"
        return np.nan, f"no such point: the branch runs from {name} = {reach} and ends {' and '.join(branch.ends)}"

    return _judged(reading, measured)


def _vanishing(branch: Branch) -> tuple[float, str] | None:
    """The end of a branch at which an order parameter vanishes, beyond which it would be negative."""
    for end, last in zip(branch.ends, (0, -1), strict=True):
        gone = [n for n, v in branch.order_parameters.items() if 0 < abs(v[last]) < GONE] if end == "lost" else []
        if gone:
            return float(branch.values[last]), f" at {', '.join(gone)} = 0"
    return None


def _held(theory: Theory, held: Mapping[str, float]) -> Theory:
    """The theory without some of its unknowns, which have given values, and without their equations."""
    if not held:
        return theory
    names = [u.name for u in theory.unknowns]
    for name in held:
        if name not in names:
            raise ClaimError(f"no unknown {name!r} of {theory.name} to hold; {did_you_mean(name, names)}")
    rule = {u.symbol: sp.nsimplify(held[u.name]) for u in theory.unknowns if u.name in held}
    kept = [i for i, name in enumerate(names) if name not in held]
    free = [theory.unknowns[i] for i in kept]

    def put(expression: Any) -> Any:
        return sp.sympify(expression).xreplace(rule)

    return replace(
        theory,
        unknowns=tuple(replace(u, lower=put(u.lower), upper=put(u.upper)) for u in free),
        equations=tuple(put(theory.equations[i]) for i in kept),
        residuals=tuple(tuple(put(form) for form in theory.residuals[i]) for i in kept),
        definitions={s: put(e) for s, e in theory.definitions.items()},
        observables={n: put(e) for n, e in theory.observables.items()},
        stable={n: put(e) for n, e in theory.stable.items()},
        conditions=(),
    )


def _start(claim: Value | Transition, parameters: Mapping[str, Any]) -> dict[str, float] | None:
    """Where the search begins, at these parameters."""
    names = {n: sp.Symbol(n, real=True) for n, v in parameters.items() if isinstance(v, (int, float))}
    at = {symbol: float(parameters[n]) for n, symbol in names.items()}
    found = {}
    for name, value in claim.start.items():
        found[name] = float(parse(value, names).xreplace(at)) if isinstance(value, str) else float(value)
    return found or None


def _tolerance(claim: Value | Transition) -> float:
    return min(TOLERANCE, 10.0 ** (-claim.digits - 1)) if claim.digits < 9 else 10.0 ** (-claim.digits)


def _judged(reading: Reading, measured: Any) -> Verdict:
    """What is measured against the claim's number; with ``towards``, the limit of their ratio against one."""
    claim = reading.claim
    assert isinstance(claim, Value | Transition)
    formula = claim.statement.args[1]
    if not claim.towards:
        found, tail = measured(claim.parameters)
        return _compared(claim, found, _number(reading, formula, claim.parameters), tail)
    ((name, values),) = claim.towards.items()
    ratios, number = [], 1.0
    for value in values:
        at = {**claim.parameters, name: value}
        found, tail = measured(at)
        number = _number(reading, formula, at)
        if not np.isfinite(found):
            return Verdict(False, f"at {name} = {value:g} {tail}")
        ratios.append(found / number)
    limit = extrapolated([float(v) ** claim.rate for v in values], ratios)
    constant = formula.is_number
    rows = ", ".join(f"{r * (number if constant else 1):.8g} at {v:g}" for v, r in zip(values, ratios, strict=True))
    what = "" if constant else " (ratio to the formula)"
    return _compared(claim, limit * (number if constant else 1), number if constant else 1.0, f"; {name}: {rows}{what}")


def extrapolated(places: list[float], values: list[float]) -> float:
    """The value at 0 of the polynomial through the points (Neville)."""
    row = list(values)
    for width in range(1, len(row)):
        ends = [(places[i], places[i + width]) for i in range(len(row) - 1)]
        row = [(b * row[i] - a * row[i + 1]) / (b - a) for i, (a, b) in enumerate(ends)]
    return row[0]


def _number(reading: Reading, formula: sp.Expr, parameters: Mapping[str, Any]) -> float:
    expression = sp.sympify(reading.read(formula))
    theory = reading.full_theory
    values = {theory.parameter(n).symbol: sp.Float(v) for n, v in parameters.items() if isinstance(v, (int, float))}
    number = expression.xreplace(values).evalf()
    if not number.is_real:
        raise ClaimError(f"claim {reading.claim.name!r}: {formula} is no number at the claim's parameters")
    return float(number)


def _compared(claim: Value | Transition, found: float, number: float, tail: str) -> Verdict:
    if not np.isfinite(found):
        return Verdict(False, tail)
    allowed = 10.0**-claim.digits * (abs(number) or 1.0)
    return Verdict(abs(found - number) <= allowed, f"{found:.12g} against {number:.12g} ({claim.digits:g} digits asked for){tail}")


def _described(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} = {value:.6g}" for name, value in values.items())
