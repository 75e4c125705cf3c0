import numpy as np
import pytest

from solvers.fixed_point import find_roots


def scalar(function, slope, logarithmic, noise=0.0):
    """A residual in the form that find_roots takes, with the slope by the coordinate."""

    def residual(x, points):
        f, d = function(x[:, 0], points), slope(x[:, 0], points)
        d = d * x[:, 0] if logarithmic else d
        return f[:, None], d[:, None, None], np.full_like(f, noise)[:, None]

    return residual


def bounds(low, high, n):
    return np.full((n, 1), low), np.full((n, 1), high)


def test_roots_over_two_hundred_decades():
    target = 10.0 ** np.arange(-100, 101, 10.0)
    residual = scalar(lambda x, i: target[i] / x - 1, lambda x, i: -target[i] / x / x, True)
    for low, high in [(1e-104, 1e104), (0.0, np.inf), (0.0, 1e104), (1e-104, np.inf)]:
        with np.errstate(over="ignore"):
            roots = find_roots(residual, *bounds(low, high, len(target)), np.array([True]))
        np.testing.assert_allclose(roots.x[:, 0], target, rtol=4e-16)
        assert (roots.uncertainty < 1e-14).all()


@pytest.mark.parametrize("ends", [(-np.inf, np.inf), (-1e3, 1e3), (0.0, np.inf)])
def test_roots_on_the_line(ends):
    roots = find_roots(scalar(lambda x, i: x**3 - 8, lambda x, i: 3 * x**2, False), *bounds(*ends, 2), np.array([False]))
    np.testing.assert_allclose(roots.x, 2, rtol=1e-15)


def test_convergence_is_quadratic():
    residual = scalar(lambda x, i: x**2 - 2, lambda x, i: 2 * x, True)
    assert find_roots(residual, *bounds(1.0, 2.0, 1), np.array([True])).iterations[0] <= 7


def test_a_root_at_the_end_of_the_interval_is_found():
    residual = scalar(lambda x, i: x - 1, lambda x, i: np.ones_like(x), True)
    assert find_roots(residual, *bounds(1.0, 1.0, 1), np.array([True])).x[0, 0] == 1.0


def test_without_a_root_the_uncertainty_is_infinite():
    residual = scalar(lambda x, i: x**2 + 1, lambda x, i: 2 * x, False)
    assert np.isinf(find_roots(residual, *bounds(-1.0, 1.0, 1), np.array([False])).uncertainty).all()


def test_several_unknowns_and_the_branch_of_the_start():
    def residual(x, points):  # x^2 + y^2 = 5, x y = 2
        a, b = x.T
        f = np.stack([a**2 + b**2 - 5, a * b - 2], axis=1)
        jacobian = np.stack([np.stack([2 * a, 2 * b], 1), np.stack([b, a], 1)], 1)
        return f, jacobian, np.zeros_like(f)

    low, high = np.full((1, 2), -np.inf), np.full((1, 2), np.inf)
    for start, end in [([1.5, 0.5], [2, 1]), ([0.5, 1.5], [1, 2]), ([-3.0, -0.5], [-2, -1])]:
        roots = find_roots(residual, low, high, np.array([False, False]), np.array([start]))
        np.testing.assert_allclose(roots.x[0], end, rtol=1e-14)


def test_points_do_not_disturb_each_other():
    target = np.array([1e-8, 3.0, 1e9])
    residual = scalar(lambda x, i: np.log(x / target[i]), lambda x, i: 1 / x, True)
    together = find_roots(residual, *bounds(1e-12, 1e12, 3), np.array([True]))
    for i, t in enumerate(target):
        alone = find_roots(
            scalar(lambda x, _, t=t: np.log(x / t), lambda x, _: 1 / x, True), *bounds(1e-12, 1e12, 1), np.array([True])
        )
        assert alone.x[0, 0] == together.x[i, 0] and alone.iterations[0] == together.iterations[i]
