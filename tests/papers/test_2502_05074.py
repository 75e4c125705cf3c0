"""The claims of 2502.05074, one test each, and the whole verification."""

import pytest

from solvers.claims import judge, verify
from theory import papers

PAPER = papers.load("2502.05074")
QUICK = [claim for claim in PAPER.claims if not claim.full]


@pytest.mark.parametrize("claim", QUICK, ids=lambda claim: claim.name)
def test_claim(claim):
    outcome = judge(PAPER, claim)
    assert outcome.status == ("limit" if claim.fails else "pass"), outcome.evidence


@pytest.mark.slow
def test_full_verification():
    report = verify("2502.05074", full=True)
    assert report.passed, str(report)
    assert {o.claim for o in report.outcomes} == {claim.name for claim in PAPER.claims}
    assert {o.claim for o in report.outcomes if o.status == "limit"} == {c.name for c in PAPER.claims if c.fails}
