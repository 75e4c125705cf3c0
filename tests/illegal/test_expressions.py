"""Expressions that must fail: as typed where that is possible, when they are derived or solved otherwise, with one line each."""

import numpy as np
import pytest
import sympy as sp

from solvers import evaluate, simulate, solve, sweep
from solvers.dyson import solve_dyson
from theory import Deterministic, Diag, Dim, Energy, Expression, Gaussian, Noise, Quenched, State, Tr, Vec, sum_over
from theory.errors import ConvergenceError, DeclarationError, DerivationError, ParameterError
from theory.models import RandomFeatureRegression

M, P, N = Dim("M", "eta"), Dim("P"), Dim("N")
(eta,) = M.spectra
lam, real = sp.Symbol("lambda", positive=True), sp.Symbol("x", real=True)
X, W, A = Gaussian("X", P, M, column_covariance=eta), Gaussian("W", M, N, variance=1 / N), Gaussian("A", N, N, variance=1 / N)
w0, eps, O, C = Quenched("w0", M), Noise("eps", P), Deterministic("O", M), Deterministic("C", P, M)
R = (X.T @ X + lam).inv

TYPED = {
    "shapes": (lambda: X @ W.T, r"shape mismatch: X is PxM, W.T is NxM, M against N; transpose one of them"),
    "sum of shapes": (lambda: X.T @ X + A, r"shape mismatch: X.T@X is MxM, A is NxN"),
    "inverse": (lambda: (X @ W).inv, r"inverse: X@W is PxN; only a square matrix has one"),
    "trace": (lambda: Tr(X @ W), r"trace: X@W is PxN; only a square matrix has one"),
    "number": (lambda: X + lam, r"X is PxM, \+ lambda; only a square matrix takes a multiple of the identity"),
    "no trace": (lambda: Expression(R), r"expression: the matrix .*; reduce it with Tr, sum_over or quadratic_form"),
    "nothing": (lambda: Expression({}), r"observables of Expression: none; give a scalar"),
    "nothing random": (lambda: Expression(Tr(Diag(M, eta))), r"observable value: Tr\(eta\) holds nothing random"),
    "not used": (lambda: Expression(Tr(R), disorder=[X, W]), r"declared and not used: W; use it in an observable, or drop it"),
    "not declared": (lambda: Expression(Tr(W.T @ R @ W), disorder=X), r"used and not declared: W; add it to disorder="),
    "no disorder": (lambda: Expression(Tr(R), disorder=[X, R]), r"disorder: .*inv; list what Gaussian and Noise returned"),
    "no ridge": (lambda: Expression(Tr((X.T @ X).inv)), r"ridge of \(X.T@X\).inv: 0; add a positive one"),
    "negative ridge": (lambda: Expression(Tr((X.T @ X - lam).inv)), r"ridge of .*: -lambda; add a positive one"),
    "negative number": (lambda: Expression(Tr((X.T @ X - 1).inv)), r"ridge of .*: -1; add a positive one"),
    "ridge of any sign": (lambda: Expression(Tr((X.T @ X + real).inv)), r"ridge of .*: x; add a positive one"),
    "ridge that may vanish": (lambda: Expression(Tr((X.T @ X + Diag(M, eta)).inv)), r"ridge of .*: eta; add a positive one"),
    "mean of another shape": (
        lambda: Gaussian("Y", P, M, mean=O), r"shape mismatch: mean of Y: O is MxM, Y is PxM; it needs PxM"),
    "mean that is drawn": (lambda: Gaussian("Y", P, M, mean=X), r"mean of Y: X holds X, which is drawn; add or multiply it"),
    "mean by mode": (lambda: Gaussian("Y", M, M, mean=eta), r"mean of Y: eta; pass a number, .* or a matrix, such as Diag"),
    "covariance of another shape": (
        lambda: Gaussian("Y", P, M, row_covariance=O), r"row covariance of Y: O is MxM, Y is PxM; it needs PxP"),
    "covariance without symmetry": (
        lambda: Gaussian("Y", P, M, column_covariance=O @ Diag(M, eta)), r"column covariance of Y: .*; pass a Deterministic"),
    "covariance of a symmetric matrix": (
        lambda: Gaussian("Y", M, M, symmetry=1, column_covariance=O), r"symmetry of Y: a given matrix is its covariance"),
    "power of a rectangle": (lambda: X**2, r"power: X is PxM; only a square matrix has one"),
    "fractional power": (lambda: R ** sp.Rational(1, 2), r"power: .*\*\*1/2; pass a whole number"),
    "huge power": (lambda: R**1000, r"power: .*\*\*1000; pass a whole number, 64 at most"),
    "symbolic power": (lambda: R**lam, r"power: .*\*\*lambda; pass a whole number"),
    "matrix as a power": (lambda: 2**R, r"power of a matrix: 2\*\*.*; write a rational expression"),
    "ridge of a power": (lambda: Expression(Tr(((X.T @ X) ** 2).inv)), r"ridge of .*: 0; add a positive one"),
    "ridge deep inside": (lambda: Expression(Tr((X @ (W @ W.T).inv @ X.T + lam).inv)), r"ridge of \(W@W.T\).inv: 0"),
    "indefinite covariance": (lambda: Gaussian("Y", P, M, column_covariance=-eta), r"covariance of Y: -eta; it cannot be negative"),
    "two laws": (lambda: Expression(Tr(R) + Tr(Gaussian("X", P, M) @ R @ X.T)), r"two declarations of one name: X"),
    "misspelt": (lambda: Gaussian("Y", P, M, colum_covariance=eta), r"did you mean 'column_covariance'"),
}


