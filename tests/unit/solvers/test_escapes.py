"""Directions in which an iteration leaves a symmetric solution."""

import numpy as np
import pytest

from solvers.escapes import direction

ZERO = np.array([True, True, False])


def pair(there, back, own=(1.0, 1.0), rest=0.0):
    """Jacobian of unknown minus map: m = there * h, h = back * m, and a third unknown."""
    return np.array([[own[0], -there, rest], [-back, own[1], 0.0], [0.3, 0.2, 1.0]])


def test_it_is_that_of_the_growing_mode():
    found = direction(pair(2.0, 3.0), ZERO)
    assert found is not None
    assert found == pytest.approx([2 / np.sqrt(6), 1, 0])


@pytest.mark.parametrize(("there", "back"), [(0.5, 1.9), (2.0, -3.0), (-1.0, 0.9)])
def test_what_shrinks_or_swings_stays(there, back):
    assert direction(pair(there, back), ZERO) is None


def test_scales_of_equations_do_not_matter():
    scale = np.array([[1e-3], [50.0], [1.0]])
    assert direction(scale * pair(0.5, 1.9), ZERO) is None
    assert direction(scale * pair(2.0, 3.0), ZERO) is not None


def test_an_unknown_that_grows_by_itself():
    assert direction(pair(0.0, 0.0, own=(-0.5, 1.0)), ZERO) == pytest.approx([1, 0, 0])


def test_unknowns_that_the_others_move_are_no_symmetry():
    assert direction(pair(2.0, 3.0, rest=0.1), ZERO) is None
