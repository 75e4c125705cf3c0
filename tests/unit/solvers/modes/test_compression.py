"""Compressed spectra give the sums of the full ones."""

import itertools
import math

import numpy as np
import pytest

from solvers.modes.carriers import products, split
from solvers.modes.compression import compress
from solvers.modes.power_law import PowerLaw
from solvers.modes.spectra import Modes
from theory.errors import ParameterError

TOLERANCE = 3e-14
POWERS = [(1, 1), (2, 2), (3, 3), (4, 4), (1, 2), (2, 4), (0, 2), (0, 1), (1, 3), (0, 4), (1, 0)]


def total(modes, a, b, kappa, *carriers):
    """sum of carriers * eta^a / (kappa + eta)^b, in units that do not overflow."""
    eta = modes.arrays["eigenvalues"]
    scale = kappa + modes.full.arrays["eigenvalues"].max()
    values = (eta / scale) ** a * (scale / (kappa + eta)) ** b
    for name in carriers:
        values = values * modes.arrays[name]
    return np.sum(values if modes.multiplicity is None else modes.multiplicity * values)


def worst(full, nodes):
    top, bottom = full.arrays["eigenvalues"].max(), full.arrays["eigenvalues"][full.arrays["eigenvalues"] > 0].min()
    names = list(full.arrays)[1:]
    products = [c for n in range(len(names) + 1) for c in itertools.combinations(names, n)]
    errors = [abs(total(nodes, a, b, kappa, *c) / total(full, a, b, kappa, *c) - 1)
              for kappa in np.geomspace(bottom * 1e-3, top * 1e3, 25) for a, b in POWERS for c in products]
    return max(errors)


