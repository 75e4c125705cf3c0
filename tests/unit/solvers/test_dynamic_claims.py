"""Claims about a course in time: right ones pass, wrong signs, exponents and formulas fail."""

from dataclasses import replace

import pytest
import sympy as sp

from solvers.claims import judge
from theory.papers.claims import Identity, LogSlope
from theory.papers.dynamics import Frontier, Trend
from theory.papers.publication import Paper

power, t, N, C, s, r, b, a, L = (sp.Symbol(n, positive=True) for n in ("power", "t", "N", "C", "s", "r", "b", "a", "L"))
NETWORK = {"N": 1.0, "gain": 1.0, "leak": 1.5}
FALLS = Trend("decay", sp.Lt(LogSlope(power, t), 0), "mu > g", parameters=NETWORK, between=(0.1, 5.0), symbols={t: "t"})
TWO = Identity("two frequencies", sp.Eq(power, 1 / ((1 + s) * (1 + r) - sp.Rational(1, 4)), evaluate=False), "g = 1/2, mu = 1",
               transformed=True, given={"symmetry": "0", "gain": "1/2", "leak": "1"}, symbols={s: "z", r: "other_z"})  # fmt: skip
OPTIMUM = Frontier("width", sp.Eq(LogSlope(N, C), 1 / (1 + b), evaluate=False), "infinite data", model="random-feature-flow",
                   loss="test_loss", sizes={"N": (1e2, 3e4), "t": (1e2, 1e6)}, power_laws={"eigenvalues": b, "target_power": a},
                   cases=({b: 1.5, a: 1.75},), given={"P": "10**16"}, symbols={N: "N", C: "1", L: "test_loss"})  # fmt: skip


def paper(claim):
    symbols = {power: "power"}
    return Paper("0000.00000", "A test", ("Nobody",), 2000, "nobody2000", "linear-network", "as declared", symbols, (claim,))


@pytest.mark.parametrize("claim", [FALLS, TWO], ids=lambda c: c.kind)
def test_what_holds_passes(claim):
    outcome = judge(paper(claim), claim)
    assert outcome.status == "pass", outcome.evidence


@pytest.mark.parametrize(
    "claim",
    [
        replace(FALLS, statement=sp.Gt(LogSlope(power, t), 0)),
        replace(FALLS, parameters={**NETWORK, "leak": 0.5}),
        replace(TWO, given={**TWO.given, "leak": "2"}),
    ],
    ids=["sign", "growth", "formula"],
)
def test_what_does_not_hold_fails(claim):
    assert judge(paper(claim), claim).status == "fail"


def test_a_trend_is_a_sign_of_a_slope():
    outcome = judge(paper(FALLS), replace(FALLS, statement=sp.Gt(LogSlope(power, t), 1)))
    assert outcome.status == "error" and "LogSlope(quantity, time) > 0 or < 0" in outcome.evidence


@pytest.mark.slow
def test_the_exponent_of_the_optimal_time_is_not_that_of_the_width():
    claim = replace(OPTIMUM, statement=sp.Eq(LogSlope(N, C), b / (1 + b), evaluate=False))
    outcome = judge(replace(paper(claim), symbols={}), claim)
    assert outcome.status == "fail" and "claimed 0.6000" in outcome.evidence, outcome.evidence
