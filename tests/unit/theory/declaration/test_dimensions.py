"""Dimensions and spectra are symbols that know what they are, through every SymPy operation and pickling."""

import copy
import pickle

import pytest
import sympy as sp

from theory.declaration import Dim, Gaussian, Noise, Quenched, Signs, Spectrum, State


def test_a_dimension_is_its_own_size():
    N = Dim("N")
    assert 1 / N * N == 1 and sp.sqrt(N) ** 2 == N
    assert N.is_positive and N.is_integer is None  # a size may be swept continuously
    assert Gaussian("J", N, N, variance=2 / N).leaf.how["variance"] == 2 / N


def test_names_become_spectra_in_the_order_given():
    M = Dim("M", "eta", Spectrum("a2", scaling=-2))
    assert [s.name for s in M.spectra] == ["eta", "a2"]
    assert [s.scaling for s in M.spectra] == [-1, -2]
    assert all(s.is_nonnegative and s.is_positive is None for s in M.spectra)


@pytest.mark.parametrize(
    "other", [Dim("M"), Dim("M", "s"), Dim("M", "eta", "a2"), Dim("M", Spectrum("eta", scaling=0)), sp.Symbol("M", positive=True)]
)
def test_what_differs_is_unequal_and_does_not_cancel(other):
    M = Dim("M", "eta")
    assert M != other and M - other != 0 and len({M, other}) == 2


def test_finite_differs():
    assert Dim("mu", finite=True) != Dim("mu")


M, mu = Dim("M", "eta", "a2"), Dim("mu", finite=True)


@pytest.mark.parametrize(
    "part",
    [
        M,
        mu,
        M.spectra[1],
        Spectrum("s", scaling=sp.Rational(1, 2)),
        State("w", M, prior="ising"),
        Quenched("x", M, mu),
        Noise("e", M, variance=M.spectra[1] / 3),
        Signs("y", mu),
        Gaussian("X", M, M, symmetry=sp.Rational(1, 2)),
        Gaussian("X", M, M).T @ State("w", M),
    ],
    ids=str,
)
def test_pickle_and_copy(part):
    for again in (pickle.loads(pickle.dumps(part)), copy.copy(part), copy.deepcopy(part)):
        assert again == part and hash(again) == hash(part) and type(again) is type(part)
    assert getattr(pickle.loads(pickle.dumps(part)), "finite", None) == getattr(part, "finite", None)
