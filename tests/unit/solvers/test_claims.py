"""The judges: what is right passes, and the same claim with one thing changed does not."""

from dataclasses import replace

import pytest
import sympy as sp

from solvers.claims import Report, judge, verify
from solvers.judges.reading import Reading
from solvers.judges.samples import random_points
from solvers.judges.simulated import CircleFeatures, parameters_of
from solvers.judges.symbolic import vanishes
from theory import models, papers
from theory.errors import ClaimError
from theory.papers.claims import ClosedForm, Exponent, FixedPoint, Identity, Inequality, Limit, Simulation

ONE, TWO = papers.load("2002.02561"), papers.load("2006.13198")


@pytest.fixture(scope="module")
def theory():
    return models.KernelRegression().theory()


def changed(claim, old, new):
    """The claim with one part of its right side replaced."""
    right = claim.statement.rhs.subs(old, new)
    assert right != claim.statement.rhs
    return replace(claim, statement=claim.statement.func(claim.statement.lhs, right, evaluate=False))


def symbol(paper, name):
    return next(s for s in paper.symbols if getattr(s, "name", None) == name)


def test_changing_one_exponent_fails():
    claim = TWO.claim("power-law learning curve")
    b = claim.power_laws["eigenvalues"]
    assert judge(TWO, claim).status == "pass"
    assert judge(TWO, changed(claim, 2 * b, 3 * b)).status == "fail"
    report = verify(replace(TWO, claims=(changed(claim, 2 * b, 3 * b),)))
    assert not report.passed


@pytest.mark.parametrize("shift", [-0.05, 0.05, 0.02])
def test_an_exponent_off_by_a_little_is_excluded(shift):
    claim = TWO.claim("power-law learning curve")
    off = sp.Eq(claim.statement.lhs, claim.statement.rhs + shift, evaluate=False)
    assert judge(TWO, replace(claim, statement=off)).status == "fail"


def test_a_wrong_power_in_an_identity_fails_with_a_counterexample():
    claim = TWO.claim("generalisation error")
    gamma = symbol(TWO, "gamma")
    outcome = judge(TWO, changed(claim, 1 - gamma, (1 - gamma) ** 2))
    assert outcome.status == "fail" and " against " in outcome.evidence and "eigenvalues=" in outcome.evidence


def test_a_wrong_fixed_point_fails():
    claim = ONE.claim("implicit equation of the effective regularisation")
    p = symbol(ONE, "p")
    assert judge(ONE, claim).evidence.endswith("its residual is 1 times the derived one")
    assert judge(ONE, changed(claim, p, 2 * p)).status == "fail"


def test_a_fixed_point_with_a_second_solution_fails():
    """Multiplied by a factor that vanishes inside the interval, the equation is satisfied but no longer determines kappa."""
    claim = TWO.claim("implicit equation of the effective ridge")
    kappa, lam = symbol(TWO, "kappa"), symbol(TWO, "lambda")
    residual = claim.statement.lhs - claim.statement.rhs
    twice = sp.Eq(residual * (kappa - lam - lam / 1000), 0, evaluate=False)
    outcome = judge(TWO, replace(claim, statement=twice))
    assert outcome.status == "fail" and "solutions" in outcome.evidence


def test_a_wrong_branch_of_a_root_fails():
    claim = TWO.claim("white kernel: effective ridge")
    root = next(a for a in claim.statement.rhs.atoms(sp.Pow) if a.exp == sp.Rational(1, 2))
    assert judge(TWO, changed(claim, root, -root)).status == "fail"


@pytest.mark.slow
def test_thresholds_come_out_of_the_conditions():
    claim = TWO.claim("white kernel: threshold noise of non-monotonic learning, ridge below one")
    outcome = judge(TWO, replace(claim, ranges={"ridge": (0.05, 0.05)}))
    assert outcome.status == "pass" and "0.3247414888947" in outcome.evidence
    plain_arctangent = claim.statement.rhs.replace(sp.atan2, lambda y, x: sp.atan(y / x))
    wrong = replace(claim, statement=sp.Eq(claim.statement.lhs, plain_arctangent, evaluate=False), ranges={"ridge": (0.05, 0.05)})
    assert judge(TWO, wrong).status == "fail"


def test_a_limit_with_another_rate_or_constant_fails():
    claim = TWO.claim("interpolation peak")
    assert judge(TWO, replace(claim, rate=sp.S.One)).status == "fail"
    doubled = sp.Eq(claim.statement.lhs, 1.001 * claim.statement.rhs, evaluate=False)
    assert judge(TWO, replace(claim, statement=doubled)).status == "fail"


def test_a_reversed_inequality_fails():
    claim = TWO.claim("the overfitting factor is below one")
    gamma = claim.statement.lhs
    assert judge(TWO, replace(claim, statement=sp.Gt(gamma, 1, evaluate=False))).status == "fail"
    assert judge(TWO, replace(claim, statement=sp.Lt(gamma, sp.Rational(1, 2), evaluate=False))).status == "fail"


def test_an_equality_is_told_from_a_violation():
    lam = symbol(TWO, "lambda")
    assert judge(TWO, Inequality("equal", sp.Ge(lam, lam, evaluate=False), "everywhere")).status == "pass"
    assert judge(TWO, Inequality("equal", sp.Gt(lam, lam, evaluate=False), "everywhere")).status == "fail"


