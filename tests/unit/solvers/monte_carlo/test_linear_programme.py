"""Minima of piecewise linear energies by a linear programme, against Newton's method on rounded kinks; what is refused."""

import numpy as np
import pytest
import sympy as sp

from solvers.monte_carlo import simulate
from solvers.monte_carlo.linear_programme import shape_of
from theory import Dim, Energy, Gaussian, Noise, State, absolute, mean, relu, sum_over, wall
from theory.errors import ConvergenceError, DeclarationError

N, P = Dim("N"), Dim("P")
X = Gaussian("X", P, N, variance=1 / N)
w, v, w0 = State("w", N), State("v", N), Noise("w0", N)
x, y, k = sp.Symbol("x", real=True), sp.Symbol("y", real=True), sp.Symbol("k", positive=True)


def model(energy, over=w, algorithm="lp", **observe):
    return Energy(energy, over=over, algorithm=algorithm, observe=observe or {"norm": mean(N, w**2)})


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (sp.Max(0, k - x), lambda x, y: max(0, 0.7 - x)),
        (2 * sp.Abs(x - y) - 3 * sp.Min(x, 2 * y) + x, lambda x, y: 2 * abs(x - y) - 3 * min(x, 2 * y) + x),
        (sp.Max(sp.Abs(x) - k, sp.Max(0, y) - 2 * sp.Min(x, y)), lambda x, y: max(abs(x) - 0.7, max(0, y) - 2 * min(x, y))),
    ],
)
def test_the_largest_of_its_affine_parts_is_the_function(expression, value):
    for a, b in np.random.default_rng(0).standard_normal((20, 2)):
        largest = max(float(part.subs({x: a, y: b, k: 0.7})) for part in shape_of(expression, (x, y)).parts)
        assert largest == pytest.approx(value(a, b))


def test_it_is_the_minimum_that_newtons_method_finds():
    residual, small = X @ (w + v - w0), absolute(w) + 0.7 * absolute(v - w)
    energy = sum_over(P, relu(residual) + 3 * relu(-residual)) + sum_over(N, small)
    found = [simulate(model(energy, (w, v), how, w=1 * w, v=1 * v), trials=1, P=20, N=5, seed=3) for how in ("lp", "argmin")]
    for name in ("w", "v"):
        assert np.allclose(found[0][name].mean, found[1][name].mean, atol=1e-5)
    assert np.any(np.abs(found[0]["w"].mean * (found[0]["v"].mean - found[0]["w"].mean)) < 1e-12)


@pytest.mark.parametrize(
    ("energy", "error", "message"),
    [
        (lambda: (X @ w).square() + sum_over(N, absolute(w)), DeclarationError, "is not piecewise linear and convex"),
        (lambda: sum_over(P, absolute(X @ w) - relu(X @ w)), DeclarationError, "is not piecewise linear and convex"),
        (lambda: sum_over(N, (w.map(lambda e: sp.Max(e, -e)) + wall(w)).map(abs)), DeclarationError, "a wall at"),
        (lambda: sum_over(P, wall(1 - X @ w) + wall(1 + X @ w)) + sum_over(N, absolute(w)), ConvergenceError, "satisfies all"),
        (lambda: sum_over(N, w) + sum_over(P, wall(X @ w - 1)), ConvergenceError, "falls without bound"),
        (lambda: sum_over(P, absolute(X @ w - 1)), ConvergenceError, "is not the only one"),
    ],
)
def test_what_is_no_linear_programme_with_one_minimum(energy, error, message):
    with pytest.raises(error, match=message):
        simulate(model(energy()), trials=1, P=3, N=4)
