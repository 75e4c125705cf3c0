"""Validation of per-mode data, multiplicities, replication, and the way back to single modes."""

import math
import pickle

import numpy as np
import pytest

from solvers.modes.compression import compress
from solvers.modes.power_law import PowerLaw
from solvers.modes.spectra import Modes
from theory.errors import ParameterError


def modes(**values):
    return Modes.from_values(not_all_zero={"target_power"}, **values)


ETA, POWER = [1.0, 0.5, 0.25], [1.0, 2.0, 3.0]


@pytest.mark.parametrize(("values", "message"), [
    ({"eigenvalues": [1, 2, math.nan]}, r"eigenvalues\[2\] is nan"),
    ({"eigenvalues": [1, -math.inf]}, r"eigenvalues\[1\] is -inf"),
    ({"eigenvalues": [1, -0.5]}, r"eigenvalues\[1\] is -0.5; no entry may be negative"),
    ({"eigenvalues": ETA, "target_power": [1, 2, -3]}, r"target_power\[2\] is -3"),
    ({"eigenvalues": ETA, "target_power": [1, 2]}, r"eigenvalues has 3 entries and target_power has 2"),
    ({"eigenvalues": ETA, "target_power": PowerLaw(2.0)}, r"eigenvalues has 3 entries and target_power has inf"),
    ({"eigenvalues": PowerLaw(2.0, 5), "target_power": PowerLaw(2.0, 6)}, r"has 5 entries and target_power has 6"),
    ({"eigenvalues": [0.0, 0.0]}, r"eigenvalues: all zero"),
    ({"eigenvalues": ETA, "target_power": [0, 0, 0]}, r"target_power: all zero"),
    ({"eigenvalues": 1.0}, r"eigenvalues has shape \(\); give one dimension, \[x\] for a single mode"),
    ({"eigenvalues": np.eye(3)}, r"eigenvalues has shape \(3, 3\)"),
    ({"eigenvalues": []}, r"eigenvalues: empty"),
    ({"eigenvalues": ["a"]}, r"eigenvalues: not a sequence of real numbers"),
    ({"eigenvalues": [1j]}, r"eigenvalues: not a sequence of real numbers"),
    ({"eigenvalues": [True, False]}, r"eigenvalues: not a sequence of real numbers"),
    ({"eigenvalues": [[1.0], [1.0, 2.0]]}, r"eigenvalues: not a sequence of real numbers"),
    ({"eigenvalues": None}, r"eigenvalues: not a sequence of real numbers"),
    ({"target_power": POWER}, r"eigenvalues: missing \(given: target_power\)"),
    ({"eigenvalues": ETA, "multiplicity": [1, 0, 2]}, r"multiplicity\[1\] is 0"),
    ({"eigenvalues": ETA, "multiplicity": [1, -1, 2]}, r"multiplicity\[1\] is -1"),
    ({"eigenvalues": ETA, "multiplicity": [1, 2]}, r"eigenvalues has 3 entries and multiplicity has 2"),
    ({"eigenvalues": PowerLaw(2.0), "multiplicity": [1, 2]}, r"eigenvalues has inf entries and multiplicity has 2"),
    ({"eigenvalues": PowerLaw(1.0)}, r"eigenvalues: the trace of the kernel diverges for exponent 1"),
    ({"eigenvalues": PowerLaw(2.0), "target_power": PowerLaw(0.9)}, r"target_power: the sum over modes diverges"),
])
def test_bad_modes_are_refused_by_name(values, message):
    with pytest.raises(ParameterError, match=message) as refusal:
        modes(**values)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("eta", [[2.0], [0.1, 3, 0.2], [1, 0, 0], np.float32([1, 2]), (1, 2), [5e-324, 1e300]])
def test_legal_eigenvalues(eta):
    m = modes(eigenvalues=eta, target_power=np.ones(len(eta)))
    assert m.count == np.count_nonzero(eta) and m.size == len(eta) and m.error == 0
    assert np.array_equal(m.arrays["eigenvalues"], np.asarray(eta, dtype=float))


def test_signed_carriers_are_legal_when_declared():
    assert Modes.from_values(nonnegative={"a"}, eigenvalues=ETA, target=[-1, 0, 1]).arrays["target"][0] == -1
    with pytest.raises(ParameterError, match=r"eigenvalues\[0\] is -1"):
        Modes.from_values(nonnegative=set(), eigenvalues=[-1.0, 1.0])


def test_the_abscissa_comes_first_under_any_name():
    m = Modes.from_values("rates", target_power=POWER, rates=ETA)
    assert list(m.arrays) == ["rates", "target_power"]


def test_degeneracies_count_and_expand():
    m = modes(eigenvalues=[1.0, 0.0, 0.5], target_power=POWER, multiplicity=[3, 4, 2])
    assert (m.count, m.size) == (5, 9)
    wide = m.expanded()
    assert wide["eigenvalues"].tolist() == [1, 1, 1, 0, 0, 0, 0, 0.5, 0.5] and wide["target_power"].sum() == 17
    with pytest.raises(ParameterError, match="whole multiplicities"):
        modes(eigenvalues=[1.0], multiplicity=[1.5]).expanded()


def test_replicas_keep_sums_and_divide_entries():
    m = modes(eigenvalues=ETA, target_power=POWER)
    r = m.replicate(2).replicate(3)
    assert r.count == 18 and r.size == 18
    for name, values in m.arrays.items():
        assert r.multiplicity @ r.arrays[name] == pytest.approx(values.sum(), rel=1e-15)
        assert r.expanded()[name].size == 18
    with pytest.raises(ParameterError, match=r"r is 1\.5"):
        m.replicate(1.5)


def test_mixed_laws_and_arrays_are_written_out():
    m = modes(eigenvalues=PowerLaw(2.0, 3, scale=2.0), target_power=POWER)
    assert m.arrays["eigenvalues"] == pytest.approx([2, 0.5, 2 / 9]) and m.multiplicity is None


def test_nodes_remember_their_modes():
    rng = np.random.default_rng(0)
    m = modes(eigenvalues=rng.random(20000), target_power=rng.random(20000))
    nodes = compress(m)
    assert nodes.full is m and m.full is m
    tripled = nodes.replicate(3).full
    assert tripled.size == 60000 and np.array_equal(tripled.arrays["eigenvalues"], m.arrays["eigenvalues"] / 3)
    long = modes(eigenvalues=PowerLaw(1.5, 20000), target_power=PowerLaw(2.0, 20000))
    assert long.error > 0 and len(long.multiplicity) < 2000
    assert np.array_equal(long.full.arrays["target_power"], np.arange(1, 20001.0) ** -2)
    assert long.replicate(2).full.size == 40000
    again = pickle.loads(pickle.dumps(nodes))
    assert np.array_equal(again.full.arrays["eigenvalues"], m.arrays["eigenvalues"])


def test_infinitely_many_modes_have_no_list():
    m = modes(eigenvalues=PowerLaw(1.5), target_power=PowerLaw(2.0))
    assert m.count == m.size == math.inf
    with pytest.raises(ParameterError, match="inf modes are too many to list"):
        _ = m.full
