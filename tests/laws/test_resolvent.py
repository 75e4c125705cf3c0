"""What deterministic equivalents must satisfy whatever their formula: other engines, identities, limits, the Dyson equation."""

import numpy as np
import pytest
import sympy as sp

from solvers import evaluate, solve, sweep
from solvers.dyson import solve_dyson
from theory import Deterministic, Diag, Dim, Energy, Expression, Gaussian, Noise, Quenched, State, Tr, average, mean, sum_over
from theory.declaration import Spectrum, quadratic_form
from theory.models import KernelRegression, RandomFeatureRegression, VarianceLimitedRegression
from theory.normal_form import normal_form, resolvent_of

lam, mu, s2 = sp.symbols("lambda mu sigma2", positive=True)
K = np.arange(1, 13.0)
ETA, W0 = 2 * K**-1.3, np.cos(K)
POINT = {"P": 7.0, "lambda_": 0.3, "sigma2": 0.2, "eta": ETA, "w0": W0}


def ridge(**more):
    M, P = Dim("M", "eta"), Dim("P")
    (eta,) = M.spectra
    X, w0, w = Gaussian("X", P, M, column_covariance=eta), Quenched("w0", M), State("w", M)
    y = X @ w0 + Noise("eps", P, variance=s2)
    observe = {
        "E_g": sum_over(M, eta * (w - w0) ** 2),
        "bias": sum_over(M, eta * (average(w) - w0) ** 2),
        "variance": sum_over(M, eta * (w - average(w)) ** 2),
        "E_train": mean(P, (X @ w - y) ** 2),
        "norm": w.square(),
        "overlap": sum_over(M, w * w0),
        **{name: value(M, w, w0) for name, value in more.items()},
    }
    return Energy((X @ w - y).square() / 2 + lam * w.square() / 2, over=w, observe=observe)


@pytest.fixture(scope="module")
def routes():
    """One model, its theory by replicas and by the resolvent."""
    model = ridge()
    return model.theory(), model.minimiser().theory()


def test_replicas_and_resolvents_give_one_expression(routes):
    replica, resolvent = routes
    basis = resolvent_of(replica.equations[0].rhs, replica.unknowns[0].symbol)
    assert resolvent.equations == replica.equations and resolvent.residuals == replica.residuals
    assert resolvent.unknowns[0].upper == replica.unknowns[0].upper
    for name in replica.observables:
        forms = [normal_form(t.expanded(name), basis, lam, t.equations[0])[0] for t in routes]
        assert forms[0] == forms[1], name
    noise = [normal_form(t.expanded("E_g").diff(s2), basis, lam, t.equations[0])[0] for t in routes]
    assert noise[0] == noise[1] != 0


def test_kernel_regression_has_one_theory_too():
    model = KernelRegression()
    observe = {name: model.observe[name] for name in ("E_g", "E_train", "variance", "target_mode_contributions")}
    energy = Energy(model.energy, over=model.over, observe=observe, parameters=model.parameters)
    one, two = model.theory(), energy.minimiser().theory()
    task = {"P": 7, "ridge": 0.1, "noise": 0.2, "eigenvalues": ETA, "target_power": K**-1.5}
    names = list(observe)
    first, second = (solve(t, **task, observables=names).observables for t in (one, two))
    for name in names:
        assert first[name] == pytest.approx(second[name], rel=1e-11), name


def test_the_training_error_is_the_test_error_seen_through_the_ridge(routes):
    found = solve(routes[1], **POINT)
    kappa = found.order_parameters["kappa"]
    expected = (POINT["lambda_"] / kappa) ** 2 * (found.observables["E_g"] + POINT["sigma2"])
    assert found.observables["E_train"] == pytest.approx(expected, rel=1e-12)
    assert found.observables["bias"] + found.observables["variance"] == pytest.approx(found.observables["E_g"], rel=1e-12)


