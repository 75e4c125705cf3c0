"""Densities of complex eigenvalues against closed forms; mass one."""

import numpy as np
import pytest
import sympy as sp

from solvers import draw_eigenvalues, eigenvalue_cloud
from solvers.spectral.plane import Plane
from theory import Diag, Dim, Gaussian, Quenched
from theory.errors import ConvergenceError, DerivationError, ParameterError
from theory.spectral.hermitisation import hermitised

N, Q, D = Dim("N"), Dim("Q"), Dim("D")
A, B, C = (Gaussian(name, N, N, variance=1 / N) for name in "ABC")
U, V = Gaussian("U", N, Q, variance=1 / Q), Gaussian("V", Q, N, variance=1 / N)
J, d = Gaussian("J", D, D, variance=1 / D), Quenched("d", D)
RAY = np.array([0.05, 0.3 + 0.2j, -0.7j, 0.95, 1.05])
RADII = np.abs(RAY)


def ginibre(symmetry):
    return Gaussian("E", N, N, variance=1 / N, symmetry=symmetry)


def test_the_circular_law():
    found = eigenvalue_cloud(A, N=10, grid=RAY)
    assert found.density == pytest.approx(np.where(RADII < 1, 1 / np.pi, 0), rel=1e-6)
    assert found.mass == pytest.approx(1, abs=1e-7) and found.atom == 0
    assert np.abs(found.boundary) == pytest.approx(1, abs=1e-6)
    assert list(found.inside) == [True] * 4 + [False]


@pytest.mark.parametrize("tau", [sp.Rational(1, 2), sp.Rational(-1, 3)])
def test_the_elliptic_law(tau):
    """Half-axes 1 ± τ, uniform density 1/(π (1 - τ²))."""
    plane, t = Plane(hermitised(ginibre(tau)), {"N": 10}), float(tau)
    found = plane.at(np.array([0.0 + 0.9j * (1 - t), 0.9 * (1 + t), 1.02 * (1 + t), 1.02j * (1 - t), 0.3 + 0.2j]))
    assert found.density == pytest.approx(np.array([1, 1, 0, 0, 1]) / (np.pi * (1 - t**2)), rel=1e-6, abs=1e-6)


@pytest.mark.slow
def test_the_boundary_of_the_elliptic_law():
    found = eigenvalue_cloud(ginibre(sp.Rational(1, 2)), N=10, grid=[0.0])
    assert (found.boundary.real / 1.5) ** 2 + (found.boundary.imag / 0.5) ** 2 == pytest.approx(1, abs=1e-6)
    assert found.mass == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(("matrix", "factors"), [(A @ B, 2), (A @ A, 2), pytest.param(A @ B @ C, 3, marks=pytest.mark.slow)])
def test_products_and_powers_of_ginibre_matrices(matrix, factors):
    """ρ = |z|^{2/s - 2}/(π s) inside the unit circle."""
    found = eigenvalue_cloud(matrix, N=10, grid=RAY, rays=6)
    assert found.density == pytest.approx(np.where(RADII < 1, RADII ** (2 / factors - 2) / (np.pi * factors), 0), rel=1e-6)
    assert found.mass == pytest.approx(1, abs=1e-6)


def test_rectangular_factors_leave_an_atom_at_zero():
    """Of UV with U of size N x Q, Q < N, a share Q/N of the eigenvalues remains: uniform in |z|² plus ... up to radius 1."""
    found = eigenvalue_cloud(U @ V, N=10, Q=5, grid=[0.5, 1.01])
    assert found.atom == pytest.approx(0.5, abs=1e-9) and found.mass == pytest.approx(1, abs=1e-6)
    # (N/Q - 1 + F)F = (N/Q) ... in shares F(r) within r of the eigenvalues that are not zero: r² = F (1 + F)/2.
    plane = Plane(hermitised(U @ V), {"N": 10, "Q": 5})
    r = np.array([0.2, 0.5, 0.9])
    share = (r * plane.at(r + 0j).green.real - 0.5) / 0.5
    assert share * (1 + share) / 2 == pytest.approx(r**2, rel=1e-7)


def test_given_diagonal_and_a_ginibre_matrix():
    """Inside where the mean of |d - z|⁻² exceeds one: Khoruzhenko 1996."""
    values = np.repeat([1.5, -1.5], 5)
    plane = Plane(hermitised(Diag(D, d) + J), {"D": 10, "d": values})
    x = np.linspace(-2.5, 2.5, 41) + 0.3j
    inside = np.mean(np.abs(values[:, None] - x) ** -2, axis=0) > 1
    found = plane.at(x)
    assert np.array_equal(found.weight > 1e-4, inside)
    outer = np.mean(1 / (x - values[:, None]), axis=0)[~inside]
    assert found.green[~inside] == pytest.approx(outer, rel=1e-9)


def test_at_zero_and_close_to_it():
    """Where the density is finite it is known there, too; that of a product is infinite."""
    z = np.array([0, 1e-9, 1e-6, 1e-5, 1e-3]) * np.exp(0.3j)
    for symmetry, height in ((0, 1), (sp.Rational(1, 2), 4 / 3)):
        found = Plane(hermitised(ginibre(symmetry)), {"N": 10}).at(z)
        assert np.pi * found.density == pytest.approx(height, rel=1e-4) and (found.weight > 0.1).all()
    found = Plane(hermitised(A @ B), {"N": 10}).at(z[3:])
    assert 2 * np.pi * found.density * np.abs(z[3:]) == pytest.approx(1, rel=2e-3)


