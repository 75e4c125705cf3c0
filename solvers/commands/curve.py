"""Solve a theory over a grid of parameters.

examples:
  quenched curve kernel-regression --set P=10:10000:60:log --set ridge=1e-3,1e-2 --set noise=0.1 \\
      --set eigenvalues=powerlaw:1.5:1000 --set target_power=powerlaw:2:1000 --plot curve.png --out curve.npz
  quenched curve kernel-regression --set P=100 --set ridge=0.01 --set eigenvalues=@eta.npy --set target_power=@a2.npy --json
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from solvers import grammar
from solvers.commands import task
from solvers.commands.parser import choice
from solvers.files import output_file
from theory.errors import ParameterError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = task.VALUES
    task.add_model(parser)
    task.add_values(parser)
    task.add_zip(parser)
    parser.add_argument(
        "--on-failure", metavar="WHAT", type=choice("way", "raise", "mask"), default="raise",
        help="raise (default): stop with exit code 1 at a point without a solution; mask: leave it out, with its status",
    )  # fmt: skip
    step = "length of the steps of a flow, where its theory is followed in steps"
    parser.add_argument("--time-step", metavar="DT", type=float, default=None, help=step)
    task.add_json(parser)
    parser.add_argument("--out", metavar="F.npz", help="save everything, with its manifest")
    parser.add_argument("--plot", metavar="F.png", help="draw the observables (.png, .svg or .pdf)")


def run(options: argparse.Namespace) -> int:
    if options.out:
        output_file(options.out, ".npz")
    if options.plot:
        output_file(options.plot, ".png", ".svg", ".pdf")
    zipped = grammar.names(options.zip, "--zip") if options.zip is not None else ()
    values = grammar.assignments(options.values)
    model = task.find_model(options.model)
    task.check_names(model, set(values) - {"multiplicity", "time_step"})
    if options.time_step is not None:
        if "time_step" in values:
            raise ParameterError("time_step: given twice, by --time-step and by --set; leave one out")
        values["time_step"] = options.time_step

    from solvers.sweeps import sweep

    curve = sweep(
        model.theory(), **values, observables=options.observable, zip=zipped, on_failure=options.on_failure,
        progress=task.progress_wanted(),
    )  # fmt: skip
    figure = draw(curve, options.observable) if options.plot else None
    if options.out:
        curve.save(options.out)
    if figure:
        from solvers.figures import save_figure

        save_figure(figure, options.plot)
    if options.json:
        task.print_json(curve.to_json())
    else:
        show(curve)
    return 0


def draw(curve: Any, observables: list[str] | None) -> Any:
    """A figure with a panel for each observable asked for, or the first one."""
    from solvers.figures import new_figure
    from solvers.plots import plot

    shown = observables or [next(iter(curve.observables))]
    figure, axes = new_figure(len(shown))
    for ax, name in zip(axes, shown, strict=True):
        plot(curve, y=name, ax=ax)
    return figure


def show(curve: Any) -> None:
    """A row per point: axes, order parameters, observables, relative error and status; verdicts that fail go to stderr."""
    import numpy as np

    from solvers.verdicts import reading

    points = list(np.ndindex(curve.shape))
    head, columns = [], []
    for place, group in enumerate(curve.groups):
        for name in group:
            values = curve.axes[name]
            head.append(name)
            columns.append([f"{values[p[place]]:.8g}" if values.ndim == 1 else f"#{p[place] + 1}" for p in points])
    for name, found in {**curve.order_parameters, **curve.observables}.items():
        for k in np.ndindex(found.shape[len(curve.shape) :]):
            head.append(name + "".join(f"[{i}]" for i in k))
            columns.append([f"{found[p + k]:.10g}" for p in points])
    words = [", ".join(filter(None, (str(curve.status[p]), reading(curve.verdicts, p)))) for p in points]
    columns += [[f"{curve.error[p]:.1e}" for p in points], words]
    task.print_table([*head, "error", "status"], list(zip(*columns, strict=True)))
    for verdict in curve.verdicts.values():
        if not verdict:
            print(verdict, file=sys.stderr)
