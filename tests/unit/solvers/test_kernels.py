"""Kernels as objects: Gram matrices, algebra, refusals; each average against an independent integral."""

import pickle

import numpy as np
import pytest
from scipy import special
from scipy.stats import norm

from solvers.kernels import (
    NNGP,
    NTK,
    Activation,
    DotProduct,
    GaussianKernel,
    LaplaceKernel,
    LinearKernel,
    PolynomialKernel,
    ReLU,
)
from theory.errors import ConvergenceError, ParameterError

KERNELS = [
    LinearKernel(),
    PolynomialKernel(3, offset=0.5, scale=2.0),
    DotProduct(np.exp),
    GaussianKernel(1.7),
    LaplaceKernel(1.7),
    NNGP(1),
    NNGP(2, "tanh", 1.5, 0.2),
    NTK(0, bias_variance=0.3),
    NTK(3),
    NTK(2, "erf", 1.3, 0.1),
    NTK(2, "gelu"),
    NTK(2, ReLU(0.2), 1.8, 0.1),
    2.5 * NTK(1) + LinearKernel() * GaussianKernel(2.0),
]


def points(n=7, D=5, seed=0):
    return np.random.default_rng(seed).standard_normal((n, D))


@pytest.mark.parametrize("kernel", KERNELS, ids=repr)
def test_gram_is_symmetric_positive_and_consistent(kernel):
    X, Z = points(), points(4, seed=1)
    K = kernel(X)
    assert np.array_equal(K, K.T)
    np.testing.assert_allclose(np.diag(K), kernel.diagonal(X), rtol=1e-12)
    np.testing.assert_allclose(kernel(np.vstack([X, Z]))[:7, 7:], kernel(X, Z), rtol=1e-10, atol=1e-14)
    assert np.linalg.eigvalsh(K)[0] > -1e-12 * np.abs(K).max()


@pytest.mark.parametrize("kernel", KERNELS, ids=repr)
def test_profile_is_the_kernel_on_a_sphere(kernel):
    t = np.array([-1.0, -0.3, 0.0, 0.8, 1.0])
    x = np.array([[2.0, 0.0, 0.0]])
    Z = 2 * np.stack([t, np.sqrt(1 - t**2), 0 * t], axis=1)
    profile = kernel.profile(t, dimension=3, radius=2)
    np.testing.assert_allclose(profile, kernel(x, Z)[0], rtol=1e-9, atol=1e-14)
    assert kernel.profile(0.8, dimension=3, radius=2) == pytest.approx(profile[3], rel=1e-12)


@pytest.mark.parametrize("kernel", KERNELS, ids=repr)
def test_survives_pickling(kernel):
    X = points()
    back = pickle.loads(pickle.dumps(kernel))
    assert back == kernel and repr(back) == repr(kernel)
    assert np.array_equal(back(X), kernel(X))


def test_blocks_do_not_show():
    """A Gram matrix larger than a block has the entries of its parts."""
    X = points(700, 4)
    K = NTK(2, bias_variance=0.1)(X)
    assert np.array_equal(K, K.T)
    for rows in (slice(0, 40), slice(340, 360), slice(660, 700)):
        np.testing.assert_allclose(K[rows], NTK(2, bias_variance=0.1)(X[rows], X), rtol=1e-13)


def test_classical_kernels_from_their_definitions():
    X, Z = points(), points(4, seed=1)
    distance = np.linalg.norm(X[:, None] - Z, axis=2)
    np.testing.assert_allclose(GaussianKernel(0.7)(X, Z), np.exp(-(distance**2) / (2 * 0.7**2)), rtol=1e-12)
    np.testing.assert_allclose(LaplaceKernel(0.7)(X, Z), np.exp(-distance / 0.7), rtol=1e-12)
    np.testing.assert_allclose(PolynomialKernel(3, 0.5, 2.0)(X, Z), (2 * X @ Z.T / 5 + 0.5) ** 3, atol=1e-12)
    np.testing.assert_allclose(
        (3 * LinearKernel() + DotProduct(np.exp))(X, Z), 3 * X @ Z.T / 5 + np.exp(X @ Z.T / 5)
    )


