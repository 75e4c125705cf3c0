"""What a replica theory must satisfy whatever its formula: invariances, limits, equal declarations, interventions."""

import numpy as np
import pytest
import sympy as sp

from solvers.compile import compile_expressions
from theory import (
    Deterministic,
    Dim,
    Energy,
    Gaussian,
    Noise,
    Quenched,
    Signs,
    State,
    average,
    mean,
    quadratic_form,
    sum_over,
)
from theory.errors import DerivationError
from theory.modes import ModeArray
from theory.normal_form import normal_form, resolvent_of
from theory.replica import derive
from theory.replica.hierarchy import Hierarchical
from theory.symbols import size

lam, s2, T = sp.symbols("lambda sigma2 T", positive=True)
RNG = np.random.default_rng(3)
ETA = 2.0 * np.arange(1, 9) ** -1.3
W0 = RNG.normal(size=8)


def ridge(colour="columns", temperature=0, weight=1, **observe):
    """Ridge regression on coloured Gaussian data; the colour in the data, or in the weights."""
    M, P = Dim("M", "eta"), Dim("P")
    (eta,) = M.spectra
    w0, eps, w = Quenched("w0", M), Noise("eps", P, variance=s2), State("w", M)
    if colour == "columns":
        X = Gaussian("X", P, M, column_covariance=eta)
        f, y = X @ w, X @ w0 + eps
    else:
        X = Gaussian("X", P, M)
        f, y = X @ (sp.sqrt(eta) * w), X @ (sp.sqrt(eta) * w0) + eps
    energy = weight * ((f - y).square() / 2 + lam * w.square() / 2)
    seen = {"E_g": sum_over(M, eta * (w - w0) ** 2), "E_train": mean(P, (f - y) ** 2), **observe}
    return Energy(energy, over=w, temperature=temperature, observe=seen)


def numbers(theory, extra=(), **scalars):
    """Solve by bisection in plain NumPy and evaluate every observable; for small tests of equality only."""
    values = {s: scalars[s.name] for e in theory.equations for s in e.free_symbols if s.name in scalars}
    values |= {s: scalars[s.name] for v in theory.observables.values() for s in v.free_symbols if s.name in scalars}
    arrays = {ModeArray("eta", nonnegative=True): ETA, ModeArray("w0", real=True): W0, **dict(extra)}
    if len(theory.unknowns) == 1:
        f = compile_expressions([theory.equations[0].rhs - theory.equations[0].lhs])
        low, high = -40.0, 40.0
        for _ in range(200):
            middle = (low + high) / 2
            positive = f({**values, theory.unknowns[0].symbol: np.exp(middle)}, arrays, counts={"M": 8})[0] > 0
            low, high = (middle, high) if positive else (low, middle)
        values[theory.unknowns[0].symbol] = np.exp(low)
    else:
        for u in theory.unknowns:
            values[u.symbol] = 1.0
        for _ in range(4000):
            for u, e in zip(theory.unknowns, theory.equations, strict=True):
                new = compile_expressions([e.rhs])(values, arrays)[0]
                values[u.symbol] = 0.7 * values[u.symbol] + 0.3 * float(new)
    names = list(theory.observables)
    found = compile_expressions([theory.expanded(n) for n in names])(values, arrays)
    return dict(zip(names, map(float, found), strict=True))


POINT = dict(P=5.0, sigma2=0.2)
POINT["lambda"] = 0.3


def test_the_colour_may_sit_in_the_data_or_in_the_weights():
    one, other = numbers(ridge("columns").theory(), **POINT), numbers(ridge("weights").theory(), **POINT)
    assert one == pytest.approx(other, rel=1e-9)
    M, P = Dim("M", "eta"), Dim("P")
    (eta,) = M.spectra
    X, w0, eps, v = Gaussian("X", P, M), Quenched("w0", M), Noise("eps", P, variance=s2), State("v", M)
    same = Energy(
        (X @ v - X @ (sp.sqrt(eta) * w0) - eps).square() / 2 + lam * sum_over(M, v**2 / eta) / 2,
        over=v,
        observe={"E_g": sum_over(M, (v - sp.sqrt(eta) * w0) ** 2)},
    )
    assert numbers(same.theory(), **POINT)["E_g"] == pytest.approx(one["E_g"], rel=1e-9)


