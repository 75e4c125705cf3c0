"""Laws of linear dynamics: its end is the replica result, its response the resolvent, its steps tend to the flow."""

import numpy as np
import pytest
import sympy as sp
from scipy.special import iv

from solvers import solve, sweep
from theory import Dim, Energy, Expression, Gaussian, Noise, Quenched, State, Step, Tr, mean, sum_over
from theory.dmft.notation import z
from theory.models import KernelRegression, OnePassLinearRegression, RandomFeatureRegression
from theory.normal_form import normal_form, resolvent_of, written_out
from theory.symbols import kappa, ridge

g, s2 = sp.symbols("g sigma2", positive=True)
K = np.arange(1, 13.0)
ETA, A2 = 2 * K**-1.3, K**-1.5
TASK = {"P": 7.0, "ridge": 0.1, "noise": 0.2, "eigenvalues": ETA, "target_power": A2}
TIMES = np.array([0.0, 0.01, 0.3, 2.0, 30.0])


def flow(model, *names):
    observe = {n: model.observe[n] for n in names or model.observe}
    parameters = [p for p in model.parameters if p.name != "members"]
    return Energy(model.energy, over=model.over, observe=observe, parameters=parameters, name="flow").flow()


@pytest.fixture(scope="module")
def ridge_flow():
    return flow(KernelRegression())


def test_the_flow_ends_in_the_replica_result_as_one_expression(ridge_flow):
    replica = KernelRegression().theory()
    end = ridge_flow.theory().stationary()
    assert sp.expand(end.equations[0].rhs - replica.equations[0].rhs) == 0
    basis = resolvent_of(replica.equations[0].rhs, kappa)
    for name in replica.observables:
        forms = [normal_form(t.expanded(name), basis, ridge, replica.equations[0])[0] for t in (replica, end)]
        if name == "mode_errors":  # one mode is no sum, and has no normal form
            forms = [sp.factor(written_out(form, basis)) for form in forms]
        assert forms[0] == forms[1], name


def test_the_flow_of_random_features_ends_in_the_resolvent_result():
    model = RandomFeatureRegression()
    dynamic = flow(model, "E_g")
    static = Energy(model.energy, over=model.over, observe=dynamic.observe, parameters=dynamic.parameters[1:])
    resolvent, end = static.minimiser().theory(), dynamic.theory().stationary()
    basis = resolvent_of(end.equations[0].rhs, kappa)
    # The resolvent engine keeps the ridge of the samples as a second unknown; it is explicit in κ.
    inner = next(u.symbol for u in resolvent.unknowns if u.symbol != kappa)
    outer = next(e for e in resolvent.equations if e.lhs == kappa)
    ridges = {inner: sp.solve(outer.lhs - outer.rhs, inner)[0]}
    equation = next(e for e in resolvent.equations if e.lhs == inner)
    implied = sp.solve((equation.lhs - equation.rhs).xreplace(ridges), ridge)[0]
    own = sp.solve(end.equations[0].lhs - end.equations[0].rhs, ridge)[0]
    assert basis.named(implied)[0] == basis.named(own)[0]
    forms = [basis.named(t.expanded("E_g").xreplace(ridges).xreplace({ridge: own}))[0] for t in (resolvent, end)]
    assert forms[0] == forms[1]


def white(M, P):
    """v' = −XᵀX v from white noise, for data of unit variance per sample."""
    X, v = Gaussian("X", P, M, variance=1 / M), State("v", M, initial_variance=1)
    return X, Step({v: -(X.T @ (X @ v))}, observe={"norm": mean(M, v**2)})


def test_the_response_is_the_resolvent_of_the_resolvent_engine():
    M, P = Dim("M", "eta"), Dim("P")
    (eta,) = M.spectra
    X, v = Gaussian("X", P, M, column_covariance=eta), State("v", M)
    rate = -(X.T @ (X @ v)) - ridge * v + Quenched("b", M)
    dynamic = Step({v: rate}, observe={"end": sum_over(M, v)}).theory()
    theory = Expression(Tr((X.T @ X + ridge).inv)).theory()
    equation = dynamic.equations[0]
    assert equation.rhs.xreplace({z: sp.S.Zero}) == theory.equations[0].rhs
    assert equation.rhs.diff(z) == 1, "frequency and ridge are one"


def test_correlations_of_semicircle_and_of_independent_entries():
    N = Dim("N")
    h = State("h", N, initial_variance=1)

    def network(**law):
        return Step({h: g * (Gaussian("J", N, N, variance=1 / N, **law) @ h)}, observe={"C": mean(N, h**2)}).theory()

    t = np.array([0.25, 1.0, 3.0])
    found = sweep(network(), t=t, g=1.3, N=100)
    assert found["C"] == pytest.approx(iv(0, 2.6 * t), rel=1e-9)
    found = sweep(network(symmetry=1), t=t, g=1.0, N=100)
    assert found["C"] == pytest.approx(iv(1, 4 * t) / (2 * t), rel=1e-9)
    assert (found.error < 1e-10).all()


