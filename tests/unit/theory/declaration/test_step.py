"""Dynamics as declared: laws of states and couplings, gradients that are backpropagation, print and signature."""

import pytest
import sympy as sp

from theory.declaration import (
    Dim,
    Energy,
    Gaussian,
    Noise,
    Outer,
    Quenched,
    State,
    Step,
    Vec,
    gradient,
    hebb,
    mean,
    partial,
    sqrt,
    sum_over,
    tanh,
)  # fmt: skip

N, D, mu = Dim("N"), Dim("D"), Dim("mu", finite=True)
g, lam, m = sp.symbols("gamma lambda m", positive=True)
x, y = Quenched("x", D, mu), Quenched("y", mu)
W0, W1, w = Gaussian("W0", N, D), Gaussian("W1", N, N), State("w", N, initial_variance=1)
h1 = W0 @ x / sqrt(D)
h2 = W1 @ tanh(h1) / sqrt(N)
delta = y - mean(N, w * tanh(h2)) / g
NETWORK = Energy(sum_over(mu, delta**2) / 2, over=[w, W0, W1], name="network", observe={"loss": sum_over(mu, delta**2) / 2})


def test_flow_of_a_network_is_backpropagation_with_hebbian_updates():
    flow = NETWORK.flow(rate=g**2 * N)
    slope = 1 - tanh(h2) ** 2
    assert flow.rules[w.leaf].expr.equals(sum_over(mu, g * delta * tanh(h2)).expr)
    ((post, pre),) = flow.couplings[W1.leaf].pairs
    assert pre == tanh(h1) and sp.expand(post.expr - (g * delta * w * slope / sqrt(N)).expr) == 0
    ((post, pre),) = flow.couplings[W0.leaf].pairs
    backward = W1.T @ (w * slope) / sqrt(N)
    assert pre == x
    expected = g * delta * backward * (1 - tanh(h1) ** 2) / sqrt(D)
    # The sign may stand inside the backward field: compare the coefficient of a field that is negated there.
    (field,) = [t for t in post.expr.atoms(type(x.expr)) if t.name.startswith("(W1.T")]
    (own,) = [t for t in expected.expr.atoms(type(x.expr)) if t.name.startswith("(W1.T")]
    sign = -1 if field.node.vector == -1 * own.node.vector else 1
    assert sp.expand(post.expr.xreplace({field: sign * own}) - expected.expr) == 0


def test_momentum_and_decay_reach_couplings_and_vectors_alike():
    flow = NETWORK.flow(rate=g**2 * N, momentum=m, decay=lam)
    assert {leaf.name: value for leaf, value in flow.momentum.items()} == dict.fromkeys(("w", "W0", "W1"), m)
    assert {leaf.name: law.decay for leaf, law in flow.couplings.items()} == dict.fromkeys(("W0", "W1"), lam)
    assert partial(flow.rules[w.leaf].expr, w.expr) == -lam


def test_gradient_by_a_transposed_coupling_is_the_transposed_outer_product():
    v = State("v", N)
    energy = sum_over(N, v * (W1.T @ v))
    found = gradient(energy, W1)
    assert isinstance(found, Outer) and (found.post, found.pre) == (v, v)


def test_outer_products_apply_and_transpose():
    a, b, v = State("a", N), State("b", D), State("v", D)
    assert (hebb(a, b) @ v).expr == a.expr * sum_over(D, b * v)
    assert hebb(a, b).T == hebb(b, a)
    assert str(hebb(a, b)) == "hebb(a, b)"


@pytest.mark.parametrize("momentum", [0, m])
def test_dynamics_print_as_mathematics(momentum):
    s, mult = State("s", N, initial_variance=1), sp.Symbol("mu", real=True)
    noise = Noise("xi", N, variance=2 * lam, fresh="step")
    law = Step({s: W1 @ s / sqrt(N) - mult * s + noise, W1: hebb(tanh(s), s) - lam * W1}, momentum=momentum,
               constraints={mult: sum_over(N, s**2) - N}, observe={"C": mean(N, s**2)})  # fmt: skip
    text = law.latex()
    assert r"\tanh{\left(s \right)} \, s^{\top}" in text and r"0 &= - N + \sum_{n=1}^{N} s_{n}^{2}" in text
    assert (r"v^{W_{1}}" in text or r"v^{W1}" in text) is bool(momentum)
    assert {p.name for p in law.parameters} == {"t", "N", "lambda_"} | ({"m"} if momentum else set())


def test_signature_knows_every_part_of_the_law():
    s, mult = State("s", N, initial_variance=1), sp.Symbol("mu", real=True)
    plain = {s: W1 @ s / sqrt(N) - mult * s}
    parts = [
        {"rules": plain, "constraints": {mult: sum_over(N, s**2) - N}},
        {"rules": plain, "constraints": {mult: sum_over(N, s**2) - 2 * N}},
        {"rules": plain | {W1: hebb(s, s)}, "constraints": {mult: sum_over(N, s**2) - N}},
        {"rules": plain, "constraints": {mult: sum_over(N, s**2) - N}, "momentum": m},
    ]
    assert len({Step(**part).signature for part in parts}) == 4
    assert Step(**parts[2]).signature == Step(**parts[2]).signature


def test_a_state_may_carry_samples():
    h = State("h", N, mu)
    law = Step({h: -h + tanh(h) * sum_over(mu, y * h)}, observe={"C": sum_over(mu, mean(N, h**2))})
    assert law.rules[h.leaf].dim == N and isinstance(law.rules[h.leaf], Vec)
