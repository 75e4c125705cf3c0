"""Laws of the kernels: random networks have them, ReLU is homogeneous, angles keep their digits."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.kernels import NNGP, NTK, GaussianKernel, ReLU, degeneracy, gegenbauer_spectrum
from solvers.kernels.activations import ACTIVATIONS

SLOPES = {
    "relu": (lambda h: np.maximum(h, 0), lambda h: (h > 0).astype(float)),
    "tanh": (np.tanh, lambda h: 1 - np.tanh(h) ** 2),
}


def sampled_kernels(X, depth, activation, a, b, width, rng):
    """One network's f f^T averaged over its readout, and the inner products of its gradients."""
    phi, slope = SLOPES[activation]
    n = len(X)
    layers, weights = [X], []
    for _ in range(depth):
        weights.append(rng.standard_normal((layers[-1].shape[1], width)))
        h = np.sqrt(a / layers[-1].shape[1]) * layers[-1] @ weights[-1] + np.sqrt(b) * rng.standard_normal(
            width
        )
        weights[-1] = (weights[-1], slope(h))
        layers.append(phi(h))
    nngp = a * layers[-1] @ layers[-1].T / width + b
    ntk = nngp.copy()
    back = np.sqrt(a / width) * np.broadcast_to(rng.standard_normal(width), (n, width))
    for layer, (matrix, derivative) in zip(layers[-2::-1], weights[::-1], strict=True):
        delta = back * derivative
        ntk += (delta @ delta.T) * (a * layer @ layer.T / layer.shape[1] + b)
        back = np.sqrt(a / layer.shape[1]) * delta @ matrix.T
    return nngp, ntk


@pytest.mark.parametrize("activation", SLOPES)
@pytest.mark.parametrize("depth, width, trials", [(1, 200, 300), (2, 400, 60)])
def test_random_networks_have_these_kernels(activation, depth, width, trials):
    """Unbiased at one hidden layer, biased as 1/width above: 4 standard errors plus that bound."""
    rng = np.random.default_rng(7)
    X, a, b = rng.standard_normal((4, 6)), 1.8, 0.1
    draws = np.array([sampled_kernels(X, depth, activation, a, b, width, rng) for _ in range(trials)])
    mean, stderr = draws.mean(axis=0), draws.std(axis=0, ddof=1) / np.sqrt(trials)
    for kernel, got, error in zip((NNGP, NTK), mean, stderr, strict=True):
        exact = kernel(depth, activation, a, b)(X)
        bias = (depth > 1) * 3 * np.abs(exact).max() / width
        assert (np.abs(got - exact) < 4 * error + bias).all()
        assert error.max() < 0.05 * np.abs(exact).max()


@given(
    scale=st.floats(0.01, 100),
    depth=st.integers(0, 5),
    seed=st.integers(0, 100),
    slope=st.sampled_from([0.0, 0.2, -1.0]),
)
@settings(max_examples=25, deadline=None)
def test_relu_is_homogeneous_and_rotation_invariant(scale, depth, seed, slope):
    rng = np.random.default_rng(seed)
    X, Z = rng.standard_normal((3, 4)), rng.standard_normal((2, 4))
    rotation = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    for kernel in (NNGP(depth, ReLU(slope)), NTK(depth, ReLU(slope))):
        K = kernel(X, Z)
        np.testing.assert_allclose(
            kernel(scale * X @ rotation, Z @ rotation), scale * K, rtol=1e-9, atol=1e-12 * scale
        )


@pytest.mark.parametrize("activation", ["relu", "erf", "tanh", "abs"])
def test_tangent_kernel_is_the_derivative_by_the_cosine(activation):
    """One layer, no bias: Theta - Sigma = t dSigma/dt, as E[phi' phi'] is E[phi phi]'s derivative."""
    t, step = np.linspace(-0.8, 0.8, 9), 1e-5
    nngp, ntk = NNGP(1, activation), NTK(1, activation)
    slope = (nngp.profile(t + step) - nngp.profile(t - step)) / (2 * step)
    np.testing.assert_allclose(ntk.profile(t) - nngp.profile(t), t * slope, atol=1e-8)


@pytest.mark.parametrize("depth", [1, 4])
def test_norm_is_kept_by_relu_networks(depth):
    X = np.random.default_rng(0).standard_normal((5, 3))
    q = (X**2).sum(axis=1) / 3
    np.testing.assert_allclose(NNGP(depth).diagonal(X), 2 * q, rtol=1e-13)
    np.testing.assert_allclose(np.diag(NTK(depth)(X)), 2 * (depth + 1) * q, rtol=1e-13)


def exact_tangent_kernel(angle, depth):
    """ReLU tangent kernel of inputs with |x|^2 = D at an angle, by the angle's recursion, to fifty digits."""
    with mpmath.workdps(50):
        angle = mpmath.mpf(angle)
        theta = sigma = 2 * mpmath.cos(angle)
        for _ in range(depth):
            sigma = 2 * (mpmath.sin(angle) + (mpmath.pi - angle) * mpmath.cos(angle)) / mpmath.pi
            theta = sigma + theta * (mpmath.pi - angle) / mpmath.pi
            angle = mpmath.acos(sigma / 2)
        return float(theta)


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("near", [0.0, np.pi])
def test_nearly_parallel_inputs_keep_their_digits(depth, near):
    """A subtraction 1 - t would be wrong by 1e-8 here."""
    for small in (1e-2, 1e-4, 1e-6, 1e-9):
        sign = np.cos(near)
        X = np.array([[np.sqrt(2), 0.0]])
        Z = sign * np.sqrt(2) * np.array([[np.cos(small), np.sin(small)]])
        got = NTK(depth)(X, Z)[0, 0]
        with mpmath.workdps(50):
            angle = mpmath.mpf(small) if near == 0 else mpmath.pi - mpmath.mpf(small)
        assert got == pytest.approx(exact_tangent_kernel(angle, depth), abs=2e-14)


def test_repeated_points_are_exactly_alike():
    """A point given twice, in X and in Z, has the diagonal's value to the last digits."""
    X = np.random.default_rng(3).standard_normal((40, 17))
    for kernel in (NTK(3), NTK(3, bias_variance=0.3)):
        np.testing.assert_allclose(np.diag(kernel(X, X.copy())), kernel.diagonal(X), rtol=1e-14)


def test_zero_vector_is_the_limit_of_small_ones():
    z = np.array([[1.0, 2.0]])
    for activation in ACTIVATIONS:
        for b in (0.0, 0.4):
            kernel = NTK(2, activation, 1.5, b)
            tiny, zero = kernel([[1e-9, 0]], z), kernel([[0.0, 0.0]], z)
            np.testing.assert_allclose(zero, tiny, atol=1e-7)


def test_sphere_spectrum_is_the_limit_of_the_empirical_one():
    """On uniform points of S^2 the largest eigenvalues of K/m fall into groups of 2k + 1 at eta_k."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((1500, 3))
    X *= np.sqrt(3) / np.linalg.norm(X, axis=1, keepdims=True)
    kernel = GaussianKernel(2.0)
    empirical = np.linalg.eigvalsh(kernel(X) / len(X))[::-1]
    eta = gegenbauer_spectrum(kernel, 3, 3).eigenvalues
    start = 0
    for k in range(4):
        group = empirical[start : start + degeneracy(3, k)]
        assert group.mean() == pytest.approx(eta[k], rel=0.05)
        start += degeneracy(3, k)
