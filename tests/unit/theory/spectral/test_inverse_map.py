"""Inverse maps that are derived, and equations that have none."""

import pytest
import sympy as sp

from theory import Diag, Dim, Gaussian, Quenched
from theory.averages import ModeSum
from theory.modes import ModeIndex
from theory.spectral import green_function
from theory.spectral.inverse_map import POLE, inverse_map

M, N, P, Q, D = Dim("M", "eta"), Dim("N", "tau"), Dim("P"), Dim("Q"), Dim("D")
(eta,), (tau,) = M.spectra, N.spectra
X, F = Gaussian("X", P, M, column_covariance=eta, variance=1 / P), Gaussian("F", M, Q, variance=1 / Q)
W = Gaussian("W", N, M, row_covariance=tau, column_covariance=eta)
H, d = Gaussian("H", D, D, variance=1 / D, symmetry=1), Quenched("d", D)
p, q, size = (sp.Symbol(name, positive=True) for name in "PQD")


def transform(found, power):
    k = ModeIndex(found.dimension, "k")
    return ModeSum(found.array[k] ** power / (found.array[k] - POLE), k)


def same(one, two):
    return sp.simplify(one.xreplace({s: sp.Symbol(s.name, positive=True) for s in one.free_symbols if s.name in "PQD"}) - two) == 0


def test_sample_covariances_have_the_map_of_silverstein_and_choi():
    for matrix in (X.T @ X, X @ X.T):
        found = inverse_map(green_function(matrix))
        assert same(found.z, POLE * (1 - transform(found, 1) / p))


def test_a_sum_with_a_wigner_matrix_has_the_map_of_pastur():
    found = inverse_map(green_function(Diag(D, d) + H))
    assert same(found.z, POLE - transform(found, 0) / size)


def test_a_product_has_a_factor_of_each():
    found = inverse_map(green_function(F.T @ X.T @ X @ F))
    assert same(found.z, POLE * (1 - transform(found, 1) / p) * (1 - transform(found, 1) / q))


@pytest.mark.parametrize("matrix", [W.T @ W, F @ F.T, (X.T @ X + 1).inv])
def test_other_equations_have_none(matrix):
    """Two spectra; none; a pole at another place for each sum."""
    assert inverse_map(green_function(matrix)) is None


def test_the_map_solves_the_equations():
    green = green_function(3 * X.T @ X - 2)
    found = inverse_map(green)
    rule = dict(zip(green.unknowns, found.unknowns, strict=True)) | {green.shift: -found.z}
    values = (1.0, 2.0, 5.0)

    def number(expression):
        while sums := expression.atoms(ModeSum):
            inner = min(sums, key=sp.count_ops)
            body, fresh = inner.opened()
            expression = expression.xreplace({inner: sum(body.xreplace({found.array[fresh]: sp.Float(v)}) for v in values)})
        given = {s: 1.4 if s == POLE else 7.0 for s in expression.free_symbols}
        return float(expression.xreplace({s: sp.Float(v) for s, v in given.items()}))

    for t, f in zip(green.unknowns, green.maps, strict=True):
        assert number((t - f).xreplace(rule)) == pytest.approx(0, abs=1e-12)
