"""The spherical p-spin glass after a quench: equilibrium above its dynamic temperature, ageing above the threshold below it."""

import numpy as np
import pytest

from solvers import march, solve, sweep
from theory import models
from theory.dmft import derive
from theory.dmft.scheduled import LinearProcess
from theory.errors import ConvergenceError, DivergenceError

N, STEPS = 50, (0.05, 0.025)


@pytest.fixture(scope="module")
def glass():
    return models.PSpinLangevin().theory()


def order_parameters(path):
    """C and R of the path, per site, R as the response to a push on the force ds/dt."""
    (c,) = [v for n, v in path.order_parameters.items() if n.startswith("C")]
    (r,) = [v for n, v in path.order_parameters.items() if n.startswith("R")]
    return c / N, -r / N


def extrapolated(values):
    """Of steps δ and δ/2, whose error is first order, to δ = 0."""
    return 2 * values[1] - values[0]


def test_one_march_is_what_samples_give(glass):
    """The two solvers of one declaration: linear forms of the noises, and samples that keep their covariance."""
    assert isinstance(glass, LinearProcess)
    task = dict(t=[0.5, 1.5], temperature=0.7, time_step=0.125, N=N)
    sampled = march(derive(models.PSpinLangevin(), closed=False).theory, samples=128, scrambles=2, **task)
    exact = march(glass, **task)
    for name in ("energy", "overlap"):
        assert sampled[name] == pytest.approx(exact[name], rel=1e-9)
        assert sweep(glass, **task)[name] == pytest.approx(exact[name], rel=1e-12)
    for name in sampled.order_parameters:
        assert exact[name] == pytest.approx(sampled[name], abs=1e-8 * N)


def test_equilibrium_above_the_dynamic_temperature(glass):
    """Energy -1/(2T), multiplier T + 3/(2T), and response and correlation that obey the fluctuation-dissipation theorem."""
    T, end, lags = 1.2, 8.0, np.array([0.4, 0.8, 1.2])
    energies, multipliers, ratios = [], [], []
    for step in STEPS:
        path = march(glass, t=end, temperature=T, time_step=step, N=N)
        c, r = order_parameters(path)
        n, k = round(end / step), np.rint(lags / step).astype(int)
        energies.append(path["energy"][0])
        multipliers.append(path["mu"][-2])
        ratios.append(r[n, n - k] / step * T / ((c[n, n - k + 1] - c[n, n - k - 1]) / (2 * step)))
        assert np.diagonal(c) == pytest.approx(1.0, abs=1e-8)
    assert extrapolated(energies) == pytest.approx(-1 / (2 * T), abs=2e-3)
    assert extrapolated(multipliers) == pytest.approx(T + 3 / (2 * T), rel=5e-3)
    assert extrapolated(ratios) == pytest.approx(1.0, abs=0.01)


@pytest.mark.slow
def test_ageing_above_the_threshold_energy(glass):
    """At T = 0 the energy approaches -√(4/3) as t^(-2/3); below the dynamic temperature an older system is slower, and its
    response violates the theorem."""
    times = np.array([10.0, 20.0, 40.0])
    energy = sweep(glass, t=times, temperature=0.0, time_step=0.1, N=N, observables="energy")["energy"]
    assert (np.diff(energy) < 0).all() and energy[-1] > -np.sqrt(4 / 3)
    slope, threshold = np.polyfit(times[1:] ** (-2 / 3), energy[1:], 1)
    assert slope > 0 and threshold == pytest.approx(-np.sqrt(4 / 3), abs=3e-3)
    T, step = 0.3, 0.1
    path = march(glass, t=30.0, temperature=T, time_step=step, N=N)
    c, r = order_parameters(path)
    young, old, wait = round(2 / step), round(15 / step), round(10 / step)
    assert c[old + wait, old] > c[young + wait, young] + 0.05
    late = round(29 / step)
    violation = r[late, young] / step * T / ((c[late, young + 1] - c[late, young - 1]) / (2 * step))
    assert 0 < violation < 0.6


def test_a_run_that_is_lost_names_its_time(glass):
    """Steps that are too long for the force leave no point of the sphere within reach."""
    with pytest.raises((ConvergenceError, DivergenceError), match=r"at t = \d"):
        solve(glass, t=20.0, temperature=0.1, time_step=4.0, N=N)
