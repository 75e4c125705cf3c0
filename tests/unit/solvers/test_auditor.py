"""The auditor: correct formulas in many conventions, wrong ones with a counterexample and the repair."""

import pytest

from solvers.auditor import audit
from solvers.precision import evaluate
from theory import models

GAMMA = "P*S(eta**2/(P*eta + kappa)**2)"
BIAS = "kappa**2*S(a2/(P*eta + kappa)**2)"


@pytest.fixture(scope="module")
def theory():
    return models.KernelRegression().theory()


@pytest.mark.parametrize(
    ("formula", "where"),
    [
        (f"E_g = {BIAS}/(1-gamma)", {"gamma": GAMMA, "noise": 0}),
        (f"E_g = ({BIAS} + noise*gamma)/(1-gamma)", {}),
        (f"E_g = ({BIAS} + s2*g)/(1-g)", {"g": GAMMA, "s2": "noise"}),
        ("kappa = lambda + kappa*S(eta/(kappa + P*eta))", {}),
        ("kappa = P*lambda + kappa*S(eta/(kappa + P*eta))", {"convention": "ridge=P*lambda"}),
        ("kappa = lambda + kappa*S(eta/(kappa + eta))/P", {"convention": ["ridge = P*lambda", "kappa = P*kappa"]}),
        ("gamma = 1 - lambda/kappa - kappa*S(eta/(kappa + P*eta)**2)", {}),
        ("E_train = (ridge/kappa)**2*(E_g + noise)", {}),
        ("E_g = S(mode_errors)", {}),
        ("mode_errors = kappa**2*a2/(P*eta+kappa)**2 + P*eta**2/(P*eta+kappa)**2*(E_g + noise)", {}),
        ("target_mode_contributions = kappa**2*a2/((P*eta+kappa)**2*(1-gamma))", {"eigenvalues": [1, 0.5, 0]}),
        ("kappa = (1 + ridge - P/M + sqrt((1 + ridge + P/M)**2 - 4*P/M))/2", {"eigenvalues": "1/M"}),
        ("E_g = kappa - ridge", {"target_power": "eta", "noise": "ridge"}),
    ],
)
def test_correct(theory, formula, where):
    verdict = audit(theory, formula, **where)
    assert verdict.verdict == "correct" and verdict.digits >= 25, verdict
    assert verdict.counterexample is None


@pytest.mark.parametrize(
    ("formula", "where", "hint"),
    [
        ("gamma = S(eta**2/(P*eta + kappa)**2)", {}, "agrees when the right side is multiplied by P"),
        (f"E_g = {BIAS}", {"noise": 0}, "agrees when the right side is multiplied by 1/(1 - gamma)"),
        (f"E_g = -2*{BIAS}/(1-gamma)", {"noise": 0}, "agrees when the right side is multiplied by (-1/2)"),
        (f"E_g = {BIAS}/(1-gamma)", {}, "agrees where noise = 0: what noise contributes is missing or wrong"),
        (f"E_g = ({BIAS} + noise*gamma)/(1-gamma) + noise", {}, "agrees where noise = 0"),
        pytest.param(
            f"E_g = ({BIAS} + noise*gamma)/(1-gamma**2)",
            {},
            "agrees when the exponent of gamma is 1 in place of 2",
            marks=pytest.mark.slow,
        ),
        (f"E_g = ({BIAS} + noise*gamma)/(1+gamma)", {}, "agrees when the sign of gamma is changed"),
        (f"E_g = ({BIAS.replace('kappa**2', 'ridge**2')} + noise*gamma)/(1-gamma)", {}, "ridge is replaced by kappa"),
        pytest.param(
            "E_train = (kappa/ridge)**2*(E_g + noise)",
            {},
            "agrees when ridge and kappa are exchanged",
            marks=pytest.mark.slow,
        ),
        pytest.param("kappa = lambda + S(eta/(kappa + P*eta))", {}, "is multiplied by kappa", marks=pytest.mark.slow),
    ],
)
def test_wrong_with_the_repair(theory, formula, where, hint):
    verdict = audit(theory, formula, **where)
    assert verdict.verdict == "wrong" and hint in verdict.hint, verdict


def test_the_counterexample_is_reproducible_and_short(theory):
    verdict = audit(theory, "gamma = S(eta**2/(P*eta + kappa)**2)")
    point = {k: v for k, v in verdict.counterexample.items() if k not in ("left", "right")}
    assert all(len(f"{x:g}") <= 5 for v in point.values() for x in (v if isinstance(v, list) else [v]))
    assert float(evaluate(theory, 20, **point)["gamma"]) == pytest.approx(verdict.counterexample["left"])
    assert verdict.counterexample["left"] == pytest.approx(point["P"] * verdict.counterexample["right"])


def test_a_per_mode_counterexample_names_the_mode(theory):
    verdict = audit(theory, "mode_errors = target_mode_contributions")
    assert verdict.verdict == "wrong" and verdict.counterexample["mode"] == 1
    assert "mode 1" in str(verdict)


def test_undecided_where_nothing_can_be_evaluated(theory):
    verdict = audit(theory, "E_g = log(-P)")
    assert verdict.verdict == "undecided" and verdict.digits is None and "complex" in verdict.hint


def test_the_domain_of_a_formula_is_told(theory):
    verdict = audit(theory, "kappa = lambda + S(1/(1/eta + P/kappa))")
    assert verdict.verdict == "correct" and "not defined at" in verdict.hint


def test_a_small_difference_is_seen(theory):
    verdict = audit(theory, "kappa = lambda + kappa*S(eta/(kappa + P*eta)) + 1e-20*P")
    assert verdict.verdict == "wrong" and 15 < verdict.digits < 25


def test_numbers_may_come_from_numpy(theory):
    import numpy as np

    verdict = audit(theory, f"E_g = ({BIAS} + noise*gamma)/(1-gamma)", noise=np.float64(0.1), eigenvalues=np.array([1.0, 0.3]))
    assert verdict.verdict == "correct"


def test_ridge_zero_below_the_number_of_modes(theory):
    verdict = audit(theory, "1 = S(eta/(kappa + P*eta))", ridge=0, P=1, eigenvalues=[1.0, 0.5])
    assert verdict.verdict == "correct"


def test_json(theory):
    assert set(audit(theory, "gamma = gamma").to_json()) == {"verdict", "digits", "counterexample", "hint"}
