"""Given matrices that commute in a basis of their own: found there, told from others, and the same traces as by full inverses."""

import numpy as np
import pytest
import sympy as sp

from solvers import matrix_traces, solve
from solvers.commuting import frame_of
from solvers.matrix_traces import Evaluation
from theory import Deterministic, Diag, Dim, Expression, Gaussian, Quenched, Tr, outer, sum_over
from theory.declaration import Spectrum

lam = sp.Symbol("lambda", positive=True)
M, P, N = Dim("M", Spectrum("s", scaling=0)), Dim("P"), Dim("N")
(s,) = M.spectra
A, B, C = Deterministic("A", M, scaling=0), Deterministic("B", M, scaling=0), Deterministic("C", M, N, scaling=0)
u, v = Quenched("u", M), Quenched("v", M)
RNG = np.random.default_rng(0)
TURN = np.linalg.qr(RNG.normal(size=(40, 40)))[0]


def turned(values, basis=TURN):
    matrix = (basis * values) @ basis.T
    return (matrix + matrix.T) / 2


LEVELS = np.linspace(-1, 1, 40)
GIVEN = {A.leaf: turned(LEVELS), B.leaf: turned(2 + np.sin(9 * LEVELS)), u.leaf.symbol: LEVELS, v.leaf.symbol: LEVELS**2,
         lam: 0.7, M: 40.0}  # fmt: skip
R = (A @ A + B + lam).inv


@pytest.mark.parametrize("matrix", [R, A @ R @ B @ R, A @ R @ B @ outer(u, v), (B + lam) @ R], ids=str)
def test_traces_and_their_bounds_are_those_of_full_matrices(matrix):
    framed, full = Evaluation(GIVEN, frame_of(matrix, GIVEN)), Evaluation(GIVEN)
    assert framed.frame is not None and all(np.ndim(value) < 2 for value in framed.frame.diagonals.values())
    exact = full.trace(matrix)
    assert framed.trace(matrix) == pytest.approx(exact, rel=1e-13, abs=1e-13)
    assert abs(framed.trace(matrix) - exact) < np.finfo(float).eps * (framed.doubt(matrix) + full.doubt(matrix))
    assert framed.doubt(matrix) < 1e4 * full.doubt(matrix)


def found(a, b, spectrum=None):
    matrix = (A + B + (Diag(M, s) if spectrum is not None else lam)).inv
    return frame_of(matrix, {A.leaf: a, B.leaf: b, lam: 0.1, s: spectrum, M: 40.0})


def test_shared_eigenvalues_are_told_apart_by_the_other_matrix():
    """Each has only a few levels; near ones of a combination are turned until both are diagonal."""
    few, others = np.repeat([1.0, 2.0], 20), np.tile([0.0, 1.0, 3.0, 4.0], 10)
    frame = found(turned(few), turned(others))
    assert frame is not None and frame.off < 1e-13
    pairs = sorted(zip(frame.diagonals[A.leaf].round(9), frame.diagonals[B.leaf].round(9), strict=True))
    assert pairs == sorted(zip(few, others, strict=True))


def test_what_nearly_commutes_does_not():
    noise = RNG.normal(size=(40, 40))
    for size in (1e-3, 1e-8, 1e-11):
        assert found(turned(LEVELS), turned(LEVELS**2) + size * (noise + noise.T)) is None


def test_a_spectrum_commutes_with_what_has_its_blocks():
    inside = np.kron(np.eye(2), turned(LEVELS[:20], TURN[:20, :20])[:20, :20])
    level = np.repeat([1.0, 2.0], 20)
    assert found(inside, np.zeros((40, 40)), level) is not None
    assert found(turned(LEVELS), turned(LEVELS), level) is None


def test_blocks_that_are_no_squares_have_no_frame():
    assert frame_of((A + C @ C.T + lam).inv, {A.leaf: turned(LEVELS), C.leaf: TURN[:, :30], lam: 0.1, M: 40.0, N: 30.0}) is None
    assert frame_of((A + outer(u, v) + lam).inv, GIVEN) is None


def test_solutions_do_not_depend_on_the_basis(monkeypatch):
    X = Gaussian("X", P, M, column_covariance=B)
    inverse = (X.T @ X + A @ A + lam).inv
    theory = Expression({"trace": Tr(inverse @ A), "form": sum_over(M, u * (inverse @ (B @ u)))}).theory()
    values = {"A": GIVEN[A.leaf], "B": GIVEN[B.leaf], "u": LEVELS, "P": 30.0, "lambda_": 0.2, "s": np.ones(40)}
    values = {p.name: values[p.name] for p in theory.parameters}
    framed = solve(theory, **values)
    monkeypatch.setattr(matrix_traces, "frame_of", lambda *_: None)
    full = solve(theory, **{**values, "lambda_": 0.2 + 1e-15})
    assert framed.error < 1e-11 and framed.observables == pytest.approx(full.observables, rel=1e-11)


def test_arrays_that_are_changed_in_place_are_other_arrays():
    """One that commutes with all, and two that do not; the curve that was found keeps its own."""
    X = Gaussian("X", P, M, column_covariance=s)
    for matrix in ((X.T @ X + A @ A + lam).inv, B @ (X.T @ X + A @ A + lam).inv):
        theory, array = Expression(Tr(matrix)).theory(), turned(LEVELS)
        given = {"A": array, "B": np.diag(LEVELS), "P": 30.0, "lambda_": 0.2, "s": np.ones(40)}
        values = {p.name: given[p.name] for p in theory.parameters}
        first = solve(theory, **values)
        array *= 3
        second, fresh = solve(theory, **values), solve(theory, **{**values, "A": 3 * turned(LEVELS)})
        assert second.observables["value"] == fresh.observables["value"] < 0.9 * first.observables["value"]
        assert first.parameters["A"] == pytest.approx(turned(LEVELS))
