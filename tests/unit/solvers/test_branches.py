"""Branches say at which of their points conditions hold, and draw those where they do not with dashes."""

import matplotlib as mpl
import numpy as np
import pytest
import sympy as sp

from solvers import follow
from theory import Dim, Energy, Gaussian, Parameter, State, Tensor, sum_over
from theory.conditions import Condition
from theory.equations import Theory, Unknown
from theory.symbols import positive

mpl.use("Agg")
m, T = sp.Symbol("m", real=True), positive("T")
N = Dim("N")


def magnet(conditions):
    """m = tanh(2 m/T + 1/10) with the room 1/2 - m as a definition."""
    room = sp.Symbol("room", real=True)
    field = 2 * m / T + sp.Rational(1, 10)
    unknown = Unknown(m, "magnetisation", sp.Integer(-1), sp.S.One)
    equation, parameter = sp.Eq(m, sp.tanh(field), evaluate=False), Parameter("T", T, lower=0, lower_open=True)
    rest = {room: sp.Rational(1, 2) - m}, {}, {}, (parameter,)
    return Theory("magnet", (unknown,), (equation,), ((m - sp.tanh(field),),), *rest, conditions=conditions)


def test_every_point_of_a_branch_has_its_verdicts():
    room = Condition("room", ">=", "half of the spins are free", "room", failure="too much order", repair="heat it")
    branch = follow(magnet((room,)), "T", (1.0, 6.0), start={"m": 0.9})
    verdict = branch.verdicts["room"]
    assert np.array_equal(verdict.failed, branch["m"] > 0.5) and verdict.failed.any() and not verdict.failed.all()
    assert np.array_equal(branch.sound, ~verdict.failed) and not verdict
    assert "room: fails" in repr(branch) and "heat it" in repr(branch)
    ax = branch.plot("m", label="up")
    solid, dashed = ax.lines
    assert (solid.get_linestyle(), dashed.get_linestyle()) == ("-", "--") and solid.get_color() == dashed.get_color()
    drawn = [np.isfinite(line.get_ydata()) for line in (solid, dashed)]
    assert np.array_equal(drawn[0], branch.sound) and np.all(drawn[1][verdict.failed]) and np.all(drawn[0] | drawn[1])
    assert (drawn[0] & drawn[1]).sum() == 1


def test_a_branch_without_conditions_is_sound():
    branch = follow(magnet(()), "T", (1.0, 6.0), start={"m": 0.9})
    assert branch.verdicts == {} and branch.sound.all() and len(branch.plot("m").lines) == 1


@pytest.mark.slow
def test_a_branch_of_replica_symmetry_turns_unstable_where_its_replicon_vanishes():
    """Spherical spins with pairs and triples of couplings in a field."""
    v, h, t = State("v", N, prior="spherical"), sp.Symbol("h", real=True), positive("T")
    energy = Gaussian("J", N, N, variance=1 / N, symmetry=1)
    pairs = -sum_over(N, v * (energy @ v)) / 2 + Tensor("K", N, 3, variance=1 / (2 * N**2))(v) - h * sum_over(N, v)
    theory = Energy(pairs, over=v, temperature=t).theory()
    branch = follow(theory, "T", (0.3, 1.5), at=1.5, N=1.0, h=0.1, observables=[])
    verdict = branch.verdicts["stability"]
    (point,) = branch.find("replicon", 0.0)
    assert np.array_equal(verdict.failed, branch.values < point["T"]) and verdict.failed.any() and not verdict.failed.all()
    assert "declare ansatz='1RSB'" in repr(branch)
