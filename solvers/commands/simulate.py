"""Simulate a model at finite size, by drawing its declaration.

example:
  quenched simulate kernel-regression --set P=10,30,100 --set ridge=0.01 --set noise=0.1 \\
      --set eigenvalues=powerlaw:1.5:300 --set target_power=powerlaw:2:300 --trials 100 --seed 0 --json
"""

from __future__ import annotations

import argparse

from solvers import grammar
from solvers.commands import task
from solvers.commands.parser import whole_number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = task.VALUES
    task.add_model(parser)
    task.add_values(parser)
    task.add_zip(parser)
    trials = "draws of the disorder at each point (default 100)"
    parser.add_argument("--trials", metavar="N", type=whole_number(1), default=100, help=trials)
    parser.add_argument("--seed", metavar="S", type=whole_number(0), default=0, help="seed of the draws (default 0)")
    parser.add_argument(
        "--replicate", metavar="R", type=whole_number(1), default=1,
        help="size: every mode R-fold at fixed theory (default 1)",
    )  # fmt: skip
    step = "length of the steps of a flow; without it the flow is integrated"
    parser.add_argument("--time-step", metavar="DT", type=float, default=None, help=step)
    finds = "what finds the states of an energy, in the place of what the model declares: amp, tap, gibbs, hmc, argmin, ..."
    parser.add_argument("--algorithm", metavar="NAME", default=None, help=finds)
    task.add_json(parser)


def run(options: argparse.Namespace) -> int:
    zipped = grammar.names(options.zip, "--zip") if options.zip is not None else ()
    values = grammar.assignments(options.values)
    model = task.find_model(options.model)
    task.check_names(model, values)
    values = task.whole_ranges(model, options.values, values)

    from solvers.monte_carlo import simulate

    estimate = simulate(
        model, trials=options.trials, seed=options.seed, replicate=options.replicate, observables=options.observable,
        zip=zipped, progress=task.progress_wanted(), time_step=options.time_step,
        algorithm=options.algorithm, **values,
    )  # fmt: skip
    if options.json:
        task.print_json(estimate.to_json())
        return 0
    import numpy as np

    grid = np.meshgrid(*estimate.axes.values(), indexing="ij") if estimate.axes else []
    columns = [[f"{v:.8g}" for v in np.ravel(points)] for points in grid]
    head = list(estimate.axes)
    for name, found in estimate.observables.items():
        mean, stderr = np.asarray(found.mean), np.asarray(found.stderr)
        per_mode = mean.ndim > len(estimate.axes)
        for k in range(mean.shape[-1]) if per_mode else [None]:
            pair = (mean, stderr) if k is None else (mean[..., k], stderr[..., k])
            head.append(f"{name} ± stderr" if k is None else f"{name}[{k}] ± stderr")
            columns.append([f"{m:.6g} ± {s:.2g}" for m, s in zip(np.ravel(pair[0]), np.ravel(pair[1]), strict=True)])
    task.print_table(head, zip(*columns, strict=True))
    return 0
