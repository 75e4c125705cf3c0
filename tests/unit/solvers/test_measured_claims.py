"""Claims that are numbers: right ones pass, the same with a changed digit fail, and evidence says what was found."""

from dataclasses import replace

import pytest
import sympy as sp

from solvers.claims import judge, verify
from solvers.judges.measured import extrapolated
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


def bare():
    """A paper without symbols of its own, for claims about other models."""
    return replace(paper(), symbols={})


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


def test_a_limit_is_extrapolated_and_a_changed_coefficient_fails():
    """White spectrum, P = 2 M: kappa tends to the ridge over 1 - M/P as the ridge goes to 0."""
    ridge = sp.Symbol("lambda", positive=True)
    options = dict(symbols={ridge: "ridge"}, towards={"ridge": (0.02, 0.01, 0.005)}, digits=4)
    white = {"eigenvalues": MODES, "target_power": MODES, "P": 16.0}
    claim = replace(VALUE, statement=sp.Eq(kappa, 2 * ridge, evaluate=False), parameters=white, **options)
    outcome = judge(paper(claim), claim)
    assert outcome.status == "pass" and "(ratio to the formula)" in outcome.evidence, outcome.evidence
    wrong = replace(claim, statement=sp.Eq(kappa, 2.001 * ridge, evaluate=False))
    assert judge(paper(wrong), wrong).status == "fail"


def test_extrapolation_is_exact_for_polynomials():
    places = [0.1, 0.3, 0.7]
    assert extrapolated(places, [2 + x - 3 * x**2 for x in places]) == pytest.approx(2, abs=1e-14)


def test_an_unknown_may_be_held():
    T = sp.Symbol("T", positive=True)
    claim = Transition("dynamic", sp.Eq(T, sp.sqrt(sp.Rational(3, 8)), evaluate=False), "block size one", model="spherical-p-spin",
                       symbols={T: "temperature"}, parameters={"N": 1.0}, between=(0.5, 0.7), on="spinodal", start={"dq_1": "8/10"},
                       held={"x_1": 1.0, "q_0": 0.0, "m": 0.0}, digits=9)  # fmt: skip
    assert judge(bare(), claim).status == "pass"
    lost = replace(claim, held={"x_2": 1.0})
    assert "no unknown 'x_2' of spherical-p-spin to hold; did you mean 'x_1'?" in judge(bare(), lost).evidence


def test_a_claim_may_be_about_an_option_of_a_model():
    """Without patterns the stability of a random one is that of half a Gaussian; only the sampling model observes it."""
    gamma = sp.Symbol("gamma", positive=True)
    claim = Value("stability", sp.Eq(gamma, sp.sqrt(2 / sp.pi), evaluate=False), "P -> 0", model="gardner",
                  symbols={gamma: "stability"}, options={"algorithm": "gibbs"}, parameters={"N": 1.0, "P": 1e-9},
                  digits=7)  # fmt: skip
    assert judge(bare(), claim).status == "pass"
    assert judge(bare(), replace(claim, options={})).status == "error"
