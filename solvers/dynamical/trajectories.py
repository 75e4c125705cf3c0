"""Sampled dynamics: independent runs at every point, their mean and its standard error, as a curve or as one full trajectory."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.dynamical.site_data import site_data, steps_to
from solvers.manifests import manifest
from solvers.options import check_executor, check_names
from solvers.results import Curve
from solvers.threads import single_thread
from solvers.values import Values, bind
from theory.dmft.sampled import SiteProcess
from theory.dmft.scheduled import LinearProcess
from theory.errors import ConvergenceError, ParameterError, QuenchedError, did_you_mean

SAMPLES, SCRAMBLES, NODES = 2048, 8, 96
"""Defaults: samples of each population, independent runs, and Gauss–Hermite points where one or two variables make a site."""

RIDGE = 1e-3
"""Of the covariance of noises, relative to its mean diagonal, where responses come from Stein's lemma."""


@dataclass(frozen=True)
class Task:
    """One run: the values of a point without its time, wanted numbers of steps, and what makes it differ from other runs."""

    theory: Any
    values: dict[str, Any]
    wanted: tuple[int, ...]
    length: float
    samples: int
    seed: int
    nodes: int
    full: bool = False
    responses: bool = True
    ridge: float | None = None


def run(task: Task) -> tuple[dict[str, list[float]], dict[str, NDArray], bool]:
    """Observables at the wanted steps, order parameters if wanted in full, and whether every average was a quadrature."""
    from solvers.dynamical.causal import Plan, Run
    from solvers.sites import SiteFunctions

    with single_thread(), np.errstate(all="ignore"):
        finite = sorted((d for d in task.theory.fields.model.dimensions if d.finite), key=lambda d: d.name)
        plan = Plan(max(task.wanted), task.length, task.samples, task.nodes, task.responses, task.ridge)
        one = Run(task.theory, site_data(task.theory, task.values, task.length), plan, task.seed, SiteFunctions(finite))
        observed = one.observe(task.wanted)
        return observed, one.memory.order_parameters() if task.full else {}, one.is_exact


@dataclass(frozen=True)
class Trajectory:
    """A sampled dynamics at one set of parameters, at all steps up to the last of ``times``.

    ``observables`` and ``errors`` (standard errors over ``runs`` independent runs) by name, along ``times``. ``order_parameters``
    by name: correlations C(t, s) and responses R(t, s) as in the theory, arrays (steps, samples, steps, samples), without the axes
    of length one; R holds what a push at one step does.
    """

    model: str
    times: NDArray
    observables: dict[str, NDArray]
    errors: dict[str, NDArray]
    order_parameters: dict[str, NDArray]
    runs: int
    manifest: dict[str, Any] = field(repr=False)

    def __getitem__(self, name: str) -> NDArray:
        """An observable or order parameter."""
        for table in (self.observables, self.order_parameters):
            if name in table:
                return table[name]
        raise ParameterError(f"{self.model}: no {name!r}; {did_you_mean(name, [*self.observables, *self.order_parameters])}")


