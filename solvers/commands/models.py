"""List the models: name, engine, observables, papers and parameters.

example:
  quenched models --json
"""

from __future__ import annotations

import argparse
from typing import Any

from solvers.commands import task

ENGINES = {"Energy": "replica", "Expression": "resolvent", "Step": "dmft", "Descent": "resolvent"}
"""Law of a declaration -> the engine that derives it, unless the model names another one."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    task.add_json(parser)


def run(options: argparse.Namespace) -> int:
    from theory import models

    entries = [describe(models.load(name)()) for name in models.REGISTRY]
    if options.json:
        task.print_json(entries)
        return 0
    for entry in entries:
        about = "; ".join([f"{entry['engine']} engine", *([", ".join(entry["papers"])] if entry["papers"] else [])])
        print(f"{entry['name']}  ({about})")
        print(f"  observables: {', '.join(entry['observables'])}")
        for parameter in entry["parameters"]:
            rank = {0: "number", 1: "list"}.get(parameter["ndim"], f"array of rank {parameter['ndim']}")
            default = "" if parameter["default"] is None else f", default {parameter['default']:g}"
            print(f"  {parameter['name']:<16} {parameter['meaning']}: {rank}, {parameter['domain']}{default}")
    return 0


def describe(model: Any) -> dict[str, Any]:
    """What a program may want to know of a model."""
    return {
        "name": model.name,
        "engine": getattr(model, "engine", ENGINES.get(model.law)),
        "observables": list(model.observe),
        "papers": list(model.references),
        "parameters": [
            {"name": p.name, "meaning": p.meaning, "domain": p.domain, "default": p.default, "ndim": p.ndim}
            for p in model.parameters
        ],
    }
