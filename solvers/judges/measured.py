"""Judges of numbers: a quantity at one point by the solver, a special point of a branch by continuation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from solvers.continuation import follow
from solvers.judges.reading import Reading
from solvers.judges.verdicts import Verdict
from solvers.sweeps import solve
from theory.errors import ClaimError
from theory.papers.numbers import Transition, Value

TOLERANCE = 1e-8
"""Relative error of what is solved, where the claim has fewer digits."""


def judge_value(reading: Reading) -> Verdict:
    """The quantity at the claim's parameters agrees with the number to the claim's digits."""
    claim = reading.claim
    assert isinstance(claim, Value)
    quantity, formula = claim.statement.args
    name = reading.name_of(quantity)
    found = solve(reading.full_theory, tolerance=_tolerance(claim), start=dict(claim.start) or None, **claim.parameters)
    return _compared(claim, float(found[name]), _number(reading, formula, claim.parameters), f", error {found.errors[name]:.0e}")


def judge_transition(reading: Reading) -> Verdict:
    """The first special point of the branch agrees with the number to the claim's digits."""
    claim = reading.claim
    assert isinstance(claim, Transition)
    symbol, formula = claim.statement.args
    name = reading.name_of(symbol)
    options = {"start": dict(claim.start) or None, "tolerance": _tolerance(claim), "observables": _seen(reading, claim)}
    branch = follow(reading.full_theory, name, claim.between, **options, **claim.parameters)
    points = branch.find(*claim.on) if isinstance(claim.on, tuple) else [s for s in branch.spinodals if s.kind == claim.on]
    if not points:
        reach = f"{branch.values.min():g} to {branch.values.max():g}"
        return Verdict(False, f"no such point: the branch runs from {name} = {reach} and ends {' and '.join(branch.ends)}")
    others = {k: v for k, v in points[0].order_parameters.items() if k in {u.name for u in reading.full_theory.unknowns}}
    return _compared(claim, points[0][name], _number(reading, formula, claim.parameters), f" at {_described(others)}")


def _seen(reading: Reading, claim: Transition) -> list[str]:
    name = claim.on[0] if isinstance(claim.on, tuple) else ""
    return [name] if name in reading.full_theory.observables else []


def _tolerance(claim: Value | Transition) -> float:
    return min(TOLERANCE, 10.0 ** (-claim.digits - 1)) if claim.digits < 9 else 10.0 ** (-claim.digits)


def _number(reading: Reading, formula: sp.Expr, parameters: Mapping[str, Any]) -> float:
    expression = sp.sympify(reading.read(formula))
    theory = reading.full_theory
    values = {theory.parameter(n).symbol: sp.Float(v) for n, v in parameters.items() if isinstance(v, (int, float))}
    number = expression.xreplace(values).evalf()
    if not number.is_real:
        raise ClaimError(f"claim {reading.claim.name!r}: {formula} is no number at the claim's parameters")
    return float(number)


def _compared(claim: Value | Transition, found: float, number: float, tail: str) -> Verdict:
    allowed = 10.0**-claim.digits * (abs(number) or 1.0)
    return Verdict(abs(found - number) <= allowed, f"{found:.12g} against {number:.12g} ({claim.digits:g} digits asked for){tail}")


def _described(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} = {value:.6g}" for name, value in values.items())
