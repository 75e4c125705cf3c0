"""A name is the user's: whatever a parameter, a state or a dimension is called, the theory is the same."""

import pytest
import sympy as sp

from solvers import solve
from theory import Dim, Energy, Gaussian, Noise, Signs, State, Tensor, heaviside, mean, relu, sign, sum_over

NAMES = ("h", "w", "u", "v", "q", "m", "c", "chi", "beta", "n", "kappa", "gamma", "mu", "omega", "varepsilon", "Q", "J", "x_1")
half = sp.Rational(1, 2)
N, P = Dim("NN"), Dim("PP")
X = Gaussian("XX", P, N, variance=1 / N)
free, sphere, spin, target = State("ww", N), State("gg", N, prior="spherical"), State("ss", N, prior="ising"), Noise("tt", N)


def ridge(a):
    residual = X @ (free - target) - Noise("ee", P, variance=half)
    return Energy(residual.square() / 2 + a * free.square() / 2, over=free, observe={"seen": mean(N, (free - target) ** 2)})


def hinge(a):
    loss = relu(a - sign(X @ target) * (X @ free))
    return Energy(sum_over(P, loss) + free.square() / 2, over=free, observe={"seen": mean(N, free * target)})


def glass(a):
    J = Gaussian("JJ", N, N, variance=1 / N, symmetry=1)
    energy = -sum_over(N, spin * (J @ spin)) / 2 - a * sum_over(N, spin)
    return Energy(energy, over=spin, temperature=1, observe={"seen": mean(N, spin)})


def volume(a):
    stability = Signs("yy", P) * (X @ sphere)
    return Energy(sum_over(P, heaviside(a - stability)), over=sphere, phase="SAT", observe={"seen": mean(P, stability)})


def broken(a):
    J = Tensor("JJ", N, order=3, variance=1 / (2 * N**2))
    return Energy(a * J(sphere), over=sphere, temperature=half, ansatz="1RSB", observe={"seen": J(sphere) / N})


@pytest.mark.parametrize(
    ("declare", "real", "names"),
    [
        (ridge, False, ("q", "c", "beta")),
        (glass, True, ("w", "m", "h_m")),
        (glass, False, ("q", "beta", "c")),
        pytest.param(hinge, False, ("v",), marks=pytest.mark.slow),
        (volume, True, ("h",)),
        *[pytest.param(d, r, NAMES, marks=pytest.mark.slow) for d, r in ((ridge, 0), (hinge, 0), (volume, 1), (broken, 0))],
    ],
)
def test_a_parameter_may_have_any_name(declare, real, names):
    found = {}
    for name in ("strength", *names):
        symbol = sp.Symbol(name, **{"real" if real else "positive": True})
        model = declare(symbol)
        public = next(p.name for p in model.parameters if p.symbol == symbol)
        values = {"NN": 2.0, "PP": 0.8, public: 0.7}
        found[name] = float(solve(model.theory(), tolerance=1e-8, **{p.name: values[p.name] for p in model.parameters})["seen"])
    assert found == pytest.approx(dict.fromkeys(found, found["strength"]), rel=1e-8)


@pytest.mark.parametrize("names", [("h", "chat")])
def test_states_and_dimensions_may_have_any_name(names):
    def fitted(one, other, inner, outer):
        features, samples = Dim(inner), Dim(outer)
        data, w, v = Gaussian("D", samples, features, variance=1 / features), State(one, features), State(other, features)
        w0 = Noise("w0", features)
        penalty = (w - v).square() / 2 + v.square() / 2
        energy = sum_over(samples, relu(1 - sign(data @ w0) * (data @ w))) + penalty
        model = Energy(energy, over=[w, v], observe={"seen": mean(features, v * w0)})
        return float(solve(model.theory(), tolerance=1e-8, **{inner: 2.0, outer: 3.0})["seen"])

    assert fitted(names[0], names[1], "c", "v") == pytest.approx(fitted("first", "second", "inner", "outer"), rel=1e-8)
