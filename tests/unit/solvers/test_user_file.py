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
