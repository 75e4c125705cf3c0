from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from solvers.modes.power_law import PowerLaw
from solvers.modes.spectra import Modes
from solvers.sweeps import solve, sweep
from tests.unit.solvers.example_theories import cubic, explicit, kernel_regression, spin_glass, two_spectra

TASK = {"eigenvalues": [1.0, 0.25, 0.0, 0.04, 0.5], "target_power": [1.0, 0.5, 0.3, 0.2, 0.0]}


def test_a_sweep_is_its_points():
    curve = sweep(kernel_regression(), ridge=[0.0, 1e-3], P=[1.0, 3.0, 40.0], noise=0.1, **TASK)
    assert curve.shape == (2, 3) and list(curve.axes) == ["ridge", "P"]
    for i, ridge in enumerate(curve.axes["ridge"]):
        for j, P in enumerate(curve.axes["P"]):
            point = solve(kernel_regression(), P=P, ridge=ridge, noise=0.1, **TASK)
            for name in ("kappa", "gamma", "E_g", "E_train", "variance"):
                assert point[name] == curve[name][i, j]
            assert point.status == curve.status[i, j] == ("limit" if ridge == 0 else "converged")


def test_observables_of_single_modes_come_when_named():
    assert "mode_errors" not in sweep(kernel_regression(), P=3.0, ridge=0.1, **TASK).observables
    curve = sweep(
        kernel_regression(),
        P=[1.0, 3.0],
        ridge=0.1,
        noise=0.2,
        **TASK,
        observables=["mode_errors", "E_g", "target_mode_contributions"],
    )
    assert curve["mode_errors"].shape == (2, 5)
    np.testing.assert_allclose(curve["mode_errors"].sum(-1), curve["E_g"], rtol=1e-13)


def test_modes_of_a_compressed_spectrum_come_one_by_one():
    k = np.random.default_rng(0).permutation(np.arange(1.0, 3001))
    curve = sweep(
        kernel_regression(),
        P=[10.0, 300.0],
        ridge=1e-3,
        noise=0.1,
        eigenvalues=k**-1.5,
        target_power=k**-1.2,
        observables=["mode_errors", "E_g"],
    )
    assert curve["mode_errors"].shape == (2, 3000)
    np.testing.assert_allclose(curve["mode_errors"].sum(-1), curve["E_g"], rtol=1e-12)


def test_an_axis_of_spectra():
    spectra = np.array([[1.0, 0.5, 0.1], [1.0, 0.2, 0.2]])
    curve = sweep(kernel_regression(), eigenvalues=spectra, P=[1.0, 2.0], ridge=0.1, target_power=[1.0, 1.0, 1.0])
    for i, eta in enumerate(spectra):
        one = sweep(kernel_regression(), eigenvalues=eta, P=[1.0, 2.0], ridge=0.1, target_power=[1.0, 1.0, 1.0])
        np.testing.assert_array_equal(curve["E_g"][i], one["E_g"])
    zipped = sweep(
        kernel_regression(), eigenvalues=spectra, P=[1.0, 2.0], ridge=0.1, target_power=[1.0, 1.0, 1.0], zip=("eigenvalues", "P")
    )
    np.testing.assert_array_equal(zipped["E_g"], np.diagonal(curve["E_g"]))


def test_degenerate_modes_are_repeated_modes():
    plain = solve(
        kernel_regression(), P=4.0, ridge=0.1, noise=0.1, eigenvalues=[1.0, 0.2, 0.2, 0.2], target_power=[1.0, 0.5, 0.5, 0.5]
    )
    short = {"eigenvalues": [1.0, 0.2], "target_power": [1.0, 0.5]}
    folded = solve(kernel_regression(), P=4.0, ridge=0.1, noise=0.1, **short, multiplicity=[1, 3])
    modes = solve(kernel_regression(), P=4.0, ridge=0.1, noise=0.1, eigenvalues=Modes.from_values(**short, multiplicity=[1, 3]))
    assert folded["E_g"] == modes["E_g"] == pytest.approx(plain["E_g"], rel=1e-14)