def test_the_threshold_of_monotonic_learning_is_sharp():
    claim = TWO.claim("white kernel: monotonic below the threshold, ridge above one")
    noise, lam = symbol(TWO, "sigma^2"), symbol(TWO, "lambda")
    assert judge(TWO, replace(claim, condition=noise < 4 * lam + 1, ranges={**claim.ranges, "P": (0.001, 0.01)})).status == "fail"


def test_a_condition_that_never_holds_is_an_error():
    claim = TWO.claim("white kernel: monotonic below the threshold, ridge above one")
    noise = symbol(TWO, "sigma^2")
    for condition, reason in ((noise < symbol(TWO, "lambda") / 10**6, "narrow its ranges"), (noise < -1, "never holds")):
        outcome = judge(TWO, replace(claim, condition=condition))
        assert outcome.status == "error" and reason in outcome.evidence


def test_a_documented_failure_must_show():
    claim = ONE.claim("the mode errors are not the errors in the modes")
    assert judge(ONE, claim).status == "limit"
    assert judge(ONE, replace(claim, fails="")).status == "fail"
    true = ONE.claim("mode errors")
    outcome = judge(ONE, replace(true, fails="said to fail"))
    assert outcome.status == "fail" and "does not show" in outcome.evidence


def test_errors_are_reported_not_raised():
    claim = Identity("unmapped", sp.Eq(sp.Symbol("x"), 1, evaluate=False), "everywhere")
    outcome = judge(TWO, claim)
    assert outcome.status == "error" and "x" in outcome.evidence and not Report((outcome,)).passed


def test_numeric_evidence_where_no_normal_form_is_known():
    lam = symbol(TWO, "lambda")
    claim = Identity("logarithms", sp.Eq(sp.log(lam**2 + lam), sp.log(lam) + sp.log(1 + lam), evaluate=False), "everywhere")
    outcome = judge(TWO, claim)
    assert outcome.status == "pass" and outcome.evidence.startswith("30 digits at ")


@pytest.mark.parametrize("paper", [ONE, TWO], ids=lambda p: p.arxiv)
def test_symbolic_proofs_see_a_change(paper, theory):
    """Every identity shown symbolically stops being shown when one side is multiplied by 1 + 1e-9."""
    for claim in paper.claims:
        if isinstance(claim, Identity) and not claim.fails and claim.statement.rhs != 0:
            reading = Reading(paper, claim, theory)
            relation = reading.statement
            assert vanishes(relation.lhs - relation.rhs, reading.theory), claim.name
            assert not vanishes(relation.lhs - relation.rhs * (1 + sp.Rational(1, 10**9)), reading.theory), claim.name


def test_kinds_cover_the_judges():
    kinds = {type(claim) for paper in (ONE, TWO) for claim in paper.claims}
    assert kinds == {Identity, FixedPoint, ClosedForm, Limit, Exponent, Inequality, Simulation}


def test_report(theory):
    few = replace(TWO, claims=(TWO.claims[1], TWO.claim("kernel on the circle")))
    report = verify(few)
    assert report.passed and report.left_out == 1
    assert set(report.to_json()[0]) == {"paper", "claim", "kind", "status", "evidence"}
    assert "1 claims are judged by a full verification only" in str(report)
    with pytest.raises(ClaimError, match="no paper '2006'"):
        verify("2006")


def test_points_stay_in_their_domains(theory):
    points = random_points(theory, ranges={"ridge": (0.5, 0.6)})
    seen = [next(points) for _ in range(40)]
    assert all(0.5 <= values["ridge"] <= 0.6 and values["P"] > 0 for values in seen)
    assert all(len(values["eigenvalues"]) == len(values["target_power"]) for values in seen)
    assert {len(values["eigenvalues"]) for values in seen} == {1, 2, 3, 5, 8}
    assert any(0.0 in values["eigenvalues"] for values in seen)
    assert any(len(set(values["eigenvalues"])) < len(values["eigenvalues"]) for values in seen)


def test_circle_features_are_orthonormal():
    import numpy as np

    frequencies = (0, 1, -1, 2, -2, 7)
    features = CircleFeatures(frequencies)(np.random.default_rng(0), (200_000, len(frequencies)))
    assert np.allclose(features.T @ features / len(features), np.eye(len(frequencies)), atol=0.02)


def test_parameters_of_a_simulation():
    claim = TWO.claim("generalisation error against simulation")
    values = parameters_of(replace(claim, parameters={"P": 3, "eigenvalues": "k**-2", "M": 3}))
    assert values == {"P": 3, "eigenvalues": [1.0, 0.25, 1 / 9]}
    with pytest.raises(ClaimError, match="M is not given"):
        parameters_of(replace(claim, parameters={"eigenvalues": "k**-2"}))


def test_a_wrong_formula_is_refused_by_simulation():
    claim = replace(TWO.claim("generalisation error against simulation"), trials=200, replicates=(1, 2))
    assert judge(TWO, claim).status == "pass"
    assert judge(TWO, changed(claim, symbol(TWO, "p"), 2 * symbol(TWO, "p"))).status == "fail"
