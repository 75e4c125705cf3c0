"""Ising states coupled at their sites: they factorise, or are one, and sums over all states of small systems agree."""

import numpy as np
import pytest
import sympy as sp

from solvers import solve
from theory import Dim, Energy, Gaussian, State, heaviside, mean, sum_over
from theory.errors import DerivationError

J, T = sp.symbols("J T", positive=True)
N, P, S = Dim("N"), Dim("P"), Dim("S")
X, Y = Gaussian("X", P, N, variance=1 / N), Gaussian("Y", S, N, variance=1 / N)
s, t = State("s", N, prior="ising"), State("t", N, prior="ising")
MISTAKES = sum_over(P, heaviside(-(X @ s))) + sum_over(S, heaviside(-(Y @ t)))


def pair(shared=False):
    energy = sum_over(P, heaviside(-(X @ s)) + heaviside(1 - X @ t)) if shared else MISTAKES
    observe = {"both": mean(N, s * t), "E": mean(P, heaviside(-(X @ s)))}
    return Energy(energy - J * sum_over(N, s * t), over=[s, t], temperature=T, observe=observe, name="pair")


def alone():
    mistake = heaviside(-(X @ s))
    return Energy(sum_over(P, mistake), over=s, temperature=T, observe={"E": mean(P, mistake)}, name="alone")


@pytest.mark.slow
def test_weakly_coupled_states_factorise_and_tightly_coupled_ones_are_one_that_sees_all_samples():
    theory, single = pair().theory(), alone().theory()
    weak = solve(theory, N=1.0, P=0.7, S=0.4, J=1e-4, T=0.6, tolerance=1e-8)
    overlaps = [solve(single, N=1.0, P=samples, T=0.6)["q"] for samples in (0.7, 0.4)]
    assert [weak["q_P"], weak["q_S"]] == pytest.approx(overlaps, rel=1e-6)
    assert weak["both"] == pytest.approx(1e-4 / 0.6 * (1 - overlaps[0] * overlaps[1]), rel=1e-3)
    tight = solve(theory, N=1.0, P=0.7, S=0.4, J=12.0, T=0.6)
    one = solve(single, N=1.0, P=1.1, T=0.6)
    assert tight["both"] == pytest.approx(1, abs=1e-12)
    assert tight["E"] == pytest.approx(one["E"], rel=1e-8)
    assert tight["entropy"] == pytest.approx(one["entropy"], rel=1e-8)


def coupled(weight, factors):
    """Σ_t Π_i factors[i](s_i, t_i) weight(t), one bit after the other; factors are those of equal and of opposite spins."""
    size = len(factors)
    array = weight.reshape((2,) * size)
    for axis, (equal, opposite) in enumerate(factors):
        up, down = np.moveaxis(array, axis, 0)
        array = np.moveaxis(np.stack([equal * up + opposite * down, opposite * up + equal * down]), 0, axis)
    return array.reshape(-1)


def enumerated(shared, size, draws):
    """Means of ``both`` and ``E`` with their covariance over draws, by the sum over all states of a small system."""
    rng, found = np.random.default_rng(size), []
    spins = 1 - 2.0 * ((np.arange(2**size)[:, None] >> np.arange(size)[::-1]) & 1)
    same, other = np.exp(0.3 / 0.8), np.exp(-0.3 / 0.8)
    for _ in range(draws):
        x, y = (rng.standard_normal((count, size)) / np.sqrt(size) for count in (3 * size // 4, size // 2))
        first = (spins @ x.T < 0).sum(axis=1)
        second = (spins @ x.T < 1).sum(axis=1) if shared else (spins @ y.T < 0).sum(axis=1)
        one, two = np.exp(-first / 0.8), np.exp(-second / 0.8)
        plain = [(same, other)] * size
        given = one * coupled(two, plain)
        overlaps = [one @ coupled(two, [*plain[:i], (same, -other), *plain[i + 1 :]]) for i in range(size)]
        found.append([np.mean(overlaps) / given.sum(), (given @ first) / given.sum() / len(x)])
    return np.mean(found, axis=0), np.var(found, axis=0, ddof=1) / draws


@pytest.mark.slow
@pytest.mark.parametrize("shared", [False, True])
def test_small_systems_tend_to_the_theory(shared):
    """Sums over all states at three sizes, and where the parabola in the inverse size that they lie on ends."""
    found = solve(pair(shared).theory(), N=1.0, P=0.75, J=0.3, T=0.8, tolerance=1e-6, **({} if shared else {"S": 0.5}))
    sizes, draws = np.array([4, 8, 16]), (4000, 2000, 250)
    means, variances = map(np.array, zip(*[enumerated(shared, n, count) for n, count in zip(sizes, draws)]))
    weights = np.linalg.inv(np.vander(1 / sizes, 3, increasing=True))[0]
    theory = np.array([found["both"], found["E"]])
    limit, error = weights @ means, np.sqrt(weights**2 @ variances)
    assert np.all(np.abs(limit - theory) < 4 * error), (limit, error, theory)
    assert np.all(error < 0.012) and found["replicon"] > 0
    if shared:
        # The size counts: small systems are not the theory.
        assert abs(means[0, 0] - theory[0]) > 10 * np.sqrt(variances[0, 0])


def test_spins_beside_other_states_are_refused():
    v = State("v", N, prior="gaussian")
    with pytest.raises(DerivationError, match="Ising states coupled to others at a site are not derived"):
        Energy(sum_over(P, heaviside(-(X @ s))) - J * sum_over(N, s * v), over=[s, v], temperature=T).derive()
