"""A pencil against the dense matrices that it stands for: u L⁻¹ v is the expression, and every block of L⁻¹ what it says it is."""

from typing import Any

import numpy as np
import pytest
import sympy as sp

from solvers.monte_carlo.realisation import Realisation
from theory.declaration import Deterministic, Diag, Dim, Gaussian, State
from theory.errors import DerivationError
from theory.resolvent.pencil import linearise

M, P, N = Dim("M", "eta", "s"), Dim("P"), Dim("N")
eta, s = M.spectra
lam, mu = sp.symbols("lambda mu", positive=True)
X: Any = Gaussian("X", P, M, column_covariance=eta)
W: Any = Gaussian("W", M, N, variance=1 / N)
H: Any = Gaussian("H", N, N, symmetry=1)
S = Diag(M, s)
R = (X.T @ X + lam).inv
RF = W @ (W.T @ X.T @ X @ W + lam).inv @ W.T
E = RF @ X.T @ X - 1

EXPRESSIONS = {
    "resolvent": (R, 2),
    "hat matrix": (X @ R @ X.T, 4),
    "two-point": (R @ S @ (X.T @ X + mu).inv, 4),
    "random features": ((W.T @ X.T @ X @ W + lam).inv, 4),
    "random-feature error": (E.T @ S @ E, None),
    "nested": ((X @ (W @ W.T + S + mu).inv @ X.T + lam).inv, None),
    "sum of squares": ((H @ H + H + 2 * H @ W.T @ S @ W + lam).inv, None),
    "rectangular": (X @ Diag(M, sp.sqrt(eta)) @ W, None),
    "deterministic": (S, 1),
}


def world(seed=0):
    rng = np.random.default_rng(seed)
    sizes = {M: 5, P: 4, N: 3}
    arrays = {g.leaf: rng.normal(size=[sizes[d] for d in g.leaf.dims]) for g in (X, W, H)}
    arrays[H.leaf] = arrays[H.leaf] + arrays[H.leaf].T + 4 * np.eye(3)
    data = {x: rng.uniform(0.5, 2, (5, 1)) for x in (eta, s)}
    return Realisation({**sizes, **data, lam: 0.7, mu: 0.4}, arrays)


def dense(pencil, draw):
    """L, u and v as arrays, with the places of the blocks."""

    def diagonal(dim, expression):
        return draw.dense(Diag(dim, expression))

    def places(side):
        edges = np.cumsum([0, *(draw.size(d) for d in side.values())])
        return {b: slice(*edges[i : i + 2]) for i, b in enumerate(side)}, edges[-1]

    (rows, n), (cols, m) = places(pencil.rows), places(pencil.cols)
    matrix = np.zeros((n, m))
    for (a, b), x in pencil.fixed.items():
        matrix[rows[a], cols[b]] += diagonal(pencil.rows[a], x)
    for (a, b), terms in pencil.random.items():
        for term in terms:
            drawn = draw.arrays[term.leaf].T if term.transposed else draw.arrays[term.leaf]
            matrix[rows[a], cols[b]] += diagonal(pencil.rows[a], term.left) @ drawn @ diagonal(pencil.cols[b], term.right)
    return matrix, rows, cols, diagonal


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_the_pencil_is_the_expression(name):
    expression, size = EXPRESSIONS[name]
    pencil, draw = linearise(expression), world()
    matrix, rows, cols, diagonal = dense(pencil, draw)
    inverse = np.linalg.inv(matrix)
    value = sum(
        diagonal(pencil.cols[b], x) @ inverse[cols[b], rows[c]] @ diagonal(pencil.rows[c], y)
        for b, x in pencil.u.items()
        for c, y in pencil.v.items()
    )
    assert np.allclose(value, draw.dense(expression), atol=1e-10)
    assert size is None or len(pencil) == size


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_every_block_of_the_inverse_is_the_matrix_that_names_it(name):
    pencil, draw = linearise(EXPRESSIONS[name][0]), world(1)
    matrix, rows, cols, _ = dense(pencil, draw)
    inverse = np.linalg.inv(matrix)
    for b in pencil.cols:
        for c in pencil.rows:
            response = pencil.response(b, c)
            expected = 0 if response is None else draw.dense(response)
            assert np.allclose(inverse[cols[b], rows[c]], expected, atol=1e-9), (name, b, c, response)


def test_reduction_keeps_the_pencil_affine_and_small():
    pencil = linearise(EXPRESSIONS["random-feature error"][0])
    assert len(pencil) <= 16 and not set(pencil.fixed) & set(pencil.random)
    assert sorted(d.name for d in pencil.rows.values()) == sorted(d.name for d in pencil.cols.values())


def test_what_cannot_stand_in_a_pencil_is_named(monkeypatch):
    O: Any = Deterministic("O", M)
    w: Any = State("w", M)
    with pytest.raises(DerivationError, match=r"given matrix O: it need not commute with the spectra; use Diag of a spectrum"):
        linearise(R @ O @ R)
    with pytest.raises(DerivationError, match="diagonal matrix w: w is drawn"):
        linearise(R @ Diag(M, w))
    with pytest.raises(DerivationError, match="matrix Y: mean=1 is not averaged"):
        linearise(Gaussian("Y", P, M, mean=1))
    with pytest.raises(DerivationError, match="column covariance of Y: eta - 1 may be negative"):
        linearise(Gaussian("Y", P, M, column_covariance=eta - 1))
    power = R
    for _ in range(10):
        power = power @ S @ RF
    monkeypatch.setattr("theory.resolvent.pencil.LARGEST", 30)
    with pytest.raises(DerivationError, match=r"a pencil of \d+ blocks, more than 30; take it apart"):
        linearise(power)
