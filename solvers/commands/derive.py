r"""Derive a model's mean-field equations from its declaration, every step shown.

examples:
  quenched derive kernel-regression
  quenched derive kernel-regression --format latex > derivation.tex
  quenched derive my_model.py:model --format json
"""

from __future__ import annotations

import argparse
from typing import Any

from solvers.commands import task
from solvers.commands.parser import choice


def add_arguments(parser: argparse.ArgumentParser) -> None:
    task.add_model(parser)
    parser.add_argument(
        "--format", metavar="FORMAT", type=choice("format", "text", "latex", "json"), default="text",
        help="text (default), latex (a document) or json",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    derivation = task.find_model(options.model).derive()
    if options.format == "latex":
        from solvers.commands.document import document

        print(document(derivation))
    elif options.format == "json":
        task.print_json(describe(derivation))
    else:
        print(derivation)
        print(f"\n{derivation.theory}")
    return 0


def describe(derivation: Any) -> dict[str, Any]:
    """Steps and theory of a derivation, expressions as text and as LaTeX."""
    theory = derivation.theory
    return {
        "title": derivation.title,
        "steps": [
            {"name": step.name, "why": step.why, "seconds": step.seconds, "latex": step.latex()}
            for step in derivation.results
        ],
        "theory": {
            "name": theory.name,
            "signature": theory.signature,
            "equations": [{"text": str(e), "latex": _latex(e)} for e in theory.equations],
            "definitions": {s.name: {"text": str(e), "latex": _latex(e)} for s, e in theory.definitions.items()},
            "observables": {name: {"text": str(e), "latex": _latex(e)} for name, e in theory.observables.items()},
            "validity": theory.validity,
            "references": list(theory.references),
        },
    }


def _latex(expression: Any) -> str:
    from sympy import latex

    return latex(expression)
