"""Mixtures of points and densities as laws of targets and as priors: exact limits, one site by quadrature, compressed sensing."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import quad
from scipy.optimize import minimize_scalar

from solvers import follow, solve
from solvers.compile import compile_expressions
from theory import Atom, Density, Dim, Drawn, Energy, Gaussian, Mixture, Noise, Normal, State, absolute, exp, mean, sum_over, wall
from theory.errors import DerivationError
from theory.models import SpikeAndSlabRegression
from theory.replica.mixed import mixed
from theory.symbols import beta

HALF, QUARTER = sp.Rational(1, 2), sp.Rational(1, 4)
N, P = Dim("N"), Dim("P")
X = Gaussian("X", P, N, variance=1 / N)
T, lam = sp.symbols("T lambda", positive=True)
ERROR = Noise("e", P, variance=T)
SPARSE = Mixture((3 * QUARTER, Atom(0)), (QUARTER, Normal(0, 2)))


def posterior(prior, target, penalty=None):
    """Regression on a target, without noise of its own in the declaration of the state."""
    w = State("w", N, prior=prior)
    energy = (X @ (w - target) - ERROR).square() / 2 + (penalty(w) if penalty else 0)
    return Energy(energy, over=w, temperature=T, observe={"E_g": mean(N, (w - target) ** 2)}, name="posterior").theory()


def same(one, other, **values):
    """Solutions of two theories, which agree."""
    found = [solve(theory, P=1.3, N=1.0, T=0.2, **values) for theory in (one, other)]
    assert found[0].observables["E_g"] == pytest.approx(found[1].observables["E_g"], rel=1e-9)
    assert found[0].order_parameters["replicon"] == pytest.approx(found[1].order_parameters["replicon"], rel=1e-8)
    return found


def test_equal_parts_are_one_gaussian():
    target = Noise("w0", N)
    twice = Mixture((QUARTER, Normal(0, 1)), (3 * QUARTER, Normal(0, 1)))
    one, other = same(posterior(twice, target), posterior("gaussian", target))
    assert other.order_parameters["free_energy"] == pytest.approx(one.order_parameters["free_energy"], rel=1e-9)


def test_two_points_are_ising_spins():
    spins = Mixture((HALF, Atom(1)), (HALF, Atom(-1)))
    one, other = same(posterior(spins, Drawn("w0", N, spins)), posterior("ising", Drawn("w0", N, spins)))
    assert one.order_parameters["free_energy"] - other.order_parameters["free_energy"] == pytest.approx(0.2 * np.log(2), rel=1e-9)


@pytest.mark.slow
def test_a_density_is_what_its_logarithm_is_as_a_penalty():
    target = Drawn("w0", N, SPARSE)
    laplace = Mixture((1, Density(lambda w: lam / 2 * exp(-lam * abs(w)))))
    penalised = posterior(None, target, lambda w: T * lam * sum_over(N, absolute(w)))
    same(posterior(laplace, target), penalised, lambda_=1.5)


def test_a_linear_estimate_sees_two_moments_of_the_target():
    theories = []
    for target in (Drawn("w0", N, SPARSE), Noise("w0", N, variance=HALF)):
        w = State("w", N)
        energy = (X @ (w - target)).square() / 2 + lam * w.square() / 2
        theories.append(Energy(energy, over=w, observe={"E_g": mean(N, (w - target) ** 2)}, name="ridge").theory())
    one, other = (solve(theory, P=0.5, N=1.0, lambda_=0.1).observables["E_g"] for theory in theories)
    assert one == pytest.approx(other, rel=1e-12)


@pytest.mark.slow
def test_weights_and_positions_may_differ_from_mode_to_mode():
    M = Dim("M", "share", "size")
    share, size = M.spectra
    law = Mixture((1 - share, Atom(0)), (share, Normal(size, size)))
    w, Z, e = State("w", M, prior=law), Gaussian("Z", P, M, variance=HALF), Noise("e", P, variance=T)
    w0 = Drawn("w0", M, law)
    model = Energy((Z @ (w - w0) - e).square() / 2, over=w, temperature=T, nishimori={w: w0}, name="modes")
    found = solve(model.theory(), P=1.0, T=0.3, share=np.array([0.2, 0.7]), size=np.array([1.0, 2.0]), tolerance=1e-9)
    assert str(found.verdicts["nishimori"].status) == "holds" and found.order_parameters["q"] > 0


@pytest.mark.parametrize("field", [-2.0, 0.3, 4.0])
def test_one_site_by_quadrature(field):
    """Three parts, one of them no Gaussian: logarithm of the integral, mean, variance and the mean of a cube."""
    law = Mixture(
        (QUARTER, Atom(1)), (HALF, Normal(-1, HALF)), (QUARTER, Density(lambda w: exp(-absolute(w)) / 2))
    )  # fmt: skip
    w, b = sp.symbols("w B", real=True)
    block: Any = mixed((0,), w**2 / 4, [w], [b], sp.Matrix([[sp.Rational(3, 2)]]), [law], "warm")

    def value(product):
        found = product.factor
        for _, cut in product.parts:
            found *= cut.bodies[0]
        return float(compile_expressions([found], 801, "uniform")({b: field, beta: 2.0})[0])

    def weight(x):
        return np.exp(-0.75 * x**2 + field * x - 2.0 * x**2 / 4)

    def integral(g):
        def smooth(x):
            return (0.5 * np.exp(-((x + 1) ** 2)) / np.sqrt(np.pi) + 0.125 * np.exp(-abs(x))) * weight(x) * g(x)

        return 0.25 * weight(1.0) * g(1.0) + sum(quad(smooth, a, c, epsabs=1e-13)[0] for a, c in ((-12, 0), (0, 12)))

    whole = integral(lambda x: 1.0)
    first, second, third = (integral(lambda x, k=k: x**k) / whole for k in (1, 2, 3))
    assert sum(value(p) for p in block.value) == pytest.approx(np.log(whole), rel=1e-9)
    assert value(block.mean[0]) == pytest.approx(first, rel=1e-9)
    assert value(block.covariance[0][0]) == pytest.approx(second - first**2, rel=1e-8)
    assert value(block.expectation(w**3)) == pytest.approx(third, rel=1e-8)


def task(noise, density=0.4):
    return dict(N=1.0, density=density, noise=noise, assumed_noise=noise)


@pytest.mark.slow
def test_without_noise_sparse_weights_are_found_as_if_their_places_were_known():
    """Least squares on the weights that are not zero: the posterior variance is noise ρ/(α − ρ)."""
    theory = SpikeAndSlabRegression().theory()
    for noise, close in ((1e-7, 1e-3), (1e-10, 1e-6)):
        found = solve(theory, P=0.9, **task(noise))
        assert found.observables["E_g"] == pytest.approx(2 * noise * 0.4 / 0.5, rel=close + 100 * np.sqrt(noise))
        assert str(found.verdicts["nishimori"].status) == "holds"


@pytest.mark.slow
def test_compressed_sensing_has_two_spinodals_and_a_first_order_transition():
    """The upper spinodal, where algorithms begin to succeed, is the largest α = A mmse(A) at noise 0 of one weight seen at the
    signal-to-noise ratio A; the lower free energy changes sides between the two."""
    theory, rho = SpikeAndSlabRegression().theory(), 0.4
    branch = follow(theory, "P", (0.4, 0.9), at=0.9, **task(1e-7), observables="E_g", tolerance=1e-7)
    low, high = sorted(s.parameters["P"] for s in branch.spinodals)

    def mmse(ratio):
        def mean_square(r):
            odds = rho / (1 - rho) / np.sqrt(1 + ratio) * np.exp(min(r * r / 2 * ratio / (1 + ratio), 700.0))
            share, shrunk = odds / (1 + odds), np.sqrt(ratio) * r / (1 + ratio)
            return share**2 * shrunk**2

        def total(variance):
            def inside(r):
                return mean_square(r) * np.exp(-r * r / 2 / variance) / np.sqrt(2 * np.pi * variance)

            width = np.sqrt(variance)
            ends = [0.0, *(e for e in (1.0, 2.0, 3.0, 5.0, 8.0) if e < 12 * width), 12 * width]
            return 2 * sum(quad(inside, a, c, epsabs=1e-13)[0] for a, c in pairwise(ends))

        return rho - (1 - rho) * total(1.0) - rho * total(1 + ratio)

    top = minimize_scalar(lambda a: -a * mmse(a), bounds=(3.0, 80.0), method="bounded", options={"xatol": 1e-6})
    assert high == pytest.approx(-top.fun, rel=1e-5)
    sides = []
    for samples in (low + 0.005, high - 0.005):
        good, middle, bad = sorted(branch.find("P", samples), key=lambda s: s.observables["E_g"])
        assert good.observables["E_g"] < 1e-3 * bad.observables["E_g"]
        assert middle.order_parameters["free_energy"] > max(x.order_parameters["free_energy"] for x in (good, bad))
        sides.append(good.order_parameters["free_energy"] - bad.order_parameters["free_energy"])
    assert sides[0] > 0 > sides[1]


@pytest.mark.parametrize("step", [lambda w: sp.Heaviside(w), lambda w: sp.Piecewise((0, w < 0), (1, True))])
def test_a_density_that_ends_ends_at_a_wall(step):
    """Half a Gaussian as the prior of weights, and a penalty on weights that a wall keeps from being negative."""
    target = Noise("w0", N)
    half = Mixture((1, Density(lambda w: 2 * step(w) * exp(-(w**2) / 2) / sp.sqrt(2 * sp.pi))))
    same(posterior(half, target), posterior(None, target, lambda w: T * w.square() / 2 + sum_over(N, wall(-w))))


def test_a_density_of_two_islands_is_refused():
    two = Mixture((1, Density(lambda w: sp.Heaviside(abs(w) - 1) * exp(1 - abs(w)) / 2)))
    with pytest.raises(DerivationError, match="is zero between its parts, or everywhere; mix densities that are not"):
        posterior(two, Noise("w0", N))