def test_no_points_are_no_mistake():
    """Rays that miss every part of a spectrum ask for none."""
    assert Plane(hermitised(A), {"N": 10}).at(np.zeros(0, dtype=complex)).density.shape == (0,)


@pytest.mark.slow
def test_two_blobs_have_mass_one():
    found = eigenvalue_cloud(Diag(D, d) + J, D=10, d=np.repeat([1.5, -1.5], 5), grid=[0.0, 1.5])
    assert found.mass == pytest.approx(1, abs=1e-6) and list(found.inside) == [False, True]


def test_a_cloud_scales_and_moves_with_its_matrix():
    z = np.array([0.3 + 0.1j, 0.8])
    one, two = Plane(hermitised(A), {"N": 10}).at(z), Plane(hermitised(100 * A + 7), {"N": 10}).at(100 * z + 7)
    assert 1e4 * two.density == pytest.approx(one.density, rel=1e-6)


@pytest.mark.parametrize(
    ("matrix", "values", "place"),
    [
        (A + 100, {"N": 10}, 100), pytest.param(A @ B - 1000, {"N": 10}, -1000, marks=pytest.mark.slow),
        pytest.param(U @ V + 10, {"N": 10, "Q": 5}, 10, marks=pytest.mark.slow),
    ],
)  # fmt: skip
def test_a_cloud_far_from_zero_is_one_at_zero(matrix, values, place):
    ray = np.array([0.3 + 0.2j, -0.7j, 0.95])
    found = eigenvalue_cloud(matrix, grid=place + ray, rays=4, **values)
    here = eigenvalue_cloud(matrix - place, grid=ray, rays=4, **values)
    assert found.mass == pytest.approx(1, abs=1e-6) and found.density == pytest.approx(here.density, rel=1e-5)
    assert found.atom_at_mean == pytest.approx(here.atom, abs=1e-6)
    assert found.boundary - place == pytest.approx(here.boundary, abs=1e-5)


def test_drawn_eigenvalues_fill_the_cloud():
    drawn = draw_eigenvalues(A @ B, N=200, trials=5, seed=1).ravel()
    plane = Plane(hermitised(A @ B), {"N": 200})
    for r in (0.2, 0.5, 0.8):
        share = float((r * plane.at(np.array([r + 0j])).green[0]).real)
        assert abs(np.mean(np.abs(drawn) < r) - share) < 0.02
    values = np.repeat([1.5, -1.5], 150)
    drawn = draw_eigenvalues(Diag(D, d) + J, D=300, d=values, trials=3, seed=1).ravel()
    inside = np.mean(np.abs(values[:, None] - drawn) ** -2, axis=0) > 0.9
    assert np.mean(inside) > 0.99


@pytest.mark.parametrize(
    ("matrix", "options", "message"),
    [
        (U, {"Q": 5}, "eigenvalues of U: it is NxQ; only a square matrix has them"),
        (3, {}, "eigenvalues of 3: a int; pass a matrix"),
        (ginibre(1), {}, "eigenvalues of E: it is its own transpose and they are real; ask for its density"),
        (ginibre(-1), {}, "eigenvalues of E: it is minus its own transpose and they are imaginary"),
        (A, {"rays": 0}, "rays: 0 is no number of rays"),
        (A, {"grid": []}, r"grid: shape \(0,\); give at least one point"),
        (A, {"grid": [np.nan]}, "grid: some points are not finite"),
        (A, {"grid": ["x"]}, "grid: .* is no array of complex numbers"),
        (A * sp.Symbol("z", positive=True), {"z": 2.0}, "symbol z of .*: it is a name of the spectral parameter"),
    ],
)
def test_what_has_no_cloud_is_told(matrix, options, message):
    with pytest.raises((DerivationError, ParameterError, ConvergenceError), match=message):
        eigenvalue_cloud(matrix, N=10, **options)


@pytest.mark.parametrize("unit", [10**8, sp.Rational(1, 10**8)])
def test_clouds_have_no_unit(unit):
    found = eigenvalue_cloud(unit * A, N=10, grid=[0.5 * float(unit), 1.1 * float(unit)], rays=6)
    assert found.mass == pytest.approx(1, abs=1e-6) and list(found.inside) == [True, False]
    assert np.abs(found.boundary) == pytest.approx(float(unit), rel=1e-6)


def test_errors_next_to_the_boundary_say_that_little_is_known():
    inside = 1.5 - np.array([0.1, 1e-3, 1e-4, 1e-5, 1e-6])
    plane = Plane(hermitised(ginibre(sp.Rational(1, 2))), {"N": 10})
    seen = plane.at(inside + 0j)
    wrong = np.abs(seen.density - 1 / (np.pi * 0.75))
    assert np.all(wrong < 10 * seen.error) and wrong[-1] > 0.1 and seen.error[0] < 1e-8


@pytest.mark.slow
def test_the_density_of_a_product_is_infinite_at_its_centre_and_drawn_there():
    """1/(2π|z|): on the mesh of the figure only the centre itself is infinite, and takes the darkest shade of the others."""
    found = eigenvalue_cloud(A @ B, N=10, rays=6)
    assert found.density[20, 20] == np.inf and np.isfinite(np.delete(found.density.ravel(), 20 * 41 + 20)).all()
    shades = found.plot().collections[0].get_array()
    assert shades is not None and shades.max() == pytest.approx(1 / (2 * np.pi * np.abs(found.z[20, 21])), rel=1e-5)