def test_zero_temperature_is_the_limit_of_the_theory_at_temperature():
    cold = numbers(ridge().theory(), **POINT)
    differences = []
    for t in (1e-2, 1e-3):
        warm = numbers(ridge(temperature=T).theory(), T=t, **POINT)
        differences.append(warm["E_g"] - cold["E_g"])
    assert differences[0] > 0 and differences[1] == pytest.approx(differences[0] / 10, rel=1e-6)


def test_the_energy_may_be_scaled_at_zero_temperature():
    assert numbers(ridge(weight=3).theory(), **POINT) == pytest.approx(numbers(ridge().theory(), **POINT), rel=1e-9)


def test_two_sets_of_samples_are_one_larger_set():
    M, P, Q = Dim("M", "eta"), Dim("P"), Dim("Q")
    (eta,) = M.spectra
    w0, w = Quenched("w0", M), State("w", M)
    X, Z = Gaussian("X", P, M, column_covariance=eta), Gaussian("Z", Q, M, column_covariance=eta)
    e, g = Noise("e", P, variance=s2), Noise("g", Q, variance=s2)
    both = Energy(
        (X @ w - X @ w0 - e).square() / 2 + (Z @ w - Z @ w0 - g).square() / 2 + lam * w.square() / 2,
        over=w,
        observe={"E_g": sum_over(M, eta * (w - w0) ** 2)},
    )
    split = numbers(both.theory(), **{**POINT, "P": 2.0, "Q": 3.0})
    assert split["E_g"] == pytest.approx(numbers(ridge().theory(), **POINT)["E_g"], rel=1e-8)


def test_rescaled_samples_are_a_theory_with_row_covariance():
    """Rows of variance 4 are the same as targets, noise and ridge of the plain model in other units."""
    M, P = Dim("M", "eta"), Dim("P")
    (eta,) = M.spectra
    X, w0, w = Gaussian("X", P, M, column_covariance=eta, row_covariance=4), Quenched("w0", M), State("w", M)
    loud = Energy(
        (X @ w - X @ w0 - Noise("eps", P, variance=4 * s2)).square() / 2 + lam * w.square() / 2,
        over=w,
        observe={"E_g": sum_over(M, eta * (w - w0) ** 2)},
    )
    plain = numbers(ridge().theory(), **{**POINT, "lambda": POINT["lambda"] / 4})
    assert numbers(loud.theory(), **POINT)["E_g"] == pytest.approx(plain["E_g"], rel=1e-9)


def test_a_diagonal_test_matrix_is_a_weighted_sum():
    M, P = Dim("M", "eta"), Dim("P")
    (eta,) = M.spectra
    O, w0, w = Deterministic("O", M, M), Quenched("w0", M), State("w", M)
    X = Gaussian("X", P, M, column_covariance=eta)
    model = Energy(
        (X @ w - X @ w0 - Noise("eps", P, variance=s2)).square() / 2 + lam * w.square() / 2,
        over=w,
        observe={"E_ood": quadratic_form(O, w - w0), "E_g": sum_over(M, eta * (w - w0) ** 2)},
    )
    found = numbers(model.theory(), extra={ModeArray("O", rank=2, real=True): np.diag(ETA)}.items(), **POINT)
    assert found["E_ood"] == pytest.approx(found["E_g"], rel=1e-9)


def test_bias_and_variance_add_up_to_the_error():
    M = Dim("M", "eta")
    (eta,) = M.spectra
    w, w0 = State("w", M), Quenched("w0", M)
    model = ridge(bias=sum_over(M, eta * (average(w) - w0) ** 2), variance=sum_over(M, eta * (w - average(w)) ** 2))
    found = numbers(model.theory(), **POINT)
    assert found["bias"] + found["variance"] == pytest.approx(found["E_g"], rel=1e-9)


