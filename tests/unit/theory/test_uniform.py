"""White spectra: closed forms against the fixed point, and the boundary of monotone learning curves."""

import pytest
import sympy as sp

from theory import models
from theory.errors import DerivationError
from theory.symbols import M, noise, ridge
from theory.uniform import uniform

alpha = sp.Symbol("alpha", positive=True)


@pytest.fixture(scope="module")
def white():
    theory = models.KernelRegression().theory()
    return uniform(theory, {"eigenvalues": 1 / M, "target_power": 1 / M}, P=alpha * M)


def test_the_size_leaves_and_the_root_solves_the_fixed_point(white):
    assert M not in white.equation.free_symbols | white.root.free_symbols
    assert sp.expand(white.equation.xreplace({white.unknown: white.root})) == 0
    point = {alpha: sp.Rational(7, 10), ridge: sp.Rational(1, 5), noise: sp.Rational(1, 2)}
    assert white.root.xreplace(point) > sp.Rational(1, 5)


def test_extrema_of_the_closed_form_are_the_turning_points(white):
    error = white.closed_form("E_g")
    point = {ridge: sp.Rational(1, 20), noise: sp.Rational(7, 5)}
    slope = sp.lambdify(alpha, sp.diff(error.xreplace(point), alpha), "mpmath")
    roots = sp.Poly(white.turning_points("E_g", alpha).xreplace(point), white.unknown).nroots()
    samples, _ = white.along("E_g", alpha)
    positions = [samples.xreplace(point).xreplace({white.unknown: r}) for r in roots if r.is_real and r > sp.Rational(1, 20)]
    positions = [x for x in positions if x > 0]
    assert positions and all(abs(slope(x)) < 1e-8 for x in positions)


def test_a_minimum_and_a_maximum_merge_on_the_tangency(white):
    """Where the noise crosses a root of the discriminant, the number of extrema of the learning curve changes."""
    factors = [f for f in white.tangency("E_g", alpha) if noise in f.free_symbols and sp.degree(f, noise) == 3]
    (boundary,) = factors
    at_ridge = boundary.xreplace({ridge: sp.Rational(1, 20)})
    critical = max(sp.Poly(at_ridge, noise).nroots(), key=sp.re)

    def extrema(level):
        polynomial = white.turning_points("E_g", alpha).xreplace({ridge: sp.Rational(1, 20), noise: level})
        samples, _ = white.along("E_g", alpha)
        found = [
            samples.xreplace({ridge: sp.Rational(1, 20), white.unknown: r})
            for r in sp.Poly(polynomial, white.unknown).nroots(40)
            if abs(sp.im(r)) < 1e-30
        ]
        return sum(1 for x in found if sp.re(x) > 0)

    assert extrema(critical + sp.Rational(1, 1000)) == extrema(critical - sp.Rational(1, 1000)) + 2


def test_the_initial_slope_changes_sign_at_its_own_noise(white):
    (level,) = [x for x in sp.solve(white.initial_slope("E_g", alpha), noise)]
    error = white.closed_form("E_g")
    slope = sp.diff(error, alpha).xreplace({ridge: sp.Rational(3, 2)})
    value = level.xreplace({ridge: sp.Rational(3, 2)})
    signs = [
        sp.sign(sp.N(slope.xreplace({noise: value + d, alpha: sp.Rational(1, 10**8)}), 50))
        for d in (sp.Rational(-1, 100), sp.Rational(1, 100))
    ]
    assert signs == [-1, 1]


def test_data_that_are_left_out_are_named():
    with pytest.raises(DerivationError, match="give every per-mode parameter a value"):
        uniform(models.KernelRegression().theory(), {"target_power": 1 / M}, P=alpha * M)
