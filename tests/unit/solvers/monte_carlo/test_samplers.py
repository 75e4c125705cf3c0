"""Samplers and margins against exact answers: marginals by quadrature, arcs by brute force, dual certificates."""

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import quad

from solvers.monte_carlo import simulate
from solvers.monte_carlo.great_circles import allowed_angle
from theory.declaration import (
    Atom,
    Dim,
    Energy,
    Gaussian,
    Mixture,
    Normal,
    Signs,
    State,
    absolute,
    heaviside,
    mean,
    sum_over,
    wall,
)  # fmt: skip
from theory.errors import ConvergenceError, DeclarationError

N, P = Dim("N"), Dim("P")
X, y = Gaussian("X", P, N, variance=1 / N), Signs("y", P)
w, ball, bell = State("w", N), State("s", N, prior="spherical"), State("g", N, prior="gaussian")
T = sp.Symbol("T", positive=True)


def moment(density, power=2):
    norm = quad(density, -12, 12, limit=200)[0]
    return quad(lambda x: x**power * density(x), -12, 12, limit=200)[0] / norm


@pytest.mark.parametrize(
    ("model", "density"),
    [
        # Independent sites: a double well with a quadratic penalty, absolute values under a Gaussian prior, steps.
        (lambda: Energy(sum_over(N, (w**2 - 1) ** 2) + w.square() / 2, over=w, temperature=T),
         lambda x: np.exp(-((x**2 - 1) ** 2 + x**2 / 2) / 0.3)),
        (lambda: Energy(sum_over(N, absolute(bell)), over=bell, temperature=T), lambda x: np.exp(-abs(x) / 0.3 - x**2 / 2)),
        (lambda: Energy(sum_over(N, heaviside(bell - 1)), over=bell, temperature=T), lambda x: np.exp(-(x > 1) / 0.3 - x**2 / 2)),
        (lambda: Energy(sum_over(N, w**2 - 3 * w), over=w, temperature=T), lambda x: np.exp(-(x**2 - 3 * x) / 0.3)),
    ],
    ids=["double well", "absolute values", "steps", "shifted Gaussian"],
)  # fmt: skip
def test_marginals_of_independent_sites(model, density):
    bare = model()
    (state,) = bare.over
    found = Energy(bare.energy, bare.over, temperature=T, observe={"square": mean(N, state**2), "mean": mean(N, state)})
    drawn = simulate(found, trials=30, N=8, T=0.3)
    for name, power in (("square", 2), ("mean", 1)):
        assert abs(drawn[name].mean - moment(density, power)) < 4 * drawn[name].stderr


def test_marginals_under_a_mixture():
    """A point and two Gaussians in a quadratic energy, on independent sites: share of the point, mean and square."""
    law = Mixture((sp.Rational(1, 2), Atom(1)), (sp.Rational(1, 4), Normal(-1, 0.5)), (sp.Rational(1, 4), Normal(0, 2)))
    s = State("s", N, prior=law)
    observe = {"mean": mean(N, s), "square": mean(N, s**2), "apart": mean(N, heaviside(absolute(s - 1) - 1e-4))}
    drawn = simulate(Energy(s.square() / 2 - sum_over(N, s) / 5, over=s, temperature=T, observe=observe), trials=60, N=20, T=0.8)

    def weight(x):
        return np.exp(-(x**2 / 2 - x / 5) / 0.8)

    def density(x):
        return weight(x) * (np.exp(-((x + 1) ** 2)) / np.sqrt(np.pi) + np.exp(-(x**2) / 4) / np.sqrt(4 * np.pi)) / 4

    point, rest = weight(1.0) / 2, quad(density, -15, 15)[0]
    exact = {"apart": rest / (point + rest)}
    for name, k in (("mean", 1), ("square", 2)):
        exact[name] = (point + quad(lambda x, k=k: x**k * density(x), -15, 15)[0]) / (point + rest)
    for name, value in exact.items():
        assert abs(drawn[name].mean - value) < 4 * drawn[name].stderr


def test_several_states_turn_together():
    """One under a Gaussian prior, one under a penalty: the order of two alike, which a step favours, is a two-level system."""
    other = State("v", N)
    step = sum_over(N, heaviside(bell - other - 1))
    observe = {"order": mean(N, heaviside(bell - other - 1)), "mean": mean(N, other)}
    model = Energy(T * step + T * sum_over(N, (other + 1) ** 2) / 2, over=(bell, other), temperature=T, observe=observe)
    found = simulate(model, trials=40, N=8, T=0.3)
    assert abs(found["order"].mean - 1 / (1 + np.e)) < 4 * found["order"].stderr
    # Above the step their difference is that of two Gaussians, half a normal: it moves the second by half of its mean.
    moved = -(1 - 2 / (1 + np.e)) * np.sqrt(2 / np.pi) * np.sqrt(2) / 2
    assert abs(found["mean"].mean - (-1 - moved)) < 4 * found["mean"].stderr


