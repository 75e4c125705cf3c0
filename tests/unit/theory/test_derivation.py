"""Derivations: steps, what they show, and a user's intervention."""

import pytest
import sympy as sp

from theory.derivation import Derivation, Step
from theory.errors import DerivationError

x, y = sp.symbols("x y")


def example():
    return Derivation(
        "square",
        [
            Step("start", "given", lambda s: {"value": x + 1, "hidden": object()}),
            Step("square", "squared", lambda s: {"result": s["value"] ** 2}),
            Step("end", "expanded", lambda s: {"theory": sp.expand(s["result"])}),
        ],
    ).run()


def test_steps_are_live_and_named():
    d = example()
    assert d["square"]["result"] == (x + 1) ** 2 and d.theory == x**2 + 2 * x + 1
    assert d.seconds >= 0 and [r.name for r in d.results] == ["start", "square", "end"]


def test_a_replaced_value_reruns_what_follows_and_leaves_the_original():
    d = example()
    assert d.replace("start", value=y).theory == y**2
    assert d.theory == x**2 + 2 * x + 1
    assert d.replace_step("square", lambda s: {"result": s["value"] ** 3}).theory == sp.expand((x + 1) ** 3)
    assert d.substitute("start", {x: y}).theory == y**2 + 2 * y + 1
    assert d.replace("start", value=y)["start"].replaced


def test_what_is_not_there_is_refused_with_the_nearest_name():
    with pytest.raises(DerivationError, match="no step 'sqare'; did you mean 'square'"):
        example()["sqare"]
    with pytest.raises(DerivationError, match="nothing called 'valu'; did you mean 'value'"):
        example().replace("start", valu=y)


def test_it_prints_as_mathematics():
    d = example()
    assert "$$ \\left(x + 1\\right)^{2} $$" in d._repr_markdown_()
    assert "hidden" not in str(d) and "2. square" in str(d)
    assert d.latex().count(r"\begin{equation*}") == d.latex().count(r"\end{equation*}") == 3
