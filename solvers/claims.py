"""`verify`: every claim of a paper judged by the strictest means of its kind, against the theory that the engine derives."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from solvers.judges.asymptotic import judge_exponent, judge_frontier, judge_limit
from solvers.judges.dynamic import judge_agreement, judge_trend
from solvers.judges.measured import judge_transition, judge_value
from solvers.judges.pointwise import judge_closed_form, judge_fixed_point, judge_identity, judge_inequality
from solvers.judges.reading import Reading
from solvers.judges.simulated import judge_simulation
from solvers.judges.verdicts import Verdict
from theory import papers
from theory.errors import ClaimError, QuenchedError
from theory.papers.claims import Claim
from theory.papers.publication import Paper

log = logging.getLogger("quenched")

JUDGES = {
    "identity": judge_identity,
    "fixed point": judge_fixed_point,
    "closed form": judge_closed_form,
    "limit": judge_limit,
    "exponent": judge_exponent,
    "frontier": judge_frontier,
    "trend": judge_trend,
    "inequality": judge_inequality,
    "value": judge_value,
    "transition": judge_transition,
}
DRAWN = {"simulation": judge_simulation, "agreement": judge_agreement}
"""Kinds of claims that are judged by drawing the model."""


@dataclass(frozen=True)
class Outcome:
    """One claim's ``status``: "pass", "fail", "limit" (a documented failure, confirmed) or "error", with the figures measured."""

    paper: str
    claim: str
    kind: str
    status: str
    evidence: str
    seconds: float

    def to_json(self) -> dict[str, str]:
        return {"paper": self.paper, "claim": self.claim, "kind": self.kind, "status": self.status, "evidence": self.evidence}


@dataclass(frozen=True)
class Report:
    """The outcomes of a verification; ``left_out`` counts the claims that only a full one judges."""

    outcomes: tuple[Outcome, ...]
    left_out: int = 0

    @property
    def passed(self) -> bool:
        """Whether no claim failed and none could not be judged."""
        return all(outcome.status in ("pass", "limit") for outcome in self.outcomes)

    def to_json(self) -> list[dict[str, str]]:
        """One object per claim: paper, claim, kind, status, evidence."""
        return [outcome.to_json() for outcome in self.outcomes]

    def __getitem__(self, claim: str) -> Outcome:
        for outcome in self.outcomes:
            if outcome.claim == claim:
                return outcome
        raise ClaimError(f"no claim {claim!r} in the report; known: {', '.join(o.claim for o in self.outcomes)}")

    def __str__(self) -> str:
        rows = []
        for number, o in enumerate(self.outcomes):
            if number == 0 or self.outcomes[number - 1].paper != o.paper:
                rows.append(o.paper)
            rows.append(f"  {o.status:5s}  {o.claim}  [{o.kind}, {o.seconds:.1f} s]\n         {o.evidence}")
        counts = {s: sum(o.status == s for o in self.outcomes) for s in ("pass", "limit", "fail", "error")}
        rows.append(", ".join(f"{n} {status}" for status, n in counts.items() if n))
        if self.left_out:
            rows[-1] += f"; {self.left_out} claims are judged by a full verification only"
        return "\n".join(rows)

    __repr__ = __str__


def verify(paper: str | Paper, full: bool = False) -> Report:
    """Judge the claims of a paper, given by arXiv number (or "all"), or as a :class:`Paper` of one's own.

    ``full`` adds simulations and whatever else takes long. Raises ClaimError for a paper that is not known; a claim that cannot be
    judged is reported as an "error".
    """
    chosen = [paper] if isinstance(paper, Paper) else [papers.load(n) for n in (papers.names() if paper == "all" else [paper])]
    outcomes, left_out = [], 0
    for record in chosen:
        for claim in record.claims:
            if claim.full and not full:
                left_out += 1
                continue
            outcomes.append(judge(record, claim))
            log.info("%s: %s: %s", record.arxiv, claim.name, outcomes[-1].status)
    return Report(tuple(outcomes), left_out)


def judge(paper: Paper, claim: Claim) -> Outcome:
    """The outcome of one claim."""
    begin = time.perf_counter()
    try:
        model, theory = _derived(claim.model or paper.model, tuple(sorted(claim.options.items())))
        reading = Reading(paper, claim, theory.transformed if claim.transformed else theory)
        drawn = DRAWN.get(claim.kind)
        verdict = drawn(reading, model) if drawn is not None else JUDGES[claim.kind](reading)
        status, evidence = _status(claim, verdict)
    except (QuenchedError, ArithmeticError, ValueError) as error:
        status, evidence = "error", " ".join(str(error).split()) or type(error).__name__
    return Outcome(paper.arxiv, claim.name, claim.kind, status, evidence, time.perf_counter() - begin)


def _status(claim: Claim, verdict: Verdict) -> tuple[str, str]:
    if not claim.fails:
        return ("pass" if verdict.holds else "fail"), verdict.evidence
    if verdict.holds:
        return "fail", f"the documented failure ({claim.fails}) does not show: {verdict.evidence}"
    return "limit", f"{verdict.evidence}; {claim.fails}"


@lru_cache(maxsize=8)
def _derived(name: str, options: tuple[tuple[str, Any], ...] = ()) -> tuple[Any, Any]:
    """A model and its derived theory."""
    from theory import models

    model = models.load(name)(**dict(options))
    return model, model.theory()
