"""Dynamics that must be refused, each with one line that names the object, the value and the repair."""

import pytest
import sympy as sp

from theory.declaration import Dim, Energy, Gaussian, Noise, Quenched, State, Step, hebb, mean, sum_over, tanh
from theory.errors import DeclarationError

N, M, nu = Dim("N"), Dim("M"), Dim("nu", finite=True)
lam, mult = sp.Symbol("lambda", positive=True), sp.Symbol("mu", real=True)
s, r, v = State("s", N), State("r", N), State("v", M)
W, J = Gaussian("W", N, N), Gaussian("J", N, N, symmetry=sp.Rational(1, 2))
SAMPLES = Quenched("y", N, nu)
LOSS = sum_over(N, (W @ s) ** 2)


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (lambda: Step({W.T: hebb(s, s), s: -s}), "law of W.T: its left-hand side; give the law of a Gaussian matrix itself"),
        (lambda: Step({W: s, s: -s}), "law of W: s; the rate of a matrix is a matrix"),
        (lambda: Step({W @ W: hebb(s, s), s: -s}), "law of a compound matrix: W@W; give each Gaussian matrix"),
        (lambda: Step({J: hebb(s, s), s: -s}), "law of J: it is symmetric or redrawn; only a matrix"),
        (lambda: Step({W: hebb(s, v), s: -s, v: -v}), "law of W: hebb(s, v) is NxM; it needs NxN"),
        (lambda: Step({W: W @ W, s: -s}), "law of W: W@W; write it in hebb(post, pre) and multiples"),
        (lambda: Step({W: hebb(s, s), s: W @ s}, continuous=False), "law of W: x(t+1) = rule; a coupling learns at a rate"),
        (lambda: hebb(s, W), "outer product: W; its factors are two vectors"),
        (lambda: Step({s: -s}, momentum=1), "momentum of s: 1; pass a number or parameter from 0 to below 1"),
        (lambda: Step({s: -s}, momentum={r: lam}), "momentum: r; it belongs to a state or matrix that has a rule"),
        (lambda: Step({s: -s}, momentum=lam, continuous=False), "momentum: s; x(t+1) = rule has no rate"),
        (lambda: Step({s: -mult * s}, constraints={mult: s}), "constraint of mu: s; it is one number: sum_over(...)"),
        (lambda: Step({s: -mult * s}, constraints={mult: lam}), "constraint of mu: lambda holds no state; constrain a state"),
        (lambda: Step({s: -s}, constraints={mult: sum_over(N, s)}), "multiplier mu: no rule holds it; let it act"),
        (lambda: Step({s: -mult * s}, constraints=[mult]), "constraints: [mu]; pass a mapping"),
        (lambda: Step({s: -s + SAMPLES}), "rules: law of s: -s + y carries nu, which s has not; sum over it"),
        (lambda: Noise("xi", N, fresh="layer"), "fresh of xi: 'layer'; take 'step' or None"),
        (lambda: Step({State("b", nu): 0}), "law of b: it is over finite dimensions alone; a global field is a sum"),
        (lambda: Step({s: -s + r}), "state without a law: r in the rule r - s"),
        (lambda: Step({s: -s, W: hebb(tanh(r), s)}), "state without a law: r in the law hebb(tanh(r), s)"),
        (lambda: Energy(LOSS, over=[s, W]).derive(), "replicas of Energy: the matrix W among its states; such an energy has"),
        (lambda: Energy(LOSS, over=[s, W]).minimiser(), "minimiser of Energy: the matrix W among its states"),
        (lambda: Energy(LOSS, over=[s, W.T]), "over: W.T; an energy acts on what State"),
        (lambda: Energy(LOSS, over=[s, W]).flow(decay=-1), "decay in the flow of Energy: -1; pass a number or parameter"),
        (lambda: Step({s: -s}, observe={"r": mean(N, r)}), "state without a law: r in the observable"),
        (lambda: Step({v: -v}, where={s: tanh(r), r: s}), "instantaneous cycle: r, s; each needs the other at the same time"),
    ],
)
def test_refused_with_a_sentence(declare, message):
    with pytest.raises(DeclarationError) as caught:
        declare()
    assert message in str(caught.value) and "\n" not in str(caught.value)