def test_a_finite_power_law_is_its_array():
    k = np.arange(1.0, 5001)
    law = solve(
        kernel_regression(), P=100, ridge=1e-6, noise=0.1, eigenvalues=PowerLaw(1.5, 5000), target_power=PowerLaw(1.3, 5000)
    )
    array = solve(kernel_regression(), P=100, ridge=1e-6, noise=0.1, eigenvalues=k**-1.5, target_power=k**-1.3)
    assert law["E_g"] == pytest.approx(array["E_g"], rel=law.error + array.error)


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_executors_give_the_same_bits(kind):
    values = dict(
        P=np.geomspace(1, 100, 90),
        ridge=[0.0, 1e-3],
        eigenvalues=np.array([[1.0, 0.3], [1.0, 0.1], [0.2, 0.1]]),
        target_power=[1.0, 1.0],
    )
    serial = sweep(kernel_regression(), **values, noise=0.1)
    pool = ThreadPoolExecutor(2) if kind == "threads" else ProcessPoolExecutor(2, mp_context=get_context("forkserver"))
    with pool:
        parallel = sweep(kernel_regression(), **values, noise=0.1, executor=pool)
    for name in ("kappa", "E_g", "E_train"):
        np.testing.assert_array_equal(parallel[name], serial[name])
    np.testing.assert_array_equal(parallel.error, serial.error)


def test_masked_points_leave_the_others():
    curve = sweep(kernel_regression(), P=[3.0, 4.0, 5.0], ridge=0, noise=0.1, **TASK, on_failure="mask")
    assert list(curve.status) == ["limit", "infinite", "limit"]  # four modes are non-zero
    assert np.isinf(curve["E_g"][1]) and np.isfinite(curve["E_g"][[0, 2]]).all()
    strict = sweep(kernel_regression(), P=[3.0, 4.0, 5.0], ridge=1e-3, noise=0.1, **TASK, on_failure="mask", tolerance=1e-17)
    assert (strict.status == "failed").all() and np.isnan(strict["E_g"]).all() and (strict.error > 1e-17).all()


def test_progress_goes_to_stderr(capsys):
    sweep(kernel_regression(), P=3.0, ridge=0.1, **TASK, progress=True)
    captured = capsys.readouterr()
    assert "kernel-regression" in captured.err and not captured.out


def test_start_picks_the_branch():
    up = solve(spin_glass(), beta=1.5, J0=2.0, start={"m": 0.9, "q": 0.9})
    down = solve(spin_glass(), beta=1.5, J0=2.0, start={"m": -0.9, "q": 0.9})
    assert up["m"] == pytest.approx(-down["m"], rel=1e-12) and up["m"] > 0.5
    assert up.branch == "start"


def test_gaussian_averages_carry_their_quadrature_error():
    curve = sweep(spin_glass(), beta=[0.9, 1.5, 40.0], J0=1.4)
    assert (curve.error < 1e-10).all()
    line = solve(spin_glass(), beta=1.5, J0=1.5)  # the Nishimori line of unit variance: J0 = beta
    assert line["m"] == pytest.approx(line["q"], rel=1e-12)


def test_two_coupled_unknowns_over_many_decades():
    curve = sweep(
        two_spectra(), P=np.geomspace(1e-2, 1e6, 5), N=[1, 100.0], ridge=[0, 1e-8, 1e5], eta=np.arange(1, 21.0) ** -1.5, mu=[1, 0.5]
    )
    x, y, P = curve["x"], curve["y"], curve.axes["P"][:, None, None, None]
    eta = np.arange(1, 21.0) ** -1.5
    right = curve.axes["ridge"] + x * (eta / (x[..., None] + P * y[..., None] * eta)).sum(-1)
    good = x > 0
    np.testing.assert_allclose(right[good], x[good], rtol=1e-9)
    assert (curve.error < 1e-12).all()


def test_theories_without_modes_or_unknowns():
    assert solve(explicit(), x=2.0, y=4.0)["f"] == pytest.approx(np.log(2) / 4)
    u = sweep(cubic(), a=[-1e6, -3.0, 0.0, 1e-8, 1e9])["u"]
    np.testing.assert_allclose(u**3 + u, [-1e6, -3.0, 0.0, 1e-8, 1e9], rtol=1e-13)
