"""Power laws against closed forms: the Hurwitz zeta function, and coth for exponent 2."""

import math

import mpmath
import numpy as np
import pytest
from scipy.special import zeta

from solvers.modes.power_law import ERROR, PowerLaw, parse_power_law, power_law_nodes
from theory.errors import ParameterError


def nodes(b, *carriers, modes=math.inf, scale=1.0):
    laws = {"eta": PowerLaw(b, modes, scale), **{f"a{i}": PowerLaw(a, modes) for i, a in enumerate(carriers)}}
    arrays, weight = power_law_nodes(laws)
    return weight, *arrays.values()


@pytest.mark.parametrize("text", ["1.5:500", "1.5:5e2"])
def test_text_is_read(text):
    assert parse_power_law(text) == PowerLaw(1.5, 500)
    assert parse_power_law("2:inf") == PowerLaw(2.0)


@pytest.mark.parametrize(("text", "message"), [
    ("1.5", "write EXPONENT:MODES"), ("1:2:3", "write EXPONENT:MODES"), ("x:5", "exponent 'x' is not a number"),
    ("1.5:many", "modes 'many' is not a number"), ("1.5:2.5", "modes is 2.5"), ("1.5:0", "modes is 0"),
    ("1.5:nan", "modes is nan"), ("nan:5", "exponent is nan"), ("1.5:-inf", "modes is -inf"),
])
def test_bad_text_is_refused(text, message):
    with pytest.raises(ParameterError, match=message):
        parse_power_law(text)


@pytest.mark.parametrize("arguments", [("1", 5), (True, 5), (1.5, 5, 0.0), (1.5, 5, math.inf), (1j, 5), (None, 5)])
def test_bad_laws_are_refused(arguments):
    with pytest.raises(ParameterError, match="power law"):
        PowerLaw(*arguments)


def test_values():
    assert PowerLaw(1.5, 4, 3.0).values() == pytest.approx(3 * np.arange(1, 5.0) ** -1.5, rel=1e-15)
    assert PowerLaw(1.5).values(7).size == 7
    for law, n in ((PowerLaw(1.5), None), (PowerLaw(1.5, 4), 5)):
        with pytest.raises(ParameterError, match="an array takes"):
            law.values(n)


@pytest.mark.parametrize("b", [1.001, 1.05, 1.2, 1.5, 2.0, 3.7, 8.0, 16.0])
@pytest.mark.parametrize("a", [1.001, 1.5, 2.5, 12.0])
def test_sums_of_powers_are_zeta_functions(b, a):
    weight, eta, power, other = nodes(b, a, 1.7)
    for values, exponent in ((eta, b), (power, a), (eta**2, 2 * b), (eta * power, a + b), (power * other, a + 1.7),
                             (eta * other * power, a + b + 1.7)):
        assert weight @ values == pytest.approx(zeta(exponent), rel=1e-13)


def coth_sum(kappa, p):
    """sum_k 1/(kappa k^2 + p) for k >= 1."""
    kappa, p = mpmath.mpf(kappa), mpmath.mpf(p)
    z = mpmath.pi * mpmath.sqrt(p / kappa)
    return (z * mpmath.coth(z) - 1) / (2 * p)


@pytest.mark.parametrize(("kappa", "p"), [(1, 1e-3), (1, 1), (1e-3, 10), (1e-9, 1e3), (1e-20, 1e5), (1e-30, 1), (1e-30, 1e8)])
def test_exponent_two_in_closed_form(kappa, p):
    weight, eta, power = nodes(2.0, 2.0)
    with mpmath.workdps(40):
        first = coth_sum(kappa, p)
        slope = mpmath.diff(lambda x: coth_sum(kappa, x), p, h=mpmath.mpf(p) * mpmath.mpf(10) ** -12)
    assert weight @ (eta / (kappa + p * eta)) == pytest.approx(float(first), rel=ERROR)
    assert weight @ (power / (kappa + p * eta)) == pytest.approx(float(first), rel=ERROR)
    assert weight @ (eta / (kappa + p * eta)) ** 1 - p * (weight @ (eta / (kappa + p * eta)) ** 2) == pytest.approx(
        float(first + p * slope), rel=1e-9)
    assert weight @ (eta / (kappa + p * eta)) ** 2 == pytest.approx(float(-slope), rel=ERROR)


@pytest.mark.parametrize("modes", [1501, 20_000, 300_000])
@pytest.mark.parametrize(("b", "a"), [(1.5, 2.2), (0.0, 0.5), (0.6, -0.4), (5.0, 1.0), (-1.0, 2.0)])
def test_finite_laws_against_the_array(modes, b, a):
    weight, eta, power = nodes(b, a, modes=modes, scale=2.0)
    k = np.arange(1, modes + 1.0)
    exact, target = 2 * k**-b, k**-a
    assert math.fsum(weight) == modes
    for kappa in exact.max() * np.geomspace(1e-30, 1e3, 12):
        for values, reference in ((eta / (kappa + eta), exact / (kappa + exact)), (power, target),
                                  (power / (kappa + eta) ** 2, target / (kappa + exact) ** 2),
                                  ((eta / (kappa + eta)) ** 3, (exact / (kappa + exact)) ** 3)):
            assert weight @ values == pytest.approx(reference.sum(), rel=ERROR)


def test_a_billion_modes_are_a_truncated_zeta_function():
    weight, eta = nodes(1.3, modes=10**9)
    assert weight.size < 2000
    assert weight @ eta == pytest.approx(zeta(1.3) - float(mpmath.zeta(1.3, 10**9 + 1)), rel=1e-13)
    assert weight.sum() == pytest.approx(1e9, rel=1e-15)


@pytest.mark.parametrize("modes", [math.inf, 10**9])
def test_underflowing_eigenvalues_are_refused(modes):
    with pytest.raises(ParameterError, match="double precision"):
        nodes(40.0, modes=modes)
