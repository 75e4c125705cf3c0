"""The classical results, one test each, and the whole verification; a wrong figure fails."""

from dataclasses import replace

import pytest
import sympy as sp

from solvers.claims import judge
from tests.papers.claim_tests import claim_tests
from theory import papers

test_claim, test_full_verification = claim_tests("classics")


@pytest.mark.parametrize("name", ["storage capacity with a margin", "dynamic transition"])
def test_a_wrong_figure_fails(name):
    """The capacity of a number of patterns in the ninth digit, and T_d² = 3/8 taken for T_d."""
    paper = papers.load("classics")
    claim = paper.claim(name)
    wrong = {"storage capacity with a margin": sp.Float("0.961205028801541756"), "dynamic transition": sp.Rational(3, 8)}[name]
    outcome = judge(paper, replace(claim, statement=sp.Eq(claim.statement.lhs, wrong, evaluate=False)))
    assert outcome.status == "fail" and "against" in outcome.evidence
