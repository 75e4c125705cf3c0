"""Trees of modes: sums with poles anywhere, beside modes too, against plain sums."""

import numpy as np
import pytest

from solvers.modes.mode_tree import ModeTree

RNG = np.random.default_rng(0)
SPECTRA = {
    "power law": np.arange(1, 20_001.0) ** -1.5,
    "uniform": RNG.uniform(1e-3, 1, 20_000),
    "lognormal": np.exp(2 * RNG.normal(size=20_000)),
    "with zeros": np.concatenate([np.zeros(50), RNG.uniform(0.9, 1, 5000)]),
    "repeated": np.repeat(RNG.uniform(1, 2, 300), 20),
}


@pytest.mark.parametrize("eta", SPECTRA.values(), ids=SPECTRA)
@pytest.mark.parametrize("pole", [-1.0, -1e-5, 0.5 + 0.1j, 0.01 + 1e-4j, 0.95, 2 + 1j, 1.5 + 1e-9j])
def test_sums_beside_poles(eta, pole):
    nodes, weights = ModeTree(eta, None).around(np.array([pole, 1.1 * pole]))
    assert weights.sum() == pytest.approx(eta.size, rel=1e-13) and nodes.size < eta.size
    for a, b in [(0, 1), (1, 1), (1, 2), (2, 3)]:
        terms = eta**a / (eta - pole) ** b
        assert abs((weights * nodes**a / (nodes - pole) ** b).sum() - terms.sum()) < 2e-13 * np.abs(terms).sum()


def test_multiplicities_weigh_modes():
    eta = SPECTRA["uniform"]
    nodes, weights = ModeTree(eta, np.linspace(1, 3, eta.size)).around(np.array([-0.2]))
    assert weights @ (1 / (nodes + 0.2)) == pytest.approx(np.linspace(1, 3, eta.size) @ (1 / (eta + 0.2)), rel=1e-13)


def test_no_pole_takes_the_widest_cells():
    nodes, weights = ModeTree(SPECTRA["power law"], None).around(np.zeros(0))
    assert nodes.size < 400 and weights @ nodes == pytest.approx(SPECTRA["power law"].sum(), rel=1e-13)
