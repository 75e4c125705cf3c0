"""What the README shows must run: its Python blocks in order, its commands in process, its links."""

import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest

from solvers.cli import main
from solvers.commands import COMMANDS
from solvers.commands.parser import Parser

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
MINUTES = ("reproduce", "verify")
"""Commands whose options are only read here: they run elsewhere, and take long."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def commands() -> list[list[str]]:
    """Every call of quenched in the fenced shell blocks, as words."""
    lines = "".join(blocks("bash")).replace("\\\n", " ").splitlines()
    calls = [call for line in lines for call in line.split("&&") if call.split()[0] == "quenched"]
    return [shlex.split(call)[1:] for call in calls]


def files(folder: Path) -> None:
    """Write the Python blocks that begin with the name of a file."""
    for block in blocks("python"):
        if name := re.match(r"# (\w+\.py)\n", block):
            (folder / name[1]).write_text(block, "utf-8")


@pytest.mark.slow
def test_the_python_blocks_run_in_order(tmp_path, tmp_path_factory, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    files(elsewhere := tmp_path_factory.mktemp("declarations"))
    monkeypatch.syspath_prepend(elsewhere)
    namespace: dict = {}
    for number, block in enumerate(blocks("python"), 1):
        exec(compile(block, f"README.md, Python block {number}", "exec"), namespace)
    assert "agree" in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == {"curve.png", "curve.npz"}


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_the_commands_run(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    files(tmp_path)
    if words[0] in MINUTES:
        command = import_module(f"solvers.commands.{words[0]}")
        parser = Parser(prog="quenched")
        command.add_arguments(parser)
        assert parser.parse(words[1:])
    else:
        assert main(words) == 0
        assert capsys.readouterr().out.strip()


def test_every_command_is_shown():
    assert {words[0] for words in commands()} == set(COMMANDS)


def test_the_links_lead_somewhere():
    targets = re.findall(r"\]\(([^)]+)\)", README)
    assert targets
    for target in targets:
        assert (ROOT / target).is_file(), target
