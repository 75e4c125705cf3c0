"""Single flips of Ising spins: two forms of an energy, exact averages of small systems, starts, refusals."""

import itertools

import numpy as np
import pytest
import sympy as sp

from solvers import simulate
from solvers.monte_carlo.realisation import Realisation, contracted
from solvers.monte_carlo.spin_energies import Evaluated, Quadratic
from theory import Dim, Energy, Gaussian, Noise, Signs, State, Tensor, heaviside, mean, sum_over
from theory.declaration.collective import parts
from theory.errors import DeclarationError, ParameterError

N, P = Dim("N"), Dim("P")
s = State("s", N, prior="ising")
J, X, xi, b = Gaussian("J", N, N, variance=1 / N, symmetry=1), Gaussian("X", P, N, variance=1 / N), Signs("xi", N), Noise("b", N)
ENERGY = (
    -sum_over(N, s * (J @ s)) / 2 - (X @ s - 1).square() / 3 - sum_over(N, xi * s) ** 2 / (2 * N) - sum_over(N, (b + 0.2) * s)
)  # fmt: skip


def drawn(size=7, samples=3, seed=0):
    rng = np.random.default_rng(seed)
    arrays = {J.leaf: rng.standard_normal((size, size)), X.leaf: rng.standard_normal((samples, size))}
    arrays[J.leaf] = arrays[J.leaf] + arrays[J.leaf].T
    arrays |= {xi.leaf: rng.choice([-1.0, 1.0], size), b.leaf: rng.standard_normal(size)}
    return Realisation({N: float(size), P: float(samples)}, arrays), rng.choice([-1.0, 1.0], (5, size))


def test_the_matrix_of_a_quadratic_energy_gives_the_costs_of_the_energy_itself():
    draw, spins = drawn()
    quick, slow = Quadratic(parts(ENERGY), s.leaf, draw, spins.copy()), Evaluated(ENERGY, s.leaf, draw, spins.copy())
    for site in (0, 3, 6, 3):
        costs = slow.cost(site)
        np.testing.assert_allclose(quick.cost(site), costs, atol=1e-12)
        turned = costs < 0.3
        quick.flip(site, turned)
        slow.flip(site, turned)
    np.testing.assert_array_equal(quick.spins, slow.spins)
    apart = quick.energies() - slow.energies()
    np.testing.assert_allclose(apart, apart[0], atol=1e-11)
    quick.exchange(np.array([0]), np.array([1]))
    np.testing.assert_array_equal(quick.spins[0], slow.spins[1])


@pytest.mark.parametrize("algorithm", ["gibbs", pytest.param("metropolis", marks=pytest.mark.slow)])
@pytest.mark.parametrize("law", ["pairs", "steps"])
def test_draws_follow_the_gibbs_measure_of_a_small_system(algorithm, law):
    """Mean energy of one drawn system at a temperature, against the sum over all of its states."""
    size, samples = 5, 4
    matrix, lines = np.random.default_rng(3).standard_normal((2, size, size))
    energy = -sum_over(N, s * (Gaussian("K", N, N) @ s)) / 2 if law == "pairs" else sum_over(P, heaviside(-(X @ s) - 0.3))
    model = Energy(energy, over=s, temperature=0.8, algorithm=algorithm, observe={"energy": energy, "mean": mean(N, s)})
    values = {"design": {"K": lambda rng, shape: matrix}} if law == "pairs" else {
        "design": {"X": lambda rng, shape: lines[:samples]}, "P": samples}  # fmt: skip
    found = simulate(model, trials=80 if law == "pairs" else 30, seed=1, N=size, **values)
    states = np.array(list(itertools.product([-1, 1], repeat=size)))
    if law == "pairs":
        energies = -np.einsum("ki,ij,kj->k", states, matrix, states) / 2
    else:
        energies = (states @ lines[:samples].T / np.sqrt(size) < -0.3).sum(axis=1)
    weights = np.exp(-energies / 0.8)
    for name, exact in (("energy", energies), ("mean", states.mean(axis=1))):
        assert abs(found[name].mean - weights @ exact / weights.sum()) < 4 * found[name].stderr, name


def test_a_state_begins_where_it_is_declared():
    energy = -5 * sum_over(N, xi * s) ** 2 / N - (X @ s).square() / 2
    for factor in (1, -1):
        model = Energy(energy, over=s, temperature=0.5, algorithm="gibbs", start={s: factor * xi}, observe={"m": mean(N, xi * s)})
        assert factor * simulate(model, trials=3, N=30, P=2)["m"].mean > 0.95
    with pytest.raises(DeclarationError, match="no vector of signs"):
        bad = Energy(energy, over=s, temperature=0.5, algorithm="gibbs", start={s: 2 * xi}, observe={"m": mean(N, xi * s)})
        simulate(bad, trials=1, N=4, P=2)


def test_contractions_are_sums_over_all_indices():
    rng = np.random.default_rng(0)
    tensor, vectors = rng.standard_normal((4, 4, 4)), rng.standard_normal((4, 2))
    np.testing.assert_allclose(contracted(tensor, vectors), np.einsum("ijk,ic,jc,kc->c", tensor, vectors, vectors, vectors))


def test_energies_of_a_tensor_have_the_declared_covariance():
    v = State("v", N, prior="spherical")
    K = Tensor("K", N, 3, variance=1 / (2 * N**2))
    size, rng = 6, np.random.default_rng(1)
    one, two = rng.standard_normal((2, size))
    products = []
    for _ in range(4000):
        tensor = rng.standard_normal((size,) * 3) / np.sqrt(2 * size**2)
        products.append(contracted(tensor, one[:, None])[0] * contracted(tensor, two[:, None])[0])
    assert abs(np.mean(products) - (one @ two) ** 3 / (2 * size**2)) < 4 * np.std(products) / np.sqrt(len(products))
    model = Energy(K(v), over=v, temperature=1.0, algorithm="gibbs", observe={"e": K(v) / N})
    with pytest.raises(ParameterError, match="too many to draw"):
        simulate(model, trials=1, N=2000)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Energy(ENERGY, over=s, algorithm="gibbs", observe={"m": mean(N, s)}), "temperature above 0"),
        (lambda: Energy(ENERGY, over=s, temperature=1, algorithm="hmc", observe={"m": mean(N, s)}), "leaves no room for momenta"),
    ],
)
def test_what_is_not_drawn_is_refused(make, message):
    with pytest.raises(DeclarationError, match=message):
        simulate(make(), trials=1, N=4, P=2)


def test_functions_of_sums_are_evaluated_as_declared():
    energy = -N * sp.cos(sum_over(N, s) / N) - sum_over(N, s * (J @ s)) / 2
    draw, spins = drawn()
    with pytest.raises(DeclarationError, match="not quadratic"):
        Quadratic(parts(energy), s.leaf, draw, spins)
