"""Energies that replicas do not derive, refused by name."""

import pytest
import sympy as sp

from theory import Density, Dim, Drawn, Energy, Gaussian, Mixture, Noise, Signs, State, exp, heaviside, log, relu, sign, sum_over
from theory.errors import DerivationError
from theory.replica.general import derive_general

lam, tau = sp.symbols("lambda tau", positive=True)
N, P = Dim("N"), Dim("P")
X, Z = Gaussian("X", P, N, variance=1 / N), Gaussian("Z", P, N, variance=1 / N)
M = Dim("M", "eta")
A, t, t0 = Gaussian("A", P, M, column_covariance=M.spectra[0]), State("t", M, prior="spherical"), Noise("t0", M)
u, v, z = State("u", N, prior="spherical"), State("v", N), State("z", N)
s = State("s", N, prior="ising")
g = State("g", N, prior="gaussian")
z2 = State("z2", P)
w, w0, y = State("w", N), Noise("w0", N), Signs("y", P)
RIDGE = lam * w.square() / 2
LAPLACE = Mixture((1, Density(lambda x: exp(-abs(x)) / 2)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Energy(sum_over(P, heaviside(-y * (X @ w))), over=w, phase="SAT"), "not normalisable; give it a prior"),
        (lambda: Energy(sum_over(P, relu(1 - X @ w0)) + RIDGE, over=w), "holds a teacher and no student"),
        (
            lambda: Energy(sum_over(P, relu(1 - X @ w + Drawn("e", P, LAPLACE))) + RIDGE, over=w),
            "law of e: averages over what is drawn from .* for a sample are not derived; mix Gaussians and atoms",
        ),
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
            lambda: Energy(sum_over(P, heaviside(-(X @ u)) + X @ v) + v.square(), over=[u, v]),
            "replicas of one State are derived|it jumps at h",
        ),
        (
            lambda: Energy(sum_over(P, relu(1 - X @ w)) + RIDGE, over=w, ansatz="1RSB"),
            "its energy is convex, so that replicas do not break; declare ansatz='RS'",
        ),
        (
            lambda: Energy(sum_over(P, heaviside(-(X @ s))), over=s, ansatz="1RSB"),
            "signs s freeze where energies jump, as on P: .*declare a temperature and ansatz='RS'",
        ),
        (
            lambda: Energy(sum_over(P, z2 * (X @ w)) + RIDGE + z2.square(), over=[w, z2]),
            "the state z2 stands beside a random field; couplings of states of two dimensions are not derived",
        ),
        (
            lambda: Energy(sum_over(N, w**4) - (X @ w).square() / 2, over=w),
            "potential -h\\*\\*2/2: it bends down, and states of any norm fall without bound; give them the spherical prior",
        ),
        (
            lambda: Energy(sum_over(P, tau * relu(X @ w - X @ w0) ** 2 + (1 - tau) * relu(X @ w0 - X @ w) ** 2) + RIDGE, over=w),
            "is not convex in h, as .* may be negative; .* or positive symbols that show the sign",
        ),
        (
            lambda: Energy(sum_over(P, heaviside(-(X @ g))), over=g, ansatz="1RSB"),
            "prior 'gaussian' of g: at temperature 0 the energy outweighs it; declare a temperature",
        ),
        (
            lambda: Energy(sum_over(P, heaviside(-(X @ u)) + heaviside(1 - X @ u)), over=u, ansatz="1RSB"),
            "kinks at|minima of its pieces cross in an order that is not known",
        ),
        (
            lambda: Energy(sum_over(P, heaviside(-sign(X @ w0) * (X @ u)) + heaviside(Z @ u)), over=u, temperature=1,
                           ansatz="1RSB"),
            "act through the fields h_1, h_2 of the state; .* one is derived, declare ansatz='RS'",
        ),
        (
            lambda: Energy(sum_over(P, heaviside(-sign(X @ w0) * (X @ u))) - sum_over(N, u**2 * w0) ** 2 / N, over=u, temperature=1,
                           ansatz="1RSB"),
            "sum of w\\*\\*2\\*w0: with a spherical state only sums linear in it are derived",
        ),
        (
            lambda: Energy(sum_over(P, relu(-sign(X @ w0) * (X @ u))) + sum_over(N, w0**2 * u**2), over=u, temperature=1,
                           ansatz="1RSB"),
            "w0\\*\\*2 makes sites differ; with broken replicas only sums may",
        ),
        (
            lambda: Energy(sum_over(P, heaviside(-sign(A @ t0) * (A @ t))), over=t, temperature=1, ansatz="1RSB"),
            "their overlap .* makes sites differ; declare them alike",
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


STORED = sum_over(P, heaviside(-(X @ u)))
S = Dim("S")


@pytest.mark.parametrize(
    ("make", "over", "message"),
    [
        (lambda: Energy(STORED, over=u, ansatz="1RSB"), None, "states of zero energy are what it counts; declare phase='SAT'"),
        (
            lambda: Energy(sum_over(P, heaviside(-(X @ s))), over=s, phase="SAT"),
            None,
            "prior 'ising' does not shrink to points, they are left until their entropy vanishes, trace",
        ),
        (lambda: Energy(sum_over(P, heaviside(-(X @ g))), over=g, phase="SAT"), None, "prior 'gaussian' .*their norm is free"),
        (
            lambda: Energy(STORED + sum_over(S, heaviside(1 - Gaussian("Y", S, N, variance=1 / N) @ u)), over=u, phase="SAT"),
            None,
            "samples over P, S; give one of P, S",
        ),
        (lambda: Energy(STORED, over=u, phase="SAT"), "Q", "samples over Q; .*P"),
        (
            lambda: Energy(sum_over(P, heaviside(-sign(X @ w0) * (X @ u))), over=u, phase="SAT"),
            None,
            "a teacher labels P; its own state has zero energy always",
        ),
    ],
)
def test_what_has_no_capacity_of_its_form_is_refused_by_name(make, over, message):
    with pytest.raises(DerivationError, match=message):
        make().capacity(over)


def test_an_ansatz_of_the_wrong_shape():
    derivation = derive_general(Energy(sum_over(P, relu(1 - y * (X @ w))) + RIDGE, over=w))
    with pytest.raises(DerivationError, match="2 order parameters in 'overlaps' for 1 forms"):
        derivation.replace("ansatz", overlaps=derivation["ansatz"]["overlaps"] * 2)