def test_a_target_may_be_given_in_parts(routes):
    """Both parts and their product: the error is quadratic in the target."""
    M, P = Dim("M", "eta"), Dim("P")
    (eta,) = M.spectra
    X, w = Gaussian("X", P, M, column_covariance=eta), State("w", M)
    target = Quenched("w1", M) - eta * Quenched("w2", M)
    residual = X @ w - X @ target - Noise("eps", P, variance=s2)
    parts = Energy(
        residual.square() / 2 + lam * w.square() / 2,
        over=w,
        observe={"E_g": sum_over(M, eta * (w - target) ** 2), "E_train": mean(P, residual**2), "overlap": sum_over(M, w * target)},
    ).minimiser()
    given = {name: POINT[name] for name in ("P", "lambda_", "sigma2", "eta")}
    found = solve(parts.theory(), **given, w1=W0 + ETA * K, w2=K).observables
    whole = solve(routes[1], **POINT).observables
    assert found == pytest.approx({name: whole[name] for name in found}, rel=1e-11)


def test_nearly_no_ridge_keeps_its_digits(routes):
    """Where P = M and the ridge is tiny, differences of large sums would lose everything."""
    found = solve(routes[1], **{**POINT, "P": 12.0, "lambda_": 1e-12})
    assert found.error < 1e-10


@pytest.mark.slow
def test_a_given_test_matrix_need_not_commute():
    O = Deterministic("O", Dim("M", "eta"))
    model = ridge(E_ood=lambda M, w, w0: quadratic_form(O, w - w0))
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(12, 12))
    values = {**POINT, "O": matrix @ matrix.T}
    one, two = solve(model.theory(), **values).observables, solve(model.minimiser().theory(), **values).observables
    assert one == pytest.approx(two, rel=1e-11)


M, P, N = Dim("M", "eta", "s"), Dim("P"), Dim("N")
eta, s = M.spectra
Q = Dim("Q", Spectrum("rho", scaling=0))
(rho,) = Q.spectra
X, Y = Gaussian("X", P, M, column_covariance=eta), Gaussian("Y", P, M, column_covariance=eta)
Z = Gaussian("Z", Q, M, column_covariance=eta, row_covariance=rho)
W, V = Gaussian("W", M, N, variance=1 / N), Gaussian("V", M, N, variance=1 / N)
B, H = Gaussian("B", N, M, column_covariance=s), Gaussian("H", N, N, variance=1 / N, symmetry=1)
U1, U2 = Gaussian("U1", N, Q, variance=1 / Q), Gaussian("U2", Q, N, variance=1 / N)
S, Eta, Rho = Diag(M, s), Diag(M, eta), Diag(Q, rho)
R, R2, RY = (X.T @ X + lam).inv, (X.T @ X + mu).inv, (Y.T @ Y + lam).inv
DEEP = X @ W @ U1 @ U2


def features(w, ridge=lam):
    return w @ (w.T @ X.T @ X @ w + ridge).inv @ w.T


REFEREED = {
    "Marchenko-Pastur": R,
    "hat matrix": X @ R @ X.T,
    "two-point, one ridge": S @ R @ Eta @ R,
    "two-point, two ridges": S @ R @ Eta @ R2,
    "two-point, transposed": X @ R @ S @ R2 @ X.T,
    "three-point": S @ R @ Eta @ R @ S @ R,
    "three-point, two ridges": S @ R @ Eta @ R2 @ S @ R,
    "two samples of one law": R @ S @ RY,
    "random features": (W.T @ X.T @ X @ W + lam).inv,
    "estimator of random features": S @ features(W),
    "random features, two-point": features(W) @ S @ features(W),
    "random features, bagged": features(W) @ S @ features(V),
    "four matrices": (DEEP.T @ DEEP + lam).inv,
    "row covariance": Rho @ Z @ (Z.T @ Z + lam).inv @ Z.T,
    "random features, row covariance": (W.T @ Z.T @ Z @ W + lam).inv,
    "samples of two laws": S @ (X.T @ X + Z.T @ Z + lam).inv,
    "two spectra": S @ (X.T @ X + B.T @ B + lam).inv,
    "ridge by mode": Eta @ (X.T @ X + Diag(M, s) + lam).inv,
    "white": (Gaussian("G", P, N).T @ Gaussian("G", P, N) + lam).inv,
    "white features": (W.T @ Gaussian("G", P, M).T @ Gaussian("G", P, M) @ W + lam).inv,
    "symmetric": (H @ H + lam).inv,
    "nested": (Z @ R @ Z.T + mu).inv,
}
GIVEN = {
    "P": 7.0, "N": 9.0, "M": 12.0, "Q": 6.0, "lambda_": 0.4, "mu": 0.1,
    "eta": ETA, "s": 0.5 + np.sin(K) ** 2, "rho": 1 + np.arange(6) / 6,
}  # fmt: skip