def test_white_data_relax_with_the_law_of_marchenko_and_pastur():
    M, P = Dim("M"), Dim("P")
    _, model = white(M, P)
    ratio = 0.5
    low, high = (1 - ratio**0.5) ** 2, (1 + ratio**0.5) ** 2
    x, weight = np.polynomial.legendre.leggauss(400)
    angle = np.pi / 2 * (x + 1)
    eigenvalues = (high + low) / 2 - (high - low) / 2 * np.cos(angle)
    density = (high - low) / 2 * np.sin(angle) * np.sqrt((high - eigenvalues) * (eigenvalues - low)) / (2 * np.pi * eigenvalues)
    mass = density * weight * np.pi / 2
    expected = [(1 - mass.sum()) + (mass * np.exp(-2 * t * eigenvalues)).sum() for t in TIMES]
    found = sweep(model.theory(), t=TIMES, M=200, P=100)
    assert found["norm"] == pytest.approx(expected, rel=1e-9)


def test_steps_of_euler_tend_to_the_flow_linearly(ridge_flow):
    theory = flow(KernelRegression(), "E_g", "E_train").theory()
    exact = solve(theory, t=1.0, **TASK)
    steps = np.array([0.02, 0.01, 0.005])
    found = sweep(theory, t=1.0, time_step=steps, **TASK)
    for name in ("E_g", "E_train"):
        error = found[name] - exact[name]
        assert error[:-1] / error[1:] == pytest.approx(2.0, abs=0.25), name
        assert abs(2 * found[name][2] - found[name][1] - exact[name]) < 0.2 * abs(error[2]), name


def test_steps_of_one_are_powers_of_the_drawn_matrix():
    N = Dim("N")
    h = State("h", N, initial_variance=1)
    J = Gaussian("J", N, N, variance=1 / N, symmetry=1)
    theory = Step({h: h / 2 + g * (J @ h)}, observe={"C": mean(N, h**2)}, continuous=False).theory()
    angle = (np.arange(200) + 0.5) * np.pi / 200
    weight = np.sin(angle) ** 2 / np.sum(np.sin(angle) ** 2)
    n = np.array([0, 1, 2, 7, 20])
    expected = [(weight * (0.5 + 0.3 * 2 * np.cos(angle)) ** (2 * k)).sum() for k in n]
    assert sweep(theory, t=n, g=0.3, N=50)["C"] == pytest.approx(expected, rel=1e-9)


def test_the_end_of_a_long_run_is_the_stationary_theory(ridge_flow):
    names = ("E_g", "E_train", "variance")
    theory = flow(KernelRegression(), *names).theory()
    late, end = solve(theory, t=1e7, **TASK), solve(theory.stationary(), **TASK)
    for name in names:
        assert late[name] == pytest.approx(end[name], rel=1e-9), name


def test_contributions_of_modes_sum_to_the_error_without_noise(ridge_flow):
    task = {**TASK, "noise": 0.0}
    found = solve(ridge_flow.theory(), t=0.7, observables=["E_g", "mode_errors", "target_mode_contributions"], **task)
    assert found["target_mode_contributions"].sum() == pytest.approx(found["E_g"], rel=1e-9)
    assert found["mode_errors"].sum() == pytest.approx(found["E_g"], rel=1e-9)
    step = 1e-3 * A2[3]
    up, down = (
        solve(ridge_flow.theory(), t=0.7, observables="E_g", **{**task, "target_power": A2 + s * step * (K == 4)})["E_g"]
        for s in (1, -1)
    )
    assert found["target_mode_contributions"][3] == pytest.approx(A2[3] * (up - down) / (2 * step), rel=1e-8)


def test_fluctuations_of_noise_drop_out_of_the_mean():
    M, P = Dim("M", "eta"), Dim("P")
    (eta,) = M.spectra
    X, v = Gaussian("X", P, M, column_covariance=eta), State("v", M)
    rate = X.T @ (Noise("e", P, variance=s2) - X @ v)
    theory = Step({v: rate}, observe={"mean": mean(M, v), "power": mean(M, v**2)}).theory()
    assert solve(theory, t=1.0, sigma2=0.5, eta=ETA, P=9, observables="mean")["mean"] == 0


def test_descent_on_fresh_batches_is_a_dynamics_whose_matrix_is_drawn_at_every_step():
    """One pass by the single-site process: the leading order of its exact recursion of moments."""
    k = np.arange(1, 41.0)
    rate, noise = sp.symbols("h sigma2", positive=True)
    modes, batch = Dim("M", "eta", "a2"), Dim("B")
    eta, a2 = modes.spectra
    data, errors = Gaussian("X", batch, modes, fresh="step"), Noise("e", batch, variance=noise, fresh="step")
    w = State("w", modes)
    gap = sp.sqrt(eta) * w - sp.sqrt(a2)
    rule = w - rate * sp.sqrt(eta) * (data.T @ (data @ gap - errors))
    model = Step({w: rule}, {"E_g": sum_over(modes, gap**2)}, continuous=False, name="one pass")
    found = sweep(model.theory(), t=[1, 5, 10], B=10, h=0.03, sigma2=0.2, eta=2 * k**-1.3, a2=k**-1.4)
    exact = sweep(OnePassLinearRegression().theory(), t=[1, 5, 10], batch=10, learning_rate=0.3, noise=0.2,
                  eigenvalues=2 * k**-1.3, target_power=k**-1.4, observables="E_g_leading")  # fmt: skip
    assert found["E_g"] == pytest.approx(exact["E_g_leading"], rel=5e-3)
    assert found["E_g"][:2] == pytest.approx(exact["E_g_leading"][:2], rel=1e-8)
