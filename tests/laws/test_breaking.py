"""Replicas that break by several steps, and perceptrons of negative margin: levels put in one after another find them."""

import numpy as np
import pytest

from solvers import solve
from theory import models

PERCEPTRON = {a: models.Gardner(ansatz=a).theory() for a in ("RS", "1RSB")}


def perceptron(ansatz, patterns):
    return solve(PERCEPTRON[ansatz], N=1.0, P=patterns, margin=-1.0, tolerance=1e-8, observables=[]).order_parameters


def test_perceptrons_of_negative_margin_break_beyond_the_line_of_de_almeida_and_thouless():
    """Below it one step is replica symmetry; above it the volume is smaller, with overlaps on both sides of the symmetric one."""
    below, one = perceptron("RS", 7.0), perceptron("1RSB", 7.0)
    assert below["replicon"] > 0 and one["dq_1"] == 0.0
    assert one["q_0"] == pytest.approx(below["q"], rel=1e-10) and one["entropy"] == pytest.approx(below["entropy"], rel=1e-9)
    flat, broken = perceptron("RS", 10.0), perceptron("1RSB", 10.0)
    assert flat["replicon"] < broken["replicon"] < 0
    assert broken["entropy"] < flat["entropy"]
    assert broken["q_0"] < flat["q"] < broken["q_1"] < 1 and 0 < broken["x_1"] < 1


@pytest.mark.slow
def test_one_step_of_breaking_near_its_transition_and_near_capacity():
    """Increments vanish at the one, blocks at the other, where symmetric replicas would still have a volume."""
    for patterns in (8.0, 12.2):
        flat, broken = perceptron("RS", patterns), perceptron("1RSB", patterns)
        assert flat["replicon"] < broken["replicon"] < 0
        assert broken["entropy"] < flat["entropy"]
        assert broken["q_0"] < flat["q"] < broken["q_1"] < 1 and 0 < broken["x_1"] < 1


@pytest.mark.slow
def test_the_volume_of_a_perceptron_shrinks_with_the_entropy_s_own_slope():
    """Stationary in q_0, q_1 and x_1: the derivative of the entropy by the number of patterns is that of its explicit part."""
    from solvers.compile import compile_expressions

    theory, at, step = PERCEPTRON["1RSB"], perceptron("1RSB", 11.0), 1e-3
    point = {u.symbol: at[u.name] for u in theory.unknowns}
    point |= {theory.parameter(k).symbol: v for k, v in (("N", 1.0), ("P", 11.0), ("margin", -1.0))}
    entropy = compile_expressions([theory.expanded("entropy").diff(theory.parameter("P").symbol)], 481, "uniform")
    total = (perceptron("1RSB", 11.0 + step)["entropy"] - perceptron("1RSB", 11.0 - step)["entropy"]) / (2 * step)
    assert float(entropy(point)[0]) == pytest.approx(total, rel=1e-5)


@pytest.mark.slow
def test_levels_that_would_grow_are_not_left_out():
    """Close to the transition increments are small; two steps are no solution with one."""
    two = solve(models.SherringtonKirkpatrick("2RSB").theory(), N=1.0, temperature=0.8, tolerance=1e-6, observables=[])
    found = two.order_parameters
    assert min(found["q_0"], found["dq_1"], found["dq_2"]) > 0.03
    # Parisi: breakpoints of k steps near the transition lie evenly.
    assert found["x_2"] / found["x_1"] == pytest.approx(2.0, rel=0.01)
    flat, one = (solve(models.SherringtonKirkpatrick(a).theory(), N=1.0, temperature=0.8, tolerance=1e-6).order_parameters
                 for a in ("RS", "1RSB"))  # fmt: skip
    assert flat["free_energy"] < one["free_energy"] < found["free_energy"]
    assert flat["replicon"] < one["replicon"] < found["replicon"] < 0


@pytest.mark.slow
def test_free_energies_and_entropies_rise_with_every_step_at_low_temperature():
    found = {
        a: solve(models.SherringtonKirkpatrick(a).theory(), N=1.0, temperature=0.2, tolerance=1e-8).order_parameters
        for a in ("RS", "1RSB", "2RSB")
    }
    free, entropy, replicon = ([found[a][n] for a in found] for n in ("free_energy", "entropy", "replicon"))
    assert np.all(np.diff(free) > 0) and np.all(np.diff(entropy) > 0) and np.all(np.diff(replicon) > 0)
    energy = free[2] + 0.2 * entropy[2]
    assert -0.7632 < energy < -0.755


@pytest.mark.slow
def test_three_steps_go_on_where_two_left_off():
    two, three = (
        solve(models.SherringtonKirkpatrick(a).theory(), N=1.0, temperature=0.5, tolerance=1e-6, observables=[]).order_parameters
        for a in ("2RSB", "3RSB")
    )
    assert two["free_energy"] < three["free_energy"] < two["free_energy"] + 1e-4
    assert two["replicon"] < three["replicon"] < 0
    assert 0 < three["x_1"] < three["x_2"] < three["x_3"] < 1 and min(three[f"dq_{j}"] for j in (1, 2, 3)) > 0.1
