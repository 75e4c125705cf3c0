"""Proximal points where Newton's method alone would go round in a circle."""

import numpy as np
import pytest

from solvers.proximal import proximal_point


@pytest.mark.parametrize("chi", [0.1, 5.0, 16.25, 300.0])
def test_proximal_points_solve_their_equation(chi):
    """A steep bend between flat ends: the logistic loss at a large response."""

    def slopes(h, *_):
        return -1 / (1 + np.exp(h)), 1 / (4 * np.cosh(h / 2) ** 2)

    omega = np.linspace(-40, 40, 4001)
    h = proximal_point(slopes, omega, chi)
    assert np.abs(h + chi * slopes(h)[0] - omega).max() < 1e-12 * chi + 1e-13 * 40


def test_slopes_that_overflow_halve_the_interval():
    """Counts of a Poisson law: V' = exp(h) - a is infinite at the first steps."""
    omega, rate = np.linspace(-30.0, 40.0, 15), 1e5
    h = proximal_point(lambda h, a: (np.exp(h) - a, np.exp(h)), omega, 1.0, rate)
    assert np.abs(h + np.exp(h) - rate - omega).max() < 1e-9
    assert np.isnan(proximal_point(lambda h: (h, np.ones_like(h)), np.array([np.nan, 1.0]), 1.0)).tolist() == [True, False]
