"""Spin glasses and associative memories at finite size against their replica theories."""

import numpy as np
import pytest
import sympy as sp

from solvers import check, simulate, solve
from theory import Dim, Energy, Gaussian, Noise, State, models, sum_over


@pytest.mark.slow
def test_sherrington_kirkpatrick_in_a_field():
    found = check(models.SherringtonKirkpatrick(), trials=120, seed=1, N=30, temperature=1.0, field=0.5, ferromagnetic=0.3)
    assert found.passed, found


@pytest.mark.slow
def test_spherical_three_spin_glass_above_its_transition():
    found = check(models.SphericalPSpin(), trials=120, seed=2, N=10, temperature=0.9, field=0.4)
    assert found.passed, found


@pytest.mark.slow
def test_retrieval_of_a_pattern():
    found = check(models.Hopfield(), trials=60, seed=3, N=60, P=3, temperature=0.35)
    assert found.passed, found


def test_the_sherrington_kirkpatrick_paramagnet():
    """The energy of finite systems approaches -1/(2T) as 1/N."""
    exact = solve(models.SherringtonKirkpatrick().theory(), N=1.0, temperature=1.6).observables["energy"]
    found = simulate(models.SherringtonKirkpatrick(), trials=20, seed=4, N=24, temperature=1.6)["energy"]
    assert abs(found.mean - exact) < 4 * found.stderr + 1 / 24


@pytest.mark.slow
def test_an_energy_below_the_glass_transition_is_above_that_of_replica_symmetry():
    """At T = 0.3 finite systems lie at 1RSB and above, replica symmetry far below: it breaks, and the check can see it."""
    values = {a: solve(models.SherringtonKirkpatrick(a).theory(), N=1.0, temperature=0.3, tolerance=1e-6) for a in ("RS", "1RSB")}
    energy = {a: f.observables["energy"] for a, f in values.items()}
    found = simulate(models.SherringtonKirkpatrick(), trials=30, seed=5, N=48, temperature=0.3)["energy"]
    assert energy["RS"] < energy["1RSB"] - 0.005
    assert abs(found.mean - energy["1RSB"]) < 4 * found.stderr + 0.9 * 48 ** (-2 / 3)
    assert np.isfinite(found.stderr)


@pytest.mark.slow
def test_the_energy_of_spins_with_a_planted_vector_that_break():
    """A Gaussian vector in the couplings, where magnetised replicas break: energies of finite systems tend to those of one step."""
    spins, N, T = State("s", Dim("N"), prior="ising"), Dim("N"), sp.Symbol("T", positive=True)
    J, planted = Gaussian("J", N, N, variance=1 / N, symmetry=1), Noise("w0", N)
    energy = -sum_over(N, spins * (J @ spins)) / 2 - sp.Rational(3, 5) * sum_over(N, planted * spins) ** 2 / N
    options = {"ansatz": "1RSB", "algorithm": "gibbs", "name": "planted"}
    model = Energy(energy, over=spins, temperature=T, observe={"energy": energy / N}, **options)
    assert solve(model.theory(), N=1.0, T=0.4, tolerance=1e-6)["dq_1"] > 0.1
    found = check(model, trials=60, seed=1, N=24, T=0.4)
    assert found.passed, found
