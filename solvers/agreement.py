"""Theory against simulation at growing size: the verdict on a declaration and on what is derived from it.

A finite size biases the simulation; the bias must fall as 1/r when the model is made r times larger. A check at one size is
blind: it cannot tell a finite-size effect from a wrong equation.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.monte_carlo import Estimate, Rows, simulate
from solvers.monte_carlo.extrapolation import fit, judge
from solvers.options import check_model, check_names
from solvers.replication import growth_of
from solvers.tasks import sample_values, whole_steps
from theory.dmft.sampled import SiteProcess
from theory.dmft.scheduled import LinearProcess
from theory.errors import ParameterError, did_you_mean

FEWEST = 30
"""Draws at one size; the standard error of fewer is itself too uncertain."""
ROUNDING = 1e-12
"""Rounding error of a mean, relative to the largest one."""


@dataclass(frozen=True)
class Comparison:
    """One observable. First axis of ``mean``, ``stderr`` and ``z``: sizes; behind it the axes of the sweep, and modes.

    ``intercept`` (with ``error``) and ``slope`` belong to the weighted fit mean(r) = intercept + slope/r, ``chi2`` has
    len(sizes) - 2 degrees of freedom for each number. ``verdict``: agree, disagree or inconclusive; a gap for a data set.
    """

    name: str
    theory: NDArray
    mean: NDArray
    stderr: NDArray
    z: NDArray
    intercept: NDArray
    error: NDArray
    slope: NDArray
    chi2: NDArray
    verdict: str
    reason: str = ""

    @property
    def deviation(self) -> NDArray:
        """Standard errors between intercept and theory."""
        return (self.intercept - self.theory) / self.error

    @property
    def gap(self) -> NDArray:
        """Relative difference (simulation - theory)/theory at the largest size."""
        return (self.mean[-1] - self.theory) / self.theory

    @property
    def gap_error(self) -> NDArray:
        return np.abs(self.stderr[-1] / self.theory)


@dataclass(frozen=True)
class Agreement:
    """Comparisons by observable, the estimates, and one verdict: agree, disagree, inconclusive, or a universality gap."""

    model: str
    sizes: tuple[int, ...]
    comparisons: dict[str, Comparison]
    estimates: tuple[Estimate, ...]
    chosen: tuple[str, ...] = ()
    """Parameters for which no value was given: they have those of a generic task."""

    @property
    def verdict(self) -> str:
        found = {comparison.verdict for comparison in self.comparisons.values()}
        return next((v for v in ("disagree", "inconclusive", "universality gap") if v in found), "agree")

    @property
    def passed(self) -> bool:
        """Whether theory and simulation agree; a data set has no size and never passes."""
        return self.verdict == "agree"

    def __getitem__(self, name: str) -> Comparison:
        return self.comparisons[name]

    def to_json(self) -> dict[str, Any]:
        """Verdicts and the numbers behind them, for strict JSON."""
        rows = {
            name: {
                "verdict": c.verdict,
                "reason": c.reason,
                **{key: _plain(getattr(c, key)) for key in ("theory", "mean", "stderr", "intercept", "error", "slope", "chi2")},
            }
            for name, c in self.comparisons.items()
        }
        return {"model": self.model, "verdict": self.verdict, "sizes": list(self.sizes), "observables": rows,
                "manifest": [estimate.manifest for estimate in self.estimates]}

    def __repr__(self) -> str:
        head = f"{self.model}: {self.verdict}"
        if self.verdict == "universality gap":
            head += " (simulation on data against the theory of Gaussian features)"
        width = max(map(len, self.comparisons))
        rows = [_row(c, self.sizes, width) for c in self.comparisons.values()]
        warnings = [f"  warning: {text}" for text in dict.fromkeys(t for e in self.estimates for t in e.warnings)]
        chosen = [f"  values of a generic task for {', '.join(self.chosen)}"] if self.chosen else []
        return "\n".join([head, *rows, *chosen, *warnings])


def check(
    model: Any,
    sizes: Sequence[int] = (1, 2, 4),
    trials: int = 400,
    seed: int = 0,
    *,
    theory: Any = None,
    observables: Sequence[str] | None = None,
    design: Mapping[str, Any] | None = None,
    executor: Executor | None = None,
    progress: bool = False,
    zip: Sequence[str] | str = (),
    time_step: float | None = None,
    **values: Any,
) -> Agreement:
    """Derive, solve, simulate at every size r of ``sizes``, and compare.

    ``values`` go by public parameter name as in :func:`simulate`; parameters that are left out get those of a generic task
    (:func:`solvers.tasks.sample_values`), so that ``check(model)`` is enough for a first verdict. Size r gets ``trials``/r draws
    (30 at least), so that standard errors are comparable. ``theory`` (default: ``model.theory()``) may be another one to be judged.
    ``observables``: all scalar ones by default; those with a number for each mode only when named. Agreement: the extrapolation to
    infinite size is within four standard errors of the theory, and precise enough for a factor of two to be seen. With ``Rows`` in
    ``design`` there is no size: the result is a universality gap. ``time_step`` is that of the simulated dynamics, None for a flow
    that is integrated; of the theory too where it has one. ParameterError unless at least two sizes are larger than 1.
    """
    from solvers.sweeps import sweep

    check_model(model)
    check_names(observables, "observables")
    on_data = any(isinstance(given, Rows) for given in (design or {}).values())
    sizes = (1,) if on_data else tuple(sizes)
    if not on_data:
        _check_sizes(sizes)
    theory = model.theory() if theory is None else theory
    chosen = {} if on_data else sample_values(model, values)
    if isinstance(theory, SiteProcess | LinearProcess):
        time_step = whole_steps(theory, chosen, time_step)
    values = {**values, **chosen}
    names = _names(model, theory, observables)
    steps: dict[str, Any] = {"time_step": time_step} if time_step and "time_step" in [p.name for p in theory.parameters] else {}
    solved = sweep(theory, observables=names, zip=zip, **values, **steps)
    estimates = []
    for r in sizes:
        draws = trials if on_data else max(FEWEST, math.ceil(trials / r))
        # The sizes are independent experiments: without a seed of its own each would begin with the same draws.
        own = int(np.random.SeedSequence((seed, r)).generate_state(1, np.uint64)[0])
        estimates.append(
            simulate(model, trials=draws, seed=own, replicate=r, observables=names, executor=executor, progress=progress,
                     design=design, zip=zip, time_step=time_step, **values)
        )
    predicted = {name: np.asarray(solved.observables[name], dtype=float) for name in names}
    growths = {r: growth_of(model, theory, predicted, {**values, **steps}, zip, r) for r in sizes if r > 1}
    largest = max(float(np.nanmax(np.abs(e[name].mean))) for e in estimates for name in names)
    found = {}
    for name in names:
        factors = [growths[r][name] if r > 1 else 1.0 for r in sizes]
        doubt = np.abs(predicted[name] * solved.errors[name]) if isinstance(theory, SiteProcess) else None
        found[name] = compare(name, predicted[name], estimates, sizes, ROUNDING * largest, factors, doubt)
    return Agreement(model.name, sizes, found, tuple(estimates), tuple(chosen))


def _names(model: Any, theory: Any, observables: Sequence[str] | None) -> list[str]:
    common = [name for name in model.observe if name in theory.observables]
    names = [name for name in common if isinstance(model.observe[name], sp.Expr)] if observables is None else list(observables)
    for name in names:
        if name not in common:
            raise ParameterError(f"{model.name}: no observable {name!r} of theory and model; {did_you_mean(name, common)}")
    if not names:
        raise ParameterError(f"{model.name}: theory and simulation have no observable in common; declare one with observe=")
    return names


def _check_sizes(sizes: tuple[Any, ...]) -> None:
    if any(isinstance(r, bool) or not isinstance(r, int | np.integer) or r < 1 for r in sizes):
        raise ParameterError(f"sizes: {sizes}; give positive whole numbers, such as (1, 2, 4)")
    if len({r for r in sizes if r > 1}) < 2:
        raise ParameterError(f"sizes: {sizes}; a check at one size is blind, give at least two different sizes larger than 1")
    if len(set(sizes)) < len(sizes):
        raise ParameterError(f"sizes: {sizes}; give each size once")


def compare(
    name: str,
    theory: NDArray,
    estimates: Sequence[Estimate],
    sizes: Sequence[int],
    floor: float = 0.0,
    growth: Sequence[Any] | None = None,
    doubt: NDArray | None = None,
) -> Comparison:
    """Fit the means at all sizes and judge the theory; ``floor`` is the rounding error of a mean.

    ``growth`` is what the theory itself grows by at each size, 1 where replication leaves the observable alone; means are divided
    by it. ``doubt`` is the standard error of a theory that is sampled.
    """
    factors = growth or [1.0] * len(sizes)
    mean = np.stack([e[name].mean / g for e, g in zip(estimates, factors, strict=True)])
    stderr = np.stack([np.hypot(e[name].stderr, floor) / np.abs(g) for e, g in zip(estimates, factors, strict=True)])
    if theory.shape != mean.shape[1:]:
        shapes = f"theory of shape {theory.shape} and simulation of shape {mean.shape[1:]}"
        raise ParameterError(f"{name}: {shapes}; write degenerate modes out")
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (mean - theory) / stderr
    reliable = all(bool(np.all(e.reliable)) for e in estimates)
    if len(sizes) == 1:
        nothing = np.full(theory.shape, np.nan)
        return Comparison(name, theory, mean, stderr, z, mean[0], stderr[0], nothing, nothing, "universality gap")
    intercept, error, slope, chi2 = fit(mean, stderr, np.asarray(sizes, dtype=float))
    error = error if doubt is None else np.hypot(error, doubt)
    verdict, reason = judge(theory, mean, stderr, intercept, error, chi2, len(sizes) - 2, reliable, floor)
    return Comparison(name, theory, mean, stderr, z, intercept, error, slope, chi2, verdict, reason)


def _row(c: Comparison, sizes: Sequence[int], width: int) -> str:
    on_data = c.verdict == "universality gap"
    if c.theory.ndim and on_data:
        text = f"{c.theory.size} numbers, relative gap from {np.nanmin(c.gap):+.1%} to {np.nanmax(c.gap):+.1%}"
    elif c.theory.ndim:
        largest = [f"{np.nanmax(np.abs(z)):.1f} (r={r})" for z, r in zip(c.z, sizes, strict=True)]
        text = f"{c.theory.size} numbers, largest |z| {', '.join(largest)}, {np.nanmax(np.abs(c.deviation)):.1f} (r->inf)"
    elif on_data:
        text = f"theory {c.theory:.5g}, data {c.mean[0]:.5g} +- {c.stderr[0]:.1g}, gap {c.gap:+.1%} +- {c.gap_error:.1%}"
    else:
        columns = zip(c.mean, c.stderr, c.z, sizes, strict=True)
        means = ", ".join(f"{m:.5g}({s:.1g}) z={z:+.1f} (r={r})" for m, s, z, r in columns)
        text = f"theory {c.theory:.5g}; {means}; r->inf {c.intercept:.5g}({c.error:.1g}) z={c.deviation:+.1f}"
    return f"  {c.name:{width}}  {c.verdict}: {text}{f'; {c.reason}' if c.reason else ''}"


def _plain(values: NDArray) -> Any:
    if np.ndim(values):
        return [_plain(v) for v in values]
    return float(values) if np.isfinite(values) else None
