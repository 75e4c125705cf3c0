import numpy as np
import pytest

from solvers.modes.power_law import PowerLaw
from solvers.modes.spectra import Modes
from solvers.values import bind, mode_dimensions
from tests.unit.solvers.example_theories import kernel_regression, two_spectra

TASK = {"eigenvalues": [1.0, 0.5], "target_power": [1.0, 2.0]}


def test_rank_decides_between_value_and_axis():
    values = bind(kernel_regression(), {"P": [1, 2, 3], "ridge": 0.1, **TASK})
    assert list(values.axes) == ["P"] and values.shape == (3,)
    assert values.fixed["noise"] == 0.0  # the default
    spectra = bind(kernel_regression(), {"P": 1, "ridge": 0.1, **TASK, "eigenvalues": [[1.0, 0.5], [1.0, 0.1], [1.0, 0.2]]})
    assert list(spectra.axes) == ["eigenvalues"] and spectra.shape == (3,)


def test_axes_form_an_outer_product_in_the_order_given():
    values = bind(kernel_regression(), {"ridge": [0.1, 0.2], "P": [1, 2, 3], **TASK})
    assert values.shape == (2, 3) and list(values.axes) == ["ridge", "P"]
    named = values.scalars(["P", "ridge", "noise"])
    np.testing.assert_array_equal(named["ridge"], [0.1, 0.1, 0.1, 0.2, 0.2, 0.2])
    np.testing.assert_array_equal(named["P"], [1, 2, 3, 1, 2, 3])


def test_zipped_axes_run_together():
    values = bind(kernel_regression(), {"P": [1, 2, 3], "noise": [0.1, 0.2], "ridge": [4, 5, 6], **TASK}, zip=("P", "ridge"))
    assert values.groups == (("P", "ridge"), ("noise",)) and values.shape == (3, 2)
    np.testing.assert_array_equal(values.scalars(["ridge"])["ridge"], [4, 4, 5, 5, 6, 6])


def test_laws_and_modes_are_values():
    law = PowerLaw(2.0)
    assert bind(kernel_regression(), {"P": 1, "ridge": 1, "eigenvalues": law, "target_power": law}).fixed["eigenvalues"] is law
    modes = Modes.from_values(**TASK)
    fixed = bind(kernel_regression(), {"P": 1, "ridge": 1, "eigenvalues": modes}).fixed
    assert fixed["eigenvalues"] is modes and fixed["target_power"] is modes


def test_axes_are_copies_of_what_was_given():
    P = np.array([1.0, 2.0])
    values = bind(kernel_regression(), {"P": P, "ridge": 1, **TASK})
    P[0] = 7
    assert values.axes["P"][0] == 1


@pytest.mark.parametrize("whole", [3, np.int32(3), np.float32(3), np.array(3)])
def test_numbers_of_every_type_are_numbers(whole):
    assert bind(kernel_regression(), {"P": whole, "ridge": 1, **TASK}).fixed["P"] == 3.0


def test_dimensions_are_read_off_the_equations():
    assert mode_dimensions(two_spectra()) == {"eta": ("M",), "mu": ("D",)}
