"""arXiv 2006.13198: neural tangent kernel regression on two pairs of digits, and why one pair is easier (spectra and C(rho)).

Each pair of classes is a finite set of images under its uniform measure. The eigenproblem of the kernel under that measure gives
the theory its eigenvalues and target coefficients; the experiment regresses on random subsets of the same images and is tested on
all of them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.eigenproblem import EmpiricalModes
from solvers.targets.learning_curves import LearningCurve, measure, sizes_between
from theory.errors import ParameterError

log = logging.getLogger("quenched")

DEPTH = 3  # hidden layers of the ReLU network
RELATIVE_RIDGE = 1e-3  # ridge in units of the mean of K(x, x)
SMALLEST, SIZES, POINTS = 5, 9, 60


@dataclass(frozen=True, eq=False)
class Pair(LearningCurve):
    """One task: its name, its modes, and what was measured with it."""

    name: str
    modes: EmpiricalModes
    ridge: float


def reproduce(
    *,
    data: str = "mnist",
    pairs: Sequence[tuple[int, int]] = ((0, 1), (8, 9)),
    trials: int = 50,
    seed: int = 0,
    progress: bool = False,
) -> Any:
    """Learning curves of the ReLU neural tangent kernel on pairs of digits: a `Reproduction`.

    data: "mnist" or "digits". pairs: two digits each. trials: random training subsets at each size, at least 30.
    """
    from solvers.reproduction import Reproduction, require_error_bars
    from theory import models

    require_error_bars(trials)
    names = [f"{a}/{b}" for a, b in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ParameterError(f"pair {name} is given twice; give it once")
    model = models.KernelRegression()
    start = time.perf_counter()
    theory = model.theory()
    log.info("derived %s in %.2f s", theory.name, time.perf_counter() - start)
    tasks = [_modes(data, pair) for pair in pairs]  # a wrong digit is refused before anything is solved
    found = [
        _pair(model, theory, name, modes, trials, seed + i, progress)
        for i, (name, modes) in enumerate(zip(names, tasks, strict=True))
    ]
    numbers = {
        "schema": 1,
        "paper": "2006.13198",
        "data": data,
        "kernel": f"NTK, ReLU, {DEPTH} hidden layers, inputs on the sphere",
        "relative_ridge": RELATIVE_RIDGE,
        "trials": trials,
        "seed": seed,
        "pairs": {pair.name: _numbers(pair) for pair in found},
    }
    arrays = {f"{pair.name.replace('/', '-')}:{key}": array for pair in found for key, array in _arrays(pair).items()}
    verdict = _verdict(data, found)
    return Reproduction("2006.13198", {**numbers, "verdict": verdict.splitlines()}, arrays, draw(found), verdict)


def _modes(data: str, pair: tuple[int, int]) -> EmpiricalModes:
    """Modes of the kernel on all images of two digits; eigenfunctions are oriented so that no coefficient is negative."""
    from solvers.datasets import load
    from solvers.eigenproblem import empirical_modes
    from solvers.kernels import NTK

    images = load(data, classes=pair)
    modes = empirical_modes(NTK(DEPTH)(images.X), images.y)
    signs = np.where(modes.coefficients < 0, -1.0, 1.0)
    return EmpiricalModes(modes.eigenvalues, modes.features * signs, modes.coefficients * signs, modes.pmf)


def _pair(model: Any, theory: Any, name: str, modes: EmpiricalModes, trials: int, seed: int, progress: bool) -> Pair:
    from solvers.monte_carlo import Rows

    half = modes.pmf.size // 2
    ridge = RELATIVE_RIDGE * float(modes.eigenvalues.sum())
    task = {"ridge": ridge, "noise": 0.0, "eigenvalues": modes.eigenvalues, "target_power": modes.target_power}
    sizes = sizes_between(SMALLEST, half, SIZES)
    start = time.perf_counter()
    measured = measure(
        model, theory, task, Rows(modes.features), sizes=sizes, points=POINTS, largest=half, trials=trials, seed=seed,
        progress=progress,
    )  # fmt: skip
    log.info("%s: curve and %d regressions in %.1f s", name, trials * len(sizes), time.perf_counter() - start)
    return Pair(**vars(measured), name=name, modes=modes, ridge=ridge)


def _modes_for(share: float, modes: EmpiricalModes) -> int:
    """How many modes hold that share of the target's power."""
    return int(np.searchsorted(modes.cumulative_power, share)) + 1


def _numbers(pair: Pair) -> dict[str, Any]:
    return {
        "images": pair.modes.pmf.size,
        "rank": pair.modes.rank,
        "ridge": pair.ridge,
        "modes_for_half_of_the_power": _modes_for(0.5, pair.modes),
        "modes_for_90_percent_of_the_power": _modes_for(0.9, pair.modes),
        **pair.numbers(),
    }


