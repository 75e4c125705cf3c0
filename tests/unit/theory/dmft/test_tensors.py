"""Random tensors in a dynamics: noise and memory of their slope, and a tensor of two indices, which is a symmetric matrix."""

import pickle

import numpy as np
import pytest
import sympy as sp

from solvers import march
from theory import models
from theory.declaration import Dim, Gaussian, Noise, State, Step, Tensor, gradient, mean, sum_over, tanh
from theory.errors import DeclarationError
from theory.symbols import size

N = Dim("N")
s, r = State("s", N), State("r", N)
J = Tensor("J", N, 3, variance=1 / (2 * N**2))
mu = sp.Symbol("mu", real=True)


@pytest.mark.parametrize("order", [2, 3, 4])
def test_noise_and_memory_of_a_slope(order):
    """Covariance p/2 C^(p-1) and kernel p(p-1)/2 C^(p-2) R of Crisanti, Horner and Sommers, sums over sites."""
    site = models.PSpinLangevin(order=order).theory().site
    h, n = sp.Symbol("h_1", real=True), size("N")
    (covariance,) = site.noise.values()
    (correlation,) = covariance.atoms(sp.core.function.AppliedUndef)
    assert sp.expand(covariance - sp.Rational(order, 2) * correlation ** (order - 1) / n ** (order - 1)) == 0
    ((kernel, response, field),) = site.memory[h]
    expected = sp.Rational(order * (order - 1), 2) * correlation ** (order - 2) / n ** (order - 1)
    assert sp.expand(kernel - expected) == 0 and str(field) == "s" and "R" in str(response)


def test_a_tensor_of_two_indices_is_a_symmetric_matrix():
    T, K, start = sp.Symbol("T", positive=True), Gaussian("K", N, N, variance=1 / N, symmetry=1), Noise("s_0", N)
    xi = Noise("xi", N, variance=2 * T, fresh="step")
    law = Step({s: -(K @ s) - mu * s + xi}, initial={s: start}, constraints={mu: sum_over(N, s**2) - N},
               observe={"energy": sum_over(N, s * (K @ s)) / (2 * N), "overlap": mean(N, s * start)})  # fmt: skip
    task = dict(t=[0.5, 1.5], time_step=0.25, samples=64, scrambles=2, N=40)
    one = march(models.PSpinLangevin(order=2).theory(), temperature=0.4, **task)
    two = march(law.theory(), T=0.4, **task)
    for name in ("energy", "overlap"):
        assert one[name] == pytest.approx(two[name], rel=1e-10)


def test_a_nonlinear_vector_in_a_tensor_is_sampled():
    """What acts through a tensor need not be linear: at short times from the expansion of the law."""
    law = Step({s: -s - J.gradient(tanh(s))}, initial={s: Noise("s_0", N)}, observe={"C": mean(N, s**2)})
    found = march(law.theory(), t=[0.0, 0.1], time_step=0.1, samples=1024, N=50)
    x, w = np.polynomial.hermite_e.hermegauss(60)
    power = (w @ np.tanh(x) ** 2) / w.sum()
    assert found["C"][1] == pytest.approx(0.9**2 + 0.1**2 * 1.5 * power**2, rel=3e-3)


def test_slopes_are_atoms_of_the_language():
    force = J.gradient(2 * s)
    assert force == 4 * J.gradient(s) and pickle.loads(pickle.dumps(force)) == force
    assert gradient(J(tanh(s)), s) == J.gradient(tanh(s)) * (1 - tanh(s) ** 2)
    assert J.gradient(s)._repr_latex_() == r"$\displaystyle \left[\nabla J\left(s\right)\right]_{n}$"
    moved = Step({s: -J.gradient(r), r: -r}, observe={"m": mean(N, s)}).rules[s.leaf]
    assert str(moved) == "-J.gradient(r)"


def test_what_is_no_vector_of_its_dimension_is_refused():
    with pytest.raises(DeclarationError, match="argument of J: v over M; pass a vector over N"):
        J.gradient(State("v", Dim("M")))
    with pytest.raises(DeclarationError, match="argument of J: 3 a int"):
        J.gradient(3)


def test_a_tensor_of_wrong_strength_is_refused():
    """Entries must scale as N^-(p-1)/2, or the force grows or vanishes with the size."""
    for variance, message in ((1 / N, "s drives itself by a factor that grows"), (1 / N**3, "h_1 in the law of s vanishes as r")):
        law = Step({s: -s - Tensor("K", N, 3, variance=variance).gradient(s)}, initial={s: Noise("s_0", N)})
        with pytest.raises(DeclarationError, match=f"the action is not of order one: .*{message}"):
            law.derive()
