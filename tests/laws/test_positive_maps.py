"""Solutions of Dyson equations belong to inverses that exist, or are refused: exact radii, and matrices of both signs as drawn."""

import numpy as np
import pytest
import sympy as sp

from solvers import solve, solve_dyson
from theory import Deterministic, Diag, Dim, Expression, Gaussian, Tr
from theory.declaration import Spectrum
from theory.errors import ConvergenceError

lam, real = sp.Symbol("lambda", positive=True), sp.Symbol("z", real=True)
M, P, N = Dim("M", "eta"), Dim("P"), Dim("N")
(eta,) = M.spectra
X, W = Gaussian("X", P, M, column_covariance=eta), Gaussian("W", N, N, variance=1 / N)
H = Gaussian("H", N, N, variance=1 / N, symmetry=1)
ETA = 2 * np.arange(1, 21.0) ** -1.3


def test_the_radius_of_a_gram_matrix_is_the_root_of_its_degrees_of_freedom():
    """λ = κ (1 − df₁/P): the slope 1 − df₂/P vanishes at the edge. The map leads from samples to modes and back."""
    ridges = np.array([0.01, 1.0, 100.0])
    found = solve_dyson(Expression(Tr((X.T @ X + lam).inv)), eta=ETA, P=15, lambda_=ridges)
    kappa = ridges * (1 + found.traces["tr_eta_R"]) / 15
    second = ((ETA / (kappa[:, None] + ETA)) ** 2).sum(axis=1)
    assert found.radius**2 == pytest.approx(second / 15, rel=1e-9)


@pytest.mark.parametrize("z", [1.2, -1.2j, 1.1 + 0.4j])
def test_the_radius_of_a_matrix_with_independent_entries_is_that_of_its_disc(z):
    found = solve_dyson(Expression(Tr((real - W).inv) / N), N=50, z=z)
    assert found.radius == pytest.approx(abs(z) ** -2, rel=1e-12)
    assert complex(found.observables["value"]) == pytest.approx(1 / z, rel=1e-10)


@pytest.mark.parametrize("z", [3.0, -2.01, 0.5 + 0.2j, 1.0 - 1e-6j])
def test_the_radius_of_a_symmetric_matrix_is_the_square_of_its_transform(z):
    found = solve_dyson(Expression(Tr((real - H).inv) / N), N=50, z=z)
    g = complex(found.observables["value"])
    assert g == pytest.approx((z - np.sqrt(z - 2 + 0j) * np.sqrt(z + 2 + 0j)) / 2, rel=1e-7)
    assert found.radius == pytest.approx(abs(g) ** 2, rel=1e-9) and found.radius < 1


def test_what_settles_inside_a_disc_is_refused():
    """1/z solves the equation there too, and a damped iteration finds it beside the imaginary axis."""
    with pytest.raises(ConvergenceError, match=r"on no limit of inverses \(spectral radius 1.56"):
        solve_dyson(Expression(Tr((real - W).inv) / N), N=50, z=0.8j)


def test_a_start_does_not_pick_a_root_that_means_nothing():
    """Three roots t = Σ 1/(λ − t/N + a), of which one is the trace."""
    levels = np.repeat([0.0, 3.0], 4)
    L = Dim("L", "a")
    G = Gaussian("G", L, L, variance=1 / L, symmetry=1)
    theory = Expression(Tr((G + Diag(L, L.spectra[0]) + lam).inv)).theory()
    meant = solve(theory, a=levels, lambda_=2.5).order_parameters["tr_R"]
    others = [18.102823095917, 43.283439964596]
    for t in (meant, *others):
        assert np.sum(1 / (2.5 - t / 8 + levels)) == pytest.approx(t, rel=1e-8)
    again = solve(theory, a=levels, lambda_=2.5, start={"tr_R": 3.0})
    assert again.order_parameters["tr_R"] == pytest.approx(meant, rel=1e-12)
    for t in others:
        with pytest.raises(ConvergenceError, match="move away from the spectrum"):
            solve(theory, a=levels, lambda_=2.5, start={"tr_R": t})


