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
