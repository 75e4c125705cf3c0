"""`simulate`: what is exact in it, what it reproduces, and what it refuses."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from solvers.modes.power_law import PowerLaw
from solvers.monte_carlo import Entries, Estimate, Rows, simulate
from theory.errors import ConvergenceError, ParameterError, QuenchedError
from theory.models.kernel_regression import KernelRegression

MODEL = KernelRegression()
K = np.arange(1, 13.0)
TASK = {"ridge": 0.05, "noise": 0.1, "eigenvalues": K**-1.5, "target_power": K**-2.0}


def same(a, b):
    return all(
        np.array_equal(a[n].mean, b[n].mean, equal_nan=True) and np.array_equal(a[n].stderr, b[n].stderr, equal_nan=True)
        for n in a.observables
    )


def test_one_trial_is_ridge_regression_written_out():
    """The seed's own draw, solved as the textbook does."""
    seen = []

    def law(rng, shape):
        seen.append(rng.standard_normal(shape))
        return seen[-1]

    found = simulate(MODEL, trials=1, P=7, **{**TASK, "noise": 0.0}, design={"Phi": law})
    (phi,) = seen
    eta, target = TASK["eigenvalues"], np.sqrt(TASK["target_power"])
    y, kernel = phi @ target, phi * eta @ phi.T
    alpha = np.linalg.solve(kernel + TASK["ridge"] * np.eye(7), y)
    f = eta * (phi.T @ alpha)
    assert found["E_g"].mean == pytest.approx(np.sum((f - target) ** 2), rel=1e-10)
    assert found["E_train"].mean == pytest.approx(np.mean((kernel @ alpha - y) ** 2), rel=1e-10)
    assert np.allclose(found["mode_errors"].mean, (f - target) ** 2, rtol=1e-9)
    # Contributions of a quadratic form: t_k dE/dt_k / 2 with E = |A t|^2.
    a = np.diag(eta) @ phi.T @ np.linalg.solve(kernel + TASK["ridge"] * np.eye(7), phi) - np.eye(12)
    assert np.allclose(found["target_mode_contributions"].mean, target * (a.T @ a @ target), rtol=1e-9)
    assert np.sum(found["target_mode_contributions"].mean) == pytest.approx(float(found["E_g"].mean))


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_results_are_the_same_to_the_bit_for_every_executor(executor, monkeypatch):
    task = dict(TASK, P=[5, 9], trials=7, seed=3)
    serial = simulate(MODEL, **task)
    if executor == "threads":
        pool = ThreadPoolExecutor(2)
    else:
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        pool = ProcessPoolExecutor(1, mp_context=get_context("forkserver"))
    with pool:
        assert same(serial, simulate(MODEL, **task, executor=pool))
        monkeypatch.setattr("solvers.monte_carlo.simulation.PIECES", 3)
        assert same(serial, simulate(MODEL, **task, executor=pool))
    assert not same(serial, simulate(MODEL, **{**task, "seed": 4}))


def test_a_trial_does_not_depend_on_how_many_there_are():
    one, two = (simulate(MODEL, trials=t, P=6, observables=["E_g"], **TASK)["E_g"].mean for t in (1, 2))
    again = simulate(MODEL, trials=3, P=6, observables=["E_g", "mode_errors"], **TASK)
    third = 3 * again["E_g"].mean - 2 * two
    assert len({float(one), float(2 * two - one), float(third)}) == 3
    assert simulate(MODEL, trials=1, P=6, **TASK)["E_g"].mean == one


def test_axes_form_an_outer_product_or_run_together():
    found = simulate(MODEL, trials=3, P=[4, 6], **{**TASK, "noise": [0.0, 0.1, 0.2]})
    assert found["E_g"].mean.shape == (2, 3) and found["mode_errors"].mean.shape == (2, 3, 12)
    assert list(found.axes) == ["P", "noise"] and found.size["P"][:, 0].tolist() == [4, 6]
    zipped = simulate(MODEL, trials=3, P=[4, 6], **{**TASK, "noise": [0.0, 0.1]}, zip=("P", "noise"))
    assert zipped["E_g"].mean.shape == (2,)
    spectra = simulate(MODEL, trials=3, P=4, **{**TASK, "eigenvalues": np.array([K**-1.5, K**-2.0])})
    assert spectra["E_g"].mean.shape == (2,) and spectra["E_g"].mean[0] != spectra["E_g"].mean[1]


