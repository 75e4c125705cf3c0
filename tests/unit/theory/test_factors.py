"""Factoring with few random trials: SymPy's result, without lifting where greatest common divisors or one image decide."""

import pytest
import sympy as sp

from theory import factors
from theory.factors import factored_ratio

x, y, z, w = sp.symbols("x y z w")
IRREDUCIBLE = sp.expand((x**2 + y**2 + z**2 + 3) * w**2 + (x * y + 2 * z) ** 3 + x + 5)


@pytest.mark.parametrize(
    "expression",
    [
        sp.S.Zero,
        sp.Rational(-3, 7),
        -x / 2 + y / 3,
        (x**2 - y**2) ** 3 / (2 * x**2 * y + 2 * x * y**2),
        ((x * y + z) ** 2 * (x + w) / (w * (1 - x * z))).expand(),
        1 / x + 1 / (x + y) - w / (z - x) ** 2,
        sp.expand((x**2 + y**2 + 1) * (x**2 + z**2 + 2) * (x**2 * y + 3)) / sp.expand((w**2 + x) ** 2 * (w - 2)),
        sp.expand(x**2 * (x * y - z) * IRREDUCIBLE**2) / y,
        sp.sqrt(x) * y + sp.sqrt(x) * z,
        x**2 - sp.sqrt(2) * x * y,
        x**2 + 0.5 * x,
        (1 + sp.sqrt(2)) * (x * y + y),
    ],
    ids=str,
)
def test_it_is_the_factored_expression_of_sympy(expression):
    assert factored_ratio(expression) == sp.factor(expression)


def test_common_factors_and_linear_or_irreducible_ones_are_not_lifted(monkeypatch):
    monkeypatch.setattr(factors, "_lifted", lambda p: pytest.fail(f"lifted {p}"))
    parts = (x * y + z) ** 2 * (w * x - z + 1) * (z**2 + y**3 + 1) * IRREDUCIBLE
    assert factored_ratio(sp.expand(parts)) == parts
    monkeypatch.setattr(factors, "_linear", lambda p: False)
    monkeypatch.setattr(factors, "IMAGES", 0)
    with pytest.raises(pytest.fail.Exception, match="lifted"):
        factored_ratio(sp.expand(parts))


def test_what_needs_lifting_is_lifted():
    parts = (x**2 + y**2 + 1) * (x**2 + z**2 + y**2 + 2)
    assert factored_ratio(sp.expand(parts)) == parts
