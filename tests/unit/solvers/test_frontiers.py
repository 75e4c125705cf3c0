"""The compute-optimal frontier: the least loss at every product of two sizes."""

import numpy as np
import pytest

from solvers import PowerLaw, frontier, sweep
from theory.errors import ParameterError
from theory.models import load

LAWS = {"eigenvalues": PowerLaw(1.5), "target_power": PowerLaw(1.75), "P": 1e12}
RANGES = {"N": (50.0, 1e3), "t": (10.0, 1e3)}


@pytest.fixture(scope="module")
def theory():
    return load("random-feature-flow")().theory()


def test_no_other_share_of_the_budget_is_better(theory):
    found = frontier(theory, "test_loss", RANGES, **LAWS)
    assert found.sizes["N"] * found.sizes["t"] == pytest.approx(found.compute)
    middle = len(found.compute) // 2
    width, budget = found.sizes["N"][middle], found.compute[middle]
    near = width * np.array([0.97, 1.0, 1.03])
    losses = sweep(theory, observables="test_loss", N=near, t=budget / near, zip=["N", "t"], tolerance=1e-7, **LAWS)["test_loss"]
    assert losses.argmin() == 1
    assert found.loss[middle] == pytest.approx(losses[1], rel=1e-4)
    assert (found.slopes() < 0).all() and (found.slopes("N") > 0).all()
    assert found.losses.shape == (len(found.grid["N"]), len(found.grid["t"]))


@pytest.mark.parametrize(
    ("ranges", "options", "message"),
    [
        ({"N": (1, 10)}, {}, "give two sizes"),
        ({"N": (10, 1), "t": (1, 10)}, {}, "the smaller one first"),
        ({"N": (1, 2), "t": (1, 1e4)}, {}, "range of N.*values at 4 per decade; widen it"),
        (RANGES, {"per_decade": 0}, "per_decade: 0; give a whole number from 1 to 64"),
        (RANGES, {"noise": [0.0, 1.0]}, "noise: 2 values given to frontier"),
        ({"N": (5.0, 50.0), "t": (0.1, 1.0)}, {}, "no least test_loss inside"),
    ],
)
def test_bad_input(theory, ranges, options, message):
    laws = {"eigenvalues": PowerLaw(1.5, 20), "target_power": PowerLaw(1.75, 20), "P": 1e12}
    with pytest.raises(ParameterError, match=message):
        frontier(theory, "test_loss", ranges, **{**laws, **options})
