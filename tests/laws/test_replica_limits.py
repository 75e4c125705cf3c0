"""Replica theories at zero temperature as limits; energies of several dimensions, teachers and states as simpler ones."""

import math

import numpy as np
import pytest
import sympy as sp

from solvers import simulate, solve, sweep
from solvers.compile import compile_expressions
from theory import Dim, Energy, Gaussian, Noise, Signs, Spectrum, State, exp, heaviside, log, mean, relu, sign, sum_over
from theory.replica.general import derive_general

T, lam = sp.Symbol("T", positive=True), sp.Symbol("lambda", positive=True)
N, M, P = Dim("N"), Dim("M"), Dim("P")
X, Z = Gaussian("X", P, N, variance=1 / N), Gaussian("Z", P, M, variance=1 / N)
w, v, s = State("w", N), State("v", M), State("s", N, prior="spherical")
BLOCKS = {"w2": mean(N, w**2), "v2": mean(M, v**2)}
ERRORS = sum_over(P, heaviside(-(X @ s)))


def test_a_volume_of_solutions_is_the_limit_of_temperatures():
    """An error costs exp(-1/T); while q < 1/2 it is this and not the tail of the fields that rules the approach."""
    volume = solve(Energy(ERRORS, over=s, phase="SAT").theory(), P=0.3, N=1.0).order_parameters
    warm = Energy(ERRORS, over=s, temperature=T).theory()
    found = sweep(warm, P=0.3, N=1.0, T=1 / np.array([8.0, 9.0, 10.0]), tolerance=1e-8)
    for name, sign_of in (("q", 1), ("replicon", -1)):
        gaps = sign_of * (volume[name] - found[name])
        assert gaps[1:] / gaps[:-1] == pytest.approx(np.exp(-1), rel=1e-2) and 0 < gaps[2] < 1e-3


@pytest.mark.slow
def test_a_minimum_is_the_limit_of_temperatures():
    """At a kink of the loss samples stay within the root of the temperature, by which the replicon approaches its limit; overlaps
    and c/T do so by T up to logarithms."""
    loss = sum_over(P, relu(1 - X @ w)) + lam * w.square() / 2
    cold = solve(Energy(loss, over=w).theory(), P=1.5, N=1.0, lambda_=0.2).order_parameters
    temperatures = np.array([8e-3, 4e-3, 2e-3])
    warm = sweep(Energy(loss, over=w, temperature=T).theory(), P=1.5, N=1.0, lambda_=0.2, T=temperatures, tolerance=1e-7)
    replicon = warm["replicon"] - cold["replicon"]
    assert replicon[1:] / replicon[:-1] == pytest.approx(np.sqrt(0.5), rel=2e-2)
    for gaps in (warm["q"] - cold["q"], warm["c"] / temperatures - cold["chi"]):
        assert np.all((gaps[1:] / gaps[:-1] > 0.5) & (gaps[1:] / gaps[:-1] < 0.63))


def test_states_over_two_dimensions_are_one_state_over_both():
    """Blocks of N and M weights under one penalty."""
    fields = X @ w + Z @ v
    two = Energy(sum_over(P, relu(1 - fields)) + lam * (w.square() + v.square()) / 2, over=[w, v], observe=BLOCKS)
    one = Energy(sum_over(P, relu(1 - X @ w)) + lam * w.square() / 2, over=w, observe={"w2": mean(N, w**2)})
    alike = solve(two.theory(), P=1.0, N=0.4, M=0.8, lambda_=0.3).observables
    # Fields have variance (N + M) w2/N = 3 w2, in one dimension w2: states and penalty are rescaled.
    whole = solve(one.theory(), P=1.0, N=1.2, lambda_=0.1).observables
    assert alike["w2"] == pytest.approx(alike["v2"], rel=1e-10)
    assert alike["w2"] == pytest.approx(whole["w2"] / 3, rel=1e-9)


@pytest.mark.slow
def test_a_teacher_of_signs_is_one_of_unit_variance_for_students_that_do_not_know():
    def loss(teacher):
        return sum_over(P, relu(1 - sign(X @ teacher) * (X @ w))) + lam * w.square() / 2

    found = [
        solve(Energy(loss(t), over=w, observe={"m": mean(N, w * t)}).theory(), P=1.4, N=1.0, lambda_=0.3)
        for t in (Signs("w0", N), Noise("w0", N))
    ]
    assert found[0].observables["m"] == pytest.approx(found[1].observables["m"], rel=1e-10)
    assert found[0].order_parameters["q"] == pytest.approx(found[1].order_parameters["q"], rel=1e-10)


