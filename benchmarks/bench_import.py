"""Importing the workbench, against importing SymPy."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from measure import Benchmark

ROOT = Path(__file__).resolve().parents[1]


def fresh(program: str) -> Callable[[], object]:
    """The program in an interpreter of its own."""
    call = [sys.executable, "-c", program]
    return lambda: subprocess.run(call, cwd=ROOT, check=True, capture_output=True)


def benchmarks() -> Iterator[Benchmark]:
    sympy = fresh("import sympy")
    help_text = "import sys, solvers.cli\nsys.argv[:] = ['quenched', '--help']\nsolvers.cli.main()"
    for name, program in {"import theory": "import theory", "quenched --help": help_text}.items():
        yield Benchmark(name, fresh(program), sympy, at_most=1.0, yardstick_name="import sympy")