def march(
    theory: Any, *, samples: int = SAMPLES, scrambles: int = SCRAMBLES, seed: int = 0, responses: bool | str = True,
    executor: Executor | None = None, **values: Any,
) -> Trajectory:  # fmt: skip
    """A :class:`Trajectory` of a sampled theory, or of a linear one that is marched: ``t`` is one time or several, other parameters
    as in :func:`solve`.

    A linear theory is marched once, exactly, every mode by itself; its multipliers are among the order parameters. ``samples``,
    ``scrambles`` and ``seed`` do not matter to it. ``responses=False`` leaves the memory out: a wrong theory wherever there is one,
    for comparison. ``responses="stein"`` takes them from correlations with the noise, regularised by ``RIDGE``, for what has no
    derivative; errors then hold the change under a ridge ten times as large, and a bias may remain. Raises ParameterError for bad
    input and DivergenceError, naming the time, where the dynamics runs away.
    """
    _check_options(theory, samples, scrambles, seed, (SiteProcess, LinearProcess))
    if responses not in (True, False, "stein"):
        raise ParameterError(f"responses: {responses!r}; take True, False or 'stein'")
    check_executor(executor)
    bound = bind(theory, values)
    others = [n for n in bound.axes if n != "t"]
    if others:
        raise ParameterError(f"{others[0]}: {len(bound.axes[others[0]])} values given to march, which takes one point; use sweep")
    times = bound.axes["t"] if "t" in bound.axes else np.array([float(bound.fixed["t"])])
    length = float(bound.fixed["time_step"]) if theory.continuous else 1.0
    if isinstance(theory, LinearProcess):
        from solvers.dynamical.marching import followed

        return followed(theory, bound, times, length, bool(responses))
    wanted = tuple(int(n) for n in steps_to(theory, times, length))
    fixed = {n: v for n, v in bound.fixed.items() if n not in ("t", "time_step")}
    make = _tasks(theory, fixed, wanted, length, samples, scrambles, seed, True, bool(responses))
    if responses == "stein":
        make = [replace(task, ridge=RIDGE) for task in make]
    found, count = _gathered(make, executor)
    mean, error = _statistics([o for o, _, _ in found], found[0][2])
    if responses == "stein":
        again, _ = _gathered([replace(task, ridge=10 * RIDGE) for task in make], executor)
        other, _ = _statistics([o for o, _, _ in again], again[0][2])
        error = {n: np.hypot(e, mean[n] - other[n]) for n, e in error.items()}
    kept = {name: np.mean([p[name] for _, p, _ in found], axis=0) for name in found[0][1]}
    place = [sorted(set(wanted)).index(n) for n in wanted]
    given = {p.name: bound.axes.get(p.name, bound.fixed.get(p.name)) for p in theory.parameters}
    note = manifest(theory.name, theory.signature, given, samples=samples, runs=count, seed=seed, responses=responses)
    return Trajectory(theory.name, times, {n: v[place] for n, v in mean.items()}, {n: v[place] for n, v in error.items()}, kept,
                      count, note)  # fmt: skip


def sampled_runs(theory, times, samples, scrambles, seed, executor, full: bool, **values) -> list[tuple[dict, dict]]:
    """Observables at rising times and, if wanted in ``full``, order parameters, run by run."""
    _check_options(theory, samples, scrambles, seed)
    check_executor(executor)
    bound = bind(theory, {**values, "t": np.array(times)})
    length = float(bound.fixed["time_step"]) if theory.continuous else 1.0
    wanted = tuple(int(n) for n in steps_to(theory, np.array(times), length))
    fixed = {n: v for n, v in bound.fixed.items() if n not in ("t", "time_step")}
    tasks = _tasks(theory, fixed, wanted, length, samples, scrambles, seed, full)
    return [found[:2] for found in (executor.map(run, tasks) if executor is not None else map(run, tasks))]


def _tasks(theory, values, wanted, length, samples, scrambles, seed, full=False, responses=True) -> list[Task]:
    steps = tuple(sorted(set(wanted)))
    seeds = np.random.SeedSequence(seed).generate_state(scrambles)
    rules = [NODES + 32 * (i % 2) for i in range(scrambles)]
    return [Task(theory, values, steps, length, samples, int(s), n, full, responses) for s, n in zip(seeds, rules, strict=True)]


def _gathered(tasks: Sequence[Task], executor: Executor | None) -> tuple[list[Any], int]:
    """All runs; two suffice where each is a quadrature."""
    first = run(tasks[0])
    tasks = tasks[1:2] if first[2] else tasks[1:]
    return [first, *(executor.map(run, tasks) if executor is not None else map(run, tasks))], 1 + len(tasks)


def _statistics(observed: Sequence[Mapping[str, list[float]]], exact: bool) -> tuple[dict[str, NDArray], dict[str, NDArray]]:
    """Mean and standard error by name; of quadratures, the finer one and the difference."""
    mean, error = {}, {}
    for name in observed[0]:
        values = np.array([o[name] for o in observed])
        mean[name] = values[-1] if exact else values.mean(axis=0)
        error[name] = np.abs(values[-1] - values[0]) if exact else values.std(axis=0, ddof=1) / math.sqrt(len(values))
    return mean, error


