"""Judge the claims of a paper, each by the strictest means of its kind. Exit code 1 when any fails.

examples:
  quenched verify 2006.13198
  quenched verify all --full --json
"""

from __future__ import annotations

import argparse

from solvers.commands import task


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paper", metavar="PAPER", help="a paper out of 'quenched papers', or all")
    parser.add_argument("--full", action="store_true", help="the slow claims too: Monte Carlo simulations")
    task.add_json(parser)


def run(options: argparse.Namespace) -> int:
    from solvers.claims import verify

    report = verify(options.paper, full=options.full)
    if options.json:
        task.print_json(report.to_json())
    else:
        print(report)
    return 0 if report.passed else 1
