"""arXiv 2002.02561: kernel regression on the sphere learns degree by degree; errors of each degree of spherical harmonics.

Points are uniform on the sphere of R^D. There the neural tangent kernel is K = sum_k eta_k N_k Q_k(cos), with Gegenbauer
polynomials Q_k and degeneracies N_k. The target is a combination of kernels at random centres, so target and prediction are both
such combinations, and the error in a degree is a quadratic form in Q_k: it is exact, no test set is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = (10, 25)
DEPTH = 3  # hidden layers of the ReLU network
DEGREES, SHOWN = 8, 5  # degrees with modes of their own, degrees in the figure
CENTRES = 300
SMALLEST, LARGEST, SIZES, POINTS = 4, 640, 8, 60


@dataclass(frozen=True, eq=False)
class Task:
    """Regression in one dimension. ``power``, ``mean`` and ``stderr`` have a column for each degree, ``theory`` is at the sizes.

    ``tail`` is the trace of the higher degrees: with far more harmonics than samples each, they act as a ridge.
    """

    dimension: int
    eigenvalues: NDArray
    degeneracies: NDArray
    tail: float
    power: NDArray
    curve: Any
    theory: NDArray
    sizes: NDArray
    mean: NDArray
    stderr: NDArray
    gap: dict[str, Any]


def reproduce(*, trials: int = 50, seed: int = 0, progress: bool = False) -> Any:
    """Errors by degree on spheres of two dimensions, in theory and by regression: a `Reproduction`.

    trials: random training sets at each size, at least 30.
    """
    from solvers.reproduction import Reproduction, require_error_bars
    from theory import models

    require_error_bars(trials)
    theory = models.KernelRegression().theory()
    tasks = [_task(theory, D, trials, np.random.default_rng([seed, D]), progress) for D in DIMENSIONS]
    verdict = _verdict(tasks, trials)
    numbers = {
        "schema": 1,
        "paper": "2002.02561",
        "kernel": f"NTK, ReLU, {DEPTH} hidden layers, points uniform on the sphere of radius sqrt(D)",
        "ridge": 0.0,
        "trials": trials,
        "seed": seed,
        "dimensions": {str(task.dimension): _numbers(task) for task in tasks},
        "verdict": verdict.splitlines(),
    }
    fields = ("eigenvalues", "degeneracies", "power", "theory", "sizes", "mean", "stderr")
    arrays = {f"{task.dimension}:{name}": np.asarray(getattr(task, name)) for task in tasks for name in fields}
    return Reproduction("2002.02561", numbers, arrays, draw(tasks, trials), verdict)


def _task(theory: Any, D: int, trials: int, rng: np.random.Generator, progress: bool) -> Task:
    from solvers.kernels import NTK, gegenbauer_spectrum
    from solvers.reproduction import universality_gap
    from solvers.sweeps import sweep

    kernel = NTK(DEPTH)
    spectrum = gegenbauer_spectrum(kernel, D, DEGREES - 1)
    eta, count = spectrum.eigenvalues, spectrum.degeneracies
    centres, signs = _points(CENTRES, D, rng), rng.choice([-1.0, 1.0], CENTRES)
    power = _degree_powers(centres, signs, eta, count)
    signs, power = signs / power.sum() ** 0.5, power / power.sum()
    given = {"ridge": spectrum.remainder, "eigenvalues": eta, "target_power": power / count, "multiplicity": count}
    wanted = ["E_g", "mode_errors"]
    curve = sweep(theory, P=np.geomspace(SMALLEST, LARGEST, POINTS), **given, observables=wanted)
    sizes = np.unique(np.rint(np.geomspace(SMALLEST, LARGEST, SIZES)).astype(int))
    at_sizes = sweep(theory, P=sizes, **given, observables=wanted)
    mean, stderr = _regressions(kernel, centres, signs, eta, count, sizes, trials, rng, progress)
    total, error = mean.sum(axis=-1), stderr[:, -1]
    gap = universality_gap(np.asarray(at_sizes.observables["E_g"]), total, error)
    degree_errors = np.asarray(at_sizes.observables["mode_errors"]) * count
    return Task(D, eta, count, spectrum.remainder, power, curve, degree_errors, sizes, mean, stderr[:, :-1], gap)


def _points(count: int, D: int, rng: np.random.Generator) -> NDArray:
    """Uniform on the sphere of radius sqrt(D)."""
    points = rng.standard_normal((count, D))
    return points * (D**0.5 / np.linalg.norm(points, axis=1, keepdims=True))


def _degree_powers(points: NDArray, weights: NDArray, eta: NDArray, count: NDArray) -> NDArray:
    """Power by degree of sum_i weights_i K(., x_i): eta_k^2 N_k sum_ij weights_i weights_j Q_k(x_i.x_j/D)."""
    from solvers.kernels import zonal_polynomials

    D = points.shape[1]
    polynomials = islice(zonal_polynomials(np.clip(points @ points.T / D, -1, 1), D), len(eta))
    return eta**2 * count * np.array([weights @ Q @ weights for Q in polynomials])


def _regressions(
    kernel: Any, centres: NDArray, signs: NDArray, eta: NDArray, count: NDArray, sizes: NDArray, trials: int,
    rng: np.random.Generator, progress: bool,
) -> tuple[NDArray, NDArray]:  # fmt: skip
    """Mean errors by degree, shape (sizes, degrees), and standard errors with one more column, for their sum."""
    from tqdm import tqdm

    errors = np.empty((len(sizes), trials, len(eta)))
    places = [(i, trial) for i in range(len(sizes)) for trial in range(trials)]
    for i, trial in tqdm(places, unit="regression", disable=not progress):
        points = _points(int(sizes[i]), centres.shape[1], rng)
        dual = np.linalg.solve(kernel(points), kernel(points, centres) @ signs)
        errors[i, trial] = _degree_powers(np.vstack([centres, points]), np.concatenate([signs, -dual]), eta, count)
    with_sum = np.concatenate([errors, errors.sum(axis=-1, keepdims=True)], axis=-1)
    return errors.mean(axis=1), with_sum.std(axis=1, ddof=1) / trials**0.5


def _numbers(task: Task) -> dict[str, Any]:
    return {
        "eigenvalues": task.eigenvalues.tolist(),
        "degeneracies": task.degeneracies.tolist(),
        "trace_of_higher_degrees": task.tail,
        "target_power_by_degree": task.power.tolist(),
        "theory": task.curve.to_json(),
        "simulation": {"P": task.sizes.tolist(), "mean_by_degree": task.mean.tolist(), "stderr_by_degree": task.stderr.tolist()},
        "theory_by_degree": task.theory.tolist(),
        "universality_gap": task.gap,
    }


def _half_learned(task: Task, degree: int) -> float:
    """Samples at which the theory's error in a degree falls below half of the target's power there; inf where it never does."""
    errors = np.asarray(task.curve.observables["mode_errors"])[:, degree] * task.degeneracies[degree]
    below = np.flatnonzero(errors < task.power[degree] / 2)
    return float(task.curve.axes["P"][below[0]]) if below.size else np.inf


def _verdict(tasks: Sequence[Task], trials: int) -> str:
    from solvers.reproduction import in_words

    title = f"2002.02561: neural tangent kernel (ReLU, {DEPTH} hidden layers) on spheres, no ridge"
    rows = [f"{title}, {trials} training sets at each size"]
    for task in tasks:
        rows.append(f"D = {task.dimension}: {in_words(task.gap)} (P = {task.sizes[task.gap['largest_at']]})")
        rows.append("      P  degree by degree: theory | simulation")
        for i, size in enumerate(task.sizes):
            cells = [f"{task.theory[i, k]:.3g} | {task.mean[i, k]:.3g} ± {task.stderr[i, k]:.1g}" for k in range(1, SHOWN - 1)]
            rows.append(f"  {size:5d}  " + "   ".join(cells))
        order = [(k, _half_learned(task, k)) for k in range(1, SHOWN)]
        told = [f"degree {k} at P = {P:.0f}, {P / task.degeneracies[k]:.1f} per harmonic" for k, P in order if np.isfinite(P)]
        first = "low degrees first" if [P for _, P in order] == sorted(P for _, P in order) else "not in the order of the degrees"
        rows.append(f"  theory learns half of the target's power {first}: {'; '.join(told) or 'of no degree so far'}")
    rows.append("Points on a sphere are not Gaussian features: the gap measures what that changes.")
    return "\n".join(rows)


def draw(tasks: Sequence[Task], trials: int) -> Any:
    """A panel of degree errors for each dimension, and the spectra."""
    from solvers.figures import MARKERS, colours, new_figure, style

    figure, axes = new_figure(len(tasks) + 1, width=3.2, height=2.9)
    shades = colours(SHOWN)
    with style():
        for task, ax in zip(tasks, axes, strict=False):
            errors = np.asarray(task.curve.observables["mode_errors"]) * task.degeneracies
            for k in range(1, SHOWN):
                ax.loglog(task.curve.axes["P"], errors[:, k], color=shades[k - 1], label=f"$k = {k}$")
                ax.errorbar(
                    task.sizes, task.mean[:, k], yerr=task.stderr[:, k], linestyle="", marker=MARKERS[k - 1], color=shades[k - 1],
                    markersize=4, markeredgecolor="white", markeredgewidth=0.6, elinewidth=1,
                )  # fmt: skip
            ax.set(xlabel="number of samples $P$", ylabel="error in degree $k$", title=f"$D = {task.dimension}$")
            ax.set_ylim(bottom=0.1 * errors[:, 1:SHOWN].min())  # room for the legend
        axes[0].legend(loc="lower left", ncols=2)
        axes[1].plot([], [], color="0.3", label="theory")
        axes[1].errorbar([], [], yerr=[], color="0.3", linestyle="", marker="o", markersize=4, label=f"{trials} simulations")
        axes[1].legend(handles=axes[1].get_legend_handles_labels()[0][-2:], loc="lower left")
        for task, shade, marker in zip(tasks, shades, MARKERS, strict=False):
            name = f"$D = {task.dimension}$"
            axes[-1].semilogy(range(DEGREES), task.eigenvalues, marker=marker, markersize=4, color=shade, label=name)
        axes[-1].set(xlabel="degree $k$", ylabel=r"eigenvalue $\eta_k$", title="spectra")
        axes[-1].legend()
    return figure
