"""Reproduce a paper's main figure: derive, solve, run on real data, draw, and say how far theory and data are apart.

examples:
  quenched reproduce 2006.13198 --data mnist --out mnist
  quenched reproduce 2006.13198 --data digits --pairs 3,5 1,7 --trials 100
"""

from __future__ import annotations

import argparse

from solvers.commands import task
from solvers.commands.parser import choice, whole_number
from solvers.files import output_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paper", metavar="PAPER", help="arXiv number of the paper")
    parser.add_argument("--data", metavar="DATA", type=choice("data set", "digits", "mnist"), help="mnist (default) or digits")
    parser.add_argument("--pairs", metavar="A,B", type=_pair, nargs="+", help="pairs of digits (default 0,1 8,9)")
    parser.add_argument("--trials", metavar="N", type=whole_number(1), help="random training sets at each size (default 50)")
    parser.add_argument("--seed", metavar="S", type=whole_number(0), help="seed of the draws (default 0)")
    parser.add_argument("--out", metavar="DIR", help="folder for figure.png, numbers.json and numbers.npz; none by default")
    task.add_json(parser)


def run(options: argparse.Namespace) -> int:
    if options.out is not None:
        output_folder(options.out)

    from solvers.reproduction import reproduce

    given = {name: getattr(options, name) for name in ("data", "pairs", "trials", "seed")}
    found = reproduce(
        options.paper, progress=task.progress_wanted(), **{name: value for name, value in given.items() if value is not None}
    )
    written = found.save(options.out) if options.out is not None else []
    if options.json:
        task.print_json(found.numbers)
    else:
        print(found.verdict)
        print("written:", ", ".join(map(str, written)) or "nothing; give --out DIR for the figure and the numbers")
    return 0


def _pair(text: str) -> tuple[int, int]:
    parts = text.split(",")
    if len(parts) != 2 or not all(part.strip().isascii() and part.strip().isdigit() for part in parts):
        raise argparse.ArgumentTypeError(f"pair {text!r} is not two digits; write for instance 0,1")
    return int(parts[0]), int(parts[1])
