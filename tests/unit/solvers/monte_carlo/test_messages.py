"""Local measures and minima of message passing against quadrature, brute force and their own derivatives."""

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import quad

from solvers.monte_carlo.messages import pieces
from solvers.monte_carlo.messages.measures import Atoms, Energies, Measure, Tilt
from solvers.monte_carlo.messages.minima import Minimum
from solvers.monte_carlo.messages.mixtures import Mixed
from solvers.monte_carlo.messages.potentials import Potential, without_quadratic
from solvers.monte_carlo.messages.spheres import Sphere
from solvers.monte_carlo.realisation import Realisation
from theory.declaration import Atom, Density, Dim, Mixture, Normal, State
from theory.errors import ConvergenceError

x = sp.Symbol("x", real=True)
NOTHING = Realisation({}, {})
A, B = np.array([0.3, -4.0, 7.0, 0.0]), np.array([1.0, 0.5, 3.0, 40.0])
ABOUT = np.array([0.0, 1.0, -2.0, 0.2])
FUNCTIONS = {
    "quadratic": 0.7 * x**2 - x,
    "logistic": sp.log(1 + sp.exp(-x)),
    "steep logistic": 50 * sp.log(1 + sp.exp(-x)),
    "absolute": 2 * sp.Abs(x - 0.4),
    "hinge": 3 * sp.Max(0, 1 - x),
    "step": 4 * sp.Heaviside(0.5 - x),
    "kinks and a well": sp.Abs(x) + sp.Heaviside(x - 1) + sp.cos(3 * x),
    "two wells": (x**2 - 4) ** 2 / 8 - x**2 / 5,
    "square of a hinge": sp.Max(0, 1 - x) ** 2,
}
CONVEX = ("quadratic", "logistic", "steep logistic", "absolute", "hinge", "square of a hinge")


def energies(value, rows=4, offset=0.0):
    bend, slope, rest = without_quadratic(sp.sympify(value), x)
    found = Energies(np.full(rows, float(bend)), np.full(rows, float(slope)))
    found.rest = [Potential(rest, x, NOTHING, 1.0, 1.0, offset)] if rest != 0 else []
    return found


def by_quadrature(value, a, b, about):
    """Mean of x - about and variance, by many panels that end at the kinks."""
    function = sp.lambdify(x, value, [{"Heaviside": lambda v, half=0.5: np.heaviside(v, half)}, "numpy"])
    edges = np.unique(np.concatenate([np.linspace(-60, 60, 24001), [0.4, 0.5, 1.0]]))
    nodes, weights = np.polynomial.legendre.leggauss(16)
    t = (edges[:-1, None] + np.diff(edges)[:, None] * (1 + nodes) / 2).ravel()
    exponent = a * (t - about) - b * (t - about) ** 2 / 2 - function(t)
    density = (np.diff(edges)[:, None] * weights).ravel() * np.exp(exponent - exponent.max())
    density /= density.sum()
    mean = density @ (t - about)
    return mean, density @ (t - about - mean) ** 2


@pytest.mark.parametrize("name", FUNCTIONS)
def test_moments_of_a_tilted_measure(name):
    measure = Measure(energies(FUNCTIONS[name]))
    measure.resolve(Tilt(A, B, ABOUT))
    mean, variance = measure.moments(Tilt(A, B, ABOUT))
    expected = [by_quadrature(FUNCTIONS[name], *row) for row in zip(A, B, ABOUT, strict=True)]
    assert np.allclose(mean, [m for m, _ in expected], rtol=1e-9, atol=1e-11)
    assert np.allclose(variance, [v for _, v in expected], rtol=1e-9)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_variance_is_the_derivative_of_the_mean(name):
    measure, step = Measure(energies(FUNCTIONS[name])), 1e-5
    measure.resolve(Tilt(A, B, ABOUT))
    high, low = (measure.moments(Tilt(A + s * step, B, ABOUT))[0] for s in (1, -1))
    assert np.allclose((high - low) / (2 * step), measure.moments(Tilt(A, B, ABOUT))[1], rtol=1e-6)


@pytest.mark.parametrize("name", ["absolute", "hinge", "step"])
def test_pieces_and_quadrature_agree(name):
    found = energies(FUNCTIONS[name])
    centre = ABOUT + A / B
    mean, variance = pieces.moments(found.potentials, found.slopes, centre, B, found.kinks())
    points, weights = Measure(found).points(Tilt(A, B, ABOUT))
    whole = (weights * points).sum(axis=1)
    assert np.allclose(centre + mean, whole, rtol=1e-10)
    assert np.allclose(variance, (weights * (points - whole[:, None]) ** 2).sum(axis=1), rtol=1e-9)


