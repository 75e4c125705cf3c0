"""What several commands share: MODEL, --set, --zip and --observable, strict JSON, tables."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from theory.errors import ParameterError, did_you_mean

VALUES = """\
a value is a number, a list, a range, a file or a power law:
  ridge=0.1   P=10,30,100   P=10:1000:20   P=10:1000:20:log   eigenvalues=@eta.npy   eigenvalues=powerlaw:1.5:inf
of the parameter's own rank it is the value; one more and it is an axis, and the axes make a grid.
simulate rounds the ranges of sizes, P=10:1000:20:log, to whole numbers.
multiplicity=1,10,100, beside the modes, says how often each of them occurs (curve only).
"""


def add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="a name out of 'quenched models', or FILE.py:NAME")


def add_values(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set", dest="values", metavar="NAME=VALUE", action="append", default=[],
        help="value of a parameter; once for each",
    )  # fmt: skip
    parser.add_argument(
        "--observable", metavar="NAME", action="append",
        help="an observable to compute, repeatable; by default all but those with one value per mode",
    )  # fmt: skip


def add_zip(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--zip", metavar="N,P", help="parameters whose lists run together, entry by entry, as one axis")


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print strict JSON instead of text")


def find_model(text: str) -> Any:
    """The model that MODEL names; ParameterError or DeclarationError where there is none."""
    if ".py:" in text or text.endswith(".py"):
        from solvers.commands import user_file

        return user_file.load(text)
    from theory import models

    if text not in models.REGISTRY:
        raise ParameterError(f"no model {text!r}; {did_you_mean(text, models.REGISTRY)}")
    return models.load(text)()


def check_names(model: Any, names: Iterable[str]) -> None:
    """ParameterError for a name that is no parameter: it could be one of the solver's own options."""
    known = [parameter.name for parameter in model.parameters]
    for name in names:
        if name not in known:
            raise ParameterError(f"no parameter {name!r} of {model.name}; {did_you_mean(name, known)}")


def whole_ranges(model: Any, texts: Iterable[str], values: dict[str, Any]) -> dict[str, Any]:
    """Values with the ranges of sizes at the nearest whole numbers, each once; what is not written as a range is left."""
    import numpy as np

    from theory.declaration.dimensions import Dim

    sizes = {parameter.name for parameter in model.parameters if isinstance(parameter.symbol, Dim)}
    pairs = [text.partition("=") for text in texts]
    ranges = {name.strip() for name, _, form in pairs if ":" in form and form.strip()[:1].isdigit()}
    return {n: list(dict.fromkeys(np.rint(v).tolist())) if n in sizes & ranges else v for n, v in values.items()}


def print_json(content: Any) -> None:
    """Content as strict JSON on stdout: NaN and infinities must have become null before."""
    print(json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False))


def print_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Aligned columns on stdout."""
    table = [list(head), *(list(row) for row in rows)]
    widths = [max(len(row[i]) for row in table) for i in range(len(head))]
    for row in table:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))


def progress_wanted() -> bool:
    """Whether someone watches stderr."""
    return sys.stderr.isatty()
