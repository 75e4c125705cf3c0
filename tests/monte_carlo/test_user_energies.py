"""Energies that no model of the project has, as a user declares them: derived, solved, simulated, compared; and a wrong control."""

import numpy as np
import pytest
import sympy as sp

from solvers import check, simulate, solve
from theory import (
    Dim,
    Drawn,
    Energy,
    Gaussian,
    Mixture,
    Noise,
    Normal,
    Spectrum,
    State,
    absolute,
    exp,
    heaviside,
    log,
    mean,
    relu,
    sign,
    sqrt,
    sum_over,
    wall,
)

lam, mu, size = sp.symbols("lambda mu n", positive=True)
N, P, T = Dim("N"), Dim("P"), Dim("T")
X, Z = Gaussian("X", P, N, variance=1 / N), Gaussian("Z", P, N, variance=1 / N)
w, v, w0, v0 = State("w", N), State("v", N), Noise("w0", N), Noise("v0", N)
SMOOTH = lam * w.square() / 2


def quantile(wrong=False):
    """Regression on the upper fifth of noisy labels; many residuals are zero. The control regresses on the median."""
    residual = X @ (w0 - w) + Noise("eps", P, variance=0.5)
    new = Gaussian("New", T, N, variance=1 / N) @ (w0 - w)
    share = sp.Rational(1, 2) if wrong else sp.Rational(4, 5)
    loss = share * residual + relu(-residual)
    observe = {
        "E_g": mean(N, (w - w0) ** 2), "loss": mean(P, loss), "below": mean(P, (1 - sign(residual)) / 2),
        "new": mean(T, absolute(new)),
    }  # fmt: skip
    return Energy(sum_over(P, loss) + SMOOTH, over=w, name="quantile", observe=observe), dict(P=30, N=15, T=5, lambda_=0.4)


def group(wrong=False):
    """Two weights at each site that are switched on together. The control switches each by itself."""
    residual = X @ (w - w0) + Z @ (v - v0) - Noise("eps", P, variance=0.3)
    penalty = absolute(w) + absolute(v) if wrong else sqrt(w**2 + v**2)
    observe = {
        "E_g": mean(N, (w - w0) ** 2 + (v - v0) ** 2), "length": mean(N, absolute(w) if wrong else sqrt(w**2 + v**2)),
        "train": mean(P, residual**2),
    }  # fmt: skip
    energy = residual.square() / 2 + lam * sum_over(N, penalty)
    return Energy(energy, over=[w, v], observe=observe, name="group"), dict(P=25, N=15, lambda_=0.3)


def clusters(wrong=False):
    """Logistic regression on three Gaussian clusters, the second of the other class. The control has the third on the first."""
    dims = [Dim(f"P{k}") for k in range(3)]
    centres = [Noise(f"mu{k}", N) for k in range(3)]
    places = [centres[0], centres[1], centres[0 if wrong else 2]]
    fields = [
        label * (Gaussian(f"X{k}", d, N, variance=1 / N) @ w + sum_over(N, c * w) / N)
        for k, (d, c, label) in enumerate(zip(dims, places, (1, -1, 1), strict=True))
    ]
    loss = sum(sum_over(d, log(1 + exp(-h))) for d, h in zip(dims, fields, strict=True))
    observe = {"norm": mean(N, w**2), "second": mean(N, centres[1] * w), "margin": mean(dims[2], fields[2])}
    return Energy(loss + SMOOTH, over=w, name="clusters", observe=observe), dict(P0=15, P1=20, P2=10, N=15, lambda_=0.3)


def spatial(wrong=False):
    """Correlated rows and columns, whose spectra are those of circulant matrices, under a loss between squares and absolute values.
    The control has rows that are hardly correlated."""
    rho, eta = Spectrum("rho", scaling=0), Spectrum("eta", scaling=0)
    patterns, sites = Dim("S", rho), Dim("M", eta)
    data = Gaussian(
        "Y", patterns, sites, variance=1 / size, row_covariance=rho ** sp.Rational(1, 8) if wrong else rho, column_covariance=eta
    )
    u, target = State("u", sites), Noise("u0", sites)
    residual = data @ (u - target)
    observe = {"E_g": sum_over(sites, eta * (u - target) ** 2), "loss": mean(patterns, sqrt(1 + residual**2))}
    energy = sum_over(patterns, sqrt(1 + residual**2)) + lam * u.square() / 2
    values = dict(n=16.0, rho=autoregressive(0.85, 20), eta=autoregressive(0.8, 16), lambda_=0.3)
    return Energy(energy, over=u, name="spatial", observe=observe), values


def autoregressive(correlation, count):
    """Eigenvalues of the circulant covariance whose neighbours are correlated that much."""
    angle = 2 * np.pi * np.arange(count) / count
    return (1 - correlation**2) / (1 + correlation**2 - 2 * correlation * np.cos(angle))


