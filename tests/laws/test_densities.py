"""Densities of Hermitian matrices against closed forms, moments of their own, and invariances; mass one, atoms counted."""

from math import comb

import numpy as np
import pytest
import sympy as sp

from solvers import density, draw_eigenvalues
from theory import Diag, Dim, Expression, Gaussian, Quenched, Tr, tanh

M, P, Q, N, D = Dim("M", "eta"), Dim("P"), Dim("Q"), Dim("N"), Dim("D")
(eta,) = M.spectra
X = Gaussian("X", P, M, column_covariance=eta, variance=1 / P)
G = Gaussian("G", P, N, variance=1 / P)
H = Gaussian("H", D, D, variance=1 / D, symmetry=1)
d = Quenched("d", D)
A, B, C = (Gaussian(name, N, N, variance=1 / N) for name in "ABC")
Y, Z = Gaussian("Y", P, D, variance=1 / P), Gaussian("Z", Q, D, variance=1 / Q)
PRODUCTS = {1: A.T @ A, 2: A.T @ B.T @ B @ A, 3: A.T @ B.T @ C.T @ C @ B @ A}


def ends(q):
    return (1 - np.sqrt(q)) ** 2, (1 + np.sqrt(q)) ** 2


@pytest.mark.parametrize("q", [0.1, 0.9, 1.5, 4.0])
def test_marchenko_and_pastur(q):
    found = density(G.T @ G, P=100, N=100 * q)
    low, high = ends(q)
    exact = np.sqrt(np.clip((high - found.x) * (found.x - low), 0, None)) / (2 * np.pi * q * found.x)
    assert found.edges == (pytest.approx((low, high), rel=1e-13),)
    # At the end itself, known to round-off ε, the density is about √ε.
    assert found.density == pytest.approx(exact, rel=1e-9, abs=1e-6)
    assert found.density[5:-5] == pytest.approx(exact[5:-5], rel=1e-11)
    assert found.mass == pytest.approx(1, abs=1e-9)
    assert found.atoms == ((pytest.approx((0, 1 - 1 / q), abs=1e-12),) if q > 1 else ())
    assert [found.moment(k) for k in (1, 2, 3)] == pytest.approx([1, 1 + q, 1 + 3 * q + q**2], rel=1e-10)


def test_the_semicircle_and_its_catalan_moments():
    found = density(H, D=10, grid=np.linspace(-3, 3, 41))
    assert found.density == pytest.approx(np.sqrt(np.clip(4 - found.x**2, 0, None)) / (2 * np.pi), abs=1e-13)
    assert [found.moment(k) for k in range(7)] == pytest.approx([1, 0, 1, 0, 2, 0, 5], abs=1e-10)
    assert found.cumulative([-2.5, 0, 2.5]) == pytest.approx([0, 0.5, 1], abs=1e-10)


@pytest.mark.parametrize("factors", [1, 2, pytest.param(3, marks=pytest.mark.slow)])
def test_products_of_square_matrices_have_fuss_catalan_moments_and_a_hard_edge(factors):
    """They diverge like x^{-s/(s+1)} at 0 and end at (s+1)^{s+1}/s^s; published tools give a triple product mass 3.88."""
    found, s = density(PRODUCTS[factors], N=10, points=50), factors
    assert found.mass == pytest.approx(1, abs=1e-9) and found.atoms == ()
    assert found.edges == (pytest.approx((0, (s + 1) ** (s + 1) / s**s), rel=1e-12, abs=0),)
    assert [found.moment(k) for k in (1, 2, 3)] == pytest.approx([comb((s + 1) * k, k) / (s * k + 1) for k in (1, 2, 3)], rel=1e-8)
    assert found.density[0] == np.inf
    near = density(PRODUCTS[factors], N=10, grid=[1e-10, 1e-8]).density
    assert np.log(near[0] / near[1]) / np.log(100) == pytest.approx(s / (s + 1), abs=0.02)


FIFTY = [(10, 1), pytest.param(1000, 10, marks=pytest.mark.slow), pytest.param(1e5, 50, marks=pytest.mark.slow)]


@pytest.mark.parametrize(("samples", "intervals"), FIFTY)
def test_fifty_atoms_in_the_population(samples, intervals):
    """A published tool gives mass 19.4 here."""
    population = np.arange(1, 51.0)
    found = density(X.T @ X, P=samples, eta=population, points=100)
    assert found.mass == pytest.approx(1, abs=1e-8)
    assert len(found.edges) == intervals
    # Every isolated interval holds whole eigenvalues of the population, or the samples where they are fewer.
    assert np.array(found.masses) * 50 == pytest.approx(np.rint(np.array(found.masses) * 50), abs=1e-6)
    assert found.moment(1) == pytest.approx(population.mean(), rel=1e-9)
    assert found.moment(2) == pytest.approx(np.mean(population**2) + population.sum() ** 2 / samples / 50, rel=1e-9)


