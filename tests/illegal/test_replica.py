"""Energies that replicas do not derive, refused by name."""

import pytest
import sympy as sp

from theory import Dim, Energy, Gaussian, Noise, Signs, State, exp, heaviside, log, relu, sign, sum_over
from theory.errors import DerivationError
from theory.replica.general import derive_general

lam = sp.Symbol("lambda", positive=True)
N, P = Dim("N"), Dim("P")
X = Gaussian("X", P, N, variance=1 / N)
u, v, z = State("u", N, prior="spherical"), State("v", N), State("z", N)
g = State("g", N, prior="gaussian")
w, w0, y = State("w", N), Noise("w0", N), Signs("y", P)
RIDGE = lam * w.square() / 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Energy(sum_over(P, heaviside(-y * (X @ w))), over=w, phase="SAT"), "not normalisable; give it a prior"),
        (lambda: Energy(sum_over(P, relu(1 - X @ w0)) + RIDGE, over=w), "holds a teacher and no student"),
        (lambda: Energy(sum_over(P, relu(1 - y - X @ w)) + RIDGE, over=w), "they do not cancel against the fields"),
        (lambda: Energy(sum_over(P, relu(1 - X @ w - sum_over(N, w**2))) + RIDGE, over=w), "not linear in the state"),
        (
            lambda: Energy(
                sum_over(P, log(1 + exp(X @ w) + exp(X @ v) + exp(X @ z))) + RIDGE + v.square() + z.square(),
                over=[w, v, z],
                temperature=1,
            ),
            "couples h_1, h_2, h_3 smoothly, and at a temperature 6 averages nest; 2 fields are done, declare temperature 0",
        ),
        (
            lambda: Energy(sum_over(P, heaviside(-(X @ u))), over=u),
            "it jumps at h = 0, where a minimum at zero temperature breaks replica symmetry; declare ansatz='1RSB'",
        ),
        (
            lambda: Energy(sum_over(P, relu(1 - X @ g)), over=g, ansatz="1RSB"),
            "prior 'gaussian' of g: at temperature 0 the energy outweighs it; declare a temperature",
        ),
        (
            lambda: Energy(sum_over(P, heaviside(-(X @ u)) + heaviside(1 - X @ u)), over=u, ansatz="1RSB"),
            "kinks at|minima of its pieces cross in an order that is not known",
        ),
        (
            lambda: Energy(sum_over(P, heaviside(-sign(X @ w0) * (X @ u))), over=u, temperature=1, ansatz="1RSB"),
            "act through the fields .*one field of the state is derived, declare ansatz='RS'",
        ),
        (
            lambda: Energy(sum_over(P, relu(1 - X @ w - relu(X @ v))) + RIDGE + v.square() / 2, over=[w, v]),
            "it has kinks and couples .*declare a temperature or a potential of each by itself",
        ),
    ],
)
def test_what_has_no_replica_theory_is_refused_by_name(make, message):
    with pytest.raises(DerivationError, match=message):
        make().derive()


def test_an_ansatz_of_the_wrong_shape():
    derivation = derive_general(Energy(sum_over(P, relu(1 - y * (X @ w))) + RIDGE, over=w))
    with pytest.raises(DerivationError, match="2 order parameters in 'overlaps' for 1 forms"):
        derivation.replace("ansatz", overlaps=derivation["ansatz"]["overlaps"] * 2)