@pytest.mark.parametrize("name", TYPED)
def test_refused_as_typed(name):
    build, message = TYPED[name]
    with pytest.raises(DeclarationError, match=message):
        build()


def energy(change=0, over=None, **options):
    w = State("w", M)
    loss = (X @ w - X @ w0 - eps).square() / 2 + lam * w.square() / 2 + (change(w) if change else 0)
    return Energy(loss, over=w, observe={"E_g": sum_over(M, eta * (w - w0) ** 2)}, **options)


MINIMISERS = {
    "quartic": (lambda: energy(lambda w: sum_over(M, w**4)), r"not affine in w"),
    "warm": (lambda: energy(temperature=lam), r"minimiser of Energy: temperature lambda; only an energy at temperature 0 has one"),
    "no penalty": (
        lambda: Energy((X @ State("w", M) - eps).square(), over=State("w", M), observe={"n": State("w", M).square()}),
        r"ridge of .*: 0; add a positive one",
    ),
    "nothing observed": (lambda: Energy(State("w", M).square() + eps.square(), over=State("w", M)), r"it observes nothing"),
}


@pytest.mark.parametrize("name", MINIMISERS)
def test_no_minimiser(name):
    build, message = MINIMISERS[name]
    model = build()
    with pytest.raises(DeclarationError, match=message):
        model.minimiser()


def square(matrix, dim=M):
    """A random vector squared at every site."""
    return Vec(dim, (matrix @ w0).expr ** 2)


UNDERIVED = {
    "given matrices, by mode": (lambda: {"v": (X.T @ X + O + lam).inv @ w0}, r"observable v: a number for each mode"),
    "given matrices, cubic": (lambda: sum_over(M, ((X.T @ X + O + lam).inv @ w0) ** 3), r"has degree 3 in what is random"),
    "given matrices, redrawn": (lambda: Tr((Gaussian("Y", P, M, fresh="step", mean=C).T @ X + lam).inv), r"Y.T: fresh=step"),
    "fresh": (lambda: Tr(Gaussian("Y", M, P, fresh="step") @ X), r"matrix Y: fresh=step is not averaged here"),
    "covariance of any sign": (
        lambda: Tr(Gaussian("Y", M, P, row_covariance=eta - real**2) @ X),
        r"row covariance of Y: eta - x\*\*2 may be negative; write it in spectra and positive symbols",
    ),
    "cubic": (lambda: sum_over(M, (R @ w0) ** 3), r"degree 3 in what is random; take 2"),
    "no polynomial": (lambda: sum_over(M, (R @ w0).map(sp.tanh)), r"no polynomial in what is random"),
    "square at a mode": (lambda: {"v": square(R)}, r"the square of a random vector at one mode.*observe its sum over M"),
    "no sum": (lambda: 2 * Tr(R) + sp.tanh(Tr(R)) * sum_over(P, (X @ w0) ** 4), r"degree 4"),
    "pencil too large": (lambda: Tr(power(30)), r"a pencil of \d+ blocks, 31 resolvents in a row, more than 8; take it apart"),
    "name in use": (lambda: Tr((X.T @ X + sp.Symbol("kappa", positive=True)).inv), r"symbol kappa of Expression: .*rename it"),
}


