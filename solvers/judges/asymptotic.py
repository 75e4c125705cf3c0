"""Judges of what holds in a limit: ratios that tend to one with a rate, and exponents of infinite power laws."""

from __future__ import annotations

import math
from itertools import islice, pairwise
from typing import Any

import mpmath
import numpy as np
import sympy as sp

from solvers.frontiers import frontier
from solvers.judges.numeric import Evaluator
from solvers.judges.reading import Reading
from solvers.judges.samples import described, random_points
from solvers.judges.verdicts import Verdict
from solvers.modes.power_law import PowerLaw
from solvers.sweeps import sweep
from theory.errors import ClaimError
from theory.papers.claims import Exponent, Limit, LogSlope
from theory.papers.dynamics import Frontier

DIGITS = 40
SMALL = tuple(10.0**-j for j in (2, 4, 6, 8, 10))
RATE_TOLERANCE = 0.03
EXPONENT_TOLERANCE = 0.01


def judge_limit(reading: Reading) -> Verdict:
    """Forty digits along a sequence: the relative error falls with the declared rate, and its extrapolation is zero."""
    claim = reading.claim
    assert isinstance(claim, Limit)
    relation, name, rate = reading.statement, claim.small.name, float(claim.rate)
    sides = Evaluator(reading.theory, [relation.lhs, relation.rhs])
    rows = []
    for values in islice(random_points(reading.theory, ranges=claim.ranges, modes=[n for n in claim.modes if n > 1]), 3):
        errors = []
        for small in SMALL:
            for left, right in sides({**values, name: small}, DIGITS):
                errors.append((left - right) / right)
        where = described({k: v for k, v in values.items() if k != name})
        if any(error == 0 for error in errors):
            raise ClaimError(f"claim {claim.name!r}: no error at all at {where}; it is an identity there")
        falls = zip(pairwise(errors), pairwise(SMALL), strict=True)
        slopes = [float(mpmath.log(abs(a / b)) / math.log(h / k)) for (a, b), (h, k) in falls]
        ratio = mpmath.mpf(SMALL[-2] / SMALL[-1]) ** rate
        limit = (ratio * errors[-1] - errors[-2]) / (ratio - 1)
        figures = f"relative error {mpmath.nstr(errors[-1], 3)} at {name} = {SMALL[-1]:.0e}, rate {slopes[-1]:.4f}"
        steady = abs(slopes[-1] - rate) < RATE_TOLERANCE and abs(slopes[-1] - rate) <= abs(slopes[0] - rate) + 1e-6
        if not steady or abs(limit) > abs(errors[-1]) / 4:
            return Verdict(False, f"{figures}, declared {rate:g}" + (f", at {where}" if where else ""))
        rows.append(f"{figures}, extrapolated {mpmath.nstr(limit, 2)}")
        if not where:
            break
    return Verdict(True, "; ".join(rows))


def judge_exponent(reading: Reading) -> Verdict:
    """Local logarithmic slopes of infinite power laws at growing sizes, extrapolated."""
    claim = reading.claim
    assert isinstance(claim, Exponent)
    slope, formula = claim.statement.args
    if not isinstance(slope, LogSlope):
        raise ClaimError(f"claim {claim.name!r}: the left side of an exponent is LogSlope(quantity, size)")
    observable, size = (reading.name_of(argument) for argument in slope.args)
    rows, holds = [], True
    for case in claim.cases:
        expected, given, at = _of_case(reading, claim, formula, case)
        decades = np.geomspace(*claim.sizes, 1 + round(math.log10(claim.sizes[1] / claim.sizes[0])))
        sizes: Any = np.sort(np.concatenate([decades, 2 * decades]))
        values: dict[str, Any] = {size: sizes, **given}
        error = sweep(reading.full_theory, observables=[observable], **values)[observable]
        slopes = np.log(error[1::2] / error[::2]) / math.log(2)
        limit = _extrapolated(slopes)
        distances = np.abs(slopes - expected)
        shrinks = distances[-1] <= max(distances[0], 1e-4) and distances[-1] < 2 * EXPONENT_TOLERANCE
        holds &= bool(shrinks and abs(limit - expected) < EXPONENT_TOLERANCE)
        ends = f"slope {slopes[0]:.4f} at {sizes[0]:.0e}, {slopes[-1]:.4f} at {sizes[-2]:.0e}"
        rows.append(f"{at}: {ends}, extrapolated {limit:.4f}, claimed {expected:g}")
    return Verdict(holds, "; ".join(rows))


def judge_frontier(reading: Reading) -> Verdict:
    """Slopes between decades of compute along the frontier of infinite power laws come closer to the exponent and reach it."""
    claim = reading.claim
    assert isinstance(claim, Frontier)
    slope, formula = claim.statement.args
    if not isinstance(slope, LogSlope):
        raise ClaimError(f"claim {claim.name!r}: the left side of a frontier is LogSlope(quantity, compute)")
    name = reading.name_of(slope.args[0])
    rows, holds = [], True
    for case in claim.cases:
        expected, given, at = _of_case(reading, claim, formula, case)
        found = _frontier(reading, claim, given)
        values = found.sizes[name] if name in found.sizes else found.loss
        decades = np.log(values[::-4][::-1])
        slopes = np.diff(decades) / math.log(10)
        last = float(slopes[-1])
        holds &= abs(last - expected) < min(EXPONENT_TOLERANCE, max(abs(float(slopes[0]) - expected), EXPONENT_TOLERANCE / 4))
        ends = f"slope {slopes[0]:.4f} at C = {found.compute[0]:.0e}, {last:.4f} at {found.compute[-1]:.0e}"
        rows.append(f"{at}: {ends}, claimed {expected:.4f}")
    return Verdict(holds, "; ".join(rows))


def _of_case(reading: Reading, claim: Exponent | Frontier, formula: sp.Expr, case: Any) -> tuple[float, dict[str, Any], str]:
    """The exponent that a case claims, the values of the model's parameters in it, and the case in words."""
    expected = float(formula.xreplace({symbol: sp.Float(value) for symbol, value in case.items()}))
    laws = {parameter: PowerLaw(float(case[symbol])) for parameter, symbol in claim.power_laws.items()}
    fixed = {parameter: float(reading.vocabulary.parse(text)) for parameter, text in claim.given.items()}
    return expected, {**laws, **fixed}, ", ".join(f"{symbol} = {value:g}" for symbol, value in case.items())


_frontiers: dict[tuple, Any] = {}


def _frontier(reading: Reading, claim: Frontier, values: dict[str, Any]) -> Any:
    """Solved once for claims on the loss and on both sizes."""
    theory = reading.full_theory
    key = (theory.signature, claim.loss, *claim.sizes.items(), *values.items())
    if key not in _frontiers:
        _frontiers.clear()
        _frontiers[key] = frontier(theory, claim.loss, claim.sizes, per_decade=4, **values)
    return _frontiers[key]


def _extrapolated(values: Any) -> float:
    """Aitken's rule on the last three values, where it makes sense; else the last value."""
    a, b, c = (float(v) for v in values[-3:])
    if abs(b - a) <= abs(c - b) or abs(c - 2 * b + a) < 1e-12:
        return c
    return c - (c - b) ** 2 / (c - 2 * b + a)
