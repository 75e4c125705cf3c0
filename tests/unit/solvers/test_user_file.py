"""A declaration of the user's own, FILE.py:NAME; what goes wrong in such files is told in tests/illegal."""

import json
import sys

import pytest

from solvers.cli import main

TASK = [w for v in ("P=10", "ridge=0.1", "eigenvalues=1,0.5", "target_power=1,1") for w in ("--set", v)]
DECLARATION = """
from __future__ import annotations
from dataclasses import dataclass
from theory.models import KernelRegression
import neighbour
print("loading")

@dataclass
class Settings:
    name: str = "mine"

class Mine(KernelRegression):
    pass

model = Mine()

def make():
    return Mine()

def broken():
    return 1 / neighbour.ZERO

number = 3
"""


@pytest.fixture
def user_file(tmp_path):
    (tmp_path / "my_model.py").write_text(DECLARATION)
    (tmp_path / "neighbour.py").write_text("ZERO = 0")
    yield tmp_path / "my_model.py"
    sys.modules.pop("neighbour", None)


@pytest.mark.parametrize("name", ["model", "Mine", "make"])
def test_a_declaration_of_ones_own_is_taken_from_a_file(capsys, user_file, name):
    code = main(["curve", f"{user_file}:{name}", *TASK, "--json"])
    out, err = capsys.readouterr()
    assert code == 0 and json.loads(out)["model"] == "kernel-regression" and err == "loading\n"


MATRICES = """
from theory import Dim, Gaussian
from theory.free import marchenko_pastur
from theory.symbols import positive
M, P = Dim("M", "eta"), Dim("P")
X = Gaussian("X", P, M, column_covariance=M.spectra[0])
covariance, law = X.T @ X / P, marchenko_pastur(positive("points"))

def make():
    return covariance
"""


@pytest.mark.parametrize("name", ["covariance", "make"])
def test_the_density_of_a_matrix_of_ones_own(capsys, tmp_path, name):
    (tmp_path / "mine.py").write_text(MATRICES)
    words = ["--set", "P=30", "--set", "eta=1,1,5,5", "--spike", "eta=20", "--points", "40"]
    assert main(["density", f"{tmp_path}/mine.py:{name}", *words, "--json", "--plot", str(tmp_path / "d.png")]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert err == "" and (tmp_path / "d.png").stat().st_size > 1000
    assert len(found["x"]) == len(found["density"]) == 40 and found["mass"] == pytest.approx(1)
    assert [piece["mass"] for piece in found["intervals"]] == pytest.approx([0.5, 0.5])
    assert found["outliers"][0]["position"] == pytest.approx(20 * (1 + 2 / 30 / 19 + 2 / 30 * 5 / 15))
    assert main(["density", f"{tmp_path}/mine.py:{name}", *words]) == 0
    assert capsys.readouterr().out.splitlines()[-2].split()[0] == "outlier"


def test_parameters_of_a_law_may_have_any_name(capsys, tmp_path):
    (tmp_path / "mine.py").write_text(MATRICES)
    assert main(["density", f"{tmp_path}/mine.py:law", "--set", "points=2", "--json"]) == 0
    (atom,) = json.loads(capsys.readouterr().out)["atoms"]
    assert (atom["position"], atom["mass"]) == pytest.approx((0, 0.5))


@pytest.mark.parametrize(
    ("name", "words", "message"),
    [
        ("mine.py:P", [], "'P' of "),
        ("mine.py:covarience", [], "did you mean 'covariance'?"),
        ("kernel-regression", [], "names a file and no matrix in it; give FILE.py:NAME"),
        ("mine.py:covariance", ["--set", "P=3,4", "--set", "eta=1,2"], "P: several values; a density is computed for one"),
        ("mine.py:covariance", ["--set", "P=3"], "no value for 'eta'"),
        ("mine.py:covariance", ["--set", "P=3", "--set", "eta=1,2", "--spike", "zeta=3"], "spikes: 'zeta' is no per-mode value"),
    ],
)
def test_densities_that_are_refused(capsys, monkeypatch, tmp_path, name, words, message):
    (tmp_path / "mine.py").write_text(MATRICES)
    monkeypatch.chdir(tmp_path)
    assert main(["density", name, *words]) == 2
    out, err = capsys.readouterr()
    assert out == "" and message in err and err.count("\n") == 1