def _arrays(pair: Pair) -> dict[str, NDArray]:
    return {
        "eigenvalues": pair.modes.eigenvalues,
        "target_power": pair.modes.target_power,
        "cumulative_power": pair.modes.cumulative_power,
        **pair.arrays(),
    }


def _verdict(data: str, pairs: Sequence[Pair]) -> str:
    from solvers.reproduction import in_words

    rows = [
        f"2006.13198 on {data}: neural tangent kernel (ReLU, {DEPTH} hidden layers), target +1 and -1, no noise;",
        "  trained on random subsets, tested on all images",
    ]
    for pair in pairs:
        sizes, measured = pair.dots.axes["P"], pair.dots.observables["E_g"]
        rows.append(f"{pair.name}: {in_words(pair.gap)} (P = {sizes[pair.gap['largest_at']]:.0f})")
        rows.append("      P     theory  simulation            gap")
        for i, size in enumerate(sizes):
            gap, error = pair.gap["per_point"][i], pair.gap["per_point_stderr"][i]
            rows.append(
                f"  {size:5.0f}  {pair.at_sizes.observables['E_g'][i]:9.5f}  {measured.mean[i]:9.5f} ± {measured.stderr[i]:.5f}"
                f"  {100 * gap:+6.1f} ± {100 * error:.1f} %"
            )
    order = sorted(pairs, key=lambda pair: float(pair.at_sizes.observables["E_g"][-1]))
    if len(order) > 1:
        rows.append(_comparison(order[0], order[-1]))
    rows.append("A data set has no size to grow: these gaps measure how far real features are from Gaussian ones.")
    return "\n".join(rows)


def _comparison(easy: Pair, hard: Pair) -> str:
    """Which task is easier, by theory, by simulation, and by the cumulative power that explains it."""

    def final(pair: Pair) -> tuple[float, float, float]:
        measured = pair.dots.observables["E_g"]
        return float(pair.at_sizes.observables["E_g"][-1]), float(measured.mean[-1]), float(measured.stderr[-1])

    (low, seen_low, e1), (high, seen_high, e2) = final(easy), final(hard)
    seen = "too" if seen_high - seen_low > 3 * np.hypot(e1, e2) else "not beyond its errors"
    rho = _modes_for(0.9, easy.modes)
    shares = [float(pair.modes.cumulative_power[rho - 1]) for pair in (easy, hard)]
    leading = "why: more of its target lies in the leading modes, which are learned first"
    why = leading if shares[0] > shares[1] else "C(rho) does not say why"
    return "\n".join(
        [
            f"{easy.name} is easier than {hard.name}: E_g {low:.4f} against {high:.4f} in theory at half of the images,",
            f"  in simulation {seen} ({seen_low:.4f} against {seen_high:.4f});",
            f"  {why}. Cumulative power C(rho = {rho}) = {shares[0]:.2f} for {easy.name}, {shares[1]:.2f} for {hard.name},",
            f"  which needs {_modes_for(0.9, hard.modes)} modes for 0.90.",
        ]
    )


def draw(pairs: Sequence[Pair]) -> Any:
    """Three panels: learning curves with error bars, kernel spectra, cumulative power."""
    from solvers.figures import colours, new_figure, style
    from solvers.plots import plot

    figure, (curves, spectra, power) = new_figure(3, width=3.2, height=2.9)
    with style():
        for pair, colour in zip(pairs, colours(len(pairs)), strict=True):
            plot(pair.curve, pair.dots, x="P", ax=curves, label=pair.name, color=colour)
            eta = pair.modes.eigenvalues[: pair.modes.rank]
            rho = np.arange(1, pair.modes.pmf.size + 1)
            spectra.loglog(rho[: eta.size], eta / eta.sum(), color=colour, label=pair.name)
            power.semilogx(rho, pair.modes.cumulative_power, color=colour, label=pair.name)
        spectra.set(xlabel=r"mode $\rho$", ylabel=r"eigenvalue $\eta_\rho$ / trace")
        power.set(xlabel=r"mode $\rho$", ylabel=r"cumulative power $C(\rho)$", ylim=(0, 1.02))
        for ax, letter in zip((curves, spectra, power), "abc", strict=True):
            ax.set_title(f"({letter})", loc="left")
        subsets = int(np.max(pairs[0].dots.observables["E_g"].trials))
        curves.legend(title=f"lines: theory\ndots: mean ± s.e. of\n{subsets} training sets", title_fontsize=7)
        power.legend(loc="lower right")
        spectra.legend()
    return figure
