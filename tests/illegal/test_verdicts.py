"""Identities that cannot be asked for are refused by name."""

import pytest
import sympy as sp

from theory import Dim, Energy, Gaussian, Noise, State, mean
from theory.errors import DeclarationError

N, P, M = Dim("N"), Dim("P"), Dim("M")
X, w, w0, v = Gaussian("X", P, N, variance=1 / N), State("w", N), Noise("w0", N), State("v", N)
lam, s2, other = (sp.Symbol(n, positive=True) for n in ("lambda", "s2", "other"))
LOSS = (X @ w - X @ w0).square() / 2 + lam * w.square() / 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nishimori": w0}, "pass a mapping such as"),
        ({"nishimori": {v: w0}}, "nishimori: v; name a state of the energy"),
        ({"nishimori": {w: 2 * w}}, "pass a vector over N that holds no state"),
        ({"nishimori": {w: Noise("u", M)}}, "pass a vector over N that holds no state"),
        ({"nishimori": {w: Noise("u", N)}}, "name the target that made the data"),
        ({"matched": {s2: lam}}, "besides nishimori="),
        ({"nishimori": {w: w0}, "matched": {other: 1}}, "matched: other; write it in scalar parameters"),
        ({"nishimori": {w: w0}, "matched": [s2, lam]}, "pass a mapping such as"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(DeclarationError, match=message):
        Energy(LOSS, over=w, temperature=s2, observe={"n": mean(N, w**2)}, **options)
