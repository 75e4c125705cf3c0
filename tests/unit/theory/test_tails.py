"""Logarithms of tails as users write them."""

import pytest
import sympy as sp

from theory.special import log_H
from theory.tails import with_tails

x, a = sp.symbols("x a", real=True)
ROOT = sp.sqrt(2)


@pytest.mark.parametrize(
    ("written", "stable"),
    [
        (sp.log(1 + sp.erf(x)), sp.log(2) + log_H(-ROOT * x)),
        (sp.log(sp.erfc(a * x) / 2), log_H(ROOT * a * x)),
        (sp.log(sp.Rational(1, 2) - sp.erf(x / ROOT) / 2), log_H(x)),
        (x * sp.log(3 - 3 * sp.erf(x)), x * (sp.log(6) + log_H(ROOT * x))),
        (sp.log(2 + sp.erf(x)), sp.log(2 + sp.erf(x))),
        (sp.log(sp.erfc(x)), sp.log(2) + log_H(ROOT * x)),
        (sp.erfc(x) * sp.log(1 + sp.erfc(x) ** 2), sp.erfc(x) * sp.log(1 + sp.erfc(x) ** 2)),
        (sp.log(1 + x) + sp.erf(x), sp.log(1 + x) + sp.erf(x)),
        (sp.log(1 + sp.erf(x) ** 2), sp.log(1 + sp.erf(x) ** 2)),
    ],
)
def test_logarithms_of_one_and_an_error_function_are_those_of_tails(written, stable):
    assert with_tails(written) == stable
