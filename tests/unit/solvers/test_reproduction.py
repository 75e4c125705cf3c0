"""The reproduction job: its numbers against an independent regression, its gap as a statistic, its files and its verdict."""

import json

import numpy as np
import pytest

from solvers.cli import main
from solvers.datasets import load
from solvers.kernels import NTK, gegenbauer_spectrum
from solvers.reproduction import TARGETS, reproduce, universality_gap
from solvers.targets import image_pairs, shifted_digits, sphere
from theory.errors import ParameterError


@pytest.fixture(scope="module")
def digits():
    return reproduce("2006.13198", data="digits", trials=30, seed=1)


def test_the_simulation_is_kernel_regression_on_random_subsets(digits):
    """The same regression written with the Gram matrix, without modes: no eigenproblem, no declaration."""
    for name, pair in digits.numbers["pairs"].items():
        images = load("digits", classes=tuple(int(c) for c in name.split("/")))
        gram, rng = NTK(image_pairs.DEPTH)(images.X), np.random.default_rng(0)
        assert pair["ridge"] == pytest.approx(image_pairs.RELATIVE_RIDGE * np.trace(gram) / len(gram))
        measured = pair["simulation"]["observables"]["E_g"]
        for i in (0, 4, 8):
            P, errors = int(pair["simulation"]["axes"]["P"][i]), []
            for _ in range(60):
                rows = rng.choice(len(gram), P, replace=False)
                dual = np.linalg.solve(gram[np.ix_(rows, rows)] + pair["ridge"] * np.eye(P), images.y[rows])
                errors.append(np.mean((gram[:, rows] @ dual - images.y) ** 2))
            difference = np.mean(errors) - measured["mean"][i]
            assert abs(difference) < 4.5 * np.hypot(np.std(errors) / 60**0.5, measured["stderr"][i])


def test_the_theory_is_that_of_the_modes(digits):
    for name, pair in digits.numbers["pairs"].items():
        key = name.replace("/", "-")
        eta, power = digits.arrays[f"{key}:eigenvalues"], digits.arrays[f"{key}:target_power"]
        assert power.sum() == pytest.approx(1) and eta.sum() == pytest.approx(pair["ridge"] / image_pairs.RELATIVE_RIDGE)
        theory = pair["theory_at_sizes"]
        solved = (theory["axes"]["P"], theory["order_parameters"]["kappa"], theory["observables"]["E_g"])
        for P, kappa, error in zip(*solved, strict=True):
            assert kappa == pytest.approx(pair["ridge"] + kappa * np.sum(eta / (kappa + P * eta)))
            learned = P * eta / (kappa + P * eta)
            assert error == pytest.approx(np.sum((1 - learned) ** 2 * power) / (1 - np.sum(learned**2) / P))


def test_the_gap_is_reported_for_each_size_and_overall(digits):
    for pair in digits.numbers["pairs"].values():
        theory, measured = pair["theory_at_sizes"]["observables"]["E_g"], pair["simulation"]["observables"]["E_g"]
        gap = pair["universality_gap"]
        np.testing.assert_allclose(gap["per_point"], np.array(measured["mean"]) / theory - 1)
        np.testing.assert_allclose(gap["per_point_stderr"], np.array(measured["stderr"]) / theory)
        assert min(measured["trials"]) >= 30 and np.all(np.array(gap["per_point_stderr"]) > 0)


def test_the_verdict_speaks_of_a_gap_and_says_which_task_is_easier_and_why(digits):
    assert digits.verdict.count("universality gap") == 2 and "agree" not in digits.verdict
    assert "is easier than" in digits.verdict and "Cumulative power C(rho" in digits.verdict
    pairs = digits.numbers["pairs"]
    easy, hard = sorted(pairs, key=lambda name: pairs[name]["theory"]["observables"]["E_g"][-1])
    assert f"{easy} is easier than {hard}" in digits.verdict
    assert pairs[easy]["modes_for_90_percent_of_the_power"] < pairs[hard]["modes_for_90_percent_of_the_power"]


def test_the_figure_has_three_panels_with_lines_and_error_bars_for_both_tasks(digits):
    curves, spectra, power = digits.figure.axes
    assert len(curves.containers) == len(spectra.get_lines()) == len(power.get_lines()) == 2
    for line in power.get_lines():
        assert line.get_ydata()[-1] == pytest.approx(1) and np.all(np.diff(line.get_ydata()) >= 0)
    assert (curves.get_xscale(), curves.get_yscale()) == ("log", "log")


def test_what_is_saved_is_whole(digits, tmp_path):
    written = digits.save(tmp_path / "new" / "folder")
    assert sorted(p.name for p in written) == sorted(p.name for p in (tmp_path / "new" / "folder").iterdir())
    numbers = json.loads((tmp_path / "new" / "folder" / "numbers.json").read_text())
    assert numbers == digits.numbers
    with np.load(tmp_path / "new" / "folder" / "numbers.npz") as stored:
        np.testing.assert_array_equal(stored["0-1:theory_E_g"], digits.arrays["0-1:theory_E_g"])
    (tmp_path / "file").touch()
    with pytest.raises(ParameterError, match="is a file"):
        digits.save(tmp_path / "file")


