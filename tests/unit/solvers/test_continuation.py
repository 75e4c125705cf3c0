"""Branches and critical lines of theories whose bifurcations are known: ferromagnets of p spins."""

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

from solvers import follow, intersect, solve, trace
from theory import Parameter, models
from theory.equations import Theory, Unknown
from theory.errors import ConvergenceError, ParameterError
from theory.symbols import positive

m, h, T = sp.Symbol("m", real=True), sp.Symbol("h", real=True), positive("T")


def ferromagnet(p):
    """m = tanh((p m^(p-1) + h)/T), the stationary points of the free energy f = (p - 1) m^p - T ln 2cosh(...)."""
    field = (p * m ** (p - 1) + h) / T
    return Theory(
        f"{p}-spin ferromagnet",
        (Unknown(m, "magnetisation", sp.Integer(-1), sp.S.One),),
        (sp.Eq(m, sp.tanh(field), evaluate=False),),
        ((m - sp.tanh(field),),),
        {},
        {"f": (p - 1) * m**p - T * sp.log(2 * sp.cosh(field))},
        {},
        (Parameter("T", T, lower=0, lower_open=True), Parameter("field", h, default=0.0)),
    )


TWO, THREE = ferromagnet(2), ferromagnet(3)


def spinodal_field(t):
    """Of the pair ferromagnet: 1 = 2 (1 - m^2)/T and h = T artanh m - 2 m."""
    at = mp.sqrt(1 - mp.mpf(t) / 2)
    return abs(t * mp.atanh(at) - 2 * at)


def test_a_branch_goes_round_its_spinodals():
    branch = follow(TWO, "field", (-1.0, 1.0), T=1.2)
    assert branch.ends == ("outside", "outside")
    assert sorted(s["field"] for s in branch.spinodals) == pytest.approx([-float(spinodal_field(1.2)), float(spinodal_field(1.2))])
    assert {s.kind for s in branch.spinodals} == {"spinodal"}
    assert branch.values[[0, -1]].tolist() in ([-1.0, 1.0], [1.0, -1.0])
    assert np.all(np.abs(branch["m"] - np.tanh((2 * branch["m"] + branch.values) / 1.2)) < 1e-13)
    assert branch.error.max() < 1e-12
    assert len(branch.find("field", 0.0)) == 3


@pytest.mark.parametrize("between", [(0.4, 3.0), (3.0, 0.4)])
def test_a_continuous_transition_is_told_from_a_spinodal(between):
    branch = follow(TWO, "T", between, at=0.4, start={"m": 0.99})
    (point,) = branch.spinodals
    assert point.kind == "continuous" and point["T"] == pytest.approx(2.0, abs=1e-9)
    assert min(branch["m"]) < -0.9 < 0.9 < max(branch["m"])


def test_phases_of_equal_free_energy_are_a_transition_of_first_order():
    magnet = follow(THREE, "T", (0.5, 4.0), start={"m": 0.999})
    paramagnet = follow(THREE, "T", (0.5, 4.0), start={"m": 0.0})
    (point,) = [s for s in intersect(magnet, paramagnet, "f") if s["m"] > 0.5]

    def conditions(t, x):
        return x - mp.tanh(3 * x**2 / t), 2 * x**3 - t * mp.log(mp.cosh(3 * x**2 / t))

    t, x = mp.findroot(conditions, (1.6, 0.95))
    assert point["T"] == pytest.approx(float(t), rel=1e-10) and point["m"] == pytest.approx(float(x), rel=1e-9)
    assert magnet.spinodals[0]["T"] > point["T"]


def test_a_spinodal_line_is_traced_in_two_parameters():
    start = follow(TWO, "field", (-1.0, 1.0), T=1.2).spinodals[0]
    line = trace(TWO, "spinodal", {"field": (-1.5, 1.5), "T": (0.2, 3.0)}, start)
    exact = [float(spinodal_field(t)) for t in line["T"]]
    assert np.max(np.abs(np.abs(line["field"]) - exact)) < 1e-12
    # It runs through the cusp at the critical point.
    assert line["field"].min() < -0.5 < 0.5 < line["field"].max() and line["T"].max() == pytest.approx(2.0, abs=1e-2)


