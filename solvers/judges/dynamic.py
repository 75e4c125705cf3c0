"""Judge of what a theory says of a course in time, against simulations of the declared model at growing size."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from solvers.agreement import compare
from solvers.judges.reading import Reading
from solvers.judges.simulated import SIGMAS, parameters_of
from solvers.judges.verdicts import Verdict
from solvers.monte_carlo import simulate
from solvers.sweeps import solve, sweep
from theory.errors import ClaimError
from theory.papers.claims import LogSlope, Simulated
from theory.papers.dynamics import Agreement, Trend

TIMES = 40
"""At which a trend is looked at."""


def judge_agreement(reading: Reading, model: Any) -> Verdict:
    """The theory's number agrees with the simulated one: extrapolated in size, or at one size where the claim has one."""
    claim = reading.claim
    assert isinstance(claim, Agreement)
    simulated, quantity = claim.statement.args
    if not isinstance(simulated, Simulated):
        raise ClaimError(f"claim {claim.name!r}: the left side of an agreement is Simulated(observable)")
    seen, name, values = reading.name_of(simulated.args[0]), reading.name_of(quantity), parameters_of(claim)
    predicted = np.asarray(solve(model.theory(), observables=[name], **values)[name])
    estimates = [
        simulate(model, observables=[seen], trials=max(30, claim.trials // r), seed=r, replicate=r, **values) for r in claim.sizes
    ]
    if len(claim.sizes) == 1:
        mean, stderr = float(estimates[0][seen].mean), float(estimates[0][seen].stderr)
        z = (mean - float(predicted)) / stderr
        return Verdict(abs(z) < SIGMAS, f"theory {float(predicted):.5g}, simulated {mean:.5g} +- {stderr:.2g}, z = {z:+.1f}")
    found = compare(seen, predicted, estimates, claim.sizes)
    means = ", ".join(f"{m:.5g}({s:.1g}) at r = {r}" for m, s, r in zip(found.mean, found.stderr, claim.sizes, strict=True))
    limit = f"r -> oo {found.intercept:.5g}({found.error:.1g}), z = {found.deviation:+.1f}"
    return Verdict(found.verdict == "agree", f"theory {float(predicted):.5g}; {means}; {limit}: {found.verdict}")


def judge_trend(reading: Reading) -> Verdict:
    """The solved course rises or falls from each of many times to the next, by more than its errors."""
    claim = reading.claim
    assert isinstance(claim, Trend)
    slope, zero = claim.statement.args
    if not isinstance(slope, LogSlope) or zero != 0 or not isinstance(claim.statement, sp.Gt | sp.Lt):
        raise ClaimError(f"claim {claim.name!r}: the statement of a trend is LogSlope(quantity, time) > 0 or < 0")
    name, time = (reading.name_of(argument) for argument in slope.args)
    values = {**claim.parameters, time: np.geomspace(*claim.between, TIMES)}
    curve = sweep(reading.full_theory, observables=[name], **values)
    course, sign = curve[name], 1 if isinstance(claim.statement, sp.Gt) else -1
    doubt = (curve.errors[name] * np.abs(course)).max()
    steps = sign * np.diff(course)
    ends = f"{course[0]:.5g} at {time} = {claim.between[0]:g}, {course[-1]:.5g} at {claim.between[1]:g}"
    return Verdict(bool((steps > 2 * doubt).all()), f"{ends}; smallest step {sign * steps.min():+.2g}, error {doubt:.0e}")