def test_a_student_of_signs_that_knows_its_teacher_is_its_equal():
    """Nishimori: two students overlap as one with its teacher, exactly, for discrete weights too."""
    student, teacher = State("u", N, prior="ising"), Signs("w0", N)
    energy = sum_over(P, heaviside(-sign(X @ teacher) * (X @ student)))
    found = sweep(Energy(energy, over=student, phase="SAT").theory(), P=np.array([0.3, 0.8]), N=1.0, tolerance=1e-8)
    assert found["q"] == pytest.approx(found["m"], rel=1e-8) and found["q"][0] < found["q"][1] < 1
    assert np.all(found["entropy"] > 0)


def test_two_states_in_one_field_are_one_state_of_twice_the_length():
    """At a temperature, against the engine that is exact in the number of replicas."""
    a, b, noise = State("a", N), State("b", N), Noise("eps", P, variance=0.5)
    fields = X @ a + Gaussian("Y", P, N, variance=1 / N) @ b - noise
    model = Energy(fields.square() / 2 + (a.square() + b.square()) / 2, over=[a, b], temperature=T, observe={"n": mean(N, a**2)})
    general = solve(derive_general(model).theory, P=0.8, N=1.0, T=0.7).observables["n"]
    one = Energy((X @ a - noise).square() / 2 + a.square() / 4, over=a, temperature=T, observe={"n": mean(N, a**2)})
    assert general == pytest.approx(solve(one.theory(), P=0.8, N=2.0, T=0.7).observables["n"] / 2, rel=1e-10)


@pytest.mark.slow
def test_states_over_two_dimensions_against_simulation():
    """Two penalties, three times as many weights on the one side; a theory with the penalties exchanged is far away."""
    other = sp.Symbol("mu", positive=True)
    loss = sum_over(P, log(1 + exp(-(X @ w + Z @ v))))
    model = Energy(loss + lam * w.square() / 2 + other * v.square() / 2, over=[w, v], observe=BLOCKS, name="two dimensions")
    sizes = {"P": 60, "N": 20, "M": 60}
    theory, penalties = model.theory(), {"lambda_": 0.1, "mu": 0.5}
    dots = simulate(model, **sizes, **penalties, trials=40, seed=3)
    found, wrong = (solve(theory, **sizes, lambda_=x, mu=y).observables for x, y in ((0.1, 0.5), (0.5, 0.1)))
    for name in BLOCKS:
        mean_, error = float(dots[name].mean), float(dots[name].stderr)
        assert abs(mean_ - found[name]) < 4 * error + 0.04 * found[name]
        assert abs(mean_ - wrong[name]) > 8 * error


@pytest.mark.slow
def test_one_step_of_breaking_with_a_gaussian_prior_contains_replica_symmetry():
    """Where the norm is free: at vanishing increment the width is that of replica symmetry, and the increment grows by one less the
    replicon."""
    g = State("g", N, prior="gaussian")
    energy = sum_over(P, heaviside(-(X @ g)))
    flat = solve(Energy(energy, over=g, temperature=T).theory(), P=3.0, N=1.0, T=0.2).order_parameters
    theory = Energy(energy, over=g, temperature=T, ansatz="1RSB").theory()
    names = {u.name: u.symbol for u in theory.unknowns}
    small = 1e-6
    point = {names["q_0"]: flat["q"], names["dq_1"]: small, names["c"]: flat["c"], names["x_1"]: 0.5}
    point |= {theory.parameter(n).symbol: v for n, v in (("P", 3.0), ("N", 1.0), ("T", 0.2))}
    maps = {e.lhs: e.rhs for e in theory.equations}
    found = {n: float(compile_expressions([maps[names[n]]], 121, "uniform")(point)[0]) for n in ("q_0", "dq_1", "c")}
    assert found["q_0"] == pytest.approx(flat["q"], rel=1e-5) and found["c"] == pytest.approx(flat["c"], rel=1e-5)
    assert 1 - found["dq_1"] / small == pytest.approx(flat["replicon"], abs=1e-3)


@pytest.mark.slow
def test_gardners_perceptron_beyond_capacity_breaks_replicas():
    """Errors at a temperature: one step of breaking comes nearer to stability, with overlaps on both sides of the symmetric one."""
    flat, broken = (
        solve(Energy(ERRORS, over=s, temperature=T, ansatz=a).theory(), P=3.0, N=1.0, T=0.2, tolerance=1e-5).order_parameters
        for a in ("RS", "1RSB")
    )
    assert flat["replicon"] < broken["replicon"] < 0.0 and broken["replicon"] > 0.1 * flat["replicon"]
    assert broken["q_0"] < flat["q"] < broken["q_1"] and 0 < broken["x_1"] < 1


