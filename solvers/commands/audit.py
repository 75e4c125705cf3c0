"""Say whether a formula of yours is correct, against the theory that the engine derives.

Formulas use the model's parameters, order parameters and observables; S(...) sums over modes. Exit code 0 when the formula is
correct, 1 when it is wrong, 3 when that stays undecided.

examples:
  quenched audit kernel-regression "kappa = ridge + kappa*S(eigenvalues/(P*eigenvalues + kappa))"
  quenched audit kernel-regression "E_g = kappa**2*S(a2/(P*eta+kappa)**2)/(1-gamma)" \\
      --where "gamma = P*S(eta**2/(P*eta+kappa)**2)" --where noise=0 --json
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from solvers.commands import task
from theory.errors import ParameterError

EXIT_CODES = {"correct": 0, "wrong": 1, "undecided": 3}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    task.add_model(parser)
    parser.add_argument("formula", metavar="FORMULA", help="'lhs = rhs'")
    parser.add_argument("--where", metavar="NAME=EXPR", action="append", default=[], help="what a name in the formula stands for")
    parser.add_argument(
        "--convention", metavar="NAME=EXPR", action="append", default=[],
        help="the model's parameter in your convention: ridge=P*lambda where you divide the sum by P",
    )  # fmt: skip
    task.add_json(parser)


def run(options: argparse.Namespace) -> int:
    where = named(options.where)
    model = task.find_model(options.model)

    from solvers.auditor import audit

    verdict = audit(model.theory(), options.formula, convention=options.convention, **where)
    if options.json:
        task.print_json(verdict.to_json())
    else:
        print(verdict)
    return EXIT_CODES[verdict.verdict]


def named(texts: Iterable[str]) -> dict[str, str]:
    """Expressions by name, from texts ``name=expression``; ParameterError for anything else and for a name given twice."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, expression = (part.strip() for part in text.partition("="))
        if not equals or not name.isidentifier() or not expression:
            raise ParameterError(f"--where {text!r} is not of the form name=expression; write for instance --where noise=0")
        if name in found:
            raise ParameterError(f"--where gives {name!r} twice; give it once")
        if name in ("theory", "formula", "convention"):  # names of the auditor's own arguments
            raise ParameterError(f"--where {name!r}: the name is taken; choose another one in the formula")
        found[name] = expression
    return found