def gaussian_average(f, xx, zz, xz):
    """E[f(h) f(h')] by Gauss-Legendre on both sides of each sign change, where there may be a kink."""
    nodes, weights = np.polynomial.legendre.leggauss(120)
    a, b, c = np.sqrt(xx), xz / np.sqrt(xx), np.sqrt(zz - xz**2 / xx)

    def panel(low, high):
        u = (low + high) / 2 + (high - low) / 2 * nodes
        return u, (high - low) / 2 * weights * norm.pdf(u)

    total = 0.0
    for low, high in [(-12, 0), (0, 12)]:
        for u, w in zip(*panel(low, high), strict=True):
            kink = float(np.clip(-b * u / c, -12, 12))
            inner = sum(weight @ f(b * u + c * v) for v, weight in (panel(-12, kink), panel(kink, 12)))
            total += w * float(f(np.array([a * u]))[0]) * inner
    return total


CASES = [
    ("relu", lambda h: np.maximum(h, 0), lambda h: 1.0 * (h > 0)),
    ("abs", np.abs, np.sign),
    (ReLU(0.3), lambda h: np.where(h > 0, h, 0.3 * h), lambda h: np.where(h > 0, 1, 0.3)),
    ("erf", special.erf, lambda h: 2 / np.sqrt(np.pi) * np.exp(-(h**2))),
    ("tanh", np.tanh, lambda h: 1 / np.cosh(h) ** 2),
    ("softplus", lambda h: np.logaddexp(0, h), special.expit),
    ("sigmoid", special.expit, lambda h: special.expit(h) * special.expit(-h)),
    ("silu", lambda h: h * special.expit(h), lambda h: special.expit(h) * (1 + h * special.expit(-h))),
    ("gelu", lambda h: h * norm.cdf(h), lambda h: norm.cdf(h) + h * norm.pdf(h)),
    ("sin", np.sin, np.cos),
]


@pytest.mark.parametrize("activation, f, slope", CASES, ids=[str(c[0]) for c in CASES])
def test_one_layer_against_direct_integration(activation, f, slope):
    """NNGP = A E[f f] + b and NTK = NNGP + A Sigma E[f' f'], at inputs of unequal norm."""
    a, b = 1.3, 0.2
    X = np.array([[1.0, 0.4], [-0.8, 1.7]])
    xx, xz, zz = a * X[0] @ X[0] / 2 + b, a * X[0] @ X[1] / 2 + b, a * X[1] @ X[1] / 2 + b
    nngp = a * gaussian_average(f, xx, zz, xz) + b
    assert NNGP(1, activation, a, b)(X)[0, 1] == pytest.approx(nngp, rel=1e-8)
    ntk = nngp + a * xz * gaussian_average(slope, xx, zz, xz)
    assert NTK(1, activation, a, b)(X)[0, 1] == pytest.approx(ntk, rel=1e-8)


def test_quadrature_reproduces_the_arcsine_kernel_at_depth():
    X = points(20) * np.linspace(0.1, 3, 20)[:, None]
    by_quadrature = NTK(3, special.erf, 1.5, 0.1)(X)
    np.testing.assert_allclose(by_quadrature, NTK(3, "erf", 1.5, 0.1)(X), rtol=1e-9)


@pytest.mark.parametrize("bias_variance", [0.0, 0.3])
def test_given_derivative_and_stein_agree(bias_variance):
    X = points(6)
    given = Activation(np.tanh, lambda h: 1 - np.tanh(h) ** 2)
    np.testing.assert_allclose(
        NTK(2, given, 2.0, bias_variance)(X), NTK(2, np.tanh, 2.0, bias_variance)(X), rtol=1e-9
    )


@pytest.mark.parametrize("frequency", [0.3, 2.0, 20.0])
def test_sine_and_exponential_against_their_closed_forms(frequency):
    """E[sin sin] = exp(-(xx + zz)/2) sinh(xz) and E[exp exp] = exp((xx + zz)/2 + xz)."""
    t = np.linspace(-1, 1, 9)
    sine = NNGP(1, lambda h: np.sin(frequency * h), weight_variance=1.0).profile(t)
    w = frequency**2
    np.testing.assert_allclose(sine, (np.exp(w * (t - 1)) - np.exp(-w * (t + 1))) / 2, atol=1e-10)
    if frequency <= 2:
        exponential = NNGP(1, lambda h: np.exp(frequency * h), weight_variance=1.0).profile(t)
        np.testing.assert_allclose(exponential, np.exp(w * (1 + t)), atol=1e-9 * np.exp(2 * w))