def test_soft_ends_are_critical_points_of_the_inverse_map():
    """z(g) = -1/g + (1/P) Σ η/(1 + η g) for the companion law: dz/dg = 0 at each end."""
    population, samples = np.array([1.0, 1.0, 1.0, 20.0]), 16.0
    found = density(X.T @ X, P=samples, eta=population)
    grid = np.concatenate([-1 / np.linspace(1e-3, 80, 400_001)[1:]])
    z = -1 / grid + (population / (1 + np.multiply.outer(grid, population))).sum(-1) / samples
    slope = np.gradient(z, grid)
    roots = z[np.flatnonzero((slope[1:] * slope[:-1] < 0) & (np.abs(np.diff(slope)) < 10 * np.abs(slope[1:]) + 1))]
    assert len(found.edges) == 2
    for end in np.ravel(found.edges):
        assert np.min(np.abs(roots - end)) < 1e-3


def test_wigner_with_given_diagonal_is_the_semicircle_moved():
    found = density(Diag(D, d) + H, d=np.full(7, 3.0), grid=[3.0, 4.0])
    assert found.density == pytest.approx([1 / np.pi, np.sqrt(3) / (2 * np.pi)], rel=1e-12)
    values = np.repeat([0.0, 5.0, 20.0], [50, 30, 20])
    found = density(Diag(D, d) + H, d=values, points=30)
    assert found.masses == pytest.approx((0.5, 0.3, 0.2), abs=1e-9)
    assert found.moment(2) == pytest.approx(np.mean(values**2) + 1, rel=1e-10)


def test_atoms_away_from_zero_lose_what_the_samples_take():
    """A level of d of multiplicity m keeps m - P eigenvalues in d + YᵀY: interlacing."""
    found = density(Diag(D, d) + Y.T @ Y, d=np.repeat([0.0, 5.0, 20.0], [50, 30, 20]), P=25, points=30)
    assert found.atoms == (pytest.approx((0.0, 0.25), abs=1e-9), pytest.approx((5.0, 0.05), abs=1e-9))
    assert found.mass == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(("p", "q"), [(20, 30), (70, 30), (50, 80)])
def test_differences_of_wisharts_count_ranks_and_signs(p, q):
    found = density(Y.T @ Y - Z.T @ Z, P=p, Q=q, D=100, points=20)
    assert found.mass == pytest.approx(1, abs=1e-8)
    assert sum(m for x, m in found.atoms if x == 0) == pytest.approx(max(0, 1 - (p + q) / 100), abs=1e-8)
    if p + q <= 100:
        assert found.cumulative(-1e-9) == pytest.approx(q / 100, abs=1e-4)
    assert found.moment(1) == pytest.approx(0, abs=1e-9)
    assert found.moment(2) == pytest.approx(100 / p + 100 / q, rel=1e-8)


def test_a_density_scales_with_its_matrix():
    one = density(X.T @ X, P=30, eta=[1.0, 2.0, 5.0] * 20, grid=np.linspace(0.1, 8, 20))
    two = density(X.T @ X, P=30, eta=[1e4, 2e4, 5e4] * 20, grid=1e4 * np.linspace(0.1, 8, 20))
    assert 1e4 * two.density == pytest.approx(one.density, rel=1e-9)
    assert 1e-4 * np.array(two.edges) == pytest.approx(np.array(one.edges), rel=1e-10)
    three = density(3 * X.T @ X - 2, P=30, eta=[1.0, 2.0, 5.0] * 20, grid=3 * one.x - 2)
    assert 3 * three.density == pytest.approx(one.density, rel=1e-9)
    assert three.atoms == (pytest.approx((-2.0, one.atoms[0][1]), abs=1e-9),)


def test_both_gram_matrices_share_what_is_not_zero():
    one, two = (density(m, P=30, eta=[1.0, 2.0, 5.0] * 20, grid=[1.0, 3.0, 6.0]) for m in (X.T @ X, X @ X.T))
    assert 60 * one.density == pytest.approx(30 * two.density, rel=1e-11)


def test_a_resolvent_stands_for_its_matrix():
    lam = sp.Symbol("lambda", positive=True)
    one, two = (density(m, P=30, N=60, grid=[1.0, 3.0]) for m in (G.T @ G, Expression(Tr((G.T @ G + lam).inv))))
    assert np.array_equal(one.density, two.density)