def test_closed_forms_that_lose_their_digits_are_not_used():
    found = energies(1e3 * sp.Max(0, 200 - x))
    assert pieces.moments(found.potentials, found.slopes, np.zeros(4), np.ones(4), found.kinks()) is None
    mean, variance = Measure(found).moments(Tilt(np.zeros(4), np.ones(4), np.zeros(4)))
    # Beyond the kink the density falls as exp(-200 u), before it as exp(800 u).
    assert np.allclose(mean, 200 + 1 / 200 - 1 / 800, rtol=1e-5) and np.all(variance < 2 / 200**2)


@pytest.mark.parametrize("name", CONVEX)
def test_minima_and_how_they_give_way(name):
    found, function = Minimum(energies(FUNCTIONS[name])), sp.lambdify(x, FUNCTIONS[name], "numpy")
    shift, response = found.moments(Tilt(A, B, ABOUT))
    for a, b, about, u in zip(A, B, ABOUT, shift, strict=True):
        energy = lambda u, a=a, b=b, about=about: function(about + u) - a * u + b * u**2 / 2  # noqa: E731
        assert all(energy(u) <= energy(u + step) for step in (1e-3, -1e-3, 0.1, -0.1, 2.0, -2.0))
    high, low = (found.moments(Tilt(A + s * 1e-6, B, ABOUT))[0] for s in (1, -1))
    assert np.allclose((high - low) / 2e-6, response, atol=1e-4)


def test_a_minimum_in_a_corner_does_not_give_way():
    shift, response = Minimum(energies(2 * sp.Abs(x - 0.4), 2)).moments(Tilt(np.array([1.0, 5.0]), np.ones(2), np.zeros(2)))
    assert shift.tolist() == [0.4, 3.0] and response.tolist() == [0.0, 1.0]


def test_measures_on_points_and_spheres():
    mean, variance = Atoms((-1.0, 1.0), Energies.zero(4)).moments(Tilt(A, -B, np.zeros(4)))
    assert np.allclose(mean, np.tanh(A)) and np.allclose(variance, 1 - np.tanh(A) ** 2)
    mean, variance = Sphere(Measure(energies(sp.Abs(x)))).moments(Tilt(A, B, np.zeros(4)))
    assert np.mean(mean**2 + variance) == pytest.approx(1.0, rel=1e-12)


def test_mixtures_of_points_gaussians_and_densities():
    """Spike and slab in closed form; a Laplace density is the penalty of the same slope."""
    state = State("w", Dim("N"), prior=Mixture((0.3, Atom(0)), (0.7, Normal(0.5, 2.0)))).leaf
    origin = Realisation({state.dims[0]: 4.0}, {})
    tilt = Tilt(A, B, np.zeros(4))
    mixed = Mixed(state.how["prior"], state, energies(0.25 * x**2), origin)
    precision, field = 0.5 + B + 0.5, 0.25 + A
    slab = 0.7 * np.exp(field**2 / (2 * precision) - 0.0625) / np.sqrt(2 * precision)
    share, mean, variance = slab / (0.3 + slab), field / precision, 1 / precision
    assert np.allclose(mixed.moments(tilt), (share * mean, share * (variance + mean**2) - (share * mean) ** 2), rtol=1e-12)
    points, weights = mixed.points(tilt)
    assert np.allclose((weights * points).sum(axis=1), share * mean, rtol=1e-12)
    laplace = Mixture((1, Density(lambda w: sp.exp(-2 * sp.Abs(w)))))
    found = Mixed(laplace, state, Energies.zero(4), origin)
    assert np.allclose(found.moments(tilt), Measure(energies(2 * sp.Abs(x))).moments(tilt), rtol=1e-10)
    both = Mixed(Mixture((0.5, Atom(0)), (0.5, Density(lambda w: sp.exp(-2 * sp.Abs(w))))), state, Energies.zero(4), origin)

    def mass(a, b):
        return quad(lambda t: np.exp(a * t - b * t**2 / 2 - 2 * abs(t)), -30, 30, points=[0], limit=200)[0]

    masses = np.array([mass(*pair) for pair in zip(A, B, strict=True)])
    expected = masses / (1 + masses) * found.moments(tilt)[0]
    assert np.allclose(both.moments(tilt)[0], expected, rtol=1e-7)


def test_measures_that_fall_off_nowhere_are_refused():
    with pytest.raises(ConvergenceError, match="precision -1"):
        Measure(Energies.zero(1)).moments(Tilt(np.zeros(1), -np.ones(1), np.zeros(1)))
    with pytest.raises(ConvergenceError, match=r"does not fall off|not finite"):
        Measure(energies(-sp.exp(x), 1)).moments(Tilt(np.zeros(1), np.ones(1), np.zeros(1)))
