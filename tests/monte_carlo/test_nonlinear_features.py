"""Ridge regression on nonlinear random features: its Gaussian equivalent against the features themselves."""

import numpy as np
import pytest

from solvers import check, solve
from theory import centred, relu
from theory.models import NonlinearFeatureRegression, RandomFeatureRegression

K = np.arange(1, 41.0)
TASK = {"P": 30.0, "N": 40.0, "ridge": 0.3, "noise": 0.1, "eigenvalues": K**-0.6, "target_power": 1 / K}


@pytest.mark.slow
@pytest.mark.parametrize("model", [NonlinearFeatureRegression(), NonlinearFeatureRegression(lambda h: centred(relu(h)))], ids=str)
def test_errors_agree_with_the_features_themselves(model):
    found = check(model, **TASK, trials=60, seed=1)
    assert found.passed, found


@pytest.mark.slow
def test_linear_features_are_random_features():
    own = solve(NonlinearFeatureRegression(lambda h: h).theory(), **TASK).observables
    plain = solve(RandomFeatureRegression().theory(), **TASK, observables=["E_g", "E_train"]).observables
    assert own["E_g"] == pytest.approx(plain["E_g"], rel=1e-10) and own["E_train"] == pytest.approx(plain["E_train"], rel=1e-10)
