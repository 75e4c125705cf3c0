"""Responses by Stein's lemma: against pathwise ones, where both exist, and where only they do; their bias is in the error."""

import numpy as np
import pytest
import sympy as sp
from scipy.special import erf

from solvers import march
from theory import models
from theory.declaration import Dim, Gaussian, Noise, State, Step, mean, sign
from theory.errors import DerivationError, ParameterError

N, eta = Dim("N"), sp.Symbol("eta", real=True)
h, start = State("h", N), Noise("h_0", N)
J = Gaussian("J", N, N, variance=1 / N, symmetry=eta)
PARALLEL = Step({h: J @ sign(h)}, initial={h: start}, continuous=False, name="parallel",
                observe={"overlap": mean(N, sign(h) * sign(start)), "fields": mean(N, h**2)})  # fmt: skip


@pytest.mark.parametrize("symmetry", [0.5, pytest.param(-0.5, marks=pytest.mark.slow)])
def test_both_kinds_of_responses_agree(symmetry):
    task = dict(t=4.0, g=1.5, symmetry=symmetry, time_step=0.25, samples=512, scrambles=4)
    path, stein = (march(models.RecurrentNetwork().theory(), responses=kind, **task) for kind in (True, "stein"))
    for name in ("activity", "overlap"):
        assert abs(path[name][0] - stein[name][0]) < 4 * np.hypot(path.errors[name][0], stein.errors[name][0]), name
    cut = march(models.RecurrentNetwork().theory(), responses=False, **task)
    assert abs(cut["activity"][0] - stein["activity"][0]) > 20 * stein.errors["activity"][0]


def test_spins_in_parallel_remember_two_steps():
    """A symmetric network of signs: h(2) is a unit Gaussian plus √(2/π) sign h(0), by the response of a jump."""
    theory = PARALLEL.theory()
    with pytest.raises(DerivationError, match="a response needs the derivative of a jump; smooth the nonlinearity, or march with"):
        march(theory, t=[1, 2], N=50, eta=1.0)
    path = march(theory, t=[1, 2], N=50, eta=1.0, responses="stein", samples=4096)
    assert abs(path["overlap"][1] - erf(1 / np.sqrt(np.pi))) < 4 * path.errors["overlap"][1] < 0.03
    assert abs(path["fields"][1] - 1 - 2 / np.pi) < 4 * path.errors["fields"][1] < 0.05


@pytest.mark.slow
def test_the_error_holds_the_change_under_the_ridge():
    """An almost singular covariance: at long times the ridge biases, and the error says by how much."""
    theory = models.RecurrentNetwork().theory()
    task = dict(t=8.0, g=1.5, symmetry=0.5, time_step=0.125, samples=512, scrambles=4)
    path, stein = (march(theory, responses=kind, **task) for kind in (True, "stein"))
    assert abs(path["activity"][0] - stein["activity"][0]) < 4 * np.hypot(path.errors["activity"][0], stein.errors["activity"][0])


def test_another_kind_is_named():
    with pytest.raises(ParameterError, match="responses: 'exact'; take True, False or 'stein'"):
        march(models.RecurrentNetwork().theory(), t=1.0, g=1.5, time_step=0.25, responses="exact")