def test_volume_of_one_constraint():
    """Above margin kappa, the field of one pattern is a Gaussian cut off there, on a sphere of many dimensions nearly so."""
    stability = y * (X @ ball)
    model = Energy(sum_over(P, heaviside(0.5 - stability)), over=ball, phase="SAT", observe={"stability": mean(P, stability)})
    found = simulate(model, trials=80, P=1, N=16)["stability"]
    expected = moment(lambda x: np.exp(-(x**2) / 2) * (x > 0.5), 1)
    assert abs(found.mean - expected) < 4 * found.stderr + 1 / 16


def test_gaussian_volume_cut_by_constraints():
    stability = y * (X @ bell)
    model = Energy(sum_over(P, heaviside(0.2 - stability)), over=bell, phase="SAT", observe={"norm": mean(N, bell**2)})
    found = simulate(model, trials=100, P=2, N=2)["norm"]
    rng = np.random.default_rng(1)
    x, points = rng.standard_normal((4000, 2, 2)) / np.sqrt(2), rng.standard_normal((4000, 4000 // 100, 2))
    inside = np.all(np.einsum("tpn,tkn->tkp", x, points) > 0.2, axis=2)
    some = inside.any(axis=1)
    kept = np.array([np.mean(q[i] ** 2) for q, i in zip(points[some], inside[some], strict=True)])
    assert abs(found.mean - kept.mean()) < 4 * found.stderr + 0.15


def test_allowed_angles_are_those_that_violate_nothing():
    rng = np.random.default_rng(3)
    for _ in range(20):
        needed = rng.normal(0, 0.5, 6)
        field = needed + rng.exponential(size=6)
        across = rng.standard_normal(6)
        drawn = np.array([allowed_angle(field, across, needed, rng) for _ in range(400)]) % (2 * np.pi)
        assert np.all(np.outer(np.cos(drawn), field) + np.outer(np.sin(drawn), across) >= needed - 1e-9)
        grid = np.linspace(0, 2 * np.pi, 20001)
        free = grid[np.all(np.outer(np.cos(grid), field) + np.outer(np.sin(grid), across) >= needed, axis=1)]
        for wave in (np.cos, np.sin):
            assert abs(wave(drawn).mean() - wave(free).mean()) < 4.5 * wave(free).std() / 20 + 1e-3


def test_the_largest_margin_has_a_dual_certificate():
    """The state is a positive combination of the patterns that touch the margin."""
    stability = X @ w
    model = Energy(sum_over(P, wall(1 - stability)) + w.square(), over=w, algorithm="margin", observe={"state": 1 * w})
    matrix = np.random.default_rng(2).standard_normal((8, 12))
    state = simulate(model, trials=1, P=8, N=12, design={"X": lambda rng, shape: matrix})["state"].mean
    rows = matrix / np.sqrt(12)
    touching = np.abs(rows @ state - 1) < 1e-8
    weights = np.linalg.lstsq(rows[touching].T, state, rcond=None)[0]
    assert np.all(rows @ state > 1 - 1e-8) and np.all(weights > 0) and np.allclose(rows[touching].T @ weights, state)


@pytest.mark.parametrize(
    ("model", "task", "error", "message"),
    [
        (lambda: Energy(sum_over(P, wall(1 - y * (X @ w))) + w.square(), over=w, algorithm="margin"), {"P": 40, "N": 5},
         ConvergenceError, "no state satisfies all constraints"),
        (lambda: Energy(sum_over(P, heaviside(-y * (X @ ball))), over=ball, phase="SAT"), {"P": 60, "N": 5},
         ConvergenceError, "no state of zero energy in this draw"),
        (lambda: Energy(sum_over(P, absolute(X @ ball)), over=ball, phase="SAT"), {"P": 4, "N": 4}, DeclarationError,
         "states of zero energy are drawn under steps of affine fields"),
        (lambda: Energy(sum_over(P, absolute(X @ w)), over=w, temperature=1), {"P": 4, "N": 4}, DeclarationError,
         "neither prior nor quadratic penalty"),
        (lambda: Energy(sum_over(P, absolute(X @ ball)), over=ball, algorithm="margin"), {"P": 4, "N": 4}, DeclarationError,
         "no term is a step function"),
        (lambda: Energy(sum_over(P, wall(1 - X @ w)) + sum_over(N, absolute(w)), over=w, algorithm="margin"), {"P": 4, "N": 4},
         DeclarationError, "needs the penalty w.square"),
    ],
)  # fmt: skip
def test_what_is_not_sampled_is_refused_by_name(model, task, error, message):
    bare = model()
    found = Energy(bare.energy, bare.over, temperature=bare.temperature, phase=bare.phase, algorithm=bare.algorithm,
                   observe={"norm": bare.over[0].square()})  # fmt: skip
    with pytest.raises(error, match=message):
        simulate(found, trials=1, **task)
