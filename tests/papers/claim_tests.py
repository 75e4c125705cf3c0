"""What is tested of every paper: each quick claim by itself, and the whole verification."""

import pytest

from solvers.claims import judge, verify
from theory import papers


def claim_tests(identifier):
    """The two tests of a paper, to be named `test_claim` and `test_full_verification` in its file."""
    paper = papers.load(identifier)

    @pytest.mark.parametrize("claim", [claim for claim in paper.claims if not claim.full], ids=lambda claim: claim.name)
    def test_claim(claim):
        outcome = judge(paper, claim)
        assert outcome.status == ("limit" if claim.fails else "pass"), outcome.evidence

    @pytest.mark.slow
    def test_full_verification():
        report = verify(identifier, full=True)
        assert report.passed, str(report)
        assert {o.claim for o in report.outcomes} == {claim.name for claim in paper.claims}
        assert {o.claim for o in report.outcomes if o.status == "limit"} == {c.name for c in paper.claims if c.fails}

    return test_claim, test_full_verification
