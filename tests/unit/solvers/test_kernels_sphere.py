"""Spectra on the sphere: exact cases, masses, degeneracies, refusals."""

import numpy as np
import pytest
from scipy import special

from solvers.kernels import (
    NNGP,
    NTK,
    DotProduct,
    GaussianKernel,
    LaplaceKernel,
    LinearKernel,
    PolynomialKernel,
    degeneracy,
    gegenbauer_spectrum,
    zonal_polynomials,
)
from theory.errors import ConvergenceError, ParameterError


@pytest.mark.parametrize("D", [2, 3, 4, 10, 500])
def test_degeneracies_count_polynomials(D):
    """Homogeneous polynomials of degree k are the harmonics of degrees k, k - 2, ..."""
    for k in range(12):
        assert sum(degeneracy(D, j) for j in range(k, -1, -2)) == special.comb(D + k - 1, k, exact=True)
    assert degeneracy(3, 40) == 81 and degeneracy(2, 7) == 2


def test_zonal_polynomials_are_legendre_chebyshev_and_bounded():
    t = np.linspace(-1, 1, 41)
    for k, P, T, Q in zip(
        range(200), zonal_polynomials(t, 3), zonal_polynomials(t, 2), zonal_polynomials(t, 400), strict=False
    ):
        np.testing.assert_allclose(P, special.eval_legendre(k, t), atol=1e-12)
        np.testing.assert_allclose(T, np.cos(k * np.arccos(t)), atol=1e-11)
        assert np.abs(Q).max() <= 1 + 1e-12 and Q[-1] == pytest.approx(1)


@pytest.mark.parametrize("D", [2, 3, 7, 40, 300])
def test_polynomial_kernels_are_exact(D):
    """t has eta_1 = 1/D; t^2 = 1/D + (1 - 1/D) Q_2."""
    eta = gegenbauer_spectrum(LinearKernel(), D, 4).eigenvalues
    np.testing.assert_allclose(eta, [0, 1 / D, 0, 0, 0], rtol=1e-12)
    eta = gegenbauer_spectrum(DotProduct(np.square), D, 4).eigenvalues
    np.testing.assert_allclose(eta, [1 / D, 0, (1 - 1 / D) / degeneracy(D, 2), 0, 0], rtol=1e-11)
    spectrum = gegenbauer_spectrum(PolynomialKernel(4, 0.3), D, 6)
    assert np.array_equal(spectrum.eigenvalues[5:], [0, 0])
    assert abs(spectrum.remainder) < 1e-10 * 1.3**4


@pytest.mark.parametrize("D, degree", [(2, 12), (3, 12), (30, 8)])
def test_gaussian_kernel_has_bessel_eigenvalues(D, degree):
    """exp(-|x - z|^2/2s^2) = exp(-D/s^2) exp(D t/s^2): Bessel functions (Minh et al., 2006)."""
    s = 1.3 * D**0.5
    z, nu = D / s**2, D / 2 - 1
    k = np.arange(degree + 1)
    exact = np.exp(-z) * (2 / z) ** nu * special.gamma(D / 2) * special.iv(k + nu, z)
    eta, counts, errors, _ = gegenbauer_spectrum(GaussianKernel(s), D, degree)
    assert (np.abs(eta - exact) <= errors).all()
    assert (counts * errors < 1e-9).all()


def test_relu_tangent_kernel_on_two_sphere():
    """Depth 1 without bias: E[K] = 1 and E[K t] = 2/3 by hand, and no odd degree from 3 on."""
    eta = gegenbauer_spectrum(NTK(1), 3, 7).eigenvalues
    np.testing.assert_allclose(eta[:2], [1, 2 / 3], rtol=1e-12)
    assert np.array_equal(eta[[3, 5, 7]], [0, 0, 0])
    assert (eta[[2, 4, 6]] > 0).all()


@pytest.mark.parametrize(
    "kernel, extra", [(NTK(1), 0), (NNGP(1), 2), (NTK(3), 0), (LaplaceKernel(1.0), 0)], ids=repr
)
@pytest.mark.parametrize("D", [2, 3, 5])
def test_decay_exponent(kernel, extra, D):
    """Tangent and Laplace kernels decay as k^-D, NNGP as k^-(D + 2) (Bietti and Bach, 2021)."""
    eta = gegenbauer_spectrum(kernel, D, 80).eigenvalues
    slope = np.log(eta[80] / eta[40]) / np.log(2)
    assert slope == pytest.approx(-(D + extra), abs=0.25)


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("D, degree", [(3, 150), (10, 60), (30, 20), (100, 11)])
def test_mass_rises_to_the_trace(depth, D, degree):
    kernel = NTK(depth)
    eta, counts, errors, remainder = gegenbauer_spectrum(kernel, D, degree)
    shorter = gegenbauer_spectrum(kernel, D, degree // 2)
    trace = kernel.profile(1.0)
    assert counts @ eta + remainder == pytest.approx(trace, rel=1e-12)
    assert 0 < remainder < shorter.remainder < 0.3 * trace
    assert (counts * errors <= 1e-9 * trace).all()
    np.testing.assert_allclose(shorter.eigenvalues, eta[: degree // 2 + 1], atol=2 * errors.max())


def test_spectrum_sums_back_to_the_kernel():
    t = np.linspace(-0.9, 0.9, 7)
    kernel = NTK(2, "erf", bias_variance=0.2)
    eta, counts, _, remainder = gegenbauer_spectrum(kernel, 5, 60)
    series = sum(e * n * Q for e, n, Q in zip(eta, counts, zonal_polynomials(t, 5), strict=False))
    assert abs(remainder) < 1e-9
    np.testing.assert_allclose(series, kernel.profile(t), atol=1e-9)


def test_function_of_the_cosine_and_radius():
    by_function = gegenbauer_spectrum(lambda t: np.exp(t - 1), 4, 5).eigenvalues
    np.testing.assert_allclose(
        by_function, gegenbauer_spectrum(GaussianKernel(1.0), 4, 5, radius=1.0).eigenvalues
    )


@pytest.mark.parametrize(
    "error, make, message",
    [
        (ParameterError, lambda: gegenbauer_spectrum(NTK(1), 1, 3), "dimension is 1; give an integer >= 2"),
        (ParameterError, lambda: gegenbauer_spectrum(NTK(1), 3, -1), "max_degree is -1"),
        (ParameterError, lambda: gegenbauer_spectrum(3, 3, 2), "kernel is 3"),
        (
            ParameterError,
            lambda: gegenbauer_spectrum(lambda t: 1.0, 3, 2),
            "not a finite vectorised function",
        ),
        (ParameterError, lambda: gegenbauer_spectrum(lambda t: -t, 3, 2), "on the diagonal"),
        (
            ParameterError,
            lambda: gegenbauer_spectrum(lambda t: 2 * t - t**3, 3, 4),
            "eigenvalue .* at degree 3",
        ),
        (ConvergenceError, lambda: gegenbauer_spectrum(lambda t: np.abs(t - 0.31), 3, 4), "degree 0"),
        (ConvergenceError, lambda: gegenbauer_spectrum(NTK(1), 100, 25), "lower max_degree"),
        (ConvergenceError, lambda: gegenbauer_spectrum(NTK(1), 2000, 2000), "lower max_degree"),
    ],
)
def test_refusals(error, make, message):
    with pytest.raises(error, match=message):
        make()