Q = Dim("Q", Spectrum("s", scaling=0))
A, B, C = Deterministic("A", Q, scaling=0), Deterministic("B", Q, scaling=0), Deterministic("C", P, Q, scaling=0)
Y, V = Gaussian("Y", P, Q, variance=1 / P, column_covariance=Q.spectra[0]), Gaussian("V", Q, N, variance=1 / N)
J, K = Gaussian("J", Q, Q, variance=1 / Q, symmetry=1), Gaussian("K", Q, Q, variance=1 / Q)
NESTED = Y.T @ (Y @ Y.T + C @ C.T + 1).inv @ Y
TERMS = [A, B, C.T @ C, Y.T @ Y, V @ V.T, J, K, A @ J @ A, C.T @ Y + Y.T @ C, V @ V.T @ A, A @ B, NESTED]


def chosen(seed):
    """An expression with random signs and strengths."""
    rng = np.random.default_rng(seed)
    terms = [sp.Rational(int(rng.integers(-15, 16)) * 2 + 1, 20) * TERMS[i] for i in rng.choice(len(TERMS), 3, replace=False)]
    inverse = (terms[0] + terms[1] + terms[2] + sp.Rational(int(rng.integers(1, 90)), 10) * int(rng.choice([-1, 1]))).inv
    return B @ inverse if seed % 2 else B @ inverse @ A @ inverse.T


def drawn(matrix, given, rng):
    """The matrix at one draw, by an evaluation that shares nothing with solvers, and the smallest singular value of inverses."""
    arrays, smallest = {}, [np.inf]
    sizes = {"Q": len(given["s"]), "P": int(given["P"]), "N": int(given["N"])}

    def value(m):
        kind = type(m).__name__
        if kind == "Diag":
            return np.eye(sizes[m.rows.name]) * float(m.vector.expr)
        if kind == "Sum":
            return sum(map(value, m.args))
        if kind == "Prod":
            return np.linalg.multi_dot([*map(value, m.args), np.eye(sizes[m.cols.name])])
        if kind == "Inv":
            inner = value(m.args[0])
            smallest.append(np.linalg.svd(inner, compute_uv=False)[-1])
            return np.linalg.inv(inner)
        name = m.leaf.name
        if name not in arrays:
            rows, cols = (sizes[d.name] for d in m.leaf.dims)
            z = rng.normal(size=(rows, cols)) / np.sqrt({"Y": rows, "V": cols}.get(name, rows))
            z = (z + z.T) / np.sqrt(2) if name == "J" else z * np.sqrt(given["s"]) if name == "Y" else z
            arrays[name] = given.get(name, z)
        return arrays[name].T if m.transposed else arrays[name]

    return np.trace(value(matrix)) / sizes["Q"], min(smallest)


@pytest.mark.slow
def test_numbers_are_right_or_refused():
    """Given matrices that commute with nothing and random ones with both signs, at 200 to 300 rows."""
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(50, 50)))[0]
    given = {"s": 0.5 + np.sin(np.arange(50)) ** 2, "P": 75.0, "N": 60.0, "B": np.diag(np.linspace(-1, 1.5, 50)),
             "A": (turn * np.linspace(-1, 1, 50)) @ turn.T, "C": rng.normal(size=(75, 50)) / 9}  # fmt: skip
    given["A"] = (given["A"] + given["A"].T) / 2
    large = {k: [4 * v, np.repeat(v, 4), np.kron(v, np.eye(4))][np.ndim(v)] for k, v in given.items()}
    answers = 0
    for seed in range(10):
        expression = Expression(Tr(chosen(seed)) / Q)
        trials = [drawn(chosen(seed), large, rng) for _ in range(4)]
        values, smallest = np.array(trials).T
        try:
            found = solve(expression.theory(), **{p.name: given[p.name] for p in expression.parameters}).observables["value"]
        except ConvergenceError:
            assert smallest.min() < 0.1  # there are small singular values
            continue
        answers += 1
        # Traces fluctuate by 1/size, as much as their mean is off.
        bound = 4 * values.std(ddof=1) * (1 + 1 / np.sqrt(len(values)))
        assert smallest.min() > 1e-3 and abs(found - values.mean()) < bound, (seed, expression, found, values)
    assert answers >= 5
