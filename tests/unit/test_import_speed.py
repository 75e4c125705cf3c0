"""Imports cost what SymPy's own import costs: ratios of processor time, so a busy machine changes nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLOCK = "import atexit, sys, time; atexit.register(lambda: print(time.process_time(), file=sys.stderr))\n"
YARDSTICK = "import sympy"


def processor_times(*programs, rounds=4):
    """The least processor time of a fresh interpreter running each program, rounds interleaved.

    Bytecode is cached, as it is for an installed package; the first round writes what is missing.
    """
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    best = dict.fromkeys(programs, float("inf"))
    for _ in range(rounds):
        for program in programs:
            call = [sys.executable, "-c", CLOCK + program]
            done = subprocess.run(call, cwd=ROOT, env=environment, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            best[program] = min(best[program], float(done.stderr.splitlines()[-1]))
    return [best[program] for program in programs]


@pytest.mark.parametrize(
    ("program", "at_most"),
    [
        ("import theory", 1.1),
        ("import theory\nfor name in theory.__all__: getattr(theory, name)", 1.5),
        ("import sys, solvers.cli\nsys.argv[:] = ['quenched', '--help']\nsolvers.cli.main()", 1.0),
    ],
    ids=["import theory", "every public name of theory", "quenched --help"],
)
def test_import_is_no_slower_than_sympy(program, at_most):
    time, unit = processor_times(program, YARDSTICK)
    assert time <= at_most * unit, f"{time / unit:.2f} times `{YARDSTICK}`, more than {at_most}"
