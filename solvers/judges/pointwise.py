"""Judges of what holds at every point: identities, fixed points, closed forms and inequalities."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, pairwise
from typing import Any

import mpmath
import sympy as sp

from solvers.judges.critical import critical_points
from solvers.judges.numeric import Evaluator, agreement
from solvers.judges.reading import Reading
from solvers.judges.samples import described, random_points
from solvers.judges.symbolic import normal_sums, vanishes
from solvers.judges.verdicts import Verdict
from theory.errors import ClaimError
from theory.papers.claims import ClosedForm, FixedPoint
from theory.saddle import opaque

DIGITS, AGREED = 30, 25
POINTS, COMPARISONS, CRITICAL = 20, 100, 3
TRIED = 50
"""Points tried for one that satisfies a claim's condition."""


def points_of(reading: Reading, count: int) -> Iterator[dict[str, Any]]:
    """Points in the claim's ranges at which its condition holds; ClaimError where they are too rare to be found."""
    claim, condition = reading.claim, reading.condition
    chosen = random_points(reading.theory, ranges=claim.ranges, modes=claim.modes)
    if condition == sp.true:
        yield from islice(chosen, count)
        return
    if condition == sp.false:
        raise ClaimError(f"claim {claim.name!r}: its condition never holds; change it")
    test = Evaluator(reading.theory, [condition.gts - condition.lts])
    found = (values for values in islice(chosen, TRIED * count) if all(gap > 0 for (gap,) in test(values, 15)))
    done = 0
    for values in islice(found, count):
        done += 1
        yield values
    if done < count:
        raise ClaimError(f"claim {claim.name!r}: its condition holds at {done} of {TRIED * count} points; narrow its ranges")


def judge_identity(reading: Reading) -> Verdict:
    """Zero by rational normal forms; otherwise, and at two frequencies, where such forms are long, 30 digits at random points."""
    relation = reading.statement
    if not reading.claim.transformed and vanishes(relation.lhs - relation.rhs, reading.theory):
        return Verdict(True, "symbolic: zero on the solutions of the derived equations")
    return _numeric(reading)


def _numeric(reading: Reading) -> Verdict:
    relation = reading.statement
    sides = Evaluator(reading.theory, [relation.lhs, relation.rhs])
    worst, compared, ratios = float("inf"), 0, []
    for values in points_of(reading, POINTS):
        for choice, (left, right) in enumerate(sides(values, DIGITS)):
            compared += 1
            digits = agreement(left, right)
            if digits < AGREED:
                if not reading.claim.fails:
                    where = described(values) + (f", mode choice {choice + 1}" if sides.free else "")
                    return Verdict(False, f"{_short(left)} against {_short(right)} at {where}")
                ratios.append(abs(mpmath.log10(abs(left / right))) if left and right else mpmath.inf)
            worst = min(worst, digits)
    if ratios:
        finite = [ratio for ratio in ratios if mpmath.isfinite(ratio)]
        largest = f"; the sides differ by a factor of up to {float(10 ** max(finite)):.3g}" if finite else ""
        return Verdict(False, f"{len(ratios)} of {compared} comparisons disagree{largest}")
    return Verdict(True, f"30 digits at {compared} points: agreement to {min(worst, DIGITS):.0f} digits or better")


def judge_fixed_point(reading: Reading) -> Verdict:
    """The derived solution satisfies the paper's equation, and the paper's equation has no other solution."""
    claim = reading.claim
    assert isinstance(claim, FixedPoint)
    relation = reading.statement
    satisfied = judge_identity(reading)
    if not satisfied.holds:
        return satisfied
    if len(reading.theory.unknowns) != 1:
        raise ClaimError(f"claim {claim.name!r}: {len(reading.theory.unknowns)} unknowns; a fixed point has one")
    equation = reading.theory.equations[0]
    ratio = _ratio(relation.lhs - relation.rhs, equation.lhs - equation.rhs)
    if ratio is not None:
        sign = sp.sympify(ratio)
        if sign.is_positive or sign.is_negative:
            return Verdict(True, f"{satisfied.evidence}; conversely, its residual is {ratio} times the derived one")
    return _alone(reading, relation, satisfied)


def _ratio(paper: Any, derived: Any) -> Any:
    """The quotient of two residuals where no sum over modes is left in it; None otherwise."""
    plain, back = opaque(normal_sums(paper) / normal_sums(derived))
    quotient = sp.cancel(plain)
    return None if any(quotient.has(name) for name in back) else sp.factor(quotient)


def _alone(reading: Reading, relation: Any, satisfied: Verdict) -> Verdict:
    """One sign change of the paper's residual over the interval that holds the unknown."""
    unknown = reading.theory.unknowns[0]
    residual = Evaluator(reading.theory, [relation.lhs - relation.rhs, unknown.lower, unknown.upper])
    for values in points_of(reading, 5):
        ((_, low, high),) = residual(values, 15)
        grid = [low + (high - low) * mpmath.mpf(i) / 200 for i in range(1, 201)]
        signs = []
        for x in grid:
            ((value, _, _),) = residual.at(values, {unknown.symbol: x}, 15)
            signs.append(mpmath.sign(value))
        changes = sum(a != b for a, b in pairwise(signs))
        if changes > 1:
            return Verdict(False, f"{changes} solutions at {described(values)}; the derived equations have one")
    return Verdict(True, f"{satisfied.evidence}; one sign change over the whole interval at 5 points")


def judge_closed_form(reading: Reading) -> Verdict:
    """Symbolic up to the branch of a root, and 30 digits at random points for the branch; critical points by solving for them."""
    claim = reading.claim
    assert isinstance(claim, ClosedForm)
    if claim.conditions:
        return critical_points(reading, points_of(reading, CRITICAL))
    relation = reading.statement
    shown = vanishes(relation.lhs - relation.rhs, reading.theory, up_to_branch=True)
    measured = _numeric(reading)
    if shown and measured.holds:
        return Verdict(True, f"symbolic, and {measured.evidence}")
    return measured


def judge_inequality(reading: Reading) -> Verdict:
    """The sign of the difference at random points; what vanishes with growing precision is an equality."""
    relation = reading.statement
    strict = isinstance(relation, (sp.StrictLessThan, sp.StrictGreaterThan))
    gap = Evaluator(reading.theory, [relation.gts - relation.lts])
    smallest, equal, compared = mpmath.inf, 0, 0
    for values in points_of(reading, 2 * POINTS):
        for choice, (difference,) in enumerate(gap(values, DIGITS)):
            compared += 1
            if difference <= 0:
                finer = [value for (value,) in gap(values, 2 * DIGITS)][choice]
                vanishing = finer == 0 or abs(finer) < mpmath.mpf(10) ** -10 * abs(difference)
                if strict or not vanishing:
                    return Verdict(False, f"violated by {_short(finer)} at {described(values)}")
                equal += 1
            else:
                smallest = min(smallest, difference)
        if compared >= COMPARISONS:
            break
    tail = f", equality at {equal}" if equal else ""
    return Verdict(True, f"{compared} comparisons at {DIGITS} digits, least difference {_short(smallest)}{tail}")


def _short(value: Any) -> str:
    return mpmath.nstr(value, 10)

