"""Copies of the states of a dynamics: laws of their own, with a part of the disorder drawn anew."""

import pytest
import sympy as sp

from theory import Dim, Gaussian, Noise, Signs, State, Step, mean, redrawn, tanh
from theory.declaration.members import joined
from theory.errors import DeclarationError
from theory.models import load

N = Dim("N")
h, v, J, z, s = State("h", N), State("v", N), Gaussian("J", N, N, variance=1 / N), Noise("z", N), Signs("s", N)


def network(**observe):
    return Step({h: -h + J @ tanh(v), v: h - v + s}, initial={h: z}, momentum={v: sp.Rational(1, 2)}, observe=observe)


def test_a_model_without_copies_is_joined_by_none():
    model = network(C=mean(N, h**2))
    assert joined(model) is model and model.copies == ()


def test_each_copy_obeys_every_law_with_its_own_draws():
    model = network(C=mean(N, h**2), by_start=mean(N, h * redrawn(h, z)), by_coupling=mean(N, v * redrawn(v, J, s)))
    both = joined(model)
    assert sorted(leaf.name for leaf in both.rules) == ["h", "h[J',s']", "h[z']", "v", "v[J',s']", "v[z']"]
    assert str(both.rules[next(a for a in both.rules if a.name == "v[J',s']")].expr) == "h[J',s'] + s' - v[J',s']"
    starts = {leaf.name: str(start.expr) for leaf, start in both.initial.items()}
    assert starts == {"h": "z", "h[z']": "z'", "h[J',s']": "z"}
    assert sorted(leaf.name for leaf in both.momentum) == ["v", "v[J',s']", "v[z']"]


def test_only_the_copies_of_what_is_observed_are_joined():
    model = network(C=mean(N, h**2), by_start=mean(N, h * redrawn(h, z)), by_coupling=mean(N, v * redrawn(v, J)))
    assert joined(model, ["C"]) is model
    assert [leaf.name for leaf in joined(model, ["by_start"]).rules if "[" in leaf.name] == ["h[z']", "v[z']"]


def test_a_law_holds_no_copy():
    with pytest.raises(DeclarationError, match=r"state without a law: h\[J'\] in the rule"):
        Step({h: -redrawn(h, J) + J @ h})


def test_couplings_that_learn_have_no_copies():
    model = load("two-layer-network")()
    readout, weights = (leaf for leaf in (*model.rules, *model.couplings))
    state, matrix = State("w", readout.dim, initial_variance=1), Gaussian("W", *weights.dims)
    model.observe["overlap"] = mean(readout.dim, state * redrawn(state, matrix))
    with pytest.raises(DeclarationError, match="copies in two-layer-network: couplings that learn; only states are found anew"):
        joined(model)