def power(n):
    matrix = R
    for _ in range(n):
        matrix = matrix @ Diag(M, eta) @ R
    return matrix


@pytest.mark.parametrize("name", UNDERIVED)
def test_refused_when_derived(name):
    build, message = UNDERIVED[name]
    expression = Expression(build())
    with pytest.raises(DerivationError, match=message) as error:
        expression.derive()
    assert "\n" not in str(error.value)


POINT = {"P": 5, "eta": np.ones(4)}


def test_values_outside_their_domain_give_no_number():
    expression = Expression(Tr(R))
    for run in (
        lambda **v: solve(expression.theory(), **v),
        lambda **v: solve_dyson(expression, **v),
        lambda **v: simulate(expression, **v),
    ):
        for ridge in (0, -1, np.nan):
            with pytest.raises(ParameterError, match="lambda_"):
                run(**POINT, lambda_=ridge)
        with pytest.raises(ParameterError, match="eta"):
            run(P=5, eta=-np.ones(4), lambda_=1)
        with pytest.raises(ParameterError, match="did you mean 'lambda_'"):
            run(**POINT, lambda_=1, lamda_=2)
        with pytest.raises(ParameterError, match="no value for 'lambda_'"):
            run(**POINT)
    with pytest.raises(ParameterError, match="ridge"):
        simulate(RandomFeatureRegression(), P=3, N=4, ridge=0, eigenvalues=[1.0, 0.5], target_power=[1.0, 1.0])


def test_inside_the_spectrum_the_iteration_says_so():
    symmetric = Gaussian("S", N, N, variance=1 / N, symmetry=1)
    with pytest.raises(ConvergenceError, match=r"after \d+ iterations \(relative error .*\); move away from the spectrum"):
        solve_dyson(Expression(Tr((symmetric + lam).inv)), N=10, lambda_=1.0)
    a = Dim("L", "a")
    deformed = Expression(Tr((Gaussian("S", a, a, variance=1 / a, symmetry=1) + Diag(a, a.spectra[0]) + lam).inv))
    # Between the poles there are real solutions too, none of them the resolvent's.
    with pytest.raises(ConvergenceError, match=r"no value of .*lambda_ = 1; move away from the spectrum"):
        solve(deformed.theory(), a=np.repeat([0.0, 3.0], 5), lambda_=1.0)
    masked = sweep(deformed.theory(), a=np.repeat([0.0, 3.0], 5), lambda_=[1.0, 2.5], on_failure="mask").observables["value"]
    assert np.isnan(masked[0]) and np.isfinite(masked[1])


def test_complex_arrays_and_shapes_are_checked():
    expression = Expression(Tr(R))
    for eigenvalues in (np.ones((2, 2)), np.ones(4) + 1j):
        with pytest.raises(ParameterError, match="give a real array with 1 dimensions"):
            solve_dyson(expression, P=5, eta=eigenvalues, lambda_=1)


def test_given_matrices_inside_inverses_take_one_point_and_traces(monkeypatch):
    inside, values = (X.T @ X + O + lam).inv, {"eta": np.ones(4), "lambda_": 1.0, "O": np.eye(4)}
    for observable, change, error, message in (
        (Tr(inside), {"P": [5, 6]}, ParameterError, r"2 points; with given matrices in inverses, give one value of each"),
        (Tr(inside), {"P": 5, "O": np.triu(np.ones((4, 4)))}, ParameterError, r"O: the matrix is not symmetric"),
        (Tr(inside), {"P": 5, "O": np.eye(3)}, ParameterError, r"O has 3 entries and eta has 4"),
        (Tr(inside), {"P": 5.5}, ParameterError, r"P: 5.5 is not a whole number"),
        (sum_over(M, (inside @ w0) ** 2), {"P": 5, "w0": np.ones(4)}, DerivationError, r"is no trace; .* write it with Tr"),
    ):
        with pytest.raises(error, match=message):
            solve_dyson(Expression(observable), **{**values, **change})
    monkeypatch.setattr("solvers.given_dyson.LARGEST", 3)
    with pytest.raises(ParameterError, match=r"a pencil of \d+ rows, more than 3; give smaller ones"):
        solve_dyson(Expression(Tr(inside)), P=5, **values)