@pytest.mark.slow
def test_outliers_of_a_spiked_population():
    """Baik, Ben Arous and Péché: ℓ > 1 + √q gives ℓ(1 + q/(ℓ-1)), with squared overlap (1 - q/(ℓ-1)²)/(1 + q/(ℓ-1))."""
    found = density(X.T @ X, P=200, eta=np.ones(100), spikes={"eta": [1.2, 5.0, 3.0, 0.01]}, points=20)
    spikes = np.array([0.01, 3.0, 5.0])
    shift = 0.5 / (spikes - 1)
    assert [o.spike["eta"] for o in found.outliers] == list(spikes)
    assert [o.position for o in found.outliers] == pytest.approx(spikes * (1 + shift), rel=1e-12)
    assert [o.overlap for o in found.outliers] == pytest.approx((1 - shift**2 / 0.5) / (1 + shift), rel=1e-6)
    other = density(X @ X.T, P=200, eta=np.ones(100), spikes={"eta": [3.0]}, points=20).outliers
    assert other[0].position == pytest.approx(3.75, rel=1e-12) and other[0].overlap is None


def test_outliers_of_a_deformed_wigner_matrix():
    found = density(Diag(D, d) + H, d=np.zeros(9), spikes={"d": [0.9, 2.0, -3.0]}, points=20)
    assert [o.position for o in found.outliers] == pytest.approx([-10 / 3, 2.5], rel=1e-12)
    assert [o.overlap for o in found.outliers] == pytest.approx([8 / 9, 3 / 4], rel=1e-6)


@pytest.mark.slow
def test_thousands_of_levels_that_repeat_are_a_few():
    """Compressed spectra against every mode."""
    levels = np.linspace(0.5, 3, 200)
    grid = np.linspace(0.2, 5.5, 12)
    few, many = (density(X.T @ X, P=2 * len(v), eta=v, grid=grid) for v in (levels, np.repeat(levels, 20)))
    assert many.mass == pytest.approx(1, abs=1e-9)
    assert np.array(many.edges) == pytest.approx(np.array(few.edges), rel=1e-11)
    assert many.density == pytest.approx(few.density, rel=1e-11)


def test_outliers_of_a_mean_of_rank_one():
    """Benaych-Georges and Nadakuditi: (1 + θ²)(q + θ²)/θ² from θ⁴ = q on, in XᵀX and in XXᵀ; θ + 1/θ of a Wigner matrix."""
    q, theta = 0.5, np.array([0.8, 1.0, 3.0])
    expected = (1 + theta[1:] ** 2) * (q + theta[1:] ** 2) / theta[1:] ** 2
    for matrix in (G.T @ G, G @ G.T):
        found = density(matrix, P=200, N=100, spikes={"G": theta}, points=5).outliers
        assert [o.position for o in found] == pytest.approx(expected, rel=1e-10)
    found = density(H, D=10, spikes={"H": [0.9, 2.0, -3.0]}, points=5).outliers
    assert [o.position for o in found] == pytest.approx([-10 / 3, 2.5], rel=1e-10)