def test_deep_linear_network():
    """With phi(h) = h both kernels are geometric in depth."""
    X, a, depth = points(5), 1.2, 4
    linear = X @ X.T / 5
    assert np.allclose(NNGP(depth, ReLU(1.0), a)(X), a ** (depth + 1) * linear, rtol=1e-12)
    assert np.allclose(NTK(depth, ReLU(1.0), a)(X), (depth + 1) * a ** (depth + 1) * linear, rtol=1e-12)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: NTK(-1), "NTK depth is -1; give an integer >= 0"),
        (lambda: NTK(1.5), "NTK depth is 1.5"),
        (lambda: NTK(1, "rleu"), "no activation 'rleu'; did you mean 'relu'"),
        (lambda: NTK(1, 3.0), "activation is 3.0"),
        (lambda: NNGP(1, weight_variance=0), "NNGP weight_variance is 0; give a positive"),
        (lambda: NNGP(1, bias_variance=-1), "NNGP bias_variance is -1; give a non-negative"),
        (lambda: GaussianKernel(0), "GaussianKernel bandwidth is 0"),
        (lambda: GaussianKernel(float("nan")), "GaussianKernel bandwidth is nan"),
        (lambda: LaplaceKernel("wide"), "LaplaceKernel bandwidth is 'wide'"),
        (lambda: PolynomialKernel(0), "PolynomialKernel degree is 0"),
        (lambda: PolynomialKernel(2, offset=-1), "PolynomialKernel offset is -1"),
        (lambda: DotProduct(3), "DotProduct function is 3"),
        (lambda: DotProduct(np.log)(-points()), "DotProduct function is not finite"),
        (lambda: DotProduct(lambda t: 1.0)(points()), "vectorised"),
        (lambda: -1 * NTK(1), "kernel factor is -1"),
        (lambda: ReLU(np.inf), "negative_slope is inf"),
        (lambda: Activation(np.tanh, np.cos), "E\\[derivative\\] is"),
        (lambda: NTK(1, lambda h: 1.0)(points()), "vectorised"),
        (lambda: NTK(1, np.log)(points()), "not finite at"),
        (lambda: NNGP(1, np.exp)(50 * points()), "not finite at"),
        (lambda: NTK(1)(np.ones(3)), "X has shape \\(3,\\)"),
        (lambda: NTK(1)([[1.0, np.nan]]), "X\\[0, 1\\] is nan"),
        (lambda: NTK(1)([["a"]]), "dtype"),
        (lambda: NTK(1)([[1.0], [1.0, 2.0]]), "X is not an array"),
        (lambda: NTK(1)(np.ones((0, 3))), "empty"),
        (lambda: NTK(1)([[1e200, 1.0]]), "beyond floating point"),
        (lambda: NTK(1)(np.ones((2, 3)), np.ones((2, 4))), "X has dimension 3 and Z has 4"),
        (lambda: NTK(1).profile(1.5), "cosine 1.5 is outside"),
    ],
)
def test_bad_input_is_named(make, message):
    with np.errstate(all="ignore"), pytest.raises(ParameterError, match=message):
        make()


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: NNGP(1, lambda h: np.maximum(h, 0))(points()), "not resolved"),
        (lambda: NTK(1, np.sign)(points()), "not resolved"),
        (lambda: NNGP(1, lambda h: np.clip(h, -1, 1))(points()), "not resolved"),
        (lambda: NNGP(1, np.exp, 100.0).profile(0.5), "not resolved"),
        (lambda: NNGP(1, lambda h: np.sin((16 * np.pi + 1) * h), 1.0).profile(0.5), "not resolved"),
        (lambda: NNGP(1, lambda h: np.sin(16 * np.pi * h), 1.0).profile(0.5), "not resolved"),
        (lambda: NNGP(1, lambda h: np.cos(16 * np.pi * h), 1.0).profile(0.5), "not resolved"),
        (lambda: NTK(1, special.expit)(0 * points()), "give the derivative"),
        (lambda: NTK(1, special.expit)([[0.0, 0.0], [1.0, 2.0]]), "give the derivative"),
    ],
)
def test_unresolved_averages_are_refused(make, message):
    with pytest.raises(ConvergenceError, match=message):
        make()
