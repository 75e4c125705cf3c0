"""Points where extra conditions hold on the derived solution, such as the birth of a minimum: solved to many digits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import mpmath
import numpy as np

from solvers.compile import compile_expressions
from solvers.judges.numeric import Evaluator, agreement
from solvers.judges.reading import Reading
from solvers.judges.samples import described
from solvers.judges.verdicts import Verdict
from solvers.sweeps import sweep
from theory.equations import Theory
from theory.errors import ClaimError
from theory.papers.claims import ClosedForm

GRID, DIGITS, AGREED = 40, 40, 20


def critical_points(reading: Reading, points: Iterable[Mapping[str, Any]]) -> Verdict:
    """The claim's formula against the parameters that solve its conditions, at each point."""
    claim = reading.claim
    assert isinstance(claim, ClosedForm)
    conditions = [reading.read(c.lhs - c.rhs) for c in claim.conditions]
    if len(conditions) != len(claim.solve_for):
        raise ClaimError(f"claim {claim.name!r}: {len(conditions)} conditions for {len(claim.solve_for)} parameters; give as many")
    relation = reading.statement
    equations = [equation.lhs - equation.rhs for equation in reading.theory.equations]
    exact = Evaluator(reading.theory, [*equations, *conditions])
    sides = Evaluator(reading.theory, [relation.lhs, relation.rhs])
    rows, worst = [], float("inf")
    for values in points:
        fixed = {name: value for name, value in values.items() if name not in claim.solve_for}
        roots = [
            root
            for start in _candidates(reading.theory, conditions, fixed, claim.solve_for)
            if (root := _polished(exact, {**fixed, **start}, claim.solve_for)) is not None
        ]
        if not roots:
            return Verdict(False, f"no critical point in {dict(claim.solve_for)} at {described(fixed)}")
        for solved, unknowns in roots:
            ((left, right),) = sides.at(solved, unknowns, DIGITS)
            digits = agreement(left, right)
            if digits < AGREED:
                return Verdict(False, f"solved {mpmath.nstr(left, 15)}, formula {mpmath.nstr(right, 15)} at {described(fixed)}")
            worst = min(worst, digits)
            rows.append(f"{mpmath.nstr(left, 20)} at {described(fixed)}")
    return Verdict(True, f"conditions solved for {', '.join(claim.solve_for)}, {min(worst, DIGITS):.0f} digits: {'; '.join(rows)}")


def _candidates(
    theory: Theory, conditions: Sequence[Any], fixed: Mapping[str, Any], wanted: Mapping[str, tuple[float, float]]
) -> Iterator[dict[str, float]]:
    """Middles of the cells of a grid in which every condition changes sign."""
    axes = {name: np.geomspace(low, high, GRID) for name, (low, high) in wanted.items()}
    curve = sweep(theory, observables=[], on_failure="mask", **axes, **fixed)
    scalars: dict[Any, Any] = {u.symbol: curve[u.name] for u in theory.unknowns}
    for p in theory.parameters:
        shape = [GRID if name == p.name else 1 for name in axes]
        scalars[p.symbol] = np.reshape(axes[p.name], shape) if p.name in axes else fixed[p.name]
    signs = [np.broadcast_to(np.sign(value), (GRID,) * len(axes)) for value in compile_expressions(conditions)(scalars)]
    windows = [np.lib.stride_tricks.sliding_window_view(s, (2,) * len(axes)).reshape(*[GRID - 1] * len(axes), -1) for s in signs]
    changing = np.all([(w.max(-1) > 0) & (w.min(-1) < 0) for w in windows], axis=0)
    for cell in np.argwhere(changing):
        yield {name: float(np.sqrt(axis[i] * axis[i + 1])) for i, (name, axis) in zip(cell, axes.items(), strict=True)}


def _polished(
    exact: Evaluator, start: dict[str, Any], wanted: Mapping[str, tuple[float, float]]
) -> tuple[dict[str, Any], dict[Any, Any]] | None:
    """Newton's method in the unknowns and the wanted parameters together; None where it does not end inside the intervals."""
    unknowns = [u.symbol for u in exact.theory.unknowns]
    with mpmath.workdps(DIGITS + 20):
        near = exact.solution(start, 20)
        guess = [*(near[u] for u in unknowns), *(mpmath.mpf(start[name]) for name in wanted)]

        def residuals(*x: Any) -> list[Any]:
            values = {**start, **dict(zip(wanted, x[len(unknowns) :], strict=True))}
            (found,) = exact.at(values, dict(zip(unknowns, x, strict=False)), DIGITS + 10)
            return list(found)

        try:
            root = list(mpmath.findroot(residuals, guess, tol=mpmath.mpf(10) ** (-2 * DIGITS), maxsteps=30))
        except (ArithmeticError, ValueError):
            return None
    found = dict(zip(wanted, root[len(unknowns) :], strict=True))
    if not all(low <= found[name] <= high for name, (low, high) in wanted.items()):
        return None
    return {**start, **found}, dict(zip(unknowns, root, strict=False))
