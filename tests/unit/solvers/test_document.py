"""A derivation as a LaTeX document: complete, balanced, and with nothing in its prose that LaTeX would choke on."""

import re

import pytest

from solvers.commands.document import document, text
from theory import models


@pytest.fixture(scope="module")
def derivation():
    return models.KernelRegression().derive()


def test_the_latex_document_is_complete_and_balanced(derivation):
    out = document(derivation)
    assert out.startswith(r"\documentclass") and out.endswith(r"\end{document}") and out.isascii()
    depth = 0
    for letter in out.replace(r"\{", "").replace(r"\}", ""):
        depth += (letter == "{") - (letter == "}")
        assert depth >= 0
    assert depth == 0
    assert out.count(r"\left") == out.count(r"\right")
    open_environments = []
    for what, name in re.findall(r"\\(begin|end)\{(\w+\*?)\}", out):
        if what == "begin":
            open_environments.append(name)
        else:
            assert open_environments.pop() == name
    assert not open_environments
    body = out.partition(r"\begin{document}")[2]
    prose = [line for line in body.splitlines() if line and not line.startswith(r"\fitted")]
    prose = [re.sub(r"\\ensuremath\{(?:[^{}]|\{[^{}]*\})*\}", "", line) for line in prose]
    assert prose and not [line for line in prose if re.search(r"(?<!\\)[_^$&#%]", line)]


def test_prose_in_latex():
    assert text("Q_ab & 5% of {x}") == r"Q\_ab \& 5\% of \{x\}"
    assert text("σ² ≥ Λ₀") == r"\ensuremath{\sigma}\ensuremath{^{2}} \ensuremath{\ge} \ensuremath{\Lambda}\ensuremath{_{0}}"
