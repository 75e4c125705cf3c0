"""The choice among forms of the equations, and the last steps in the chosen ones."""

import numpy as np
import pytest

from solvers.fixed_point import Roots
from solvers.forms import selected
from solvers.refinement import polished


def forms(*rows):
    """Value, rounding and slopes of each form at one point."""
    value, noise, slope = zip(*rows, strict=True)
    return np.array(value)[:, None], np.array(noise)[:, None], np.array(slope)[:, None]


def test_a_form_that_says_nothing_new_beside_another_is_left_out_where_equations_are_chosen_together():
    given = forms((1.0, 1e-8, (1.0, 0.0)), (2.0, 1e-14, (1.0, 1.0)), (3.0, 1e-12, (1.0, 1.0 + 1e-9)))
    alone, together = (selected(*given, [[0, 1], [2]], choice) for choice in (False, True))
    assert alone[3].tolist() == [[1, 0]]  # the most precise by itself, yet nearly the second equation
    assert together[3].tolist() == [[0, 0]]
    assert together[0].tolist() == [[1.0, 3.0]] and together[1].tolist() == [[[1.0, 0.0], [1.0, 1.0 + 1e-9]]]


def test_a_form_that_falls_where_the_first_one_rises_is_turned_over():
    f, jacobian, _, best, turn = selected(*forms((1.0, 1e-6, (2.0,)), (-0.5, 1e-12, (-1.0,))), [[0, 1]], False)
    assert (f[0, 0], jacobian[0, 0, 0], best[0, 0], turn[0, 0]) == (0.5, 1.0, 1, -1.0)


@pytest.mark.parametrize("better", [True, False])
def test_a_last_step_is_kept_where_it_lowers_the_uncertainty(better):
    def residual(x, which):
        noise = np.full(x.shape, 1e-15 if better else 1.0)
        return x - 2.0, np.ones((len(x), 1, 1)), noise

    nothing = np.zeros((1, 1), dtype=bool)
    rough = Roots(np.array([[2.1]]), np.array([[0.1]]), np.zeros(1), np.ones(1, dtype=int), nothing, np.zeros((1, 1, 1)))
    found = polished(residual, rough, np.array([False]))
    assert found.x[0, 0] == pytest.approx(2.0)
    assert found.uncertainty[0, 0] == pytest.approx(1e-15 if better else 1.0)
