"""The formula grammar: what it reads, exactly, and in the order of precedence of mathematics."""

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from theory.averages import ModeSum
from theory.errors import ClaimError
from theory.modes import ModeArray, ModeIndex
from theory.parsing import FUNCTIONS, parse
from theory.symbols import P, kappa, ridge, size

eta, a2 = ModeArray("eta"), ModeArray("a2")
NAMES = {"P": P, "kappa": kappa, "lambda": ridge, "eta": eta, "a2": a2}
k, m = ModeIndex("M", "k"), ModeIndex("M", "m")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.1", sp.Rational(1, 10)),
        (".5e-3", sp.Rational(1, 2000)),
        ("2**3**2", 512),
        ("-2**2", -4),
        ("2**-2", sp.Rational(1, 4)),
        ("1 - 2 - 3", -4),
        ("8/4/2", 1),
        ("--P", P),
        ("P/2*kappa", P * kappa / 2),
        ("lambda + kappa", ridge + kappa),
        ("pi", sp.pi),
        ("S(1)", size("M")),
        ("S(eta/(P*eta+kappa))", ModeSum(eta[k] / (P * eta[k] + kappa), k)),
        ("S(eta)**2", ModeSum(eta[k], k) ** 2),
        ("S_k(S_m(eta_k/(eta_k + a2_m)))", ModeSum(ModeSum(eta[k] / (eta[k] + a2[m]), m), k)),
        ("S(eta*S(a2))", ModeSum(eta[k], k) * ModeSum(a2[k], k)),
        ("atan2(1, P)", sp.atan2(1, P)),
        ("max(P, kappa, 1)", sp.Max(P, kappa, 1)),
        ("sqrt(P)", sp.sqrt(P)),
    ],
)
def test_value(text, expected):
    assert parse(text, NAMES) == expected


@pytest.mark.parametrize(
    ("sign", "relation"),
    [("=", sp.Eq), ("==", sp.Eq), ("<", sp.Lt), ("<=", sp.Le), (">", sp.Gt), (">=", sp.Ge)],
)
def test_relations_are_not_evaluated(sign, relation):
    parsed = parse(f"P {sign} P", NAMES)
    assert parsed.func is relation and parsed.args == (P, P)


def test_a_bare_array_needs_a_free_mode():
    with pytest.raises(ClaimError, match=r"'eta' at column 5 has one value per mode; sum over the modes with S\(eta\)"):
        parse("P + eta", NAMES)
    assert parse("P*eta + S(eta)", NAMES, free=m) == P * eta[m] + ModeSum(eta[k], k)


def test_names_in_a_mapping_win_over_constants():
    assert parse("pi", {"pi": P}) == P


leaves = st.sampled_from(["P", "kappa", "lambda", "2", "0.25", "S(eta)"])
formulas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda t: f"exp(-({t})**2/P)"),
        inner.map(lambda t: f"-{t}"),
    ),
    max_leaves=6,
)


@given(formulas)
def test_reads_back_what_python_would_compute(text):
    """The same text evaluated by Python on SymPy objects: an independent reader."""
    spelled = text.replace("lambda", "ridge").replace("S(eta)", "total").replace("0.25", "quarter").replace("2/P", "two/P")
    spelled = spelled.replace("**2", "**two").replace(" 2", " two").replace("(2", "(two").replace("-2", "-two")
    spelled = "two" if spelled == "2" else spelled
    known = {"P": P, "kappa": kappa, "ridge": ridge, "total": ModeSum(eta[k], k), "exp": sp.exp}
    known |= {"two": sp.Integer(2), "quarter": sp.Rational(1, 4)}
    assert sp.expand(parse(text, NAMES) - eval(spelled, {"__builtins__": {}}, known)) == 0


@given(st.text(alphabet="P+-*/().=<>eS 0129_,^kapetM'[]:;", max_size=30))
def test_any_text_is_read_or_refused_in_one_line(text):
    try:
        parse(text, NAMES)
    except ClaimError as error:
        assert "\n" not in str(error) and str(error).startswith("formula: ")


def test_every_function_is_a_sympy_function():
    assert all(isinstance(function, type) or callable(function) for _, function in FUNCTIONS.values())
    assert parse("tanh(P) + erf(P) + cosh(P)", NAMES) == sp.tanh(P) + sp.erf(P) + sp.cosh(P)


def test_matrices_take_two_indices():
    O = ModeArray("O", rank=2)
    names = {**NAMES, "O": O}
    whole = ModeSum(ModeSum(eta[k] * O[k, m] * a2[m], m), k)
    assert parse("S_i(eta_i*S_j(O_ij*a2_j))", names) == whole
    assert parse("S_i(S_j(eta_i*O*a2))", names) == whole
    assert parse("sqrt(eta_k)*O_kl*eta", names, free=(k, m)) == sp.sqrt(eta[k]) * O[k, m] * eta[m]
    with pytest.raises(ClaimError, match=r"'O' at column 3 has two mode indices; write O_kl inside S_k\(S_l\(...\)\)"):
        parse("S(O)", names)
    with pytest.raises(ClaimError, match="unexpected 'O_ik'"):
        parse("S_i(S_j(O_ik))", names)