def sampled_curve(
    theory: SiteProcess, values: Mapping[str, Any], zip: Sequence[str] | str, observables: Sequence[str] | str | None,
    executor: Executor | None, on_failure: str, tolerance: float | None,
) -> Curve:  # fmt: skip
    """A curve over a sweep: points that differ in time alone share their runs. Errors are relative standard errors."""
    taken = {p.name for p in theory.parameters}
    options = {n: values[n] for n in ("samples", "scrambles", "seed") if n in values and n not in taken}
    samples, scrambles, seed = (options.get(n, d) for n, d in (("samples", SAMPLES), ("scrambles", SCRAMBLES), ("seed", 0)))
    _check_options(theory, samples, scrambles, seed)
    check_names(observables, "observables")
    bound = bind(theory, {n: v for n, v in values.items() if n not in options}, zip)
    names = _names(theory, observables)
    tables, worst = _solved(theory, bound, names, samples, scrambles, seed, executor, on_failure)
    status = np.where(np.isfinite(worst), "converged", "failed")
    if tolerance is not None:
        status = np.where(worst <= tolerance, status, "failed")
        if on_failure == "raise" and (worst > tolerance).any():
            point = int(np.argmax(worst))
            at = bound.scalars(["t"])["t"][point]
            raise ConvergenceError(
                f"{theory.name}: relative error {worst[point]:.1e} at t = {at:g} exceeds {tolerance:g}; take more samples"
            )
    shape = bound.shape
    given = {p.name: bound.axes.get(p.name, bound.fixed.get(p.name)) for p in theory.parameters}
    found = {n: tables[n][0].reshape(shape) for n in names}
    errors = {n: tables[n][1].reshape(shape) for n in names}
    note = manifest(theory.name, theory.signature, given, samples=samples, scrambles=scrambles, seed=seed)
    zero = np.zeros(shape)
    return Curve(theory.name, dict(bound.axes), bound.groups, given, {}, found, errors, worst.reshape(shape), status.reshape(shape),
                 "sampled", zero, np.full(shape, scrambles), note)  # fmt: skip


def _solved(theory, bound: Values, names, samples, scrambles, seed, executor, on_failure):
    """Values and relative errors by name at every point, and the worst of the errors."""
    times = bound.scalars(["t"])["t"]
    lengths = bound.scalars(["time_step"])["time_step"] if theory.continuous else np.ones(bound.points)
    groups: dict[tuple[int, ...], list[int]] = {}
    others = [bound.index(n) for n in bound.axes if n != "t"]
    for point in range(bound.points):
        groups.setdefault(tuple(int(i[point]) for i in others), []).append(point)
    tables = {n: (np.full(bound.points, np.nan), np.full(bound.points, np.inf)) for n in names}
    for points in groups.values():
        wanted = steps_to(theory, times[points], lengths[points[0]])
        values = {n: v for n, v in bound.fixed.items() if n not in ("t", "time_step")}
        values |= {n: v[bound.index(n)[points[0]]] for n, v in bound.axes.items() if n not in ("t", "time_step")}
        tasks = _tasks(theory, values, [int(n) for n in wanted], float(lengths[points[0]]), samples, scrambles, seed)
        try:
            found, _ = _gathered(tasks, executor)
        except QuenchedError:
            if on_failure == "raise":
                raise
            continue
        mean, error = _statistics([o for o, _, _ in found], found[0][2])
        steps = sorted(set(map(int, wanted)))
        for name in names:
            value, doubt = tables[name]
            place = [steps.index(int(n)) for n in wanted]
            value[points] = mean[name][place]
            doubt[points] = _relative(mean[name], error[name])[place]
    worst = np.max([e for _, e in tables.values()], axis=0) if tables else np.zeros(bound.points)
    return tables, worst


def _relative(value: NDArray, error: NDArray) -> NDArray:
    return np.where(error == 0, 0.0, error / np.where(value == 0, np.finfo(float).tiny, np.abs(value)))


def _names(theory: Any, observables: Sequence[str] | str | None) -> tuple[str, ...]:
    wanted = theory.observables if observables is None else observables
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    for name in names:
        if name not in theory.observables:
            raise ParameterError(f"{theory.name}: no observable {name!r}; {did_you_mean(name, theory.observables)}")
    return tuple(dict.fromkeys(names))


def _check_options(theory: Any, samples: Any, scrambles: Any, seed: Any, kinds: Any = SiteProcess) -> None:
    if not isinstance(theory, kinds):
        raise ParameterError(f"theory: {getattr(theory, 'name', theory)} is not sampled; use solve or sweep")
    for name, value, least in (("samples", samples, 16), ("scrambles", scrambles, 2), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise ParameterError(f"{name}: {value!r}; give a whole number, {least} or more")
