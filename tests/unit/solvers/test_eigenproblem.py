"""The empirical eigenproblem: reconstruction, orthonormality, Parseval, refusals."""

import numpy as np
import pytest

from solvers.eigenproblem import empirical_modes
from solvers.kernels import NTK, LinearKernel
from theory.errors import ParameterError


def problem(m=30, D=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m, D))
    p = rng.uniform(0.5, 2, m)
    return X, rng.standard_normal(m), p / p.sum()


@pytest.mark.parametrize("uniform", [True, False])
@pytest.mark.parametrize("kernel", [NTK(2), LinearKernel()], ids=repr)
def test_modes_reproduce_kernel_and_target(kernel, uniform):
    X, y, p = problem()
    p = np.full(30, 1 / 30) if uniform else p
    K = kernel(X)
    modes = empirical_modes(K, y, None if uniform else p)
    Phi, eta = modes.features, modes.eigenvalues
    np.testing.assert_allclose((Phi * eta) @ Phi.T, K, atol=1e-12 * np.abs(K).max() * 30)
    np.testing.assert_allclose(Phi.T @ (p[:, None] * Phi), np.eye(30), atol=1e-12)
    np.testing.assert_allclose(K @ (p[:, None] * Phi), Phi * eta, atol=1e-11)
    np.testing.assert_allclose(Phi @ modes.coefficients, y, atol=1e-12)
    assert eta.sum() == pytest.approx(p @ np.diag(K), rel=1e-12)
    assert (np.diff(eta) <= 0).all() and (eta >= 0).all()
    assert modes.target_power.sum() == pytest.approx(p @ y**2)
    assert modes.cumulative_power[-1] == 1 and (np.diff(modes.cumulative_power) >= 0).all()


def test_rank_deficient_kernel_keeps_the_power_outside():
    X, y, _ = problem()
    modes = empirical_modes(LinearKernel()(X), y)
    assert modes.rank == 4 and not modes.eigenvalues[4:].any()
    fitted = X @ np.linalg.lstsq(X, y, rcond=None)[0]
    assert modes.target_power[4:].sum() == pytest.approx(np.mean((y - fitted) ** 2))
    assert "rank 4" in repr(modes)


def test_outputs_are_columns():
    X, y, p = problem()
    K, Y = NTK(1)(X), np.stack([y, y**2], axis=1)
    both, one = empirical_modes(K, Y, p), empirical_modes(K, y, p)
    assert both.coefficients.shape == (30, 2)
    np.testing.assert_allclose(both.coefficients[:, 0], one.coefficients)
    assert both.target_power.sum() == pytest.approx(p @ (Y**2).sum(axis=1))


K2 = np.eye(2)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((np.diag([1.0, -0.3]), [1, 2]), "not positive semidefinite: smallest eigenvalue -0.15"),
        (([[1, 0.5], [0, 1]], [1, 2]), "not symmetric: entries differ by up to 0.5"),
        ((np.ones((2, 3)), [1, 2]), "gram has shape \\(2, 3\\)"),
        ((np.ones(3), [1, 2]), "gram has shape"),
        (([[1, np.nan], [np.nan, 1]], [1, 2]), "gram\\[0, 1\\] is nan"),
        (([["a"]], [1]), "gram has dtype"),
        ((K2, [1, 2, 3]), "target has shape \\(3,\\)"),
        ((K2, [1, np.inf]), "target\\[1\\] is inf"),
        ((K2, [0, 0]), "target is zero"),
        ((np.zeros((2, 2)), [1, 2]), "gram is zero"),
        ((K2, [1, 2], [0.5, 0.2, 0.3]), "pmf has shape"),
        ((K2, [1, 2], [1, 0]), "pmf\\[1\\] is 0"),
        ((K2, [1, 2], [0.5, 0.6]), "pmf sums to 1.1"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(ParameterError, match=message):
        empirical_modes(*arguments)
