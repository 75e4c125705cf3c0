"""`solve` at one point and `sweep` over axes: every point solved at once, spectrum by spectrum, here or in other processes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.limits import INFINITE
from solvers.manifests import manifest
from solvers.options import check_executor, check_names, check_starts, check_theory, check_tolerance
from solvers.points import Piece
from solvers.results import Curve, Solution
from solvers.runs import Origin, is_dynamic, single_modes
from solvers.systems import symbols_of
from solvers.values import Values, bind
from solvers.verdicts import judged
from theory.dmft.sampled import SiteProcess
from theory.equations import Unknown
from theory.errors import ConvergenceError, DivergenceError, ParameterError, did_you_mean

TOLERANCE = 1e-10


def sweep(
    theory: Any,
    *,
    observables: Sequence[str] | str | None = None,
    zip: Sequence[str] | str = (),
    executor: Executor | None = None,
    progress: bool = False,
    on_failure: str = "raise",
    tolerance: float = TOLERANCE,
    start: Mapping[str, float] | None = None,
    **values: Any,
) -> Curve:
    """Solve a theory over a sweep of its parameters, given by their public names.

    A value of a parameter's own rank is its value, one dimension more is an axis; axes form an outer product in the order given,
    those in ``zip`` run together. ``observables``: names to compute, all scalar ones by default; those with a value for each mode
    only when named. ``multiplicity`` (one number per mode) counts each given mode several times, for degenerate levels. ``start``
    (unknown -> value) picks a branch. ``executor``: any `concurrent.futures.Executor`.
    Raises ParameterError for bad input, and with ``on_failure="raise"`` ConvergenceError where the relative error exceeds
    ``tolerance`` and DivergenceError where an observable is infinite; with ``"mask"`` such points hold NaN or inf, and the
    status says so. A sampled dynamics takes ``samples``, ``scrambles`` (independent runs) and ``seed`` besides, and a ``tolerance``
    only where one is given; its errors are relative standard errors.
    """
    if on_failure not in ("raise", "mask"):
        raise ParameterError(f"on_failure: {on_failure!r} is not known; use 'raise' or 'mask'")
    check_theory(theory)
    if isinstance(theory, SiteProcess):
        from solvers.dynamical.trajectories import sampled_curve

        check_tolerance(tolerance)
        asked = None if tolerance == TOLERANCE else tolerance
        return sampled_curve(theory, values, zip, observables, executor, on_failure, asked)
    check_names(observables, "observables")
    check_names(zip, "zip")
    check_executor(executor)
    check_tolerance(tolerance)
    check_starts(start)
    _check_start(theory, start)
    origin = Origin(replace(theory, derivation=None), bind(theory, values, zip), tolerance, dict(start) if start else None)
    if is_dynamic(theory):
        from solvers.dynamical.times import check_times

        check_times(theory, origin.values)
    names = (*theory.order_parameters, *_names(theory, observables))
    merged = origin.run(names, (), executor, progress)
    curve = _curve(origin, names, merged)
    if on_failure == "raise":
        _raise_for(origin, curve, merged.reasons)
    return curve


def solve(
    theory: Any,
    *,
    observables: Sequence[str] | str | None = None,
    on_failure: str = "raise",
    tolerance: float = TOLERANCE,
    start: Mapping[str, float] | None = None,
    **values: Any,
) -> Solution:
    """Solve a theory at one set of parameters; arguments and errors as in `sweep`, without axes."""
    curve = sweep(theory, observables=observables, on_failure=on_failure, tolerance=tolerance, start=start, **values)
    if curve.axes:
        name = next(iter(curve.axes))
        raise ParameterError(f"{name}: {len(curve.axes[name])} values given to solve, which takes one point; use sweep")
    return Solution(
        curve.model,
        curve.parameters,
        {k: _item(v) for k, v in curve.order_parameters.items()},
        {k: _item(v) for k, v in curve.observables.items()},
        {k: float(np.max(v)) for k, v in curve.errors.items()},
        float(curve.error),
        str(curve.status),
        curve.branch,
        float(curve.residual),
        int(curve.iterations),
        curve.manifest,
        curve.verdicts,
    )


def _names(theory: Any, observables: Sequence[str] | str | None) -> tuple[str, ...]:
    if observables is None:
        per_mode = single_modes(theory)
        return tuple(n for n in theory.observables if n not in per_mode)
    names = [observables] if isinstance(observables, str) else list(observables)
    for name in names:
        if name not in theory.observables:
            raise ParameterError(f"{theory.name}: no observable {name!r}; {did_you_mean(name, theory.observables)}")
    return tuple(dict.fromkeys(names))


def _check_start(theory: Any, start: Mapping[str, float] | None) -> None:
    names = [u.name for u in theory.unknowns]
    for name in start or {}:
        if name not in names:
            raise ParameterError(f"start: no unknown {name!r} of {theory.name}; {did_you_mean(name, names)}")
    missing = [n for n in names if start and n not in start]
    if missing:
        raise ParameterError(f"start: no value for {missing[0]!r}; give every unknown ({', '.join(names)})")


def _curve(origin: Origin, names: Sequence[str], found: Piece) -> Curve:
    theory, values = origin.theory, origin.values
    worst = {n: e.reshape(values.points, -1).max(axis=1, initial=0.0) for n, e in found.errors.items()}
    error = np.max(list(worst.values()), axis=0) if worst else np.zeros(values.points)
    infinite = np.zeros(values.points, dtype=bool)
    for kinds in found.kinds.values():
        infinite |= (kinds == INFINITE).reshape(values.points, -1).any(axis=1)
    failed = ~(error <= origin.tolerance)
    status = np.select([failed, infinite, found.limits], ["failed", "infinite", "limit"], "converged")
    tables: list[dict[str, NDArray]] = [{}, {}]
    for name in names:
        value = found.values[name]
        value[failed] = np.nan
        tables[name not in theory.order_parameters][name] = value.reshape(values.shape + value.shape[1:])
    errors = {n: e.reshape(values.shape) for n, e in worst.items()}
    known = symbols_of(theory, values.scalars([p.name for p in theory.parameters if not p.ndim]))
    given = {p.name: values.axes.get(p.name, values.fixed.get(p.name)) for p in theory.parameters}
    extra: dict[str, Any] = {"tolerance": origin.tolerance}
    if any(len(group) > 1 for group in values.groups):
        extra["zip"] = [list(group) for group in values.groups if len(group) > 1]
    if origin.start:
        extra["start"] = origin.start
    branch = (
        "start" if origin.start else "bracketed" if len(theory.unknowns) == 1 else "first found" if theory.unknowns else "explicit"
    )
    return Curve(
        theory.name,
        dict(values.axes),
        values.groups,
        given,
        tables[0],
        tables[1],
        errors,
        error.reshape(values.shape),
        status.reshape(values.shape),
        branch,
        found.residual.reshape(values.shape),
        found.iterations.reshape(values.shape),
        manifest(theory.name, theory.signature, given, **extra),
        origin,
        judged(theory, known, found.values, worst, origin.tolerance, values.shape),
    )


def _raise_for(origin: Origin, curve: Curve, reasons: Mapping[int, str]) -> None:
    status = curve.status.reshape(-1)
    if (status == "failed").any():
        error = np.where(status == "failed", curve.error.reshape(-1), -1.0)
        worst = int(np.argmax(error))
        if worst in reasons:
            raise DivergenceError(f"{reasons[worst]}; or use on_failure='mask'")
        name = max(curve.errors, key=lambda n: curve.errors[n].reshape(-1)[worst])
        found = (
            f"relative error {error[worst]:.1e} of {name} exceeds {origin.tolerance:g}"
            if math.isfinite(error[worst])
            else (f"no value of {name} within double precision")
        )
        more = f" ({int((status == 'failed').sum())} of {status.size} points)" if status.size > 1 else ""
        grown = any(u.grown or u.guard for u in getattr(origin.theory, "unknowns", ()) if isinstance(u, Unknown))
        repair = "move away from the spectrum" if grown and not math.isfinite(error[worst]) else "raise tolerance"
        raise ConvergenceError(
            f"{curve.model}: {found} at {_place(origin.values, worst)}{more}; "
            f"{repair}, use on_failure='mask', or evaluate() with more digits"
        )
    if (status == "infinite").any():
        first = int(np.argmax(status == "infinite"))
        both = {**curve.order_parameters, **curve.observables}
        names = [n for n, v in both.items() if np.isinf(v.reshape(status.size, -1)[first]).any()]
        raise DivergenceError(
            f"{', '.join(names)} of {curve.model} infinite at {_place(origin.values, first)}, "
            f"{getattr(origin.theory, 'divergence', 'a limit; move off it')} or use on_failure='mask'"
        )


def _place(values: Values, point: int) -> str:
    named: dict[str, Any] = {n: a[values.index(n)[point]] for n, a in values.axes.items()}
    named.update({n: v for n, v in values.fixed.items() if isinstance(v, float)})
    texts = [f"{n} = {v:.12g}" if np.ndim(v) == 0 else f"{n}[{values.index(n)[point]}]" for n, v in named.items()]
    return ", ".join(texts) or "these arrays"


def _item(value: NDArray) -> Any:
    return float(value) if value.ndim == 0 else value
