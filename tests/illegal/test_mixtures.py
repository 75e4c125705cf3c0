"""Mixtures that are no law, and theories and simulations that none of them has, each refused by name."""

import pytest
import sympy as sp

from solvers import simulate, solve
from theory import Atom, Density, Dim, Drawn, Energy, Gaussian, Mixture, Noise, Normal, State, exp, mean, sum_over
from theory.errors import DeclarationError, DerivationError, ParameterError
from theory.models import SpikeAndSlabRegression

N, P = Dim("N"), Dim("P")
X, J = Gaussian("X", P, N, variance=1 / N), Gaussian("J", N, N, variance=1 / N, symmetry=1)
T, rho = sp.symbols("T rho", positive=True)
HALF = sp.Rational(1, 2)
LAW = Mixture((HALF, Atom(0)), (HALF, Normal(0, 2)))
w, w0, v = State("w", N, prior=LAW), Drawn("w0", N, LAW), State("v", N, prior=LAW)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Mixture((HALF, Atom(0))), "weights of a mixture: they add up to 1/2; let them add up to 1"),
        (lambda: Mixture((rho, Atom(0)), (rho, Atom(1))), "they add up to 2"),
        (lambda: Mixture((2, Atom(0)), (-1, Atom(1))), "weight in a mixture: 2; weights lie from 0 to 1"),
        (lambda: Mixture((1, 0)), r"part of a mixture: \(1, 0\); pass pairs \(weight, Atom\(0\)\)"),
        (lambda: Normal(0, 0), "variance of a Gaussian: 0; pass a positive one; a point is an Atom"),
        (lambda: Atom(Noise("e", N).expr), "position of an atom: e; write it in numbers"),
        (lambda: Density(lambda x: sp.Integer(1)), "density: 1; pass a function of the entry"),
        (lambda: Drawn("u", N, "spike"), "law of u: 'spike'; pass Mixture"),
        (lambda: State("u", N, prior="slab"), "prior of u: 'slab'; take one of spherical, ising, gaussian, a Mixture or None"),
        (lambda: Drawn("u", N, Mixture((1, Normal(0, Dim("M", "eta").spectra[0])))), "eta is no per-mode data of N"),
        (lambda: Drawn("u", Dim("k", finite=True), LAW), "draw it over an infinite Dim"),
    ],
)
def test_what_is_no_law(make, message):
    with pytest.raises(DeclarationError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Energy((X @ (w - w0)).square(), over=w), r"prior .*: at temperature 0 the energy outweighs it"),
        (lambda: Energy((X @ (w - v)).square() + sum_over(N, w * v), over=(w, v), temperature=T), "no mixture as prior is derived"),
        (lambda: Energy((X @ (w - Drawn("u", N, Mixture((1, Density(lambda x: exp(-x * x))))))).square(), over=w, temperature=T),
         "law of u: averages over what is drawn from exp"),
        (lambda: Energy(sum_over(N, w * (J @ w)), over=w, temperature=T), "it needs a prior, ising, spherical or gaussian"),
    ],
)  # fmt: skip
def test_what_is_not_derived(make, message):
    with pytest.raises(DerivationError, match=message):
        make().derive()


def test_other_engines_average_no_mixture():
    spins, u = State("s", N, prior="ising"), State("u", N)
    thick = Drawn("w1", N, Mixture((1, Density(lambda x: exp(-abs(x)) / 2))))
    with pytest.raises(DerivationError, match="law of w1: averages over what is drawn from exp"):
        Energy(-sum_over(N, spins * (J @ spins)) - sum_over(N, thick * spins), over=spins, temperature=T).derive()
    with pytest.raises(DerivationError, match=r"w0 is drawn from .* a dynamics averages Gaussian vectors; declare it as Noise"):
        Energy((X @ (u - w0)).square() / 2, over=u).flow().derive()


def test_what_is_not_simulated():
    def model(prior, algorithm="gibbs"):
        s = State("s", N, prior=prior)
        return Energy((X @ s).square() / 2, over=s, temperature=T, algorithm=algorithm, observe={"q": mean(N, s**2)})

    with pytest.raises(DeclarationError, match="leaves no room for momenta; declare 'gibbs'"):
        simulate(model(LAW, "hmc"), trials=2, N=4, P=4, T=1.0)
    with pytest.raises(DeclarationError, match="nothing is drawn from the density"):
        simulate(model(Mixture((1, Density(lambda x: exp(-abs(x)) / 2)))), trials=2, N=4, P=4, T=1.0)
    with pytest.raises(ParameterError, match="law of s: a weight is -1; weights lie from 0 to 1"):
        simulate(model(Mixture((rho, Atom(0)), (1 - rho, Normal()))), trials=2, N=4, P=4, T=1.0, rho=2.0)


@pytest.mark.parametrize("density", [0.0, 1.0, 1.5])
def test_a_share_lies_between_its_ends(density):
    with pytest.raises(ParameterError, match=r"must be a finite number in \(0, 1\)"):
        solve(SpikeAndSlabRegression().theory(), P=1.0, N=1.0, density=density, assumed_noise=0.1)