def values(expression):
    return {p.name: GIVEN[p.name] for p in expression.parameters}


LONG = ("three-point", "three-point, two ridges", "random features, two-point", "four matrices")


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n in LONG)) for n in REFEREED])
def test_the_reduction_agrees_with_the_dyson_equation(name):
    expression = Expression(Tr(REFEREED[name]))
    given = values(expression)
    referee = solve_dyson(expression, **given)
    found = solve(expression.theory(), **given)
    assert found.error < 1e-11
    assert found.observables["value"] == pytest.approx(referee.observables["value"], rel=1e-9)


def value(matrix, **change):
    expression = Expression(Tr(matrix))
    return solve(expression.theory(), **{**values(expression), **change}).observables["value"]


def test_the_square_of_a_resolvent_is_its_derivative():
    step = 1e-4
    for matrix in (R, (W.T @ X.T @ X @ W + lam).inv):
        slope = (value(matrix, lambda_=0.4 + step) - value(matrix, lambda_=0.4 - step)) / (2 * step)
        assert value(matrix @ matrix) == pytest.approx(-slope, rel=1e-6)


def test_traces_are_cyclic_and_resolvents_invert():
    assert value(X @ R @ X.T) + 0.4 * value(R) == pytest.approx(12, rel=1e-12)
    assert value(X @ R @ X.T) == pytest.approx(value(X.T @ X @ R), rel=1e-12)
    assert value(S @ R @ Eta @ R2) == pytest.approx(value(Eta @ R @ S @ R2, lambda_=0.1, mu=0.4), rel=1e-11)


def test_the_resolvent_identity_holds_between_two_ridges():
    """R(λ) − R(μ) = (μ − λ) R(λ) R(μ)."""
    assert value(S @ R) - value(S @ R, lambda_=0.1) == pytest.approx(-0.3 * value(S @ R @ R2), rel=1e-11)


def test_equal_ridges_are_one_ridge():
    assert value(S @ R @ Eta @ R2, mu=0.4) == pytest.approx(value(S @ R @ Eta @ R), rel=1e-11)


def test_the_name_of_a_matrix_says_what_is_one_draw():
    same, other = value(R @ S @ R), value(R @ S @ RY)
    assert same > other * 1.01
    assert other == pytest.approx(np.sum(GIVEN["s"] * (value_by_mode() ** 2)), rel=1e-11)


def value_by_mode():
    """The diagonal of the mean of R, one mode at a time, from its traces with two test matrices."""
    kappa = solve(Expression(Tr(R)).theory(), **values(Expression(Tr(R)))).order_parameters["kappa"]
    return kappa / 0.4 / (kappa + 7 * ETA)


def test_colour_may_sit_in_the_matrix_or_beside_it():
    G = Gaussian("G", P, M)
    root = Diag(M, sp.sqrt(eta))
    assert value((root @ G.T @ G @ root + lam).inv) == pytest.approx(value(R), rel=1e-12)


def test_white_is_a_spectrum_of_ones():
    G = Gaussian("G", P, M)
    white = value((G.T @ G + lam).inv)
    assert white == pytest.approx(value(R, eta=np.ones(12)), rel=1e-12)
    # The root of a quadratic equation.
    b = 0.4 + 7 - 12
    assert white == pytest.approx((np.sqrt(b**2 + 4 * 12 * 0.4) - b) / 0.8, rel=1e-12)


