"""Laws that do not exist, told in one line."""

import numpy as np
import pytest
import sympy as sp

from solvers import density
from theory import Dim, Quenched
from theory.errors import DeclarationError, DerivationError, ParameterError
from theory.free import atoms, empirical, marchenko_pastur, projector, semicircle, spectrum
from theory.symbols import positive

q, c, w = map(positive, "qcw")
real = sp.Symbol("x", real=True)
mp, coin = marchenko_pastur, atoms({-1: 0.5, 1: 0.5})
CASES = {
    "aspect ratio of marchenko_pastur: -1; it is columns over rows, and positive": lambda: mp(-1),
    "aspect ratio of marchenko_pastur: x, of unknown sign": lambda: mp(real),
    "variance of semicircle: 0; it is the mean square eigenvalue, and positive": lambda: semicircle(0),
    "rank of projector: 3/2; it is a share of all directions, at most 1": lambda: projector(1.5),
    "corner of .*: 2; it is a share": lambda: mp(q).compressed(2),
    "ratio of .*: 2; more zeros would be taken away than there are": lambda: semicircle().embedded(2),
    "ratio of .*: 0; it is a number of rows over another": lambda: mp(q).embedded(0),
    "power of .*: 1/2; free powers exist from 1 on": lambda: mp(q).free_power(0.5),
    "masses of atoms: they sum to 3/2; divide them by their sum": lambda: atoms({0: 1, 1: 0.5}),
    "mass at 0: -1; masses are shares": lambda: atoms({0: -1, 1: 2}),
    r"atoms: \{\}; pass": lambda: atoms({}),
    "spectrum: P; pass a dimension with a spectrum": lambda: spectrum(Dim("P")),
    "spectrum of M: 'a'; name one of eta, theta": lambda: spectrum(Dim("M", "eta", "theta"), "a"),
    "empirical: 100 values; declare Quenched": lambda: empirical(range(100)),
    "empirical: 3; pass Quenched": lambda: empirical(3),
    "eigenvalue: nan; pass a finite number": lambda: empirical([float("nan")]),
    r"S-transform of semicircle\(1\): its mean is zero": lambda: semicircle().S(w),
    "R-transform of .*: it is the root of an equation of degree 3": lambda: (projector(c) @ mp(q) @ mp(2)).R(w),
    "polynomial of .*: it has given values": lambda: (spectrum(Dim("M", "eta")) + semicircle()).polynomial,
    "product .* may both be negative; all factors but one must be nonnegative": lambda: semicircle() @ coin,
    "two laws; a product of matrices is written @": lambda: mp(q) * mp(q),
    "a int; multiply by a number with": lambda: mp(q) @ 2,
    "number of moments: 0; pass 1 to 12": lambda: mp(q).moments(0),
    "inverse of .*: its S-transform is not rational": lambda: (mp(q) + coin).inverse,
    "inverse of .*: it has no finite mean": lambda: mp(1).inverse,
    "divisor|finite number": lambda: mp(q) / 0,
    "name of an unknown here": lambda: density(mp(positive("h_1")), h_1=2.0),
    r"q = -1: .* must be a finite number in \(0": lambda: density(mp(q), q=-1),
    "no value for 'q'": lambda: density(mp(q)),
    "the mass 1 - c at 0 is negative": lambda: density(projector(c), c=1.5),
    "the corner c is above 1": lambda: density(mp(q).compressed(c), q=1.0, c=1.5),
    "the ratio c takes away more zeros": lambda: density(mp(q).embedded(c), q=2.0, c=2.5),
    "an eigenvalue is zero|no finite mean": lambda: density(mp(q).inverse, q=2.0),
    "no finite mean|infinite": lambda: density(mp(q).inverse, q=1.0),
    "spikes: .* is given by transforms": lambda: density(empirical(Quenched("d", Dim("D"))) + 0, d=np.ones(3), spikes={"d": [2]}),
}


@pytest.mark.parametrize("message", CASES)
def test_what_is_no_law_is_told(message):
    with pytest.raises((DeclarationError, DerivationError, ParameterError), match=message):
        CASES[message]()
