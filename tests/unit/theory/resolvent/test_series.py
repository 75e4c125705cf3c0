"""Expansions in the disorder: exact coefficients, and what they say of the unknowns."""

from fractions import Fraction

import pytest
import sympy as sp

from theory.declaration import Diag, Dim, Gaussian
from theory.errors import DerivationError
from theory.resolvent.dyson import Dyson
from theory.resolvent.names import Namer
from theory.resolvent.pencil import linearise
from theory.resolvent.series import PRIME, Field, coincidences, expansions

M, P = Dim("M", "eta"), Dim("P")
(eta,) = M.spectra
lam = sp.Symbol("lambda", positive=True)
X = Gaussian("X", P, M, column_covariance=eta)
R = (X.T @ X + lam).inv


def equation(matrix, namer=None):
    return Dyson(linearise(matrix), namer or Namer())


def test_coefficients_solve_the_equations_order_by_order():
    """Marchenko–Pastur: q (1 + t τ) = P, so that q₀ = P and Σ_m q_m τ_(n−1−m) + q_n = 0."""
    series = {t.name: s for t, s in expansions([equation(R)]).items()}
    q, tau = series["tr_I_minus_X_R_X"], series["tr_eta_R"]
    assert len(q) == len(tau) >= 5 and all(0 <= c < PRIME for c in q)
    for n in range(1, len(q)):
        assert (q[n] + sum(q[m] * tau[n - 1 - m] for m in range(n))) % PRIME == 0
    assert q[0] != 0 != q[1]


def test_values_of_the_field_are_a_homomorphism():
    field = Field()
    a, b = sp.symbols("a b", positive=True)
    fa, fb = field.value(a, 0), field.value(b, 0)
    assert field.value((a + b) ** 2 / b, 0) == (fa + fb) ** 2 * pow(fb, -1, PRIME) % PRIME
    assert field.value(sp.sqrt(a), 0) ** 2 % PRIME == fa
    assert field.value(a ** sp.Rational(-3, 2), 0) ** 2 * fa**3 % PRIME == 1
    half = Fraction(3, 7)
    assert field.value(sp.Rational(3, 7), 0) * half.denominator % PRIME == half.numerator
    assert field.value(eta, 0) != field.value(eta, 1) and field.value(a, 0) == field.value(a, 1)
    assert sum(field.weight(M)) % PRIME == field.value(sp.Symbol("M", positive=True), 0)
    assert field.value(sp.exp(a), 0) == field.value(sp.exp(a), 1)


def test_what_vanishes_and_what_coincides_is_found():
    """Traces of odd powers of a symmetric matrix vanish, and a matrix and its transpose have one trace."""
    H = Gaussian("H", P, P, variance=1 / P, symmetry=1)
    odd = {t.name: v for t, v in coincidences(expansions([equation((H @ H + lam).inv)])).items()}
    assert odd and set(odd.values()) == {0} and all(name.count("H") % 2 for name in odd)
    W = Gaussian("W", M, P)
    error = W @ (W.T @ X.T @ X @ W + lam).inv @ W.T @ X.T @ X
    dyson = equation(error.T @ Diag(M, eta) @ error)
    rule = coincidences(expansions([dyson]))
    assert {t.name: v.name for t, v in rule.items()} == {"tr_eta_W_R_W_X_X": "tr_X_X_W_R_W_eta"}


def test_different_traces_do_not_coincide():
    rule = coincidences(expansions([equation(R @ Diag(M, eta) @ R)]))
    assert not rule


def test_an_inverse_that_rests_on_its_random_part_is_refused():
    with pytest.raises(DerivationError, match=r"does not exist without its random part.*positive ridge"):
        expansions([equation((X.T @ X).inv)])