@pytest.mark.slow
def test_many_random_features_are_no_features():
    assert value(S @ features(W), N=1e9) == pytest.approx(value(S @ R), rel=1e-7)
    task = {"P": 7, "ridge": 0.1, "noise": 0.2, "eigenvalues": ETA, "target_power": K**-1.5}
    narrow = solve(RandomFeatureRegression().theory(), **task, N=1e9, observables=["E_g", "E_train"]).observables
    kernel = solve(KernelRegression().theory(), **task, observables=["E_g", "E_train"]).observables
    assert narrow == pytest.approx(kernel, rel=1e-7)


def test_the_theory_is_the_same_in_every_order_of_declaration():
    one = Expression({"a": Tr(R), "b": Tr(S @ R2)}).theory()
    two = Expression({"b": Tr(S @ R2), "a": Tr(R)}).theory()
    given = {name: GIVEN[name] for name in ("P", "lambda_", "mu", "eta", "s")}
    assert solve(one, **given).observables == pytest.approx(solve(two, **given).observables, rel=1e-12)


def test_stages_of_the_ridge_come_in_the_order_of_the_matrices():
    task = {"P": 7, "N": 9, "ridge": 0.4, "noise": 0, "eigenvalues": ETA, "target_power": ETA}
    found = solve(RandomFeatureRegression().theory(), **task).order_parameters
    kappa, stage, df = found["kappa"], found["kappa_P"], found["df_1"]
    assert 0.4 < stage < kappa and df < 7
    assert stage == pytest.approx(kappa * (1 - df / 9), rel=1e-12) and stage * (1 - df / 7) == pytest.approx(0.4, rel=1e-12)


PARTS = ("bias2", "V_X", "V_W", "V_XW", "V_Xeps", "V_XWeps")
RF_TASK = {"P": 7, "N": 9, "ridge": 0.1, "noise": 0.2, "eigenvalues": ETA, "target_power": K**-1.5}


def test_the_analysis_of_variance_adds_up_identically():
    """As functions of the effective ridge, at any spectrum: not only on the solutions of the fixed point."""
    theory = RandomFeatureRegression().theory()
    rest = theory.expanded("E_g") - sp.Add(*[theory.expanded(name) for name in PARTS])
    basis = next(r for e in theory.equations if (r := resolvent_of(e.rhs, theory.unknowns[0].symbol)) is not None)
    assert sp.factor(basis.named(rest)[0]) == 0


@pytest.mark.parametrize("ridge", [0.1, 1e-12])
def test_every_part_of_the_variance_is_positive_and_precise(ridge):
    curve = sweep(RandomFeatureRegression().theory(), **{**RF_TASK, "ridge": ridge, "P": [1.0, 5, 9, 12, 40, 4000]})
    total = sum(curve[name] for name in PARTS)
    assert total == pytest.approx(curve["E_g"], rel=1e-9)
    assert all(np.all(curve[name] > 0) for name in PARTS) and np.max(curve.error) < 1e-10


@pytest.mark.slow
def test_two_ridges_stand_in_one_declaration():
    """Traces that two orders of the same factors share are verified through the relations between sums over two ridges."""
    target, noise = Quenched("w0", M), Noise("eps", P, variance=s2)
    labels = X @ target + noise

    def errors(ridge):
        fitted = W @ ((W.T @ X.T @ X @ W + ridge).inv @ (W.T @ (X.T @ labels)))
        return fitted - target, X @ fitted - labels

    (one, train), (two, other) = errors(lam), errors(mu)
    observe = {
        "E_g": sum_over(M, eta * one**2), "E_train": mean(P, train**2), "E_g_mu": sum_over(M, eta * two**2),
        "E_train_mu": mean(P, other**2), "cross": sum_over(M, eta * one * two), "cross_train": mean(P, train * other),
    }  # fmt: skip
    theory = Expression(observe).theory()
    given = {name: GIVEN[name] for name in ("P", "N", "lambda_", "mu", "eta")} | {"s": ETA, "sigma2": 0.2, "w0": W0}
    both, same = solve(theory, **given).observables, solve(theory, **{**given, "mu": given["lambda_"]}).observables
    for ridge, suffix in (("lambda_", ""), ("mu", "_mu")):
        task = {"P": given["P"], "N": given["N"], "ridge": given[ridge], "noise": 0.2}
        task |= {"eigenvalues": given["eta"], "target_power": given["eta"] * W0**2}
        alone = solve(RandomFeatureRegression().theory(), **task, observables=["E_g", "E_train"]).observables
        assert [both[f"E_g{suffix}"], both[f"E_train{suffix}"]] == pytest.approx([alone["E_g"], alone["E_train"]], rel=1e-9)
    assert [same["cross"], same["cross_train"]] == pytest.approx([same["E_g"], same["E_train"]], rel=1e-8)


