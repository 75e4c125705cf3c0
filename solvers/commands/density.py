"""The eigenvalue density of a random matrix of yours: where it lives, its atoms, its outliers.

examples:
  quenched density FILE.py:NAME --set P=300 --set eta=@eta.npy --plot density.png
  quenched density FILE.py:NAME --set P=300 --set eta=1,1,2 --spike eta=4,9 --json

NAME is a matrix such as X.T @ X / P, an Expression of one resolvent, a law of theory.free, or a function that returns one.
"""

from __future__ import annotations

import argparse
from typing import Any

from solvers import grammar
from solvers.commands import task, user_file
from solvers.commands.parser import whole_number
from solvers.files import output_file

VALUES = """\
a value is a number, a list, a range, a file or a power law:
  P=300   eta=1,1,2   eta=1:10:100:log   eta=@eta.npy   eta=powerlaw:1.5:1000
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = VALUES
    parser.add_argument("matrix", metavar="FILE.py:NAME", help="a matrix, an Expression of one resolvent, or a law of theory.free")
    parser.add_argument(
        "--set", dest="values", metavar="NAME=VALUE", action="append", default=[], help="value of a parameter; once for each"
    )
    parser.add_argument(
        "--spike", dest="spikes", metavar="NAME=VALUE", action="append", default=[],
        help="further values of a spectrum, or means of rank one of a matrix, that may carry outliers; repeatable",
    )  # fmt: skip
    parser.add_argument("--points", metavar="N", type=whole_number(1), default=500, help="points of the density (500)")
    task.add_json(parser)
    parser.add_argument("--plot", metavar="F.png", help="draw the density (.png, .svg or .pdf)")


def run(options: argparse.Namespace) -> int:
    if options.plot:
        output_file(options.plot, ".png", ".svg", ".pdf")
    values, spikes = grammar.assignments(options.values), grammar.assignments(options.spikes)
    matrix = user_file.load_matrix(options.matrix)

    from solvers.spectral.densities import density_at

    found = density_at(matrix, values, points=options.points, spikes=spikes)
    if options.plot:
        from solvers.figures import save_figure

        figure: Any = found.plot().figure
        save_figure(figure, options.plot)
    if options.json:
        task.print_json(found.to_json())
    else:
        _show(found)
    return 0


def _show(found: Any) -> None:
    pieces = zip(found.edges, found.masses, strict=True)
    rows = [["interval", f"{left:.10g}", f"{right:.10g}", f"{mass:.8g}"] for (left, right), mass in pieces]
    rows += [["atom", f"{at:.10g}", "", f"{mass:.8g}"] for at, mass in found.atoms]
    rows += [["outlier", f"{o.position:.10g}", "", ""] for o in found.outliers]
    task.print_table(["", "from", "to", "mass"], [*rows, ["all", "", "", f"{found.mass:.8g}"]])
