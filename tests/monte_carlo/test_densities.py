"""Densities against eigenvalues of drawn matrices: the Kolmogorov distance falls with the size, outliers sit where they should."""

import numpy as np
import pytest

from solvers import density, draw_eigenvalues
from theory import Diag, Dim, Gaussian, Quenched, Spectrum

M, P, Q, N, D = Dim("M", Spectrum("eta", scaling=0)), Dim("P"), Dim("Q"), Dim("N"), Dim("D")
(eta,) = M.spectra
X, Z = Gaussian("X", P, M, column_covariance=eta, variance=1 / P), Gaussian("Z", Q, M, variance=1 / Q)
W = Gaussian("W", N, M, variance=1 / N)
H, d = Gaussian("H", D, D, variance=1 / D, symmetry=1), Quenched("d", D)
A, B, C = (Gaussian(name, N, N, variance=1 / N) for name in "ABC")
LEVELS = np.repeat([1.0, 3.0, 10.0], 20)
CASES = {
    "coloured Wishart": (X.T @ X, {"P": 100, "eta": LEVELS}),
    "fewer samples than modes": (X.T @ X, {"P": 30, "eta": LEVELS}),
    "deformed Wigner": (Diag(D, d) + H, {"D": 60, "d": np.repeat([-3.0, 0.0, 4.0], 20)}),
    "sum of two Wisharts": (X.T @ X + Z.T @ Z, {"P": 100, "Q": 30, "eta": LEVELS}),
    "difference of two Wisharts": (X.T @ X - 2 * Z.T @ Z, {"P": 20, "Q": 30, "eta": LEVELS}),
    "random features": (W @ X.T @ X @ W.T, {"P": 40, "N": 50, "eta": LEVELS}),
    "triple product": (A.T @ B.T @ C.T @ C @ B @ A, {"N": 60}),
}


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n == "triple product")) for n in CASES])
def test_the_law_of_drawn_eigenvalues_tends_to_the_density(name):
    matrix, values = CASES[name]
    law = density(matrix, **values, points=30)
    far, near = (law.distance(draw_eigenvalues(matrix, **values, trials=4, replicate=r, seed=2)) for r in (1, 5))
    # Eigenvalues repel: a share is known to about 1/size, far better than for independent draws.
    assert near < 0.02 and near < 0.6 * far + 2e-3, (far, near)


def test_bands_of_a_power_law_hold_what_is_drawn():
    """Twenty copies of sixty modes and the samples of each: bands of one mode hold twenty eigenvalues in every draw, up to the few
    that fluctuate over an end, and the law of all tends to the density."""
    values = {"P": 40, "eta": np.arange(1, 61.0) ** -1.5}
    law = density(X.T @ X, **values, points=30)
    assert len(law.edges) == 3
    drawn = draw_eigenvalues(X.T @ X, **values, trials=4, replicate=20, seed=3)
    counts = [((drawn > 0.99 * low) & (drawn < 1.01 * high)).sum(axis=-1) for low, high in law.edges]
    assert np.array(counts) == pytest.approx(np.round(1200 * np.array(law.masses))[:, None] * np.ones(4), abs=1)
    far, near = (law.distance(draw_eigenvalues(X.T @ X, **values, trials=4, replicate=r, seed=2)) for r in (2, 20))
    assert near < 0.005 and near < 0.4 * far, (far, near)


@pytest.mark.parametrize("name", ["coloured Wishart", "fewer samples than modes"])
def test_the_law_of_another_matrix_is_noticed(name):
    matrix, values = CASES[name]
    law = density(matrix, **{**values, "P": 1.3 * values["P"]}, points=30)
    assert law.distance(draw_eigenvalues(matrix, **values, trials=4, replicate=5, seed=2)) > 0.02


def test_outliers_are_where_they_are_drawn():
    """A spike of four samples' worth of modes among many."""
    size, spike = 400, 6.0
    law = density(X.T @ X, P=800, eta=np.ones(size), spikes={"eta": [spike]}, points=20)
    drawn = draw_eigenvalues(X.T @ X, P=800, eta=np.r_[spike, np.ones(size - 1)], trials=40, seed=1)[:, -1]
    error = np.std(drawn, ddof=1) / np.sqrt(len(drawn))
    assert abs(drawn.mean() - law.outliers[0].position) < 4 * error + 2 * spike / size


def test_zero_modes_are_drawn_as_counted():
    law = density(X.T @ X, P=30, eta=LEVELS, points=10)
    drawn = draw_eigenvalues(X.T @ X, P=30, eta=LEVELS)
    assert np.mean(np.abs(drawn) < 1e-10) == pytest.approx(law.atoms[0][1], abs=1e-9)
