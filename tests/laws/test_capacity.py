"""Capacity at several steps of breaking: against integrals of their own, from either side, and where replicas do not break."""

from itertools import pairwise

import numpy as np
import pytest
import sympy as sp

from solvers import follow, solve
from theory import Dim, Energy, Gaussian, State, heaviside, models, sum_over
from theory.replica.one_body import OMEGA, WIDTH, one_body

N, P = Dim("N"), Dim("P")
v, X = State("v", N, prior="spherical"), Gaussian("X", P, N, variance=1 / N)
kappa = sp.Symbol("kappa", positive=True)
FIELD = X @ v
SIDES = {
    "outside": (heaviside(kappa - FIELD) * heaviside(kappa + FIELD), lambda h, k: np.maximum(k - np.abs(h), 0)),
    "inside": (heaviside(FIELD - kappa) + heaviside(-kappa - FIELD), lambda h, k: np.maximum(np.abs(h) - k, 0)),
}
GARDNER = {a: models.Gardner(ansatz=a).capacity().theory for a in ("RS", "1RSB")}


def quotient(q, y, distance, outer=801, inner=8001):
    """-B/A of the logarithm of the volume α A + B, from the distance of a field to what is allowed."""
    z, x = (np.linspace(-9, 9, n) for n in (outer, inner))
    wz, wx = (np.exp(-(t**2) / 2) / np.exp(-(t**2) / 2).sum() for t in (z, x))
    inside = np.exp(-y * distance(np.sqrt(q) * z[:, None] + np.sqrt(1 - q) * x) ** 2 / 2)
    samples = wz @ np.log(inside @ wx) / y
    sphere = (np.log1p(y * (1 - q)) / y + q / (1 + y * (1 - q))) / 2
    return -sphere / samples


def stationary(found, distance):
    """The value at the point that was found, and the largest of its relative slopes there."""
    q, y = found["q_0"], found["y_1"]
    slopes = []
    for step in (1e-3, 5e-4):
        up, down = (
            np.log([quotient(q + s, y, distance), quotient(q, y * np.exp(s), distance)]) for s in (step, -step)
        )  # fmt: skip
        slopes.append((up - down) / (2 * step))
    return quotient(q, y, distance), np.abs((4 * slopes[1] - slopes[0]) / 3).max()


@pytest.mark.parametrize(("margin", "value"), [(0.0, 2.0), (0.5, 0.9612050528015418)])
def test_no_step_is_taken_where_symmetric_replicas_are_stable(margin, value):
    """At margins from zero on the solutions are a convex set."""
    one, flat = (solve(GARDNER[a], N=1.0, margin=margin) for a in ("1RSB", "RS"))
    assert one["capacity"] == pytest.approx(value, rel=1e-13) == flat["capacity"]
    assert one.order_parameters["dq_1"] == 0.0 and one.order_parameters["replicon"] >= 0
    known = solve(models.Gardner().theory(), N=1.0, P=0.1, margin=margin)["capacity"]
    assert flat["capacity"] == pytest.approx(known, rel=1e-14)


@pytest.mark.parametrize("margin", [-0.5, 0.5])
def test_stabilities_of_the_last_couplings(margin):
    """Those of a Gaussian, moved to the margin where they lie below it; no pattern is violated."""
    from scipy.stats import norm

    gibbs = solve(models.Gardner("gibbs").capacity().theory, N=1.0, margin=margin)
    assert gibbs["stability"] == pytest.approx(margin * norm.cdf(margin) + norm.pdf(margin), rel=1e-12)
    assert solve(GARDNER["RS"], N=1.0, margin=margin)["satisfied"] == 1.0


def test_the_capacity_at_a_negative_margin_is_a_saddle_point_of_its_own():
    """Against integrals on grids that know the distance to a half line alone; below the capacity of symmetric replicas."""
    found = solve(GARDNER["1RSB"], N=2.0, margin=-1.0, tolerance=1e-8).order_parameters
    value, slope = stationary(found, lambda h: np.maximum(-1 - h, 0))
    assert found["capacity"] / 2 == pytest.approx(value, rel=1e-7) and slope < 1e-6
    assert found["q_0"] + found["dq_1"] == pytest.approx(1.0, rel=1e-12) and found["replicon"] < 0
    assert value < 0.95 * solve(GARDNER["RS"], N=1.0, margin=-1.0)["capacity"]


@pytest.mark.slow
@pytest.mark.parametrize(("side", "margin"), [("outside", 1.0), ("inside", 1.0)])
def test_fields_outside_or_inside_an_interval(side, margin):
    """Two half lines with a hole between them, where the nearest state jumps from one to the other, and an interval."""
    potential, distance = SIDES[side]
    theory = Energy(sum_over(P, potential), over=v, phase="SAT", ansatz="1RSB", name=side).capacity().theory
    found = solve(theory, N=1.0, kappa=margin, tolerance=1e-6).order_parameters
    flat = Energy(sum_over(P, potential), over=v, phase="SAT", name=side).capacity().theory
    value, slope = stationary(found, lambda h: distance(h, margin)) if found["q_0"] else (found["capacity"], 0.0)
    assert found["capacity"] == pytest.approx(value, rel=1e-6) and slope < 1e-5
    assert value < solve(flat, N=1.0, kappa=margin)["capacity"] and found["replicon"] < 0