def test_smooth_losses_reach_their_minimum_by_the_first_order_in_temperature():
    """Overlap, response c/T, norm and loss of logistic regression: half the temperature, half the distance."""
    loss = sum_over(P, log(1 + exp(-(X @ w))))
    seen = {"loss": mean(P, log(1 + exp(-(X @ w)))), "norm": mean(N, w**2)}
    energy = loss + lam * w.square() / 2
    cold = solve(Energy(energy, over=w, observe=seen).theory(), P=1.5, N=1.0, lambda_=0.5)
    temperatures = np.array([0.04, 0.02, 0.01])
    warm = sweep(
        Energy(energy, over=w, temperature=T, observe=seen).theory(), P=1.5, N=1.0, lambda_=0.5, T=temperatures, tolerance=1e-7
    )
    for name, values in (("q", warm["q"]), ("chi", warm["c"] / temperatures), ("loss", warm["loss"]), ("norm", warm["norm"])):
        gaps = values - cold[name]
        assert gaps[1:] / gaps[:-1] == pytest.approx(0.5, abs=5e-3), name
        assert 0 < gaps[-1] < 0.05 * cold[name], name


def test_the_entropy_of_solutions_is_the_limit_of_entropies_at_a_temperature():
    """(E - F)/T, with E the number of errors, to the logarithm of the volume without any; errors cost exp(-1/T) each."""
    volume = solve(Energy(ERRORS, over=s, phase="SAT").theory(), P=0.3, N=1.0).order_parameters["entropy"]
    temperatures = 1 / np.array([8.0, 9.0, 10.0])
    warm = sweep(
        Energy(ERRORS, over=s, temperature=T, observe={"e": ERRORS}).theory(), P=0.3, N=1.0, T=temperatures, tolerance=1e-8
    )
    free, entropy = -warm["free_energy"] / temperatures - volume, (warm["e"] - warm["free_energy"]) / temperatures - volume
    assert free[1:] / free[:-1] == pytest.approx(np.exp(-1), rel=1e-3)
    # Of the entropy the leading term has one more factor 1/T.
    assert (entropy * temperatures)[1:] / (entropy * temperatures)[:-1] == pytest.approx(np.exp(-1), rel=2e-2)
    assert np.all(entropy > free) and 0 < entropy[-1] < 1e-3


@pytest.mark.slow
def test_one_step_of_breaking_with_a_gaussian_prior_comes_nearer_to_stability():
    """Errors of a perceptron whose norm is free: overlaps on both sides of the symmetric one, a narrower width, higher energy."""
    g = State("g", N, prior="gaussian")
    flat, broken = (
        solve(
            Energy(sum_over(P, heaviside(1 - X @ g)), over=g, temperature=T, ansatz=a).theory(), P=3.0, N=1.0, T=0.2, tolerance=1e-8
        )
        for a in ("RS", "1RSB")
    )
    assert flat["replicon"] < broken["replicon"] < 0 and broken["replicon"] > 0.1 * flat["replicon"]
    assert broken["q_0"] < flat["q"] < broken["q_1"] and 0 < broken["x_1"] < 1 and broken["c"] < flat["c"]
    assert broken["free_energy"] > flat["free_energy"]
    assert broken["q_1"] + broken["c"] == pytest.approx(flat["q"] + flat["c"], rel=5e-3)


def test_even_energies_have_no_overlap():
    """A field as well as its opposite is within a window: couplings that satisfy P windows are as many as a random one satisfies
    each of them. With a penalty all weights vanish together."""
    window, spins = sum_over(P, heaviside(abs(X @ s) - 1)), State("sigma", N, prior="ising")
    share = math.erf(1 / np.sqrt(2))
    for state, volume in ((s, (1 + np.log(2 * np.pi)) / 2), (spins, np.log(2))):
        theory = Energy(window if state is s else sum_over(P, heaviside(abs(X @ spins) - 1)), over=state, phase="SAT").theory()
        found = solve(theory, P=0.4, N=1.0)
        assert found["q"] == 0 and found["entropy"] == pytest.approx(volume + 0.4 * np.log(share), rel=1e-9)
    energy = sum_over(P, abs(X @ w)) + lam * w.square()
    least = solve(Energy(energy, over=w, observe={"w2": mean(N, w**2)}).theory(), P=0.4, N=1.0, lambda_=1.0)
    assert abs(least["w2"]) < 1e-20


def test_memories_of_several_weights_are_forgotten_in_the_heat():
    """Quadratic patterns of different strengths, none of them condensed: the paramagnet, with its annealed free energy."""
    strengths = Spectrum("c", scaling=0)
    patterns, spins = Dim("R", strengths), State("sigma", N, prior="ising")
    energy = -sum_over(patterns, strengths * (Gaussian("Y", patterns, N, variance=1 / N) @ spins) ** 2) / 2
    weights, hot = np.linspace(0.2, 1.0, 12), 2.0
    found = solve(Energy(energy, over=spins, temperature=T).theory(), N=60.0, c=weights, T=hot)
    assert found["q_r"] == 0
    assert found["free_energy"] == pytest.approx(-hot * (60 * np.log(2) - np.log(1 - weights / hot).sum() / 2), rel=1e-9)
