"""The choice among forms of the equations, and the last steps in the chosen ones."""

import numpy as np
import pytest

from solvers.fixed_point import Roots
from solvers.forms import selected
from solvers.refinement import polished


def form(value, noise, slope):
    return np.array([value]), np.array([noise]), np.array([slope])


FIRST = [form(1.0, 1e-8, (1.0, 0.0)), form(2.0, 1e-14, (1.0, 1.0))]
SECOND = [form(3.0, 1e-12, (1.0, 1.0 + 1e-9))]


def test_a_form_that_says_nothing_new_beside_another_is_left_out_where_equations_are_chosen_together():
    alone, together = (selected([FIRST, SECOND], choice)[3] for choice in (False, True))
    assert alone.tolist() == [[1, 0]]  # the most precise by itself, yet nearly the second equation
    assert together.tolist() == [[0, 0]]


def test_a_form_that_falls_where_the_first_one_rises_is_turned_over():
    f, jacobian, _, best, turn = selected([[form(1.0, 1e-6, (2.0,)), form(-0.5, 1e-12, (-1.0,))]], False)
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
