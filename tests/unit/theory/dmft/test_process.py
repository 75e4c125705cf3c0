"""The process of one site as derived: noises, memories, what couplings learn, causality, and the order of one time."""

import pytest
import sympy as sp

from theory import models
from theory.declaration import (
    Dim,
    Energy,
    Gaussian,
    Noise,
    Quenched,
    State,
    Step,
    hebb,
    mean,
    relu,
    sqrt,
    sum_over,
    tanh,
)  # fmt: skip
from theory.dmft import derive
from theory.dmft.notation import SampleSum, step
from theory.dmft.process import push, tangent
from theory.errors import DeclarationError, DerivationError
from theory.symbols import size, time

N, D, mu = Dim("N"), Dim("D"), Dim("mu", finite=True)
g, lam, m, eta = sp.Symbol("gamma", positive=True), *sp.symbols("lambda m", positive=True), sp.Symbol("eta", real=True)
x, y = Quenched("x", D, mu), Quenched("y", mu)
W0, W1, w = Gaussian("W0", N, D), Gaussian("W1", N, N), State("w", N, initial_variance=1)
h1 = W0 @ x / sqrt(D)
h2 = W1 @ tanh(h1) / sqrt(N)
delta = y - mean(N, w * tanh(h2)) / g
NETWORK = Energy(sum_over(mu, delta**2) / 2, over=[w, W0, W1], name="network", observe={"loss": sum_over(mu, delta**2) / 2})


def texts(step_result):
    return [str(line) for line in step_result["laws"]]


def test_partial_symmetry_gives_memory_in_proportion():
    site = models.RecurrentNetwork().derive().state()["site"]
    ((coefficient, response, field),) = site.memory[sp.Symbol("h_1", real=True)]
    gain, n = sp.Symbol("g", positive=True), size("N")
    assert sp.expand(coefficient - eta * gain**2 / n) == 0 and str(field) == "x_1" and response.args[0] == time
    ((_, covariance),) = site.noise.items()
    assert str(covariance).startswith("g**2*C")


def test_backpropagation_is_felt_forwards_and_backwards_and_never_by_the_past():
    state = NETWORK.flow(rate=g**2 * N).derive().state()
    site, fields = state["site"], state["read"]
    forward, hidden, backward = (u.out for u in fields.uses)
    assert not site.memory.get(forward) and len(site.memory[hidden]) == len(site.memory[backward]) == 1
    assert all(len(site.learning[h]) == 1 for h in (forward, hidden, backward))
    assert site.vanishing and all(value == 0 for value in site.vanishing.values())
    # The response of φ'(h)z to its own time is what the backward field remembers at once.
    order = [str(s) for s in state["order"]]
    assert order.index(str(hidden)) < order.index(str(backward))


def test_decay_and_momentum_live_in_two_kernels():
    plain, moving = NETWORK.flow(rate=g**2 * N).derive(), NETWORK.flow(rate=g**2 * N, momentum=m, decay=lam).derive()
    assert "a_W1" not in str(plain["disorder average"]["averages"])
    assert "a_W1(s)*a_W1(t)" in str(moving["disorder average"]["averages"])
    recursions = str(moving["disorder average"]["kernels"])
    assert "m*v^k_W1(t, s)" in recursions and "lambda*k_W1(t, s)" in recursions
    assert any("v_w" in text for text in texts(moving["single site"]))


@pytest.mark.parametrize("fresh", [None, "step"])
def test_a_redrawn_matrix_has_no_memory_of_other_times(fresh):
    X, v = Gaussian("X", Dim("B"), D, variance=1 / D, fresh=fresh), State("v", D, initial_variance=1)
    law = Step({v: v - X.T @ tanh(X @ v)}, continuous=False, observe={"C": mean(D, v**2)}, name="online")
    site = derive(law).state()["site"]
    deltas = [value.has(sp.KroneckerDelta) for value in site.noise.values()]
    assert all(deltas) if fresh else not any(deltas)


def test_the_mean_of_a_matrix_makes_a_global_field():
    s = State("s", N, initial_variance=1)
    law = Step({s: -s + Gaussian("J", N, N, variance=1 / N, mean=lam / N) @ tanh(s)}, observe={"C": mean(N, s**2)})
    fields = derive(law).state()["read"]
    assert any(str(total.summand) == "tanh(s)" for total in fields.sums.values())


def test_white_noise_has_the_variance_of_a_step():
    s = State("s", N)
    law = Step({s: -s + Gaussian("J", N, N, variance=1 / N) @ tanh(s) + Noise("xi", N, variance=lam, fresh="step")},
               observe={"C": mean(N, s**2)})  # fmt: skip
    assert lam / step in derive(law).state()["read"].variances.values()


def test_tangent_goes_under_sums_over_samples():
    a, b, c = (sp.Symbol(n, real=True) for n in "abc")
    change = tangent(c * SampleSum(a * sp.tanh(b), mu) + b**2, {a, b})
    expected = c * SampleSum(sp.tanh(b) * push(a) + a * (1 - sp.tanh(b) ** 2) * push(b), mu) + 2 * b * push(b)
    assert sp.expand(change - expected) == 0


def test_equal_fields_are_one():
    fields = NETWORK.flow(rate=g**2 * N).derive().state()["read"]
    values = list(fields.auxiliary.values())
    assert len(values) == len(set(values))


@pytest.mark.parametrize(
    ("rules", "kind", "message"),
    [
        (lambda s: {s: W1 @ s}, DeclarationError, "the action is not of order one: s drives itself by a factor that grows"),
        (lambda s: {s: -s + W1 @ tanh(s) / N}, DeclarationError, "vanishes as r^-1/2"),
        (lambda s: {s: -s + W1 @ s / sqrt(N), W1: hebb(s, s)}, DeclarationError, "the action is not of order one"),
        (lambda s: {s: -s + Gaussian("L", N, N, fresh="layer") @ s}, DerivationError, "drawn anew at every layer; declare"),
        (lambda s: {s: -s + W1 @ s / sqrt(N) + Noise("b", mu)}, DeclarationError, "carries mu"),
        (lambda s: {s: -s * sum_over(mu, Noise("b", mu)) + W1 @ s / sqrt(N)}, DerivationError, "b is the same draw at every site"),
        (lambda s: {s: -s}, DerivationError, "there is no disorder to average"),
    ],
)  # fmt: skip
def test_refused_with_a_sentence(rules, kind, message):
    s = State("s", N, initial_variance=1)
    with pytest.raises(kind) as caught:
        derive(Step(rules(s), observe={"C": mean(N, s**2)}, name="law"), closed=False)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_per_site_observables_are_refused():
    s = State("s", N, initial_variance=1)
    law = Step({s: -s + W1 @ relu(s) / sqrt(N)}, observe={"C": s**2}, name="law")
    with pytest.raises(DerivationError, match="observable C is not one number"):
        derive(law)


def test_a_cycle_of_one_time_is_named():
    """What is symmetric answers at once where a definition passes it on: x needs h, and h remembers x through it."""
    from theory.dmft.causality import schedule

    s = State("s", N, initial_variance=1)
    state = derive(Step({s: -s + W1 @ tanh(s) / sqrt(N)}, observe={"C": mean(N, s**2)}), closed=False).state()
    fields, site = state["read"], state["site"]
    (h,), (x,) = [u.out for u in fields.uses], list(fields.auxiliary)
    fields.auxiliary[x] = sp.tanh(h)
    with pytest.raises(DerivationError, match=r"instantaneous cycle (h_1 -> x_1 -> h_1|x_1 -> h_1 -> x_1)"):
        schedule(fields, site)
