"""A derivation as a complete LaTeX document, for any engine of today: amsmath, and nothing else but graphicx to fit wide lines."""

from __future__ import annotations

import unicodedata
from typing import Any

_PREAMBLE = r"""\documentclass{article}
\usepackage{amsmath, amssymb, graphicx}
\usepackage[margin=2cm]{geometry}
\newsavebox{\equationbox}
% A displayed equation, made smaller where it is wider than the page.
\newcommand{\fitted}[1]{\sbox{\equationbox}{$\displaystyle #1$}%
  \[\ifdim\wd\equationbox>\linewidth\resizebox{\linewidth}{!}{\usebox{\equationbox}}\else\usebox{\equationbox}\fi\]}
\begin{document}"""

_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "_": r"\_", "%": r"\%", "&": r"\&", "#": r"\#", "$": r"\$",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\ensuremath{<}", ">": r"\ensuremath{>}", "|": r"\ensuremath{|}",
    "→": r"\ensuremath{\to}", "∞": r"\ensuremath{\infty}", "≥": r"\ensuremath{\ge}", "≤": r"\ensuremath{\le}",
    "·": r"\ensuremath{\cdot}",
    "−": r"\ensuremath{-}", "√": r"\ensuremath{\surd}", "∫": r"\ensuremath{\int}",
    "⟨": r"\ensuremath{\langle}", "⟩": r"\ensuremath{\rangle}",
    "×": r"\ensuremath{\times}", "–": "--", "—": "---", "’": "'", "ᵀ": r"\ensuremath{^{\top}}",
}  # fmt: skip


def document(derivation: Any) -> str:
    """Every step with its reason and its equations, then the closed theory."""
    from sympy import latex

    theory = derivation.theory
    parts = [_PREAMBLE, rf"\section*{{{text(derivation.title)}}}"]
    for number, step in enumerate(derivation.results, 1):
        parts.append(rf"\paragraph{{{number}. {text(step.name)}}} {text(step.why)}")
        parts += [rf"\fitted{{{line}}}" for line in step.latex()]
    parts.append(rf"\section*{{Closed theory of {text(theory.name)}}}")
    parts += [rf"\fitted{{{latex(line.lhs)} = {latex(line.rhs)}}}" for line in theory.equations]
    parts += [rf"\fitted{{{latex(name)} = {latex(value)}}}" for name, value in theory.definitions.items()]
    for name, value in theory.observables.items():
        parts.append(rf"\fitted{{\text{{{text(name)}}} = {latex(value)}}}")
    if theory.validity:
        parts.append(rf"\noindent Valid for: {text(theory.validity)}.")
    if theory.references:
        parts.append(rf"\noindent References: {', '.join(map(_reference, theory.references))}.")
    return "\n".join([*parts, r"\end{document}"])


def _reference(name: str) -> str:
    """An arXiv number, or the key of an entry of references.bib."""
    return f"arXiv:{text(name)}" if name[:1].isdigit() else text(name)


def text(words: str) -> str:
    """Words for LaTeX's text mode: special characters escaped, mathematical ones set as mathematics.

    >>> text("overlap Q_ab, β² → ∞")
    'overlap Q\\\\_ab, \\\\ensuremath{\\\\beta}\\\\ensuremath{^{2}} \\\\ensuremath{\\\\to} \\\\ensuremath{\\\\infty}'
    """
    return "".join(_letter(letter) for letter in words)


def _letter(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    if letter.isascii():
        return letter
    name = unicodedata.name(letter, "")
    if name.startswith("GREEK "):
        command = name.rpartition(" ")[2].lower().replace("lamda", "lambda")  # Unicode's spelling
        return rf"\ensuremath{{\{command.capitalize() if 'CAPITAL' in name else command}}}"
    kind, _, code = unicodedata.decomposition(letter).partition(" ")
    if kind in ("<super>", "<sub>") and " " not in code:
        return rf"\ensuremath{{{'^' if kind == '<super>' else '_'}{{{_letter(chr(int(code, 16)))}}}}}"
    return letter  # accented letters, which LaTeX knows
