"""Steady states: the chaotic one of a random network, an equilibrium, and runs that have not come to rest."""

import numpy as np
import pytest
import sympy as sp
from scipy.optimize import brentq

from solvers import steady
from theory import models
from theory.declaration import Dim, Gaussian, Noise, State, Step, mean
from theory.errors import ConvergenceError, ParameterError


def activity(gain):
    """The variance of chaos, by the conservation of energy of Sompolinsky, Crisanti and Sommers."""
    x, w = np.polynomial.hermite_e.hermegauss(80)
    w = w / w.sum()

    def energy(variance):
        potential = np.log(np.cosh(np.sqrt(variance) * x))
        return gain**2 * (w @ potential**2 - (w @ potential) ** 2) - variance**2 / 2

    return brentq(energy, 0.05, gain**2)


@pytest.mark.slow
def test_the_chaotic_state_of_a_random_network():
    """A step of Euler changes the time scale of chaos, and its variance in second order only."""
    found = steady(models.RecurrentNetwork().theory(), t=60.0, g=2.0, time_step=0.25, samples=1024, scrambles=4)
    assert abs(found["activity"] - activity(2.0)) < 4 * found.errors["activity"] + 0.01
    assert abs(found["overlap"]) < 4 * found.errors["overlap"] + 0.01
    (rates,) = (c / 100 for n, c in found.correlations.items() if n.startswith("C"))
    assert rates[0] == pytest.approx(found["rate_activity"], rel=1e-3) and abs(rates[-1]) < 0.1 * rates[0]
    assert found.lags[1] == 0.25 and "activity = " in repr(found)


def test_an_equilibrium_is_marched_to():
    """dx/dt = -x + J x + noise with a symmetric J at temperature T: variance T <1/(1 - λ)> over the semicircle."""
    N, g, T = Dim("N"), sp.Symbol("g", positive=True), sp.Symbol("T", positive=True)
    x, J = State("x", N), Gaussian("J", N, N, variance=g**2 / N, symmetry=1)
    law = Step({x: -x + J @ x + Noise("xi", N, variance=2 * T, fresh="step")}, observe={"C": mean(N, x**2)}, name="driven")
    found = [steady(law.theory(), t=12.0, g=0.25, T=0.7, N=20, time_step=step)["C"] for step in (0.1, 0.05)]
    assert 2 * found[1] - found[0] == pytest.approx(0.7 * (1 - np.sqrt(1 - 4 * 0.25**2)) / (2 * 0.25**2), rel=2e-3)


def test_what_still_moves_is_named():
    theory = models.PSpinLangevin().theory()
    with pytest.raises(ConvergenceError, match=r"p-spin-langevin: \w+ still changes by .* between t = 2 and t = 4; take a longer"):
        steady(theory, t=4.0, temperature=0.3, N=40, time_step=0.1)
    for change, message in (({"t": 0.2}, "one time of at least 16 steps"), ({"tolerance": 2}, "tolerance: 2; give a number from")):
        with pytest.raises(ParameterError, match=message):
            steady(theory, **{**dict(t=10.0, temperature=0.3, N=40, time_step=0.1), **change})
