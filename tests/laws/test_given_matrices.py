"""Given matrices that need not commute, among random ones: exact laws, and drawn matrices."""

import numpy as np
import pytest
import sympy as sp

from solvers import check, simulate, solve, solve_dyson
from solvers.given_dyson import solve_given
from theory import Deterministic, Diag, Dim, Expression, Gaussian, Noise, Quenched, Tr, sum_over
from theory.declaration import Spectrum

lam, mu = sp.symbols("lambda mu", positive=True)
M, P, N = Dim("M", "eta", Spectrum("s", scaling=0)), Dim("P"), Dim("N")
eta, s = M.spectra
X, G = Gaussian("X", P, M, column_covariance=eta), Gaussian("G", P, N, variance=1 / P)
R, R2, Q = (X.T @ X + lam).inv, (X.T @ X + mu).inv, (G.T @ G + lam).inv
O1, O2 = (Deterministic(name, M, scaling=0) for name in ("O1", "O2"))
A = Deterministic("A", M, N, scaling=0)
w0, S, Eta = Quenched("w0", M), Diag(M, s), Diag(M, eta)
K, RNG = np.arange(1, 13.0), np.random.default_rng(0)
Z = RNG.normal(size=(2, 12, 12))
VALUES = {"P": 7.0, "N": 9.0, "lambda_": 0.4, "mu": 0.3, "eta": 2 * K**-1.3, "s": 0.5 + np.sin(K) ** 2, "w0": np.cos(K),
          "O1": Z[0] @ Z[0].T / 12 - 0.3, "O2": Z[1] @ Z[1].T / 12 + 0.3, "A": RNG.normal(size=(12, 9))}  # fmt: skip
FLAT = {**VALUES, "O1": np.diag(VALUES["s"]), "O2": np.diag(VALUES["eta"])}


def values(expression, given=VALUES):
    return {p.name: given[p.name] for p in expression.parameters}


def value(observable, given=VALUES):
    expression = Expression(observable)
    found = solve(expression.theory(), **values(expression, given)).observables["value"]
    assert found == pytest.approx(solve_dyson(expression, **values(expression, given)).observables["value"], rel=1e-8)
    return found


@pytest.mark.parametrize(
    ("given", "spectral"),
    [
        (Tr(O1 @ R @ O2 @ R2), Tr(S @ R @ Eta @ R2)),
        (Tr((1 - O1 @ X.T @ X) @ O2), Tr((1 - S @ X.T @ X) @ Eta)),
        pytest.param(sum_over(M, (R @ (O1 @ w0)) ** 2), sum_over(M, (R @ (s * w0)) ** 2), marks=pytest.mark.slow),
        pytest.param(Tr((1 - O1 @ R).T @ O2 @ (1 - O1 @ R)), Tr((1 - S @ R).T @ Eta @ (1 - S @ R)), marks=pytest.mark.slow),
        pytest.param(Tr(O1 @ R @ O2 @ R @ O1 @ R), Tr(S @ R @ Eta @ R @ S @ R), marks=pytest.mark.slow),
    ],
)
def test_a_diagonal_matrix_is_a_spectrum(given, spectral):
    assert value(given, FLAT) == pytest.approx(value(spectral), rel=1e-9)


def test_without_a_random_matrix_between_them_given_ones_multiply():
    product = VALUES["A"] @ VALUES["A"].T
    assert value(Tr(A @ A.T @ R)) == pytest.approx(value(Tr(O1 @ R), {**VALUES, "O1": product}), rel=1e-10)
    square = VALUES["O1"] @ VALUES["O1"]
    assert value(Tr(O1**2 @ R)) == pytest.approx(value(Tr(O1 @ R), {**VALUES, "O1": square}), rel=1e-10)


def test_a_form_may_be_written_with_all_matrices_on_one_side():
    """In given vectors over the modes, and over the samples."""
    z = Quenched("z", P)
    given = {**VALUES, "z": np.sin(np.arange(7.0))}
    assert value(sum_over(M, w0 * (R @ (O1 @ (R2 @ w0)))), given) == pytest.approx(
        value(sum_over(M, (R @ w0) * (O1 @ (R2 @ w0))), given), rel=1e-11
    )
    assert value(sum_over(P, z * (X @ (R @ (O1 @ (R2 @ (X.T @ z)))))), given) == pytest.approx(
        value(sum_over(M, (R @ (X.T @ z)) * (O1 @ (R2 @ (X.T @ z)))), given), rel=1e-11
    )


