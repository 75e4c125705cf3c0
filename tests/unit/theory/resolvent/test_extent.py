"""How long a product of resolvents is."""

import pytest
import sympy as sp

from theory import Dim, Expression, Gaussian, Tr
from theory.errors import DerivationError
from theory.resolvent.extent import LONGEST, resolvents
from theory.resolvent.pencil import linearise

lam = sp.Symbol("lambda", positive=True)
M, P, N = Dim("M", "eta"), Dim("P"), Dim("N")
X, W = Gaussian("X", P, M, column_covariance=M.spectra[0]), Gaussian("W", M, N, variance=1 / N)
R, F = (X.T @ X + lam).inv, W @ (W.T @ X.T @ X @ W + lam).inv @ W.T


@pytest.mark.parametrize(
    ("matrix", "count"),
    [(R, 1), (R @ R, 2), (R + R @ X.T @ X @ R, 2), (F.T @ F, 2), (R @ F @ R, 3), ((X.T @ X @ X.T @ X + lam).inv, 1), (X.T @ X, 0)],
)
def test_resolvents_in_a_row_are_counted(matrix, count):
    assert resolvents(linearise(matrix)) == count


def test_long_products_are_refused_by_their_length():
    power = R
    for _ in range(LONGEST):
        power = power @ R
    with pytest.raises(DerivationError, match=rf"{LONGEST + 1} resolvents in a row, more than {LONGEST}; take it apart"):
        Expression(Tr(power)).derive()