def test_means_of_rank_one_meet_covariances():
    """A mean in front of coloured noise, and a matrix that stands in two places, against one drawn matrix of 1200 rows."""
    rng, m, p, theta = np.random.default_rng(3), 900, 1200, 4.0
    levels = np.repeat([0.5, 2.0, 4.0], m // 3)
    u, v = (x / np.linalg.norm(x) for x in (rng.normal(size=p), rng.normal(size=m)))
    drawn = rng.normal(size=(p, m)) * np.sqrt(levels / p) + theta * np.outer(u, v)
    top = np.linalg.svd(drawn, compute_uv=False)[0] ** 2
    (found,) = density(X.T @ X, P=p, eta=levels, spikes={"X": theta}, points=5).outliers
    assert found.position == pytest.approx(top, rel=0.02)


def test_a_density_is_told_in_one_line():
    found = density(X.T @ X, P=200, eta=np.ones(400), spikes={"eta": [9.0]}, points=5)
    assert repr(found) == "<Density of X.T@X: on [0.1716, 5.828]; atoms 0.5 at 0; outliers 11.25; mass 1>"


def test_where_the_spectrum_ends_exactly_at_the_search_radius():
    """Half the population vanishes and the samples are as many as the rest: a square Wishart matrix and an atom."""
    found = density(X.T @ X, P=50, eta=np.r_[np.ones(50), np.zeros(50)], points=10)
    assert found.edges == (pytest.approx((0, 4)),) and found.atoms == (pytest.approx((0, 0.5)),)


@pytest.mark.parametrize("shift", [1e-8, pytest.param(1e-3, marks=pytest.mark.slow), pytest.param(0.1, marks=pytest.mark.slow)])
def test_an_atom_beside_zero_is_where_it_is(shift):
    found = density(G.T @ G + sp.Symbol("x", positive=True), P=100, N=150, x=shift, points=10)
    assert found.atoms == (pytest.approx((shift, 1 / 3), rel=1e-6),) and found.mass == pytest.approx(1, abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("exponent", [1.0, 2.0, 3.0])
def test_populations_of_a_power_law(exponent):
    """The largest modes are eigenvalues of their own."""
    eta = np.arange(1, 201.0) ** -exponent
    found = density(X.T @ X, P=100, eta=eta, points=10)
    assert found.mass == pytest.approx(1, abs=1e-9) and found.atoms == (pytest.approx((0, 0.5), abs=1e-9),)
    assert found.moment(2) == pytest.approx(np.mean(eta**2) + eta.sum() ** 2 / 20_000, rel=1e-9)
    assert found.masses[-1] * 200 == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("gap", [1e-2, 1e-4, 0.0])
def test_bands_that_nearly_touch(gap):
    """Two levels ±(1 + gap) and Wigner noise: the gap in the spectrum is about (gap/3)^{3/2} wide, and closes at 1."""
    found = density(Diag(D, d) + H, d=np.repeat([-1 - gap, 1 + gap], 5), points=10)
    assert len(found.edges) == (2 if gap else 1) and found.mass == pytest.approx(1, abs=1e-8)
    assert found.moment(2) == pytest.approx(1 + (1 + gap) ** 2, rel=1e-9)


@pytest.mark.slow
def test_modes_far_from_poles_are_few_nodes(monkeypatch):
    """All of ten thousand modes in every sum, against those near the poles of the sums and nodes for the others."""
    values = {"P": 30_000, "eta": np.random.default_rng(0).uniform(1, 3, 10_000), "grid": np.linspace(0.3, 5, 30)}
    few = density(X.T @ X, **values)
    monkeypatch.setattr("solvers.modes.local_data.LEAST", np.inf)
    many = density(X.T @ X, **values)
    assert few.density == pytest.approx(many.density, rel=1e-8)
    assert np.array(few.edges) == pytest.approx(np.array(many.edges), rel=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("ratio", [0.3, 3])
def test_a_million_different_modes(ratio):
    eta = np.random.default_rng(0).uniform(1, 3, 10**6)
    found = density(X.T @ X, P=ratio * 10**6, eta=eta, points=50)
    assert found.mass == pytest.approx(1, abs=1e-6)
    assert found.moment(2) == pytest.approx(np.mean(eta**2) + eta.mean() ** 2 / ratio, rel=1e-9)
    assert found.moment(3) == pytest.approx(
        np.mean(eta**3) + 3 * np.mean(eta**2) * eta.mean() / ratio + eta.mean() ** 3 / ratio**2, rel=1e-9)


def test_points_of_a_density_follow_it():
    """Fifty levels whose bands merge: what lies between the points is what a straight line says."""
    found = density(X.T @ X, P=1000, eta=np.arange(1, 51.0))
    between = (found.x[1:] + found.x[:-1]) / 2
    exact = density(X.T @ X, P=1000, eta=np.arange(1, 51.0), grid=between).density
    drawn = (found.density[1:] + found.density[:-1]) / 2
    assert 450 <= len(found.x) <= 550
    assert np.abs(drawn - exact)[(between > 9.2) & (between < 58)].max() < 5e-4


@pytest.mark.parametrize("strength", [1e3, 1e9, 1e12])
def test_outliers_far_out(strength):
    """θ of the population goes to θ (1 + q/(θ - 1)), a mean θ of a symmetric matrix to θ + 1/θ, and squared of its square."""
    (spike,) = density(X.T @ X, P=200, eta=np.ones(100), spikes={"eta": [strength]}, points=5).outliers
    assert spike.position == pytest.approx(strength * (1 + 0.5 / (strength - 1)), rel=1e-12)
    (mean,) = density(H, D=10, spikes={"H": [strength]}, points=5).outliers
    assert mean.position == pytest.approx(strength + 1 / strength, rel=1e-12)
    if strength < 1e6:
        (square,) = density(H @ H, D=10, spikes={"H": [strength]}, points=5).outliers
        assert square.position == pytest.approx((strength + 1 / strength) ** 2, rel=1e-9)


def test_features_with_an_activation():
    """The kernel of tanh(X W) against drawn ones, with and without an atom."""
    inputs = Gaussian("X0", P, D)
    hidden = tanh(inputs @ Gaussian("W", D, N, variance=1 / D))
    for samples in (300, 100):
        found = density(hidden.T @ hidden / P, P=samples, D=200, N=150)
        drawn = draw_eigenvalues(hidden.T @ hidden / P, P=samples, D=200, N=150, trials=4, seed=1)
        assert found.distance(drawn) < 0.015 and found.mass == pytest.approx(1, abs=1e-9)
