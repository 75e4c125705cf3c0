"""Claims that are numbers: right ones pass, the same with a changed digit fail, and evidence says what was found."""

from dataclasses import replace

import pytest
import sympy as sp

from solvers.claims import judge, verify
from theory.papers.numbers import Transition, Value
from theory.papers.publication import Paper

kappa, P, E_g, alpha = sp.symbols("kappa P E_g alpha", positive=True)
MODES = [1 / 8] * 8
ROOT = (sp.Rational(11, 10) - alpha + sp.sqrt((sp.Rational(11, 10) + alpha) ** 2 - 4 * alpha)) / 2
"""White spectrum of trace one, ridge 1/10, alpha = P/M."""
TASK = dict(ridge=0.1, eigenvalues=MODES, target_power=MODES)
VALUE = Value("effective ridge", sp.Eq(kappa, ROOT, evaluate=False), "white spectrum", symbols={alpha: "P/8"},
              parameters=dict(P=4.0, **TASK), digits=10)  # fmt: skip
TURN = Transition("where it is one half", sp.Eq(P, 6, evaluate=False), "white spectrum", between=(1.0, 20.0),
                  on=("kappa", 0.5), parameters=TASK, digits=9)  # fmt: skip


def paper(*claims):
    return Paper("0000.00000", "A test", ("Nobody",), 2000, "nobody2000", "kernel-regression", "as declared",
                 {kappa: "kappa", P: "P", E_g: "E_g"}, claims)  # fmt: skip


def test_a_value_and_a_crossing_pass():
    report = verify(paper(VALUE, TURN))
    assert report.passed, report
    assert "digits asked for" in report["effective ridge"].evidence and "kappa = 0.5" in report["where it is one half"].evidence


@pytest.mark.parametrize("claim", [VALUE, TURN], ids=lambda c: c.kind)
def test_a_changed_digit_fails(claim):
    right = claim.statement.rhs * (1 + sp.Rational(1, 10**8))
    wrong = replace(claim, statement=sp.Eq(claim.statement.lhs, right, evaluate=False))
    assert judge(paper(wrong), wrong).status == "fail"


def test_a_branch_without_such_a_point_fails_and_says_how_far_it_runs():
    claim = replace(TURN, on="spinodal")
    outcome = judge(paper(claim), claim)
    assert outcome.status == "fail" and "runs from P = 1 to 20" in outcome.evidence


def test_a_claim_may_be_about_another_model():
    claim = replace(VALUE, model="elastic-net")
    assert judge(paper(claim), claim).status == "error"
    lost = replace(VALUE, model="no-such-model")
    outcome = judge(paper(lost), lost)
    assert outcome.status == "error" and "no model 'no-such-model'" in outcome.evidence
