"""Laws of mode sums: what compression, replication and degeneracy must leave alone."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.modes.compression import compress
from solvers.modes.power_law import PowerLaw
from solvers.modes.spectra import Modes

ETA, POWER = "eigenvalues", "target_power"


@st.composite
def spectra(draw):
    """Spectra of 1600 to 6000 modes made of clusters, power laws and random pieces, in any order, with any target."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        n, height = draw(st.integers(800, 2000)), 10.0 ** draw(st.floats(-30, 10))
        shape = draw(st.sampled_from(["power", "cluster", "uniform", "decades"]))
        parts.append(height * {"power": np.arange(1.0, n + 1) ** -draw(st.floats(0.1, 4)),
                               "cluster": 1 + 10.0 ** draw(st.floats(-16, -1)) * rng.random(n),
                               "uniform": 1 - rng.random(n),
                               "decades": 10 ** (-draw(st.floats(0.1, 12)) * rng.random(n))}[shape])
    eta = np.concatenate([*parts, np.zeros(draw(st.sampled_from([0, 1, 300])))])
    power = {"random": rng.random(eta.size), "spiky": rng.pareto(0.3, eta.size), "sparse": rng.random(eta.size) < 0.01,
             "aligned": eta**0.3}[draw(st.sampled_from(["random", "spiky", "sparse", "aligned"]))].astype(float)
    power[rng.integers(eta.size)] += 1.0
    order = {"sorted": np.argsort(-eta), "ascending": np.argsort(eta), "any": rng.permutation(eta.size)}
    index = order[draw(st.sampled_from(list(order)))]
    times = rng.integers(1, 100, eta.size) if draw(st.booleans()) else None
    return Modes.from_values(eigenvalues=eta[index], target_power=power[index], multiplicity=times)


def mode_sum(modes, f, carrier):
    values = f(modes.arrays[ETA]) * (modes.arrays[POWER] if carrier else 1.0)
    return math.fsum(values if modes.multiplicity is None else modes.multiplicity * values)


@settings(max_examples=25)
@given(spectra(), st.floats(-4, 1), st.floats(0, 6), st.integers(0, 3), st.integers(0, 2), st.booleans())
def test_compression_leaves_every_sum(modes, place, sharpness, a, excess, carrier):
    """Real kappa anywhere in the spectrum or beside it, P > 0."""
    nodes = compress(modes, threshold=1000)
    eta = modes.arrays[ETA]
    top, bottom = math.log10(eta.max()), math.log10(eta[eta > 0].min())
    p = 10.0**sharpness
    kappa = p * 10.0 ** (top + min(place, 1) * (top - bottom) / 3 + place)
    unit = kappa + p * eta.max()
    b = a + excess

    def f(x):
        return (p * x / unit) ** a * (unit / (kappa + p * x)) ** b

    exact = mode_sum(modes, f, carrier)
    assert abs(mode_sum(nodes, f, carrier) - exact) <= 3e-14 * exact
    assert math.fsum(nodes.multiplicity if nodes.multiplicity is not None else np.ones(eta.size)) == modes.size
    assert math.isclose(mode_sum(nodes, lambda x: x, carrier), mode_sum(modes, lambda x: x, carrier), rel_tol=3e-14)


@settings(max_examples=30)
@given(spectra(), st.integers(1, 50), st.floats(-6, 2))
def test_replicas_are_more_samples_of_the_same_theory(modes, r, log_kappa):
    """eta/r, a^2/r and r P leave sum eta/(kappa + P eta) * P and sum a^2 eta/(kappa + P eta)^2 * P^2 r-fold, 1-fold."""
    wide, p = modes.replicate(r), 10.0
    kappa = 10.0**log_kappa
    one, many = (mode_sum(m, lambda x, q=q: q * x / (kappa + q * x), False) for m, q in ((modes, p), (wide, r * p)))
    assert math.isclose(many, r * one, rel_tol=1e-12)
    one, many = (mode_sum(m, lambda x, q=q: (kappa / (kappa + q * x)) ** 2, True) for m, q in ((modes, p), (wide, r * p)))
    assert math.isclose(many, one, rel_tol=1e-12)


@settings(max_examples=15)
@given(st.floats(0.3, 6), st.floats(-0.5, 6), st.floats(-25, 3), st.integers(2000, 40000))
def test_a_law_and_its_array_agree(b, a, log_kappa, n):
    """Two independent quadratures of one finite power law: panels in log k, and bins of the written array."""
    law = Modes.from_values(eigenvalues=PowerLaw(b, n), target_power=PowerLaw(a, n))
    array = compress(Modes.from_values(eigenvalues=PowerLaw(b, n).values(), target_power=PowerLaw(a, n).values()))
    assert law.size == array.size == n
    kappa = 10.0**log_kappa
    for carrier in (False, True):
        for f in (lambda x: x / (kappa + x), lambda x: (x / (kappa + x)) ** 3, lambda x: 1 / (kappa + x) ** 2):
            assert math.isclose(mode_sum(law, f, carrier), mode_sum(array, f, carrier), rel_tol=1e-12)


@settings(max_examples=15)
@given(st.floats(1.05, 6), st.floats(1.05, 5), st.floats(-12, 1))
def test_infinitely_many_modes_are_the_limit_of_many(b, a, log_kappa):
    """The law with n modes approaches the infinite one as n grows, with the tail sum_{k>n} k^-c as the difference."""
    kappa, n = 10.0**log_kappa, 10**14
    infinite, finite = (Modes.from_values(eigenvalues=PowerLaw(b, m), target_power=PowerLaw(a, m)) for m in (math.inf, n))
    gap = n ** (1 - b) / (b - 1) / kappa
    if gap < 1e-3:
        f = mode_sum(infinite, lambda x: x / (kappa + x), False)
        assert abs(f - mode_sum(finite, lambda x: x / (kappa + x), False) - gap) < 1e-12 * f + 1e-2 * gap
    f = mode_sum(infinite, lambda x: 1 / (kappa + x) ** 2, True)
    gap = n ** (1 - a) / (a - 1) / kappa**2
    if n ** -b < 1e-3 * kappa:
        assert abs(f - mode_sum(finite, lambda x: 1 / (kappa + x) ** 2, True) - gap) < 1e-12 * f + 1e-2 * gap
