"""Formulas that are refused: always a ClaimError of one line that names the place, and never anything executed or unending."""

import time

import pytest

from theory import models
from theory.errors import ClaimError
from theory.modes import ModeArray
from theory.parsing import parse
from theory.symbols import P, kappa

NAMES = {"P": P, "kappa": kappa, "eta": ModeArray("eta")}

REFUSED = {
    "": "is no formula",
    "   ": "is no formula",
    "foo + 1": "unexpected 'foo' at column 1; known:",
    "P + kapa": "unexpected 'kapa' at column 5; did you mean 'kappa'",
    "P +": "unexpected 'end' at column 4",
    "P P": "unexpected 'P' at column 3",
    "(P": "unexpected 'end' at column 3; '\\)' belongs there",
    "P)": "unexpected '\\)' at column 2",
    "kappa^2": "unexpected '\\^' at column 6; a power is written \\*\\*",
    "P = kappa = 1": "unexpected '=' at column 11",
    "P != 1": "unexpected '!' at column 3",
    "import os": "unexpected 'import' at column 1",
    "__import__('os').system('x')": "unexpected \"'\" at column 12",
    "__import__(os)": "unexpected '__import__\\(' at column 1; functions:",
    "P.__class__": "unexpected '.' at column 2",
    "open(P)": "unexpected 'open\\(' at column 1",
    "eval(P)": "unexpected 'eval\\(' at column 1",
    "[P]": "unexpected '\\[' at column 1",
    "P if P else P": "unexpected 'if' at column 3",
    "lambda x: x": "unexpected ':' at column 9",
    "9**9**9": "power at column 2 is huge",
    "9**9**9**9": "power at column",
    "P**1000000": "power at column 2 is huge",
    "((2**199)**199)**199": "power at column 10 is huge",
    "exp(exp(exp(9)))": "argument of exp at column 1 is huge",
    "1e999999999": "number at column 1 is out of range",
    "9" * 200: "number at column 1 is out of range",
    "1/0": "division by zero at column 3",
    "P/(kappa - kappa)": "division by zero at column 3",
    "0**-1": "division by zero at column 2",
    "log(0)": "value at column 1 is not finite",
    "eta": "has one value per mode",
    "S(eta_k)": "unexpected 'eta_k' at column 3",
    "S_k(eta_m)": "unexpected 'eta_m' at column 5",
    "S()": "unexpected '\\)' at column 3",
    "atan2(1)": "atan2 at column 1 has 1 arguments; give 2",
    "sqrt(1, 2)": "sqrt at column 1 has 2 arguments; give 1",
    "max(P)": "max at column 1 has 1 arguments; give 2 or more",
    "(" * 100 + "P" + ")" * 100: "nested deeper than 40 at column 41",
    "P" + " + P" * 2000: "8001 characters; at most",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:30])
def test_refused_at_once_in_one_line(text):
    begin = time.perf_counter()
    with pytest.raises(ClaimError, match=REFUSED[text]) as refusal:
        parse(text, NAMES)
    assert "\n" not in str(refusal.value)
    assert time.perf_counter() - begin < 1


@pytest.mark.parametrize("text", [None, 3, b"P", ["P"]])
def test_what_is_no_text_is_refused(text):
    with pytest.raises(ClaimError, match="is no formula"):
        parse(text, NAMES)


@pytest.fixture(scope="module")
def theory():
    return models.KernelRegression().theory()


@pytest.mark.parametrize(
    ("formula", "where", "message"),
    [
        ("E_g", {}, "not of the form left = right"),
        ("E_g < 1", {}, "not of the form left = right"),
        ("E_h = 1", {}, "unexpected 'E_h' at column 1; did you mean 'E_g'"),
        ("E_g = eta", {}, "'eta' at column 7 has one value per mode"),
        ("E_g = x", {"x": "y", "y": "x"}, "x: defined in a circle with y"),
        ("E_g = x", {"x": "1 +"}, "x: unexpected 'end' at column 4"),
        ("E_g = 1", {"convention": "ridge"}, "convention: 'ridge' does not start with a name"),
        ("E_g = 1", {"convention": "rigde = P*lambda"}, "did you mean 'ridge'"),
        ("E_g = 1", {"convention": "ridge = P"}, "names 0 symbols of the paper"),
        ("E_g = 1", {"convention": "ridge = x*y"}, "names 2 symbols of the paper"),
        ("E_g = 1", {"convention": "ridge = x**2"}, "cannot be solved for x"),
        ("E_g = 1", {"noise": "foo"}, "noise: unexpected 'foo'"),
        ("E_g = 1", {"noise": -1}, "noise: -1 is outside noise >= 0"),
        ("E_g = 1", {"P": "0"}, "P: 0 is outside P > 0"),
        ("E_g = 1", {"eigenvalues": [1.0, -0.5]}, "eigenvalues: -0.5 is outside"),
        ("E_g = 1", {"noise": float("nan")}, "noise: unexpected 'nan'"),
    ],
)
def test_audits_that_cannot_be_read(theory, formula, where, message):
    from solvers.auditor import audit

    with pytest.raises(ClaimError, match=message):
        audit(theory, formula, **where)
