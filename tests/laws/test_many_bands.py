"""Spectra of many bands, found by the inverse map: masses, moments, ends, invariances, and the way down from above as referee."""

import numpy as np
import pytest

from solvers import density
from solvers.spectral.green import Branch
from solvers.spectral.measure import Measure
from solvers.spectral.sheet import Sheet
from theory import Diag, Dim, Gaussian, Quenched
from theory.spectral import green_function

M, P, Q, D = Dim("M", "eta"), Dim("P"), Dim("Q"), Dim("D")
(eta,) = M.spectra
X = Gaussian("X", P, M, column_covariance=eta, variance=1 / P)
F = Gaussian("F", M, Q, variance=1 / Q)
Y, Z = Gaussian("Y", P, D, variance=1 / P), Gaussian("Z", Q, D, variance=1 / Q)
H = Gaussian("H", D, D, variance=1 / D, symmetry=1)
d = Quenched("d", D)
slow = pytest.mark.slow


def powers(modes, exponent):
    return np.arange(1, modes + 1.0) ** -exponent


def moments(population, samples):
    """The first three of XᵀX."""
    a, b, c, r = population.mean(), np.mean(population**2), np.mean(population**3), len(population) / samples
    return [a, b + r * a**2, c + 3 * r * b * a + r**2 * a**3]


CASES = [
    (1.0, 0.5, 1000), (1.5, 0.5, 10_000), *(pytest.param(*case, marks=slow) for case in [
        (1.0, 0.1, 10_000), (1.5, 0.1, 10_000), (2.5, 0.1, 10_000), (2.5, 0.5, 10_000), (1.0, 10, 10_000), (1.5, 10, 10_000),
        (2.5, 10, 10_000), (1.5, 1.0, 10_000), (1.5, 0.5, 10**6), (2.5, 2.0, 10**6),
    ])
]  # fmt: skip


@pytest.mark.parametrize(("exponent", "ratio", "modes"), CASES)
def test_power_laws(exponent, ratio, modes):
    population = powers(modes, exponent)
    found = density(X.T @ X, P=ratio * modes, eta=population, points=20)
    assert found.mass == pytest.approx(1, abs=1e-9)
    assert sum(m for at, m in found.atoms if at == 0) == pytest.approx(max(0, 1 - ratio), abs=1e-9)
    assert [found.moment(k) for k in (1, 2, 3)] == pytest.approx(moments(population, ratio * modes), rel=1e-8)
    # All bands but the lowest hold whole eigenvalues of the population, the top ones one each.
    whole = np.array(found.masses[1:]) * modes
    assert len(whole) > 5 and whole == pytest.approx(np.rint(whole), rel=1e-6) and whole[-4:] == pytest.approx(1, rel=1e-6)
    assert (found.density[np.isfinite(found.density)] >= 0).all()


@pytest.mark.parametrize("levels", [50, pytest.param(1000, marks=slow)])
def test_many_atoms_in_the_population(levels):
    population = np.repeat(1.05 ** np.arange(levels * 1.0), 4)
    found = density(X.T @ X, P=1e6 * levels, eta=population, points=20)
    assert np.array(found.masses) * levels == pytest.approx(np.ones(levels), rel=1e-6)
    # Each is the law of Marchenko and Pastur of its level alone, up to the repulsion of the others, here of relative order 1e-4.
    half = 2 * np.sqrt(4 / (1e6 * levels))
    ends = np.array(found.edges) / 1.05 ** np.arange(levels)[:, None]
    assert ends[:, 1] - ends[:, 0] == pytest.approx(np.full(levels, 2 * half), rel=1e-3)
    assert ends.mean(axis=1) == pytest.approx(np.ones(levels), abs=1e-4)


def test_a_bulk_and_a_power_law():
    rng = np.random.default_rng(1)
    population = np.concatenate([rng.uniform(1, 2, 500), 100 * powers(500, 1.0)])
    found = density(X.T @ X, P=2000, eta=population, points=20)
    assert found.mass == pytest.approx(1, abs=1e-9) and len(found.edges) > 10
    assert [found.moment(k) for k in (1, 2, 3)] == pytest.approx(moments(population, 2000), rel=1e-9)


@pytest.mark.parametrize("low", [1e-4, 1e-9, 1e-12, 1e-15])
def test_bands_at_any_scale(low):
    """What is 1 takes as many samples; the rest see the others: Marchenko and Pastur at either scale."""
    found = density(X.T @ X, P=400, eta=np.repeat([low, 1.0], 100), points=50)
    assert found.mass == pytest.approx(1, abs=1e-9) and found.masses == pytest.approx((0.5, 0.5), rel=1e-8)
    ends = np.array([(1 - np.sqrt(1 / 3)) ** 2, (1 + np.sqrt(1 / 3)) ** 2])
    assert np.array(found.edges[0]) / low / 0.75 == pytest.approx(ends, rel=1e-12 + 3 * low)
    assert found.edges[1] == pytest.approx((0.25, 2.25), rel=1e-12 + 3 * low)
    u = found.x[5:20] / low / 0.75
    exact = np.sqrt((ends[1] - u) * (u - ends[0])) / (2 * np.pi / 3 * u) / low / 0.75 / 2
    assert found.density[5:20] == pytest.approx(exact, rel=1e-9 + 30 * low)


