"""Planted directions and random fields, against what is known of large matrices; ferromagnets whose only disorder is a field."""

import numpy as np
import pytest
import sympy as sp

from solvers import solve, sweep
from theory import Dim, Energy, Gaussian, Noise, State, sum_over

strength, T = sp.symbols("theta T", positive=True)
N = Dim("N")
J = Gaussian("J", N, N, variance=1 / N, symmetry=1)
g, s, spike = State("g", N, prior="spherical"), State("s", N, prior="ising"), Noise("xi", N, variance=2)
GLASS = -sum_over(N, g * (J @ g)) / 2


def test_a_spike_is_seen_beyond_the_threshold():
    """The eigenvector of the largest eigenvalue (Baik, Ben Arous and Péché): squared overlap 1 − 1/θ², energy −(θ + 1/θ)/2."""
    along = sum_over(N, spike * g) / sp.sqrt(2)
    energy = GLASS - strength * along**2 / (2 * N)
    theory = Energy(energy, over=g, observe={"energy": energy / N, "overlap": along**2 / N**2}).theory()
    below = sweep(theory, N=1.0, theta=[0.5, 0.9])
    assert np.allclose(below["overlap"], 0) and np.allclose(below["energy"], -1)
    theta = np.array([1.2, 2.0, 4.0])
    beyond = sweep(theory, N=1.0, theta=theta, start={"m": 0.9, "q": 1.0, "chi": 0.5})
    assert np.allclose(beyond["overlap"], 1 - theta**-2.0) and np.allclose(beyond["energy"], -(theta + 1 / theta) / 2)


def test_a_random_field_on_a_sphere_is_a_coupling_of_order_one():
    """At temperature zero the energy per site is −sqrt(1 + h²), that of a sum of two Gaussian terms of covariance q²/2 and h² q."""
    energy = GLASS - strength * sum_over(N, Noise("f", N) * g)
    found = solve(Energy(energy, over=g, observe={"energy": energy / N}).theory(), N=1.0, theta=0.7)
    assert found["energy"] == pytest.approx(-np.sqrt(1 + 0.7**2), rel=1e-10) and found["replicon"] > 0


def test_a_ferromagnet_in_a_random_field_needs_no_couplings():
    energy = -(sum_over(N, s) ** 2) / (2 * N) - strength * sum_over(N, Noise("f", N) * s)
    theory = Energy(energy, over=s, temperature=T, observe={"energy": energy / N}).theory()
    found = solve(theory, N=1.0, T=0.5, theta=0.4)
    points, weights = np.polynomial.hermite_e.hermegauss(80)
    m = 1.0
    for _ in range(200):
        m = weights @ np.tanh((m + 0.4 * points) / 0.5) / weights.sum()
    assert found["m"] == pytest.approx(m, rel=1e-9)