def test_the_nearest_state_outside_an_interval():
    """Minus half the squared distance, over the width; what is observed at a wall is on its allowed side."""
    h = sp.Symbol("h", real=True)
    body = one_body(sp.Piecewise((0, h < -kappa), (sp.oo, h < kappa), (0, True)), h, "broken")
    seen = body.expectation(sp.Heaviside(kappa - h) * sp.Heaviside(kappa + h))
    grid, edge, width = np.linspace(-6, 6, 120_001), 1.0, 0.7
    allowed = grid[np.abs(grid) >= edge]
    for omega in (-1.7, -0.6, -0.1, 0.1, 0.99, 2.0):
        rule = {OMEGA: omega, WIDTH: width, kappa: edge}
        value, errors = (next(b.subs(rule) for _, upper, b in f if upper.subs(rule) > omega) for f in (body.value, seen))
        assert float(value) == pytest.approx(-((allowed - omega) ** 2).min() / (2 * width), abs=1e-7) and errors == 0


@pytest.mark.slow
def test_the_capacity_is_reached_from_either_side():
    """Volumes that shrink below it, numbers of errors that grow above it: the same overlaps and blocks in units of the width."""
    end = solve(GARDNER["1RSB"], N=1.0, margin=-1.0, tolerance=1e-8).order_parameters
    below, rows = models.Gardner(ansatz="1RSB").theory(), []
    for patterns in (12.0, 12.2):
        o = solve(below, N=1.0, P=patterns, margin=-1.0, tolerance=1e-6, observables=[]).order_parameters
        rows.append((np.sqrt(1 - o["q_1"]), o["q_0"], o["x_1"] / (1 - o["q_1"])))
    # A wall is blurred by the root of the width, in which the others tend to their limits.
    (width, *one), (least, *other) = rows
    limit = np.array(other) + (np.array(other) - one) * least / (width - least)
    assert limit == pytest.approx([end["q_0"], end["y_1"]], rel=0.01)
    margin, start, rows = sp.Symbol("margin", real=True), None, []
    above = Energy(sum_over(P, heaviside(margin - FIELD)), over=v, ansatz="1RSB", name="errors").theory()
    for excess in (0.16, 0.08, 0.04):
        o = solve(above, N=1.0, P=end["capacity"] + excess, margin=-1.0, tolerance=1e-5, start=start).order_parameters
        start = {u.name: o[u.name] for u in above.unknowns}
        rows.append((o["ground_state_energy"], o["y_1"] / o["chi"] - end["y_1"], abs(o["q_0"] - end["q_0"])))
    assert min(map(min, rows)) > 0
    for far, near in pairwise(rows):
        assert 1.8 < far[0] / near[0] < 3 and 1.8 < far[1] / near[1] < 2.6 and far[2] > 1.8 * near[2]


@pytest.mark.slow
def test_the_capacity_as_a_line_in_the_margin():
    """It falls all the way to margin zero, where both numbers of steps meet with the same slope."""
    line = follow(GARDNER["1RSB"], "margin", (-1.5, -0.2), at=-1.0, N=1.0, tolerance=1e-6, observables=[])
    assert line.ends == ("outside", "outside") and (np.diff(line["capacity"]) * np.diff(line.values) < 0).all()
    for margin in (-1.4, -0.7, -0.3):
        found = solve(GARDNER["1RSB"], N=1.0, margin=margin, tolerance=1e-6)
        assert line.find("margin", margin)[0]["capacity"] == pytest.approx(found["capacity"], rel=1e-8)
    gaps = [solve(GARDNER["RS"], N=1.0, margin=m)["capacity"] - solve(GARDNER["1RSB"], N=1.0, margin=m, tolerance=1e-5)["capacity"]
            for m in (-0.2, -0.1)]  # fmt: skip
    assert 4 < gaps[0] / gaps[1] < 16


@pytest.mark.slow
def test_a_further_step_lowers_the_capacity():
    """Two steps against three integrals one after another, of which the innermost is that of a Gaussian on half lines."""
    from scipy.special import log_ndtr

    theory = models.Gardner(ansatz="2RSB").capacity().theory
    two = solve(theory, N=1.0, margin=-1.0, tolerance=1e-4, observables=[]).order_parameters
    q, d1, d2, y1, y2 = (two[n] for n in ("q_0", "dq_1", "dq_2", "y_1", "y_2"))
    z = np.linspace(-9, 9, 1201)
    weight = np.exp(-(z**2) / 2) / np.exp(-(z**2) / 2).sum()
    below, stiff = -1 - (np.sqrt(q) * z[:, None] + np.sqrt(d1) * z), 1 + y2 * d2
    violated = -y2 * below**2 / (2 * stiff) - np.log(stiff) / 2 + log_ndtr(below / np.sqrt(d2 * stiff))
    innermost = np.logaddexp(log_ndtr(-below / np.sqrt(d2)), violated) / y2
    samples = weight @ np.log(np.exp(y1 * innermost) @ weight) / y1
    whole = stiff + y1 * d1
    sphere = (np.log(stiff) / y2 + np.log(whole / stiff) / y1 + q / whole) / 2
    assert two["capacity"] == pytest.approx(-sphere / samples, rel=1e-6)
    one, none = (solve(GARDNER[a], N=1.0, margin=-1.0, tolerance=1e-6).order_parameters for a in ("1RSB", "RS"))
    assert two["capacity"] < one["capacity"] < none["capacity"] and two["y_1"] < two["y_2"]
    assert none["replicon"] < one["replicon"] < two["replicon"] < 0