def test_no_digit_is_lost_where_samples_and_features_are_as_many_and_the_ridge_is_tiny():
    theory, names = RandomFeatureRegression().theory(), ["E_g", "E_train", "V_XW"]
    task = {**RF_TASK, "P": 9.0, "ridge": 1e-12}
    found, exact = solve(theory, **task, observables=names).observables, evaluate(theory, 25, names, **task)
    assert all(found[name] == pytest.approx(float(exact[name]), rel=1e-13) for name in names)


def test_limits_of_the_analysis_of_variance():
    theory = RandomFeatureRegression().theory()
    many = solve(theory, **{**RF_TASK, "N": 1e9}).observables
    assert max(many["V_W"], many["V_XW"], many["V_XWeps"]) < 1e-7 < min(many["V_X"], many["V_Xeps"], many["bias2"])
    all_data = solve(theory, **{**RF_TASK, "P": 1e9}).observables
    assert max(all_data["V_X"], all_data["V_XW"], all_data["V_Xeps"], all_data["V_XWeps"]) < 1e-7 < all_data["V_W"]
    quiet = solve(theory, **{**RF_TASK, "noise": 0}, tolerance=1e-9).observables
    assert quiet["V_Xeps"] == quiet["V_XWeps"] == 0


def test_ensembles_lose_the_variance_that_their_members_do_not_share():
    theory = RandomFeatureRegression().theory()
    found = solve(theory, **RF_TASK, members=1e12).observables
    assert found["E_ensemble"] == pytest.approx(found["bias2"] + found["V_X"] + found["V_Xeps"], rel=1e-9)
    assert found["E_bagged"] == pytest.approx(found["bias2"], rel=1e-9)
    one = solve(theory, **RF_TASK).observables
    assert one["E_ensemble"] == one["E_bagged"] == one["E_g"]


def test_the_complex_ridge_gives_the_density_of_marchenko_and_pastur():
    G = Gaussian("G", P, N, variance=1 / P)
    x = np.array([0.5, 1.0, 1.5, 2.0])
    found = solve_dyson(Expression(Tr((G.T @ G + lam).inv) / N), P=200, N=100, lambda_=-x - 1e-7j, tolerance=1e-9)
    low, high = (1 - np.sqrt(0.5)) ** 2, (1 + np.sqrt(0.5)) ** 2
    exact = np.sqrt((high - x) * (x - low)) / (2 * np.pi * 0.5 * x)
    assert found.observables["value"].imag / np.pi == pytest.approx(exact, rel=1e-5)


def test_errors_at_one_ridge_keep_effective_ridges_of_their_own():
    """Random features and their kernel in one expression are what they are apart."""
    k = np.arange(1, 31.0)
    task = {"P": 20, "ridge": 0.05, "noise": 0.1, "eigenvalues": k**-1.3, "target_power": k**-1.5}
    both = solve(VarianceLimitedRegression().theory(), N=12, **task)
    narrow = solve(RandomFeatureRegression().theory(), N=12, members=1e12, observables=["E_g", "E_ensemble"], **task)
    wide = solve(KernelRegression().theory(), observables=["E_g"], **task)
    assert both["E_g"] == pytest.approx(narrow["E_g"], rel=1e-12)
    assert both["E_ensemble"] == pytest.approx(narrow["E_ensemble"], rel=1e-11)
    assert both["E_infinite"] == pytest.approx(wide["E_g"], rel=1e-12)
