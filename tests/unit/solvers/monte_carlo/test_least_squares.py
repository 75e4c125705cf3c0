"""Every branch of the least-squares solver against the linear system it stands for, and its limits."""

import numpy as np
import pytest

from solvers.monte_carlo.least_squares import LeastSquares
from theory.errors import ParameterError


def problem(n, size, columns=2, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, size)), rng.standard_normal((n, columns)), rng.standard_normal((size, columns))


@pytest.mark.parametrize(("n", "size"), [(5, 12), (12, 5), (8, 8), (0, 4), (20, 20)])
@pytest.mark.parametrize("ridge", [3.0, 1e-3])
def test_solves_the_stationarity_condition(n, size, ridge):
    rows, offset, linear = problem(n, size)
    penalty = ridge * np.linspace(1, 4, size)
    x = LeastSquares(rows, penalty).solve(offset, linear)
    hessian = rows.T @ rows + np.diag(penalty)
    assert np.allclose(x, np.linalg.solve(hessian, -(rows.T @ offset + linear)), rtol=1e-8)


@pytest.mark.parametrize(("n", "size"), [(5, 12), (12, 5), (40, 200)])
def test_limit_is_the_solution_of_vanishing_ridge(n, size):
    """In the metric of the penalty's own weights, not in the plain one."""
    rows, offset, _ = problem(n, size)
    weights = np.linspace(0.1, 4, size)
    zero = np.zeros((size, 2))
    limit = LeastSquares(rows, weights, limit=True).solve(offset, zero)
    near = LeastSquares(rows, 1e-11 * weights).solve(offset, zero)
    assert np.allclose(limit, near, rtol=1e-8, atol=1e-10)
    if n < size:
        plain = LeastSquares(rows, np.ones(size), limit=True).solve(offset, zero)
        assert np.allclose(plain, -np.linalg.pinv(rows) @ offset)
        assert not np.allclose(limit, plain, rtol=1e-2)


def test_small_ridge_keeps_its_digits():
    """A power-law matrix of condition 1e8 at ridge 1e-12, against 40 digits."""
    import mpmath

    rng = np.random.default_rng(1)
    rows = rng.standard_normal((20, 30)) * np.arange(1.0, 31) ** -4
    offset = rng.standard_normal((20, 1))
    x = LeastSquares(rows, np.full(30, 1e-12)).solve(offset, np.zeros((30, 1)))
    with mpmath.workdps(40):
        a = mpmath.matrix(rows.tolist())
        exact = -a.T * mpmath.lu_solve(a * a.T + mpmath.mpf(1e-12) * mpmath.eye(20), mpmath.matrix(offset.tolist()))
        exact = np.array([float(v) for v in exact])[:, None]
    assert np.linalg.norm(x - exact) < 1e-8 * np.linalg.norm(exact)


def test_coordinate_without_data_or_penalty_stays_zero():
    rows, offset, _ = problem(9, 4)
    rows[:, 2] = 0
    x = LeastSquares(rows, np.array([1.0, 1, 0, 1])).solve(offset, np.zeros((4, 2)))
    assert np.all(x[2] == 0)


def test_partial_penalty():
    rows, offset, linear = problem(9, 4)
    penalty = np.array([1.0, 0, 0, 2])
    x = LeastSquares(rows, penalty).solve(offset, linear)
    assert np.allclose(x, np.linalg.solve(rows.T @ rows + np.diag(penalty), -(rows.T @ offset + linear)))


def test_a_minimum_that_is_not_unique_is_refused():
    rows, _, _ = problem(3, 6)
    with pytest.raises(ParameterError, match="not unique; add a penalty"):
        LeastSquares(rows, np.zeros(6))
    with pytest.raises(ParameterError, match="penalise every variable"):
        LeastSquares(rows, np.array([1.0, 0, 0, 0, 0, 0]), limit=True)


def test_near_square_matrices_report_how_singular_they_are():
    square = LeastSquares(np.diag([1.0, 0.5, 0.1]), np.full(3, 1e-4))
    assert square.spread.gap == 0 and square.spread.smallest == pytest.approx(100)
    assert LeastSquares(np.eye(3), np.ones(3), limit=True).spread.smallest == np.inf
    assert LeastSquares(problem(5, 12)[0], np.ones(12)).spread.gap == 7
