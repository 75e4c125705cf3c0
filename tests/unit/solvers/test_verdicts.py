"""Verdicts come with every solution, and a failing one is never silent."""

import json

import numpy as np
import sympy as sp

from solvers import solve, sweep
from solvers.cli import main
from solvers.results import Curve
from solvers.verdicts import judged
from theory import Dim, Energy, Gaussian, Noise, State, heaviside, mean, models, sum_over

N, P, T = Dim("N"), Dim("P"), sp.Symbol("T", positive=True)
X, w0 = Gaussian("X", P, N, variance=1 / N), Noise("w0", N)
w = State("w", N)


def spins():
    theory = models.SherringtonKirkpatrick().theory()
    return sweep(theory, N=1.0, temperature=[0.1, 0.7, 1.2], field=0.1, tolerance=1e-6)


def test_an_unstable_solution_says_so():
    found = solve(models.SherringtonKirkpatrick().theory(), N=1.0, temperature=0.1, tolerance=1e-6)
    assert found.status == "converged" and not found.sound
    assert str(found).startswith("sherrington-kirkpatrick: converged, replica symmetry unstable, negative entropy, relative error")
    told = repr(found.verdicts["stability"])
    assert told.startswith("stability: fails, replica symmetry unstable (replicon = -4.54); declare ansatz='1RSB'")
    assert told in repr(found)
    assert not found.verdicts["stability"] and "nishimori" not in found.verdicts


def test_a_curve_says_at_which_points():
    curve = spins()
    assert curve.verdicts["stability"].status.tolist() == ["fails", "fails", "holds"]
    assert curve.verdicts["entropy"].status.tolist() == ["fails", "holds", "holds"]
    assert curve.sound.tolist() == [False, False, True]
    assert "stability: fails at 2 of 3 points, replica symmetry unstable" in repr(curve)
    assert curve.to_xarray()["verdict_stability"].values.tolist() == ["fails", "fails", "holds"]


def test_verdicts_are_saved_and_written_as_json(tmp_path):
    curve = spins()
    read = Curve.load(curve.save(tmp_path / "curve.npz"))
    assert repr(read.verdicts) == repr(curve.verdicts)
    written = json.loads(json.dumps(read.to_json(), allow_nan=False))["verdicts"]
    assert written["stability"]["holds"] == [False, False, True]
    np.testing.assert_array_equal(written["stability"]["value"], curve["replicon"])


def test_the_command_line_prints_them(capsys):
    values = ["--set", "N=1", "--set", "temperature=0.6,1.2", "--set", "field=0.1"]
    assert main(["curve", "sherrington-kirkpatrick", *values]) == 0
    told = capsys.readouterr()
    assert "converged, replica symmetry unstable" in told.out and "stability: fails at 1 of 2 points" in told.err
    assert main(["curve", "sherrington-kirkpatrick", *values, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdicts"]["stability"]["holds"] == [False, True]


def test_points_that_failed_are_left_open():
    curve = sweep(models.SherringtonKirkpatrick().theory(), temperature=[0.05, 1.5], N=1.0, on_failure="mask", tolerance=1e-14)
    assert curve.status.tolist() == ["failed", "converged"]
    assert curve.verdicts["stability"].status.tolist() == ["open", "holds"]
    assert curve.to_json()["verdicts"]["stability"]["holds"] == [None, True]


def test_nishimori_is_asked_for_where_the_model_is_matched():
    theory = models.BayesLinearRegression().theory()
    curve = sweep(theory, P=2.0, N=1.0, noise=0.5, assumed_noise=[0.4, 0.5, 0.6])
    assert curve.verdicts["nishimori"].status.tolist() == ["open", "holds", "open"]
    assert "nishimori" not in solve(theory, P=2.0, N=1.0, noise=0.5, assumed_noise=0.4).verdicts


def test_a_student_that_is_not_matched_violates_nishimori():
    """Data without noise, and a posterior that assumes some."""
    energy = (X @ w - X @ w0).square() / 2 + T * w.square() / 2
    wrong = Energy(energy, over=w, temperature=T, nishimori={w: w0}, name="wrong", observe={"m": mean(N, w * w0)})
    found = solve(wrong.theory(), P=1.0, N=1.0, T=1.0)
    assert not found.verdicts["nishimori"] and "Nishimori's identity violated (self_overlap - target_overlap" in str(found)


def test_names_that_a_declaration_takes_are_left_to_it():
    """A verdict is given even where an observable has the name of its quantity."""
    ball = State("w", N, prior="spherical")
    stored = sum_over(P, heaviside(-(X @ ball)))
    model = Energy(stored, over=ball, phase="SAT", name="taken", observe={"replicon": mean(N, ball**2)})
    found = solve(model.theory(), P=1.0, N=1.0)
    assert found.verdicts["stability"].value == found["replicon_"] != found["replicon"]


def test_convexity_is_told_and_needs_no_number():
    found = solve(models.BayesLinearRegression().theory(), P=1.0, N=1.0)
    assert repr(found.verdicts["convexity"]) == "convexity: holds, the energy is convex: replica symmetry is exact"
    assert "convexity" not in solve(models.Gardner().theory(), P=1.0, N=1.0).verdicts


def test_what_is_zero_within_its_error_holds():
    theory = models.SherringtonKirkpatrick().theory()
    values = {"replicon": np.array([-1e-9, -1e-9]), **{n: np.zeros(2) for n in ("entropy", "self_overlap", "target_overlap")}}
    errors = {name: np.array([2.0, 0.5]) for name in values}
    scalars = {theory.parameter(n).symbol: np.zeros(2) for n in ("temperature", "field", "ferromagnetic")}
    found = judged(theory, scalars, values, errors, 1e-10, (2,))
    assert found["stability"].status.tolist() == ["holds", "fails"]