@pytest.mark.slow
def test_a_target_may_be_turned():
    """The vector O w0 and the values of it."""
    turned = VALUES["O1"] @ VALUES["w0"]
    one, two = (sum_over(M, eta * (R @ v) ** 2) for v in (O1 @ w0, Quenched("w1", M)))
    assert value(one) == pytest.approx(value(two, {**VALUES, "w1": turned}), rel=1e-9)


def test_equal_blocks_meet_in_their_own_dimension():
    """A rectangular block has no diagonal; what is random on its two sides is averaged apart."""
    k = solve(Expression(Tr(Q)).theory(), P=7.0, N=9.0, lambda_=0.4).observables["value"] / 9
    assert value(Tr(A @ Q @ A.T @ R)) == pytest.approx(k * value(Tr(A @ A.T @ R)), rel=1e-9)


C = Deterministic("C", P, M, scaling=0)
INSIDE = {**VALUES, "C": RNG.normal(size=(7, 12)) / 3}
MEAN = ((X + C).T @ (X + C) + lam).inv


@pytest.mark.parametrize(
    "observable",
    [
        Tr(O1 @ R @ O2 @ R2),
        Tr(A @ Q @ A.T @ R),
        Tr((1 - O1 @ X.T @ X) @ O2),
        pytest.param(Tr(O1 @ R @ O2 @ R @ O1 @ R2), marks=pytest.mark.slow),
    ],
)
def test_full_matrices_are_the_referee(observable):
    """The Dyson equation of a pencil that holds the given matrices knows nothing of diagonals."""
    expression = Expression(observable)
    referee = solve_given(expression, 1e-11, values(expression)).observables["value"]
    assert value(observable) == pytest.approx(float(referee), rel=1e-9)


def inside(observable, given):
    expression = Expression(observable)
    return float(solve_dyson(expression, **values(expression, given)).observables["value"])


def test_given_matrices_inside_inverses_have_their_limits():
    assert inside(Tr((X.T @ X + O1 + lam).inv), {**INSIDE, **FLAT}) == pytest.approx(value(Tr((X.T @ X + S + lam).inv)), rel=1e-9)
    assert inside(Tr(MEAN), {**INSIDE, "C": np.zeros((7, 12))}) == pytest.approx(value(Tr(R)), rel=1e-9)
    # One of rank one moves the trace of the resolvent by less than 1/λ.
    rank_one = {**INSIDE, "C": np.outer(np.ones(7), np.ones(12))}
    assert abs(inside(Tr(MEAN), rank_one) - value(Tr(R))) < 1 / 0.4
    # What two given matrices share with a turn of all modes is nothing but the turn.
    turn = np.linalg.qr(Z[0])[0]
    plain = Expression(Tr((G @ G.T + 1).inv @ C @ (O1 + lam).inv @ C.T))
    turned = {**INSIDE, "C": INSIDE["C"] @ turn, "O1": turn.T @ INSIDE["O1"] @ turn}
    turned["O1"] = (turned["O1"] + turned["O1"].T) / 2
    one, two = (solve_dyson(plain, **values(plain, v)).observables["value"] for v in (INSIDE, turned))
    assert one == pytest.approx(two, rel=1e-10)


@pytest.mark.parametrize(
    "observable",
    [pytest.param(Tr(MEAN) / M, id="mean"), pytest.param(Tr((X.T @ X + O1**2 + lam).inv @ O2) / M, id="two spectra")],
)
def test_drawn_matrices_agree_inside_inverses(observable):
    """The bias of a simulation falls as 1/r."""
    expression = Expression(observable)
    exact = inside(observable, INSIDE)
    for r in (4, 16):
        found = simulate(expression, **values(expression, INSIDE), trials=100 // r + 4, seed=r, replicate=r)["value"]
        assert abs(found.mean - exact) < 4 * found.stderr + 0.03 * abs(exact) / r, (r, found, exact)


DRAWN = {
    "two-point": (Tr(O1 @ R @ O2 @ R2) / M, 400),
    "rectangular": (Tr(A @ Q @ A.T @ R) / M, 200),
    "noise": (sum_over(M, eta * (R @ (O1 @ (X.T @ Noise("eps", P)))) ** 2) / M, 400),
    "three-point": (Tr(O1 @ R @ O2 @ R @ O1 @ R2) / M, 1500),
    "vector": (sum_over(M, (O1 @ (R @ w0)) ** 2) / M, 1500),
}


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n != "rectangular")) for n in DRAWN])
def test_drawn_matrices_agree(name):
    observable, trials = DRAWN[name]
    expression = Expression(observable)
    found = check(expression, **values(expression), trials=trials, seed=3)
    assert found.passed, found