def test_replicated_sizes_and_values():
    found = simulate(MODEL, trials=2, replicate=3, P=4, **TASK)
    assert (int(found.size["P"]), int(found.size["M"])) == (12, 36)
    assert found["mode_errors"].mean.shape == (12,)
    assert found["mode_errors"].mean.sum() == pytest.approx(float(found["E_g"].mean))
    assert same(found, simulate(MODEL.replicate(3), trials=2, P=4, **TASK))
    assert same(simulate(MODEL, trials=2, replicate=2, P=10.5, **TASK), simulate(MODEL, trials=2, replicate=2, P=10.5, **TASK))


@pytest.mark.parametrize("samples", [6, 12, 30])
def test_ridge_0_is_the_limit_of_small_ridge(samples):
    task = dict(TASK, P=samples, trials=5, observables=["E_g", "E_train"])
    zero, small = simulate(MODEL, **{**task, "ridge": 0.0}), simulate(MODEL, **{**task, "ridge": 1e-12})
    assert zero["E_g"].mean == pytest.approx(float(small["E_g"].mean), rel=1e-6)
    if samples <= 12:
        assert zero["E_train"].mean < 1e-20
    noiseless = simulate(MODEL, **{**task, "ridge": 0.0, "noise": 0.0, "P": 30})
    assert noiseless["E_g"].mean < 1e-24


def test_infinite_variance_is_flagged(caplog):
    found = simulate(MODEL, trials=4, **{**TASK, "ridge": 0.0}, P=[6, 9, 12, 15, 16])
    assert found.reliable.tolist() == [True, False, False, False, True]
    assert len(found.warnings) == 3 and "P=12" in found.warnings[1] and "standard errors mean nothing" in caplog.text
    assert simulate(MODEL, trials=4, **{**TASK, "ridge": 1.0}, P=12).reliable
    assert not simulate(MODEL, trials=4, **{**TASK, "ridge": 1e-9}, P=12).reliable


def test_data_in_the_place_of_the_gaussian_matrix():
    features = np.random.default_rng(0).choice([-1.0, 1.0], (40, 12))
    found = simulate(MODEL, trials=4, P=[5, 40], **TASK, design={"Phi": Rows(features)})
    assert np.all(np.isfinite(found["E_g"].mean))
    whole = simulate(MODEL, trials=4, P=40, **{**TASK, "noise": 0.0}, design={"Phi": Rows(features)})
    assert whole["E_g"].stderr < 1e-12, "all 40 rows in another order are the same data"
    assert whole.manifest["design"]["Phi"]["shape"] == [40, 12]
    with pytest.raises(ParameterError, match="a data set has no size to replicate"):
        simulate(MODEL, trials=2, replicate=2, P=5, **TASK, design={"Phi": Rows(features)})
    with pytest.raises(ParameterError, match="41 rows from a data set of 40"):
        simulate(MODEL, trials=2, P=[5, 41], **TASK, design={"Phi": Rows(features)})
    with pytest.raises(ParameterError, match="no Gaussian matrix 'phi' in the model; did you mean 'Phi'"):
        simulate(MODEL, trials=2, P=5, **TASK, design={"phi": Rows(features)})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"P": 10.5}, "P: 10.5 is not a whole number"),
        ({"P": -1}, "P = -1"),
        ({"rigde": 1}, "no parameter 'rigde' of kernel-regression; did you mean 'ridge'"),
        ({"eigenvalues": PowerLaw(2.0), "target_power": PowerLaw(2.0)}, "infinitely many modes cannot be drawn; give modes="),
        ({"eigenvalues": K[:5]}, "eigenvalues has 5 entries|target_power has 12 entries"),
        ({"eigenvalues": -K}, "eigenvalues"),
        ({"observables": ["E_h"]}, "no observable 'E_h' of kernel-regression; did you mean 'E_g'"),
        ({"trials": 0}, "trials: 0"),
        ({"trials": 2.5}, "trials: 2.5"),
        ({"seed": -1}, "seed: -1"),
        ({"replicate": 0}, "replicate: 0"),
    ],
)
def test_bad_input_is_refused_by_name(change, message):
    with pytest.raises(ParameterError, match=message):
        simulate(MODEL, **{**TASK, "P": 5, "trials": 2, **change})