def test_random_signs_as_labels_are_noise_of_variance_one():
    M, P = Dim("M", "eta"), Dim("P")
    (eta,) = M.spectra
    X, w = Gaussian("X", P, M, column_covariance=eta), State("w", M)
    signs, unit = Signs("y", P), Noise("y", P, variance=1)
    gauged = Energy((1 - signs * (X @ w)).square() / 2 + lam * w.square() / 2, over=w, observe={"size": w.square()})
    noise = Energy((unit - X @ w).square() / 2 + lam * w.square() / 2, over=w, observe={"size": w.square()})
    assert numbers(gauged.theory(), **POINT)["size"] == pytest.approx(numbers(noise.theory(), **POINT)["size"], rel=1e-9)


def test_the_training_error_is_the_derivative_of_the_minimal_energy():
    """dE_min/dlambda = |w|²/2: a relation between the energy, the training error and the norm that no formula was told."""
    M = Dim("M", "eta")
    w = State("w", M)
    theory = ridge(norm=w.square()).theory()

    def energy(ridge_value):
        found = numbers(theory, **{**POINT, "lambda": ridge_value})
        return POINT["P"] * found["E_train"] / 2 + ridge_value * found["norm"] / 2

    step = 1e-4
    slope = (energy(POINT["lambda"] + step) - energy(POINT["lambda"] - step)) / (2 * step)
    assert slope == pytest.approx(numbers(theory, **POINT)["norm"] / 2, rel=1e-6)


def test_a_broken_ansatz_that_does_not_break_gives_the_same_free_energy():
    derivation = derive(ridge())
    (parameter,) = derivation["ansatz"]["order_parameters"]
    c, q = parameter.overlap.coefficients
    c_hat, q_hat = parameter.conjugate.coefficients
    m = sp.Symbol("m", positive=True)
    broken = type(parameter)(Hierarchical([c, 0, q], [m]), Hierarchical([c_hat, 0, q_hat], [m]), parameter.scaled)
    other = derivation.replace("ansatz", order_parameters=(broken,))
    difference = other["limit n -> 0"]["free_energy"] - derivation["limit n -> 0"]["free_energy"]
    assert sp.simplify(sp.expand(difference)) == 0


def test_results_in_normal_form_are_equal_expressions():
    M = Dim("M", "eta")
    (eta,) = M.spectra
    w, w0 = State("w", M), Quenched("w0", M)
    model = ridge(error=sum_over(M, eta * w**2) - 2 * sum_over(M, eta * w * w0) + sum_over(M, eta * w0**2))
    theory = model.theory()
    resolvent = resolvent_of(theory.equations[0].rhs, theory.unknowns[0].symbol)
    one, two = (normal_form(theory.expanded(n), resolvent, lam, theory.equations[0])[0] for n in ("E_g", "error"))
    assert one == two


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda M, P, X, w: Energy((sp.Integer(1) - 2 * (X @ w)).map(sp.tanh).square() + lam * w.square(), over=w),
            "is not convex in h, .* a temperature",
        ),
        (lambda M, P, X, w: Energy((X @ w).square() + sum_over(M, w**4 - w**2), over=w), "is not convex in w, .* a temperature"),
        (lambda M, P, X, w: Energy(w.square(), over=w), "there is no disorder to average"),
        (lambda M, P, X, w: Energy(((X.T @ (X @ w)) - w).square() + w.square(), over=w), "resolvent engine"),
        (
            lambda M, P, X, w: Energy((X @ w).square() + w.square(), over=w, observe={"x": sum_over(M, w.map(sp.tanh))}),
            "not polynomial",
        ),
    ],
)
def test_what_replicas_do_not_take_yet_is_named(change, message):
    M, P = Dim("M"), Dim("P")
    with pytest.raises(DerivationError, match=message):
        derive(change(M, P, Gaussian("X", P, M, variance=1 / M), State("w", M)))


def test_sizes_stay_plain_symbols():
    theory = ridge().theory()
    assert size("P") in theory.equations[0].free_symbols
