"""arXiv 2106.02261: kernel regression on digits tested, or trained, on another distribution of the same images.

The network's kernel is trained on images drawn uniformly. Test distributions at one Kullback-Leibler divergence from that are
chosen by the theory to make the error small (beneficial) or large (detrimental); a training distribution is descended for the
uniform test. Every choice is tried in the experiment, which knows nothing of the theory.

The gap to real images depends strongly on the ridge and on the share of the images in training: on digits it is 10 to 21 % at the
values below, and 27 to 58 % with a tenth of the ridge and up to half of the images.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.shifts import Shift
from solvers.targets.learning_curves import LearningCurve, measure, sizes_between
from theory.errors import ParameterError

log = logging.getLogger("quenched")

DEPTH = 3  # hidden layers of the ReLU network
RELATIVE_RIDGE = 1e-2  # ridge in units of the mean of K(x, x)
IMAGES, SMALLEST, SIZES, POINTS = 160, 5, 6, 40
LARGEST = 0.3  # share of the images in the largest training set; images are drawn with replacement
CHOSEN = 0.2  # share of the images in training at which distributions are chosen
DIVERGENCE = 0.3  # nats between test distributions and the uniform one
STEPS, PENALTY = 6, 0.3  # of the descent of the training distribution, which is held to stay spread
NAMES = ("uniform", "beneficial test", "detrimental test", "descended training")


@dataclass(frozen=True, eq=False)
class Case(LearningCurve):
    """One pair of distributions, and what was measured with it."""

    name: str
    shift: Shift


def reproduce(
    *, data: str = "mnist", pairs: Sequence[tuple[int, int]] = ((8, 9),), trials: int = 50, seed: int = 0, progress: bool = False
) -> Any:
    """Learning curves of the ReLU neural tangent kernel under shifts of test and training distribution: a `Reproduction`.

    data: "mnist" or "digits". pairs: two digits, one pair. trials: random training sets at each size, at least 30.
    """
    from solvers.reproduction import Reproduction, require_error_bars
    from theory import models

    require_error_bars(trials)
    if len(pairs) != 1:
        raise ParameterError(f"pairs: {len(pairs)} of them; this figure has one pair of digits, give one")
    (pair,) = pairs
    first = _uniform(data, pair, seed)
    model = models.OutOfDistribution()
    theory = model.theory()
    ridge = RELATIVE_RIDGE * float(first.modes.eigenvalues.sum())
    shifts = dict(zip(NAMES, _shifts(theory, first, ridge), strict=True))
    cases = [_case(model, theory, name, shift, ridge, trials, seed + i, progress) for i, (name, shift) in enumerate(shifts.items())]
    verdict = _verdict(data, pair, cases)
    numbers = {
        "schema": 1,
        "paper": "2106.02261",
        "data": data,
        "pair": list(pair),
        "images": len(first.modes.pmf),
        "kernel": f"NTK, ReLU, {DEPTH} hidden layers, inputs on the sphere",
        "relative_ridge": RELATIVE_RIDGE,
        "divergence": DIVERGENCE,
        "trials": trials,
        "seed": seed,
        "cases": {case.name: case.numbers() for case in cases},
        "verdict": verdict.splitlines(),
    }
    arrays = {f"{case.name}:{key}": array for case in cases for key, array in _arrays(case).items()}
    return Reproduction("2106.02261", numbers, arrays, draw(cases), verdict)


def _uniform(data: str, pair: tuple[int, int], seed: int) -> Shift:
    """The kernel on some images of two digits, all equally likely in training and test."""
    from solvers.datasets import load
    from solvers.kernels import NTK

    images = load(data, classes=pair)
    some = np.random.default_rng([seed, *pair]).permutation(len(images.y))[:IMAGES]
    return Shift(NTK(DEPTH)(images.X[some]), images.y[some])


def _shifts(theory: Any, first: Shift, ridge: float) -> list[Shift]:
    """In the order of ``NAMES``."""
    from solvers.optimal_measures import optimise_test, optimise_train

    task = {"P": round(CHOSEN * len(first.modes.pmf)), "ridge": ridge, "noise": 0.0}
    tests = [optimise_test(theory, first, DIVERGENCE, hardest=hardest, **task).pmf for hardest in (False, True)]
    best = optimise_train(theory, first, steps=STEPS, penalty=PENALTY, **task)
    log.info("descended training distribution: error %.4f from %.4f", best.error, best.start)
    return [first, *(first.tested_on(pmf) for pmf in tests), first.trained_on(best.pmf)]


def _case(model: Any, theory: Any, name: str, shift: Shift, ridge: float, trials: int, seed: int, progress: bool) -> Case:
    largest = round(LARGEST * len(shift.modes.pmf))
    task = {"ridge": ridge, "noise": 0.0, **shift.values}
    measured = measure(
        model, theory, task, shift.rows(), sizes=sizes_between(SMALLEST, largest, SIZES), points=POINTS, largest=largest,
        trials=trials, seed=seed, progress=progress,
    )  # fmt: skip
    return Case(**vars(measured), name=name, shift=shift)


def _arrays(case: Case) -> dict[str, NDArray]:
    return {"train": np.asarray(case.shift.train), "test": np.asarray(case.shift.test), **case.arrays()}


def _verdict(data: str, pair: tuple[int, int], cases: Sequence[Case]) -> str:
    from solvers.reproduction import in_words

    count = len(cases[0].shift.modes.pmf)
    rows = [
        f"2106.02261 on {data} {pair[0]}/{pair[1]}: neural tangent kernel (ReLU, {DEPTH} hidden layers), target +1 and -1,",
        f"  no noise; distributions are chosen by the theory at P = {CHOSEN * count:.0f}, among {count} images",
    ]
    base = cases[0]
    for case in cases:
        rows.append(f"{case.name}: {in_words(case.gap)}")
        if case is not base:
            rows.append(f"  {_effect(base, case)}")
    rows.append("A data set has no size to grow: these gaps measure how far real features are from Gaussian ones.")
    return "\n".join(rows)


def _effect(base: Case, case: Case) -> str:
    """What the shift does to the error at the size at which it was chosen, in theory and in the experiment."""
    sizes = np.asarray(case.dots.axes["P"])
    at = int(np.argmin(np.abs(sizes - CHOSEN * len(case.shift.modes.pmf))))
    ratio = float(case.at_sizes.observables["E_g"][at] / base.at_sizes.observables["E_g"][at])
    one, other = (c.dots.observables["E_g"] for c in (base, case))
    seen = float(other.mean[at] / one.mean[at])
    error = seen * float(np.hypot(other.stderr[at] / other.mean[at], one.stderr[at] / one.mean[at]))
    same = (ratio - 1) * (seen - 1) > 0 and abs(seen - 1) > 3 * error
    return (
        f"at P = {sizes[at]:.0f} the error is {ratio:.2f} times that of the uniform case in theory, {seen:.2f} ± {error:.2f} times "
        f"in the experiment: {'the shift does what the theory chose it for' if same else 'not what the theory chose it for'}"
    )


def draw(cases: Sequence[Case]) -> Any:
    """Two panels: learning curves with error bars, and the chosen probabilities, in order of size."""
    from solvers.figures import DASHES, colours, new_figure, style
    from solvers.plots import plot

    figure, (curves, chosen) = new_figure(2, width=3.8, height=3.1)
    with style():
        for case, colour, dash in zip(cases, colours(len(cases)), DASHES, strict=False):
            plot(case.curve, case.dots, x="P", ax=curves, label=case.name, color=colour)
            pmf = np.asarray(case.shift.test if case.shift.test is not None and "test" in case.name else case.shift.train)
            rank = np.arange(1, pmf.size + 1)
            chosen.plot(rank, np.sort(pmf)[::-1] * pmf.size, color=colour, linestyle=dash, label=case.name)
        curves.set(xscale="log", yscale="log")
        curves.set_xticks(sizes := [5, 10, 20, 40], [str(p) for p in sizes])
        curves.set_xticks([], minor=True)
        trials = int(np.max(cases[0].dots.observables["E_g"].trials))
        if (own := curves.get_legend()) is not None:
            own.remove()
        chosen.set(xlabel="images in order of probability", ylabel="probability / uniform one", yscale="log", ylim=(3e-3, None))
        chosen.legend(title=f"lines: theory\ndots: mean ± s.e. of\n{trials} training sets", title_fontsize=7, loc="lower left")
        for ax, letter in zip((curves, chosen), "ab", strict=True):
            ax.set_title(f"({letter})", loc="left")
    return figure