def test_twelve_decades():
    found = density(X.T @ X, P=500, eta=np.repeat(10.0 ** -np.arange(13), 100), points=20)
    assert found.mass == pytest.approx(1, abs=1e-9) and found.atoms == (pytest.approx((0, 8 / 13), abs=1e-12),)
    assert np.array(found.masses) * 13 == pytest.approx([2, 1, 1, 1], abs=1e-9)


def test_scales_order_and_copies_of_modes_do_not_matter():
    population, rng = powers(300, 1.2), np.random.default_rng(0)
    one = density(X.T @ X, P=150, eta=population, points=60)
    grid = one.x[np.isfinite(one.density)]
    for factor, modes, samples in ((1e-7, rng.permutation(population), 150), (1.0, np.repeat(population, 4), 600)):
        two = density(X.T @ X, P=samples, eta=factor * modes, grid=factor * grid)
        assert np.array(two.edges) == pytest.approx(factor * np.array(one.edges), rel=1e-11)
        assert two.masses == pytest.approx(one.masses, rel=1e-9)
        inside = one.density[np.isfinite(one.density)] > 0
        assert factor * two.density[inside] == pytest.approx(one.density[np.isfinite(one.density)][inside], rel=1e-5)


MATRICES = [
    (X.T @ X, {"P": 30, "eta": np.repeat([1.0, 2.0, 9.0], 20)}),
    (X @ X.T, {"P": 90, "eta": np.repeat([1.0, 2.0, 9.0], 20)}),
    (2 - 3 * X.T @ X, {"P": 90, "eta": np.repeat([1.0, 2.0, 9.0], 20)}),
    (Diag(D, d) + Y.T @ Y, {"P": 25, "d": np.repeat([0.0, 5.0, 20.0], [50, 30, 20])}),
    (Diag(D, d) + Y.T @ Y, {"P": 30, "d": np.repeat([0.0, 5.0, 20.0], [50, 30, 20])}),
    (Diag(D, d) + Y.T @ Y - Z.T @ Z, {"P": 30, "Q": 20, "d": np.repeat([0.0, 5.0, 20.0], [50, 30, 20])}),
    (Diag(D, d) + H, {"d": np.repeat([0.0, 5.0, 20.0], [50, 30, 20])}),
    (F.T @ X.T @ X @ F, {"P": 30, "Q": 40, "eta": np.repeat([1.0, 2.0, 9.0], 20)}),
    (F.T @ X.T @ X @ F, {"P": 60, "Q": 60, "eta": np.repeat([1.0, 2.0, 9.0], 20)}),
]


@pytest.mark.parametrize("case", [pytest.param(i, marks=() if i == 3 else slow) for i in range(len(MATRICES))])
def test_points_of_the_line_give_the_same_law(case, monkeypatch):
    """The search that follows the equations down at points of the line knows nothing of the inverse map."""
    matrix, values = MATRICES[case]
    assert isinstance(Measure(Branch(green_function(matrix), values)).axis, Sheet)
    one = density(matrix, **values, points=30)
    monkeypatch.setattr("solvers.spectral.measure.mapped_support", lambda _: None)
    two = density(matrix, **values, points=30)
    assert np.array(one.edges) == pytest.approx(np.array(two.edges), rel=1e-9, abs=1e-9)
    assert one.masses == pytest.approx(two.masses, abs=1e-8)
    assert np.array(one.atoms) == pytest.approx(np.array(two.atoms), abs=1e-8)
    grid = np.concatenate([np.linspace(low, high, 9)[1:-1] for low, high in one.edges])
    monkeypatch.undo()
    down = Branch(green_function(matrix), values).real(grid)[0].imag / np.pi
    assert density(matrix, **values, grid=grid).density == pytest.approx(down, rel=1e-8)


@pytest.mark.parametrize("wrong", ["counts", "density"])
def test_a_map_that_does_not_fit_is_not_believed(wrong, monkeypatch):
    """With a wrong count, or another density than the way down gives, the line is searched instead."""
    values = {"P": 90, "eta": np.repeat([1.0, 9.0], 20)}
    if wrong == "counts":
        monkeypatch.setattr("solvers.spectral.mapped.STEP", 3.0)  # far too long for sums to be integrals
    else:
        monkeypatch.setattr("solvers.spectral.sheet.Sheet._at", lambda self, s: [1.01 * v for v in self.inverse.solved(s)])
    measure = Measure(Branch(green_function(X.T @ X), values))
    assert isinstance(measure.axis, Branch)
    assert measure.mass == pytest.approx(1, abs=1e-8)


def test_outliers_between_many_bands():
    """Baik, Ben Arous and Péché: at ℓ + ℓ/P Σ η/(ℓ - η) wherever that rises with ℓ."""
    population, spikes = powers(2000, 1.5), np.array([0.05, 0.7, 1.0, 3.0])
    found = density(X.T @ X, P=1000, eta=population, points=20, spikes={"eta": spikes})
    kept = spikes[[0, 1, 3]]  # the other one lies among the bands
    assert [o.spike["eta"] for o in found.outliers] == list(kept)
    away = kept[:, None] - population
    assert [o.position for o in found.outliers] == pytest.approx(kept * (1 + (population / away).sum(axis=1) / 1000), rel=1e-10)
    slope = 1 - (population**2 / away**2).sum(axis=1) / 1000
    overlap = kept * slope / [o.position for o in found.outliers]
    assert [o.overlap for o in found.outliers] == pytest.approx(overlap, rel=1e-5)
