"""The command line: what each command prints and writes, its exit code, and what it imports."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from solvers.cli import main
from solvers.commands import COMMANDS, task
from solvers.commands.document import document, text
from solvers.results import Curve
from theory import models

ROOT = Path(__file__).resolve().parents[3]
TASK = ["--set", "ridge=0.1", "--set", "eigenvalues=powerlaw:2:20", "--set", "target_power=1:0.1:20", "--set", "noise=0.1"]
CURVE = ["curve", "kernel-regression", *TASK]


def run(capsys, *arguments):
    """Exit code, stdout and stderr of a command that succeeds quietly."""
    code = main(list(map(str, arguments)))
    out, err = capsys.readouterr()
    assert err == ""
    return code, out


def strict(text):
    def refuse(name):
        raise AssertionError(f"{name} is not strict JSON")

    return json.loads(text, parse_constant=refuse)


def python(*arguments, **settings):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=environment, timeout=120, **settings)


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_explains_with_an_example_and_imports_nothing_heavy(command):
    code = (
        "import sys, solvers.cli\ncode = solvers.cli.main(sys.argv[1:])\n"
        "assert {'sympy', 'numpy', 'scipy', 'matplotlib'}.isdisjoint(sys.modules), 'heavy import'\nsys.exit(code)"
    )
    done = python("-c", code, *command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: quenched") and re.search(r"examples?:\n  quenched ", done.stdout)
    assert max(map(len, done.stdout.splitlines())) <= 130


def test_version(capsys):
    code, out = run(capsys, "--version")
    assert code == 0 and re.fullmatch(r"quenched \S.*\n", out)


def test_models_tells_what_a_program_must_know(capsys):
    code, out = run(capsys, "models", "--json")
    (entry,) = [e for e in strict(out) if e["name"] == "kernel-regression"]
    assert code == 0 and entry["engine"] == "replica" and "2006.13198" in entry["papers"] and "E_g" in entry["observables"]
    assert {e["engine"] for e in strict(out)} <= {"replica", "resolvent", "dmft"}
    parameters = {p["name"]: p for p in entry["parameters"]}
    assert all(set(p) == {"name", "meaning", "domain", "default", "ndim"} and p["meaning"] for p in parameters.values())
    assert [parameters[n]["ndim"] for n in ("P", "ridge", "eigenvalues")] == [0, 0, 1]
    assert parameters["noise"]["default"] == 0 and parameters["ridge"]["default"] is None
    code, out = run(capsys, "models")
    assert code == 0 and all(name in out for name in models.REGISTRY)


def test_papers(capsys):
    code, out = run(capsys, "papers", "--json")
    assert code == 0 and {"2002.02561", "2006.13198"} <= {entry["paper"] for entry in strict(out)}
    assert all(entry["model"] in models.REGISTRY and entry["claims"] for entry in strict(out))
    code, out = run(capsys, "papers")
    assert code == 0 and "2006.13198" in out


@pytest.fixture(scope="module")
def derivation():
    return models.KernelRegression().derive()


@pytest.mark.parametrize("way", ["text", "latex", "json"])
def test_derive_prints_every_step_and_the_theory(capsys, monkeypatch, derivation, way):
    monkeypatch.setattr(models.KernelRegression, "derive", lambda self: derivation)
    code, out = run(capsys, "derive", "kernel-regression", "--format", way)
    assert code == 0
    if way == "json":
        found = strict(out)
        assert [step["name"] for step in found["steps"]] == [step.name for step in derivation.results]
        assert all(step["why"] for step in found["steps"]) and found["theory"]["equations"][0]["latex"]
        assert set(found["theory"]["observables"]) == set(models.KernelRegression().observe)
    else:
        assert all(text(step.name) in out if way == "latex" else step.name in out for step in derivation.results)
        assert "kappa" in out and (way == "text" or out == document(derivation) + "\n")


def test_curve_prints_json_in_the_order_of_the_axes(capsys):
    code, out = run(capsys, "curve", "kernel-regression", *TASK[2:], "--set", "P=1,10,100", "--set", "ridge=0.1,1", "--json")
    found = strict(out)
    assert code == 0 and set(found) == {
        "schema", "model", "parameters", "axes", "order_parameters", "observables", "error", "status", "verdicts", "manifest",
    }  # fmt: skip
    assert found["axes"] == {"P": [1, 10, 100], "ridge": [0.1, 1]}
    assert np.shape(found["observables"]["E_g"]) == np.shape(found["error"]) == np.shape(found["status"]) == (3, 2)
    assert {"kappa", "gamma"} <= set(found["order_parameters"])
    assert set(found["observables"]) == {"E_g", "E_train", "variance"}
    assert np.max(found["error"]) < 1e-10
    kappa = np.array(found["order_parameters"]["kappa"])
    eta = np.arange(1, 21.0) ** -2
    for i, P in enumerate(found["axes"]["P"]):
        for j, ridge in enumerate(found["axes"]["ridge"]):
            assert kappa[i, j] == pytest.approx(ridge + kappa[i, j] * np.sum(eta / (kappa[i, j] + P * eta)))


def test_observables_are_those_asked_for(capsys):
    code, out = run(capsys, *CURVE, "--set", "P=10", "--observable", "mode_errors", "--json")
    found = strict(out)["observables"]
    assert code == 0 and set(found) == {"mode_errors"} and np.shape(found["mode_errors"]) == (20,)


def test_zipped_parameters_make_one_axis(capsys):
    arguments = ["--set", "P=1,10", "--set", "ridge=0.1,1", "--zip", "P,ridge"]
    code, out = run(capsys, "curve", "kernel-regression", *TASK[2:], *arguments, "--json")
    assert code == 0 and np.shape(strict(out)["error"]) == (2,)
    code, out = run(capsys, "simulate", "kernel-regression", *TASK[2:], *arguments, "--trials", "3", "--json")
    assert code == 0 and np.shape(strict(out)["observables"]["E_g"]["mean"]) == (2,)


def test_curve_writes_a_table_a_file_and_a_figure(capsys, tmp_path):
    files = ["--out", tmp_path / "c.npz", "--plot", tmp_path / "c.svg"]
    code, out = run(capsys, *CURVE, "--set", "P=10:1000:5:log", "--observable", "E_g", *files)
    assert code == 0
    head, *rows = out.splitlines()
    assert head.split() == ["P", "kappa", "gamma", "E_g", "error", "status"] and len(rows) == 5
    stored = Curve.load(tmp_path / "c.npz")
    assert [float(row.split()[3]) for row in rows] == pytest.approx(stored["E_g"], rel=1e-9)
    assert "<svg" in (tmp_path / "c.svg").read_text() and len(list(tmp_path.iterdir())) == 2


def test_a_flow_that_is_followed_in_steps_takes_their_length(capsys):
    call = ["curve", "p-spin-langevin", "--set", "t=0,1", "--set", "N=1", "--set", "temperature=1.2", "--json"]
    ways = (["--time-step", "0.1"], ["--set", "time_step=0.1"])
    found = [strict(run(capsys, *call, *way)[1])["observables"] for way in ways]
    assert found[0] == found[1]
    for wrong, part in ((["--time-step", "0.1", *ways[1]], "given twice"), ([], "no value for 'time_step'")):
        assert main([*call, *wrong]) == 2 and part in capsys.readouterr().err


def test_infinite_points_stop_the_curve_or_are_masked(capsys, tmp_path):
    values = ["P=5,10,20", "ridge=0", "noise=1", "eigenvalues=1:1:10", "target_power=1:1:10"]
    white = [word for value in values for word in ("--set", value)]
    assert main(["curve", "kernel-regression", *white, "--out", str(tmp_path / "c.npz")]) == 1
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("quenched: ") and err.count("\n") == 1 and "infinite" in err
    assert not (tmp_path / "c.npz").exists()
    code, out = run(capsys, "curve", "kernel-regression", *white, "--on-failure", "mask", "--json")
    found = strict(out)
    assert code == 0 and found["observables"]["E_g"][1] is None and found["status"][1] == "infinite"


def test_simulate_rounds_the_ranges_of_sizes(capsys):
    code, out = run(capsys, "simulate", "kernel-regression", *TASK, "--set", "P=2:9:6:log", "--trials", "3", "--json")
    assert code == 0 and strict(out)["axes"]["P"] == [2, 3, 4, 5, 7, 9]
    assert main(["simulate", "kernel-regression", *map(str, TASK), "--set", "P=2,2.7"]) == 2
    assert "2.7 is not a whole number" in capsys.readouterr().err


def test_simulate_by_another_algorithm(capsys):
    """Thermal means fluctuate from draw to draw of the disorder alone."""
    arguments = ["simulate", "bayes-linear-regression", "--set", "P=40", "--set", "N=20", "--trials", "20", "--json"]
    one, two = (strict(run(capsys, *arguments, *more)[1]) for more in (["--algorithm", "amp"], []))
    a, b = (found["observables"]["E_g"] for found in (one, two))
    assert a["mean"] != b["mean"] and abs(a["mean"] - b["mean"]) < 4 * np.hypot(a["stderr"], b["stderr"])
    assert a["stderr"] < b["stderr"]


def test_simulate_prints_means_errors_and_trials(capsys):
    arguments = ["simulate", "kernel-regression", *TASK, "--set", "P=5,10", "--trials", "20", "--seed", "1", "--replicate", "2"]
    code, out = run(capsys, *arguments, "--json")
    found = strict(out)
    assert code == 0 and found["axes"] == {"P": [5, 10]}
    assert set(found["observables"]["E_g"]) == {"mean", "stderr", "trials"}
    assert np.all(np.array(found["observables"]["E_g"]["stderr"]) > 0)
    assert strict(run(capsys, *arguments, "--json")[1])["observables"] == found["observables"]
    code, out = run(capsys, *arguments, "--observable", "E_g", "--observable", "mode_errors")
    head, first, _ = out.splitlines()
    assert code == 0 and "E_g ± stderr" in head and "mode_errors[19] ± stderr" in head
    assert float(first.split()[1]) == pytest.approx(found["observables"]["E_g"]["mean"][0], rel=1e-5)


def test_json_is_strict_or_an_error(capsys):
    for number in (np.nan, np.inf):
        with pytest.raises(ValueError, match="not JSON compliant"):
            task.print_json({"E_g": number})


ERROR = "E_g = kappa**2*S(a2/(P*eta + kappa)**2)/(1 - gamma)"


def test_audit_tells_right_from_wrong_and_undecided(capsys):
    code, out = run(capsys, "audit", "kernel-regression", ERROR, "--where", "noise=0", "--json")
    found = strict(out)
    assert code == 0 and found["verdict"] == "correct" and set(found) == {"verdict", "digits", "counterexample", "hint"}
    code, out = run(capsys, "audit", "kernel-regression", ERROR.replace("kappa**2", "kappa**3"), "--where", "noise=0", "--json")
    assert code == 1 and strict(out)["verdict"] == "wrong" and strict(out)["counterexample"]
    code, out = run(capsys, "audit", "kernel-regression", "E_g = log(-kappa)")
    assert code == 3 and out.startswith("undecided")
    convention = ["--convention", "ridge=P*lambda", "--where", "df=S(eta/(P*eta + kappa))"]
    code, out = run(capsys, "audit", "kernel-regression", "P*lambda = kappa*(1 - df)", *convention)
    assert code == 0 and out.startswith("correct")


def test_verify_exits_1_when_a_claim_fails(capsys, monkeypatch):
    from dataclasses import replace

    from sympy import Eq

    from theory import papers
    from theory.papers.claims import Identity

    paper = papers.load("2006.13198")
    claim = next(c for c in paper.claims if isinstance(c, Identity) and not c.full)
    false = replace(claim, statement=Eq(claim.statement.lhs, 2 * claim.statement.rhs, evaluate=False))
    for claims, code, status in [((claim,), 0, "pass"), ((claim, replace(false, name="false")), 1, "fail")]:
        monkeypatch.setattr(papers, "load", lambda _, chosen=claims: replace(paper, claims=chosen))
        assert run(capsys, "verify", "2006.13198")[0] == code
        found, out = run(capsys, "verify", "2006.13198", "--json")
        assert found == code and strict(out)[-1]["status"] == status
        assert all({"claim", "kind", "status", "evidence"} <= set(entry) for entry in strict(out))


def test_a_closed_pipe_is_no_error():
    environment, pipe = {**os.environ, "PYTHONPATH": str(ROOT)}, subprocess.PIPE
    for arguments in (["models"], ["--help"]):
        call = [sys.executable, "-m", "solvers.cli", *arguments]
        process = subprocess.Popen(call, stdout=pipe, stderr=pipe, text=True, env=environment)
        process.stdout.close()
        assert (process.stderr.read(), process.wait(timeout=60)) == ("", 0)
        process.stderr.close()


def test_an_interrupt_is_one_line_and_130(tmp_path):
    (tmp_path / "slow.py").write_text("import time\nprint('here', flush=True)\ntime.sleep(60)")
    call = [sys.executable, "-m", "solvers.cli", "derive", f"{tmp_path}/slow.py:model"]
    environment, pipe = {**os.environ, "PYTHONPATH": str(ROOT)}, subprocess.PIPE
    # A process started in the background inherits a SIGINT that is ignored.
    heeded = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(call, stdout=pipe, stderr=pipe, text=True, env=environment, preexec_fn=heeded)
    assert process.stderr.readline() == "here\n"
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "quenched: interrupted\n")