def test_power_laws_are_written_out():
    laws = {"eigenvalues": PowerLaw(1.5, 12), "target_power": PowerLaw(2.0, 12)}
    assert same(simulate(MODEL, trials=2, P=5, **TASK), simulate(MODEL, trials=2, P=5, **{**TASK, **laws}))


def test_an_error_in_a_trial_names_its_point_and_keeps_what_is_finished():
    def law(rng, shape):
        if shape[0] == 9:
            raise RuntimeError("no nine")
        return rng.standard_normal(shape)

    for executor in (None, ThreadPoolExecutor(1)):
        with pytest.raises(QuenchedError, match="kernel-regression at P=9: RuntimeError: no nine") as caught:
            simulate(MODEL, trials=2, P=[5, 9], **TASK, design={"Phi": law}, executor=executor)
        partial = caught.value.partial
        assert np.isfinite(partial["E_g"].mean[0]) and np.isnan(partial["E_g"].mean[1])
        assert partial["mode_errors"].mean.shape == (2, 12) and partial["E_g"].trials.tolist() == [2, 0]
        if executor:
            executor.shutdown()


def test_interruption_cancels_what_has_not_begun():
    futures = []

    class Interrupted(ThreadPoolExecutor):
        def submit(self, *args):
            if len(futures) == 3:
                raise KeyboardInterrupt
            futures.append(super().submit(*args))
            return futures[-1]

    with Interrupted(1) as pool, pytest.raises(KeyboardInterrupt):
        simulate(MODEL, trials=40, P=400, **TASK, executor=pool)
    assert futures[2].cancelled()


def test_a_state_that_is_not_the_minimum_is_noticed(monkeypatch):
    from solvers.monte_carlo.quadratic import Quadratic

    minimise = Quadratic.minimise
    monkeypatch.setattr(Quadratic, "minimise", lambda self, draw: 1.01 * minimise(self, draw))
    with pytest.raises(ConvergenceError, match="not the minimum"):
        simulate(MODEL, trials=1, P=5, **TASK)


def test_progress_goes_to_stderr(capsys):
    simulate(MODEL, trials=3, P=5, **TASK, progress=True)
    captured = capsys.readouterr()
    assert "3/3" in captured.err and not captured.out


def test_estimates_are_stored_without_pickle(tmp_path):
    found = simulate(MODEL, trials=2, P=[4, 6], **TASK)
    found.save(tmp_path / "dots.npz")
    read = Estimate.load(tmp_path / "dots.npz")
    assert same(found, read) and read.manifest == found.manifest and read.seed == found.seed
    assert np.array_equal(read.axes["P"], [4, 6]) and repr(read) == repr(found)
    (tmp_path / "other.npz").write_bytes(b"no zip")
    for name in ("other.npz", "missing.npz"):
        with pytest.raises(ParameterError, match=name):
            Estimate.load(tmp_path / name)


def test_json_is_strict():
    found = simulate(MODEL, trials=1, P=[4, 6], **TASK).to_json()
    read = json.loads(json.dumps(found, allow_nan=False))
    assert set(read) == {"axes", "observables", "manifest"}
    assert set(read["observables"]["E_g"]) == {"mean", "stderr", "trials"}
    assert read["observables"]["E_g"]["stderr"] == [None, None] and read["observables"]["E_g"]["trials"] == [1, 1]
    assert np.shape(read["observables"]["mode_errors"]["mean"]) == (2, 12)
    assert {"schema", "signature", "parameters", "seed", "trials", "replicate", "design"} <= set(read["manifest"])


def test_entries_keep_the_declared_variance():
    task = dict(TASK, trials=200, P=8, observables=["E_g"])
    gaussian, signs = (simulate(MODEL, **task, design=d)["E_g"].mean for d in (None, {"Phi": Entries("rademacher")}))
    assert abs(gaussian / signs - 1) < 0.2 and gaussian != signs
