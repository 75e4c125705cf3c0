"""`solvers` refuses a foreign `theory` by name, and only a foreign one."""

import subprocess
import sys
from pathlib import Path

import pytest

from solvers.siblings import check_siblings

ROOT = Path(__file__).resolve().parents[2]
CALL = "from solvers.siblings import check_siblings; check_siblings()"


def run(folder, path=ROOT, *options):
    """Run the check in `folder`, which Python searches first; the exit code and the last line of stderr."""
    done = subprocess.run(
        [sys.executable, *options, "-c", f"import sys; sys.path.insert(1, {str(path)!r}); {CALL}"],
        cwd=folder, capture_output=True, text=True, timeout=60,
    )
    return done.returncode, done.stderr.strip().rpartition("\n")[2]


def test_the_sibling_itself_is_accepted():
    check_siblings()


@pytest.mark.parametrize("shadow", ["theory/__init__.py", "theory.py"])
def test_a_shadow_in_the_working_directory_is_named(tmp_path, shadow):
    (tmp_path / shadow).parent.mkdir(exist_ok=True)
    (tmp_path / shadow).touch()
    code, message = run(tmp_path)
    assert code == 1
    intruder = tmp_path / shadow.removesuffix("/__init__.py")
    assert message.startswith(f"ImportError: package 'theory' is {intruder}, which shadows {ROOT}/theory; ")
    assert "rename it" in message


def test_a_folder_that_is_no_package_does_no_harm(tmp_path):
    (tmp_path / "theory").mkdir()
    assert run(tmp_path) == (0, "")


def test_a_missing_sibling_is_said_to_be_missing(tmp_path):
    lone = tmp_path / "lone" / "solvers"
    lone.mkdir(parents=True)
    (lone / "__init__.py").touch()
    (lone / "siblings.py").write_text((ROOT / "solvers" / "siblings.py").read_text())
    code, message = run(tmp_path / "lone", tmp_path, "-S")  # without what is installed
    assert code == 1
    assert "is missing" in message and "reinstall quenched" in message