def spectrum(name, n=30_000):
    rng = np.random.default_rng(7)
    k = np.arange(1, n + 1.0)
    return {
        "power law": k**-1.5,
        "ascending": k[::-1] ** -1.2,
        "unsorted": rng.permutation(k**-2.0),
        "uniform": rng.random(n),
        "forty decades": 10 ** (-40 * rng.random(n)),
        "log-normal": np.exp(3 * rng.normal(size=n)),
        "flat": np.full(n, 0.3),
        "clusters": rng.choice([1.0, 0.999, 1e-3, 1.01e-3, 1e-9], size=n) * (1 + 1e-9 * rng.random(n)),
        "degenerate": np.repeat(rng.random(10) ** 4, n // 10),
        "lonely top": np.concatenate([[1e6], np.full(n - 1, 1e-6)]),
        "exponential": np.exp(-k / 300),
        "tiny": 1e-290 * k**-1.5,
        "huge": 1e290 * k**-1.5,
    }[name]


SPECTRA = ["power law", "ascending", "unsorted", "uniform", "forty decades", "log-normal", "flat", "clusters",
           "degenerate", "lonely top", "exponential", "tiny", "huge"]


def carrier(name, eta):
    rng = np.random.default_rng(8)
    return {"ones": np.ones_like(eta), "random": rng.random(eta.size), "spiky": rng.pareto(0.5, eta.size),
            "one mode": np.eye(1, eta.size, eta.size // 2)[0], "aligned": eta / eta.max()}[name]


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("pattern", ["random", "spiky", "one mode"])
def test_sums_survive(name, pattern):
    eta = spectrum(name)
    full = Modes.from_values(eigenvalues=eta, target_power=carrier(pattern, eta))
    nodes = compress(full)
    assert worst(full, nodes) < TOLERANCE
    assert 0 < nodes.error < 1e-13
    assert (nodes.count, nodes.size) == (full.count, full.size)
    assert nodes.multiplicity.size < eta.size / 8


def test_the_number_of_modes_is_exact():
    for name in ("power law", "unsorted", "clusters", "forty decades"):
        nodes = compress(Modes.from_values(eigenvalues=spectrum(name)))
        assert math.fsum(nodes.multiplicity) == 30_000
        assert np.all(np.isfinite(nodes.multiplicity))


def test_more_nodes_converge_geometrically():
    full = Modes.from_values(eigenvalues=spectrum("uniform"))
    errors = [worst(full, compress(full, nodes_per_bin=n)) for n in (2, 4, 6, 8)]
    assert all(later < earlier / 20 for earlier, later in itertools.pairwise(errors))
    for n, error in zip((2, 4, 6, 8), errors, strict=True):
        assert error < compress(full, nodes_per_bin=n).error


def test_zero_eigenvalues_become_one_node():
    rng = np.random.default_rng(1)
    eta = rng.permutation(np.concatenate([np.arange(1, 8001.0) ** -1.5, np.zeros(2000)]))
    full = Modes.from_values(eigenvalues=eta, target_power=rng.random(10000), multiplicity=rng.integers(1, 5, 10000))
    nodes = compress(full)
    at_zero = nodes.arrays["eigenvalues"] == 0
    assert np.count_nonzero(at_zero) == 1 and nodes.count == full.count < full.size == nodes.size
    assert nodes.multiplicity[at_zero][0] == pytest.approx(full.multiplicity[eta == 0].sum(), rel=1e-13)
    expected = np.average(full.arrays["target_power"][eta == 0], weights=full.multiplicity[eta == 0])
    assert nodes.arrays["target_power"][at_zero] == pytest.approx(expected, rel=1e-13)
    assert worst(full, nodes) < TOLERANCE


def test_degeneracies_weigh_as_written_out_modes():
    rng = np.random.default_rng(2)
    eta, times = rng.random(5000) ** 6, rng.integers(1, 9, 5000)
    degenerate = compress(Modes.from_values(eigenvalues=eta, target_power=eta**0.3, multiplicity=times))
    written = Modes.from_values(eigenvalues=np.repeat(eta, times), target_power=np.repeat(eta**0.3, times))
    assert worst(written, degenerate) < TOLERANCE


@pytest.mark.parametrize("kind", ["random", "one mode"])
def test_products_of_carriers_survive(kind):
    rng = np.random.default_rng(3)
    eta = np.concatenate([spectrum("log-normal", 20000), np.zeros(50)])
    full = Modes.from_values(eigenvalues=eta, target_power=carrier(kind, eta) + 1e-3, shift=rng.random(eta.size), third=eta)
    nodes = compress(full)
    assert worst(full, nodes) < 1e-13
    assert nodes.multiplicity.size < eta.size


def test_signed_carriers_survive():
    rng = np.random.default_rng(4)
    eta, target = spectrum("power law"), rng.normal(size=30_000)
    full = Modes.from_values(nonnegative=[], eigenvalues=eta, target=target)
    nodes = compress(full)
    for kappa in (1e-9, 1e-4, 1.0):
        scale = np.sum(np.abs(target) / (kappa + eta) ** 2)
        difference = nodes.multiplicity @ (nodes.arrays["target"] / (kappa + nodes.arrays["eigenvalues"]) ** 2)
        assert abs(difference - np.sum(target / (kappa + eta) ** 2)) < TOLERANCE * scale


def test_a_vanishing_carrier_stays_zero():
    nodes = compress(Modes.from_values(eigenvalues=spectrum("clusters"), target_power=np.zeros(30_000)))
    assert not nodes.arrays["target_power"].any()


def test_sparse_bins_keep_their_modes():
    eta = np.concatenate([[7.0, 5.0, 2.0], np.full(3000, 1e-3)])
    nodes = compress(Modes.from_values(eigenvalues=eta))
    assert {7.0, 5.0, 2.0} <= set(nodes.arrays["eigenvalues"])


def test_what_is_small_or_compressed_is_returned_as_it_is():
    small = Modes.from_values(eigenvalues=np.arange(1, 1501.0))
    assert compress(small) is small
    nodes = compress(Modes.from_values(eigenvalues=spectrum("uniform")))
    assert compress(nodes) is nodes
    law = Modes.from_values(eigenvalues=PowerLaw(1.5))
    assert compress(law) is law
    scattered = Modes.from_values(eigenvalues=10.0 ** np.linspace(-300, 300, 3000))
    assert compress(scattered) is scattered
    with pytest.raises(ParameterError, match="nodes_per_bin is 1"):
        compress(small, nodes_per_bin=1)


def test_a_million_modes_are_several_hundred_nodes_in_any_order():
    rng = np.random.default_rng(5)
    order = rng.permutation(10**6)
    eta, power = np.arange(1, 1e6 + 1) ** -1.5, np.arange(1, 1e6 + 1) ** -2.0
    full = Modes.from_values(eigenvalues=eta, target_power=power)
    plain, mixed = compress(full), compress(Modes.from_values(eigenvalues=eta[order], target_power=power[order]))
    assert plain.multiplicity.size == mixed.multiplicity.size < 620
    for kappa, c in itertools.product((1e-12, 1e-6, 1.0), ((), ("target_power",))):
        for nodes in (plain, mixed):
            assert total(nodes, 1, 2, kappa, *c) == pytest.approx(total(full, 1, 2, kappa, *c), rel=TOLERANCE)


@pytest.mark.parametrize("carriers", [0, 1, 2, 3])
def test_weights_survive_their_splitting_even_where_a_multiplicity_vanishes(carriers):
    rng = np.random.default_rng(6)
    weights = rng.normal(size=(2,) * carriers + (40,))
    if carriers:
        weights[..., :3][(0,) * carriers] = 0.0
    multiplicity, values, index = split(weights, np.ones(40))
    back = np.zeros_like(weights)
    for chosen, product in zip(np.ndindex(weights.shape[:-1]), products(multiplicity, values).reshape(-1, index.size), strict=True):
        np.add.at(back[chosen], index, product)
    assert np.abs(back - weights).max() < 1e-14
