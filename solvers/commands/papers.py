"""List the papers whose claims can be verified.

example:
  quenched papers
"""

from __future__ import annotations

import argparse

from solvers.commands import task


def add_arguments(parser: argparse.ArgumentParser) -> None:
    task.add_json(parser)


def run(options: argparse.Namespace) -> int:
    from theory import papers

    entries = [
        {"paper": key, "title": paper.title, "model": paper.model, "claims": [claim.name for claim in paper.claims]}
        for key, paper in ((key, papers.load(key)) for key in papers.names())
    ]
    if options.json:
        task.print_json(entries)
        return 0
    for entry in entries:
        print(f"{entry['paper']}  {entry['title']}\n  model {entry['model']}; claims: {', '.join(entry['claims'])}")
    return 0