def test_the_command_gives_the_same_numbers_for_the_same_seed(digits, tmp_path, capsys):
    arguments = ["reproduce", "2006.13198", "--data", "digits", "--pairs", "0,1", "--trials", "30", "--seed", "1"]
    assert main([*arguments, "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert list(again["pairs"]) == ["0/1"]
    assert again["pairs"]["0/1"]["simulation"]["observables"] == digits.numbers["pairs"]["0/1"]["simulation"]["observables"]
    assert main([*arguments, "--out", str(tmp_path / "d")]) == 0
    out, err = capsys.readouterr()
    assert err == "" and "universality gap" in out and out.endswith(f"{tmp_path}/d/numbers.npz\n")


def test_a_gap_is_found_where_there_is_one_and_only_there():
    rng, theory, stderr = np.random.default_rng(0), np.geomspace(1, 0.01, 200), 0.03 * np.geomspace(1, 0.01, 200)
    noise = stderr * rng.standard_normal(200)
    for true in (0.0, 0.1):
        gap = universality_gap(theory, theory * (1 + true) + noise, stderr)
        assert abs(gap["overall"] - true) < 4 * gap["overall_stderr"]
        assert gap["overall_stderr"] < 0.02
    exact = universality_gap(theory, 1.2 * theory, 0 * stderr)
    assert exact["overall"] == pytest.approx(0.2) and exact["largest"] == pytest.approx(0.2)


def test_errors_by_degree_are_the_error_on_new_points():
    """On points drawn afresh, the error of prediction against target is the sum over degrees, tail included."""
    rng, D, degrees = np.random.default_rng(0), 6, 24
    kernel = NTK(sphere.DEPTH)
    eta, count, *_ = gegenbauer_spectrum(kernel, D, degrees - 1)
    points, weights = sphere._points(40, D, rng), rng.standard_normal(40)
    by_degree = sphere._degree_powers(points, weights, eta, count)
    values = kernel(sphere._points(40_000, D, rng), points) @ weights
    assert np.all(by_degree > 0)
    assert abs(np.mean(values**2) - by_degree.sum()) < 4.5 * np.std(values**2) / values.size**0.5


def test_regression_on_the_sphere_leaves_the_whole_target_before_it_learns_and_less_after():
    rng, D = np.random.default_rng(0), 6
    kernel = NTK(sphere.DEPTH)
    eta, count, *_ = gegenbauer_spectrum(kernel, D, 7)
    centres, signs = sphere._points(20, D, rng), np.ones(20)
    power = sphere._degree_powers(centres, signs, eta, count)
    mean, stderr = sphere._regressions(kernel, centres, signs, eta, count, np.array([1, 30, 300]), 10, rng, False)
    assert mean.shape == (3, 8) and stderr.shape == (3, 9)
    assert np.all(np.diff(mean[:, :3], axis=0) < 0) and np.all(mean[2, :3] < 0.1 * power[:3])


@pytest.mark.slow
def test_distributions_chosen_by_the_theory_do_in_experiment_what_they_were_chosen_for(tmp_path):
    """And the experiment is kernel regression on points drawn from one distribution, tested on another, written without modes."""
    found = reproduce("2106.02261", data="digits", trials=30, seed=1)
    assert found.verdict.count("does what the theory chose it for") == 3 and "agree" not in found.verdict
    images = load("digits", classes=(8, 9))
    some = np.random.default_rng([1, 8, 9]).permutation(len(images.y))[: shifted_digits.IMAGES]
    gram, y, rng = NTK(shifted_digits.DEPTH)(images.X[some]), images.y[some], np.random.default_rng(0)
    ridge = shifted_digits.RELATIVE_RIDGE * np.trace(gram) / len(gram)
    for name in shifted_digits.NAMES:
        train, test = (found.arrays[f"{name}:{which}"] for which in ("train", "test"))
        P, errors = int(found.arrays[f"{name}:simulation_P"][-2]), []
        for _ in range(60):
            rows = rng.choice(len(y), P, p=train)
            dual = np.linalg.solve(gram[np.ix_(rows, rows)] + ridge * np.eye(P), y[rows])
            errors.append(test @ (gram[:, rows] @ dual - y) ** 2)
        mean, stderr = (found.arrays[f"{name}:simulation_{which}"][-2] for which in ("E_g", "stderr"))
        assert abs(np.mean(errors) - mean) < 4.5 * np.hypot(np.std(errors) / 60**0.5, stderr), name
    assert len(found.figure.axes) == 2 and {p.name for p in found.save(tmp_path)} >= {"figure.png", "numbers.json"}


def test_a_shift_takes_one_pair():
    with pytest.raises(ParameterError, match="give one"):
        reproduce("2106.02261", data="digits", pairs=((0, 1), (8, 9)))


@pytest.mark.slow
def test_the_sphere_is_learned_degree_by_degree_as_the_theory_says():
    found = reproduce("2002.02561", trials=30, seed=2)
    for task in found.numbers["dimensions"].values():
        theory, mean = np.array(task["theory_by_degree"]), np.array(task["simulation"]["mean_by_degree"])
        stderr = np.array(task["simulation"]["stderr_by_degree"])
        assert np.all(np.abs(mean / theory - 1)[:, 1:] < 0.15 + 4 * (stderr / theory)[:, 1:])
        assert task["universality_gap"]["overall"] < 0.2
    assert found.verdict.count("universality gap") == 2 and "low degrees first" in found.verdict
    assert len(found.figure.axes) == 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: reproduce("2006.1319"), "did you mean '2006.13198'"),
        (lambda: reproduce("2006.13198", dta="digits"), "takes no 'dta'; did you mean 'data'"),
        (lambda: reproduce("2006.13198", data="digit"), "did you mean 'digits'"),
    ],
)
def test_what_cannot_be_reproduced_is_refused(call, message):
    with pytest.raises(ParameterError, match=message):
        call()


@pytest.mark.parametrize("paper", TARGETS)
def test_every_target_is_a_paper_with_claims(paper):
    from theory import papers

    assert paper in papers.names()
