"""What is drawn for every sample besides Gaussian fields: a law of several parts is a share of the samples for each of them."""

import pytest
import sympy as sp

from solvers import solve
from theory import (
    Atom,
    Dim,
    Drawn,
    Energy,
    Gaussian,
    Mixture,
    Noise,
    Normal,
    Signs,
    State,
    absolute,
    heaviside,
    mean,
    relu,
    sign,
    sum_over,
)

lam, share = sp.symbols("lambda rho", positive=True)
N, P, A, B = Dim("N"), Dim("P"), Dim("A"), Dim("B")
w, w0, g = State("w", N), Noise("w0", N), State("g", N, prior="spherical")
RIDGE = lam * w.square() / 2
OBSERVE = {"E_g": mean(N, (w - w0) ** 2)}


def data(dim, mean=0):
    return Gaussian(f"X{dim}", dim, N, variance=1 / N, mean=mean)


def solved(energy, **values):
    model = Energy(energy, over=w, observe=OBSERVE)
    return float(solve(model.theory(), N=1.0, lambda_=0.3, tolerance=1e-9, **values)["E_g"])


def huber(r):
    return r**2 / 2 - relu(absolute(r) - 1) ** 2 / 2


@pytest.mark.slow
def test_outliers_are_samples_of_another_noise():
    law = Mixture((1 - share, Normal(0, 0.1)), (share, Normal(1, 9)))
    mixed = sum_over(P, huber(data(P) @ (w - w0) - Drawn("e", P, law)))
    apart = sum_over(A, huber(data(A) @ (w - w0) - Noise("a", A, variance=0.1)))
    apart += sum_over(B, huber(data(B) @ (w - w0) - 1 - Noise("b", B, variance=9)))
    one, two = solved(mixed + RIDGE, P=2.0, rho=0.2), solved(apart + RIDGE, A=1.6, B=0.4)
    assert one == pytest.approx(two, rel=1e-8)


@pytest.mark.parametrize("loss", [absolute, lambda r: r**2 / 2])
def test_samples_that_are_missing_are_fewer_samples(loss):
    kept = Drawn("kept", P, Mixture((share, Atom(1)), (1 - share, Atom(0))))
    residual = data(P) @ (w - w0) - Noise("e", P, variance=0.5)
    masked, all_of_them = sum_over(P, kept * loss(residual)), sum_over(P, loss(residual))
    assert solved(masked + RIDGE, P=2.0, rho=0.7) == pytest.approx(solved(all_of_them + RIDGE, P=1.4), rel=1e-8)


@pytest.mark.parametrize("shift", [0, 1])
def test_labels_that_fields_do_not_take_up_halve_the_samples(shift):
    """A threshold, or data with a mean: both signs are seen apart."""
    y, mean = Signs("y", P), shift / N
    whole = sum_over(P, relu(1 - y * (data(P, mean) @ w - 0.3)))
    halves = sum_over(A, relu(1 - (data(A, mean) @ w - 0.3))) + sum_over(B, relu(1 + (data(B, mean) @ w - 0.3)))
    assert solved(whole + RIDGE, P=2.0) == pytest.approx(solved(halves + RIDGE, A=1.0, B=1.0), rel=1e-8)


def test_observables_of_samples_are_averaged_over_labels():
    """Fields are centred however the labels are, and half of them are positive."""
    stability = Signs("y", P) * (data(P) @ w)
    seen = {"field": mean(P, data(P) @ w), "positive": mean(P, heaviside(data(P) @ w)), "stability": mean(P, stability)}
    found = solve(Energy(sum_over(P, relu(1 - stability)) + RIDGE, over=w, observe=seen).theory(), P=2.0, N=1.0, lambda_=0.3)
    assert abs(found["field"]) < 1e-12 < found["stability"] and found["positive"] == pytest.approx(0.5)


def test_a_capacity_with_signs_in_the_way():
    """A label in front of an odd function of the field is a label in front of the field, and so is one in a sign of it."""
    y, X = Signs("y", P), data(P)
    for errors in (heaviside(-y * sign(X @ g)), heaviside(-y * (X @ g) ** 3)):
        theory = Energy(sum_over(P, errors), over=g, phase="SAT").theory()
        assert solve(theory, P=0.1, N=1.0)["capacity"] == pytest.approx(2)


def test_a_conjugate_that_samples_drive_is_not_zero():
    """The search for a solution may pass where a conjugate is negligible; no sample holds it there."""
    kept = Drawn("kept", P, Mixture((share, Atom(1)), (1 - share, Atom(0))))
    residual = data(P) @ (w - w0) - Noise("e", P, variance=0.5)
    values = dict(N=15.0, lambda_=0.3, tolerance=1e-6)
    masked = Energy(sum_over(P, kept * residual**2 / 2) + RIDGE, over=w, observe=OBSERVE).theory()
    whole = Energy(residual.square() / 2 + RIDGE, over=w, observe=OBSERVE).theory()
    one, two = solve(masked, P=30.0, rho=0.7, **values)["E_g"], solve(whole, P=21.0, **values)["E_g"]
    assert one == pytest.approx(two, rel=1e-8)