def test_a_line_of_given_value_is_traced():
    (start,) = follow(TWO, "field", (0.1, 3.0), T=2.5).find("m", 0.5)
    line = trace(TWO, ("m", 0.5), {"field": (-3.0, 3.0), "T": (0.5, 5.0)}, start)
    assert line["field"] == pytest.approx(line["T"] * np.arctanh(0.5) - 1.0, abs=1e-12)
    assert len(line["T"]) > 20


@pytest.mark.slow
def test_branches_of_models_pass_through_their_solutions():
    theory = models.ElasticNet().theory()
    task = dict(P=0.7, N=1.0, noise=0.1, ridge=0.05)
    branch = follow(theory, "penalty", (0.05, 1.0), observables=["E_g"], **task)
    for i in (0, len(branch.values) // 2, -1):
        found = solve(theory, penalty=float(branch.values[i]), **task, observables=["E_g"])
        assert branch["E_g"][i] == pytest.approx(found["E_g"], rel=1e-8)
    eta = np.arange(1, 30) ** -1.5
    modes = follow(models.KernelRegression().theory(), "P", (5.0, 50.0), ridge=0.01, noise=0.2, eigenvalues=eta, target_power=eta)
    best = modes.values[np.argmax(modes["E_g"])]
    assert solve(models.KernelRegression().theory(), P=float(best), ridge=0.01, noise=0.2, eigenvalues=eta, target_power=eta)[
        "E_g"
    ] == pytest.approx(modes["E_g"].max(), rel=1e-9)


def test_a_branch_is_drawn_with_its_spinodals():
    axes = follow(TWO, "field", (-1.0, 1.0), T=1.2).plot("m")
    assert len(axes.lines) == 3 and axes.get_xlabel() and axes.get_ylabel()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: follow(TWO, "temperature", (0.1, 1.0)), ParameterError, "no parameter 'temperature'"),
        (lambda: follow(TWO, "T", (1.0, 1.0)), ParameterError, "interval of T: .*two different"),
        (lambda: follow(TWO, "T", "wide"), ParameterError, "interval of T: 'wide'; give two numbers"),
        (lambda: follow(TWO, "T", (0.0, 1.0)), ParameterError, "interval of T: 0 is outside its domain"),
        (lambda: follow(TWO, "T", (0.5, 1.0), at=2.0), ParameterError, "at: 2; it must lie between 0.5 and 1"),
        (lambda: follow(TWO, "T", (0.5, 1.0), T=0.7), ParameterError, "T: it is followed"),
        (lambda: follow(TWO, "T", (0.5, 1.0), field=[0.0, 0.1]), ParameterError, "field: an axis"),
        (lambda: follow(TWO, "T", (0.5, 1.0), start={"q": 1.0}), ParameterError, "no unknown 'q'"),
        (lambda: follow(TWO, "T", (0.5, 1.0)).find("energy"), ParameterError, "no 'energy'; did you mean|known"),
        (lambda: trace(TWO, "spinodal", {"T": (0.5, 1.0)}, None), ParameterError, "intervals of two parameters"),
        (lambda: trace(TWO, "spinodal", {"T": (0.5, 1.0), "field": (-1, 1)}, None), ParameterError, "start: None; give a point"),
        (lambda: intersect(follow(TWO, "T", (0.5, 1.0)), 3, "m"), ParameterError, "give another branch of the same theory"),
    ],
)
def test_what_cannot_be_followed_is_refused_by_name(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_start_off_the_line_is_refused():
    (start,) = follow(TWO, "field", (0.1, 3.0), T=2.5).find("m", 0.5)
    with pytest.raises(ConvergenceError, match="start does not lie on the line"):
        trace(TWO, "spinodal", {"field": (-3.0, 3.0), "T": (0.5, 5.0)}, start)
