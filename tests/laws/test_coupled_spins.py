"""Ising states that are coupled at their sites: uncoupled they factorise, tightly coupled they are one, and simulations agree."""

import pytest
import sympy as sp

from solvers import check, solve
from theory import Dim, Energy, Gaussian, State, heaviside, mean, sum_over
from theory.errors import DerivationError

J, T = sp.symbols("J T", positive=True)
N, P, S = Dim("N"), Dim("P"), Dim("S")
X, Y = Gaussian("X", P, N, variance=1 / N), Gaussian("Y", S, N, variance=1 / N)
s, t = State("s", N, prior="ising"), State("t", N, prior="ising")
MISTAKES = sum_over(P, heaviside(-(X @ s))) + sum_over(S, heaviside(-(Y @ t)))


def pair(shared=False, **how):
    energy = sum_over(P, heaviside(-(X @ s)) + heaviside(1 - X @ t)) if shared else MISTAKES
    observe = {"both": mean(N, s * t), "E": mean(P, heaviside(-(X @ s)))}
    return Energy(energy - J * sum_over(N, s * t), over=[s, t], temperature=T, observe=observe, name="pair", **how)


def alone():
    mistake = heaviside(-(X @ s))
    return Energy(sum_over(P, mistake), over=s, temperature=T, observe={"E": mean(P, mistake)}, name="alone")


@pytest.mark.slow
def test_weakly_coupled_states_factorise_and_tightly_coupled_ones_are_one_that_sees_all_samples():
    theory, single = pair().theory(), alone().theory()
    weak = solve(theory, N=1.0, P=0.7, S=0.4, J=1e-4, T=0.6, tolerance=1e-8)
    overlaps = [solve(single, N=1.0, P=samples, T=0.6)["q"] for samples in (0.7, 0.4)]
    assert [weak["q_P"], weak["q_S"]] == pytest.approx(overlaps, rel=1e-6)
    assert weak["both"] == pytest.approx(1e-4 / 0.6 * (1 - overlaps[0] * overlaps[1]), rel=1e-3)
    tight = solve(theory, N=1.0, P=0.7, S=0.4, J=12.0, T=0.6)
    one = solve(single, N=1.0, P=1.1, T=0.6)
    assert tight["both"] == pytest.approx(1, abs=1e-12)
    assert tight["E"] == pytest.approx(one["E"], rel=1e-8)
    assert tight["entropy"] == pytest.approx(one["entropy"], rel=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("shared", [False, True])
def test_simulations_agree(shared):
    values = dict(N=16, P=12, J=0.3, T=0.8) | ({} if shared else {"S": 8})
    found = check(pair(shared, algorithm="gibbs"), trials=60, **values)
    assert found.passed, found


def test_spins_beside_other_states_are_refused():
    v = State("v", N, prior="gaussian")
    with pytest.raises(DerivationError, match="Ising states coupled to others at a site are not derived"):
        Energy(sum_over(P, heaviside(-(X @ s))) - J * sum_over(N, s * v), over=[s, v], temperature=T).derive()
