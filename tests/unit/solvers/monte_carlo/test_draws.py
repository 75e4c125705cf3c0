"""Drawn leaves have the declared covariances, and keep them when the model is replicated."""

import numpy as np
import pytest

from solvers.monte_carlo.designs import Entries
from solvers.monte_carlo.draws import draw
from solvers.monte_carlo.realisation import Realisation
from theory.declaration import Dim, Gaussian, Noise, Signs
from theory.errors import DeclarationError

M, P = Dim("M", "eta"), Dim("P", "nu")
(eta,), (nu,) = M.spectra, P.spectra
ETA, NU = np.array([3.0, 1.0, 0.2]), np.array([1.0, 2.0])


def draws(leaf, count=5000, **designs):
    given = Realisation({M: 3.0, P: 2.0, eta: ETA[:, None], nu: NU[:, None]}, {})
    rng = np.random.default_rng(0)
    return np.array([draw(leaf, given, rng, designs) for _ in range(count)])


@pytest.mark.parametrize("law", ["gaussian", "rademacher"])
def test_matrix_covariances(law):
    matrix = Gaussian("X", P, M, variance=2, row_covariance=nu, column_covariance=eta, mean=3)
    found = draws(matrix.leaf, X=Entries(law))
    assert np.allclose(found.mean(axis=0), 3, atol=0.2)
    assert np.allclose(found.var(axis=0), 2 * NU[:, None] * ETA, rtol=0.1)
    flat = found.reshape(len(found), -1)
    off = np.corrcoef(flat.T) - np.eye(6)
    assert np.abs(off).max() < 0.06


@pytest.mark.parametrize("correlation", [-1, -0.5, 0, 0.5, 1])
def test_symmetry_is_the_correlation_with_the_transpose(correlation):
    found = draws(Gaussian("J", M, M, symmetry=correlation).leaf)
    assert np.mean(found[:, 0, 1] * found[:, 1, 0]) == pytest.approx(correlation, abs=0.08)
    assert found[:, 0, 1].var() == pytest.approx(1, rel=0.1)
    assert found[:, 0, 0].var() == pytest.approx(1 + correlation, abs=0.1)


def test_noise_and_signs():
    assert np.allclose(draws(Noise("n", M, variance=eta).leaf).var(axis=0), ETA, rtol=0.1)
    signs = draws(Signs("s", M).leaf)
    assert set(np.unique(signs)) == {-1.0, 1.0} and np.abs(signs.mean(axis=0)).max() < 0.06


def test_fresh_matrix_is_refused():
    with pytest.raises(DeclarationError, match="matrix X: redrawn at every step"):
        draws(Gaussian("X", P, M, fresh="step").leaf, count=1)