def test_energies_with_given_matrices_have_a_minimiser_only():
    model = energy(lambda w: sum_over(M, w * (O @ w)))
    assert model.minimiser().theory()
    for run, what in ((model.theory, "replicas"), (model.flow, "flow")):
        with pytest.raises(DeclarationError, match=rf"{what} of Energy: the given matrix O in the energy; .* has a minimiser\(\)"):
            run()


YC, YO = Gaussian("Y", P, M, column_covariance=eta, mean=C), Gaussian("Y", P, M, column_covariance=O)
MEAN, COVARIANCE = Expression(Tr((YC.T @ YC + lam).inv)), Expression(Tr((YO.T @ YO + O + lam).inv))
GIVEN = {"P": 5, "eta": np.ones(4), "lambda_": 1.0, "O": np.eye(4), "C": np.ones((5, 4))}
WRONG = {
    "mean of another shape": (MEAN, {"C": np.ones((6, 4))}, r"C: 6 entries along P, where P = 5; give a size"),
    "mean of other modes": (MEAN, {"C": np.ones((5, 3))}, r"C has 3 entries and eta has 4|eta has 4 entries and C has 3"),
    "mean without values": (MEAN, {"C": None}, r"C: None is no number; give a matrix"),
    "mean that is not finite": (MEAN, {"C": np.full((5, 4), np.nan)}, r"C\[0\]\[0\] = nan: .* must be a finite number"),
    "sizes that a mean has not": (MEAN, {"P": [5, 6]}, r"C: 5 entries along P, where P = 6"),
    "covariance without symmetry": (COVARIANCE, {"O": np.triu(np.ones((4, 4)))}, r"O: the matrix is not symmetric; give \(O"),
    "indefinite covariance": (COVARIANCE, {"O": np.diag([1, 1, 1, -0.5])}, r"covariance O: it has the eigenvalue -0.5; give"),
    "no ridge": (COVARIANCE, {"lambda_": 0}, r"lambda_ = 0: lambda must be a finite number in \(0, inf\)"),
    "negative ridge": (MEAN, {"lambda_": -1}, r"lambda_ = -1"),
    "repeated modes": (MEAN, {"multiplicity": np.full(4, 2.0)}, r"multiplicity: matrices of .* act on the modes of M; write"),
}


@pytest.mark.parametrize("name", WRONG)
def test_given_matrices_that_do_not_fit_give_no_number(name):
    expression, change, message = WRONG[name]
    given = {p.name: GIVEN[p.name] for p in expression.parameters} | change
    with pytest.raises(ParameterError, match=message):
        sweep(expression.theory(), **given)


def test_given_matrices_without_values_and_what_they_have_not():
    given = {p.name: GIVEN[p.name] for p in MEAN.parameters}
    with pytest.raises(ParameterError, match=r"no value for 'C' \(given matrix C over P x M\); give C="):
        solve(MEAN.theory(), **{k: v for k, v in given.items() if k != "C"})
    with pytest.raises(ParameterError, match=r"known in double precision only; call solve"):
        evaluate(MEAN.theory(), **given, digits=30)
    curve = sweep(MEAN.theory(), **given)
    with pytest.raises(DerivationError, match=r"derivative of Tr\(.*\) by eta_r: .* differentiated by scalars only"):
        curve.gradient("eta")
    for run in (lambda **v: solve(COVARIANCE.theory(), **v), lambda **v: simulate(COVARIANCE, trials=2, **v)):
        with pytest.raises(ParameterError, match=r"covariance O: it has the eigenvalue -0.5"):
            run(P=5, eta=np.ones(4), lambda_=1.0, O=np.diag([1, 1, 1, -0.5]))


def test_inside_the_spectrum_of_an_indefinite_penalty_there_is_no_number():
    penalised = Expression(Tr((X.T @ X + O + lam).inv))
    with pytest.raises(ConvergenceError, match="move away from the spectrum"):
        solve(penalised.theory(), P=8, eta=np.full(4, 0.5), lambda_=0.1, O=np.diag([-4.0, -3.5, -3.0, -2.5]))