def two_kinds(wrong=False):
    """Weights of two dimensions and spectra, one kind sparse, the other small, under least absolute deviations. The control has
    the penalties the other way round."""
    sites = Dim("K", Spectrum("eta", scaling=0))
    (eta,) = sites.spectra
    a, a0 = State("a", sites), Noise("a0", sites)
    data = Gaussian("A", P, sites, variance=1 / N, column_covariance=eta)
    residual = X @ (w - w0) + data @ (a - a0) - Noise("eps", P, variance=0.2)
    sparse, small = (a, w) if wrong else (w, a)
    penalty = lam * sum_over(sites if wrong else N, absolute(sparse)) + mu * small.square() / 2
    observe = {
        "first": mean(N, (w - w0) ** 2), "second": sum_over(sites, eta * (a - a0) ** 2) / N, "used": mean(N, sign(w) ** 2),
    }  # fmt: skip
    energy = sum_over(P, absolute(residual)) + penalty
    return Energy(energy, over=[w, a], name="two kinds", observe=observe), dict(
        P=30, N=12, eta=np.linspace(0.2, 2, 10), lambda_=0.6, mu=0.5
    )


def box(wrong=False):
    """Everything at once: data with a mean, targets of one sign, a loss that is flat in the middle and steeper on one side, a
    lopsided penalty, weights in a box; all of it piecewise linear. The control has a wider box."""
    data = Gaussian("D", P, N, variance=1 / N, mean=1 / N)
    residual = data @ (w - absolute(w0)) - Noise("eps", P, variance=0.3)
    loss = relu(residual.map(lambda r: sp.Max(r, -2 * r)) - sp.Rational(1, 4))
    penalty = w.map(lambda x: lam * sp.Max(x, -3 * x)) + wall(w - (2 if wrong else 1)) + wall(-w - sp.Rational(1, 2))
    observe = {
        "E_g": mean(N, (w - absolute(w0)) ** 2), "mean": mean(N, w), "used": mean(N, sign(w) ** 2),
        "full": mean(N, heaviside(w - sp.Rational(999, 1000))), "below": mean(P, heaviside(sp.Rational(1, 4) - residual)),
    }  # fmt: skip
    energy = sum_over(P, loss) + sum_over(N, penalty)
    return Energy(energy, over=w, name="box", algorithm="lp", observe=observe), dict(P=30, N=15, lambda_=0.2)


def outliers(wrong=False):
    """Huber's loss on labels of which a tenth are far off, weights in a box. The control knows no outliers."""
    law = Mixture((0.9, Normal(0, 0.1)), (0.1, Normal(0, 0.1 if wrong else 25)))
    residual = X @ (w - w0) - Drawn("eps", P, law)
    energy = sum_over(P, residual**2 / 2 - relu(absolute(residual) - 1) ** 2 / 2) + sum_over(N, wall(absolute(w) - 1)) + SMOOTH
    observe = {"E_g": mean(N, (w - w0) ** 2), "full": mean(N, heaviside(w - sp.Rational(999, 1000)))}
    return Energy(energy, over=w, name="outliers", observe=observe), dict(P=30, N=15, lambda_=0.1)


MODELS = [quantile, group, clusters, spatial, two_kinds, box, outliers]


@pytest.mark.parametrize(
    "declare", [pytest.param(m, id=m.__name__, marks=[pytest.mark.slow] if m is not quantile else []) for m in MODELS]
)
def test_a_declaration_of_a_user_agrees_and_its_control_does_not(declare):
    model, values = declare()
    found = check(model, trials=60, **values)
    assert found.passed, found
    wrong = solve(declare(wrong=True)[0].theory(), **values, tolerance=1e-6).observables
    gaps = {name: abs(c.intercept - wrong[name]) / c.error for name, c in found.comparisons.items()}
    assert max(gaps.values()) > 4, gaps


def test_walls_are_found_by_barriers_as_by_linear_programmes():
    model, values = box()
    found = [simulate(model, **values, trials=4, seed=2, algorithm=name).observables for name in ("argmin", "lp")]
    for name, measured in found[0].items():
        assert np.allclose(measured.mean, found[1][name].mean, atol=1e-5), name


def test_a_wall_is_no_parabola():
    """A wall has no slope on either side: an energy with one is no quadratic energy, whose minimum would not see it."""
    residual = X @ (w - absolute(w0))
    model = Energy(residual.square() / 2 + SMOOTH + sum_over(N, wall(-w)), over=w, observe={"least": mean(N, relu(-w))})
    assert simulate(model, P=8, N=6, lambda_=0.1, trials=3)["least"].mean < 1e-8
