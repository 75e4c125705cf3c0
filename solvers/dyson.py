"""The Dyson equation of an expression as it stands, in named traces, solved by damped iteration: the referee of every reduction.

It needs no reduction and takes complex parameters, such as a ridge −x − iε just off the spectrum. Given matrices inside inverses,
which need not commute with anything, make its blocks full matrices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from solvers.compile import Compiled, compile_expressions
from solvers.positive_maps import radii_at
from theory.errors import ConvergenceError, ParameterError, did_you_mean
from theory.replica.results import parameter_of
from theory.resolvent import derive
from theory.resolvent.noncommuting import commutes
from theory.symbols import size

DAMPING, MOST = 0.5, 50_000
WINDOW, LEAST = 2000, 0.98
"""Steps after which the smallest one must have shrunk by this factor; otherwise the iteration will not settle."""
NODES = (101, 201)
"""Nodes of averages over entries of features; both must agree."""
SETTLED = 1e-6
"""An error below which an iteration that ends has come to a solution, but for rounding or patience."""
_equations: dict[str, Any] = {}


@dataclass(frozen=True)
class DysonSolution:
    """Traces and observables by name, each of the shape of the parameters; ``error`` estimates the relative error of the traces.

    ``radius``, of that shape too, tends to 1 where inverses cease to exist: see :mod:`solvers.positive_maps`.
    """

    traces: dict[str, NDArray]
    observables: dict[str, NDArray]
    error: float
    iterations: int
    radius: NDArray


def solve_dyson(expression: Any, *, tolerance: float = 1e-11, **values: ArrayLike) -> DysonSolution:
    """Solve the Dyson equation of an Expression at parameters given by their public names.

    Scalar parameters may be complex, and arrays of one shape (every trace then has it); those per mode are real and have one entry
    for each mode. Real values obey the domains of the parameters. The iteration starts from zero and ends on the solution that
    decays for a large ridge. Raises ParameterError for bad input and ConvergenceError, with the last error, where the iteration
    does not settle to ``tolerance``, or where it settles on what is no limit of inverses. With given matrices inside inverses,
    parameters are single real numbers.
    """
    if not commutes(expression):
        from solvers.given_dyson import solve_given

        return solve_given(expression, tolerance, values)
    if expression.signature not in _equations:
        derivation = derive(expression, reduce=False)
        _equations[expression.signature] = derivation["Dyson equation"], dict(derivation["expression"]["activations"])
    step, activations = _equations[expression.signature]
    scalars, arrays, sizes = _bound(expression, values)
    unknowns, maps = list(step["equations"]), compile_expressions(list(step["equations"].values()))
    names, seen = list(step["values"]), compile_expressions(list(step["values"].values()))
    shape = np.broadcast_shapes(*(np.shape(v) for v in scalars.values()))
    known = {**sizes, **scalars}
    known |= strengths(expression, activations, known, arrays, tolerance)
    is_complex = any(np.iscomplexobj(v) for v in known.values())

    def update(x: NDArray) -> NDArray:
        given = _needed(maps, {**known, **dict(zip(unknowns, x, strict=True))})
        return np.stack([np.broadcast_to(v, shape) for v in maps(given, arrays)])

    start = np.zeros((len(unknowns), *shape), dtype=complex if is_complex else float)
    x, error, iterations = iterated(update, start, tolerance)
    check_settled(expression, error, iterations, tolerance)
    known |= dict(zip(unknowns, x, strict=True))
    found = seen(_needed(seen, known), arrays)
    vanishing = {t: v for t, v in dict(step["coincidences"]).items() if v == 0}
    radii = [radii_at(dyson, vanishing, known, arrays, shape) for _, dyson in step["dysons"]]
    largest = np.max(radii, axis=0, initial=0.0)
    check_bounded(expression, largest)
    traces = {t.name: v for t, v in zip(unknowns, x, strict=True)}
    observed = {n.name: np.broadcast_to(v, shape) for n, v in zip(names, found, strict=True) if n.name in expression.observe}
    return DysonSolution(traces, observed, error, iterations, largest)


def strengths(
    expression: Any, activations: Mapping[Any, Any], known: Mapping[Any, NDArray], arrays: Mapping[Any, NDArray], tolerance: float
) -> dict[Any, NDArray]:
    """The strengths of Gaussian equivalents; ConvergenceError for averages that are not found to ``tolerance``."""
    rough, fine = (compile_expressions(list(activations.values()), nodes, "uniform") for nodes in NODES)
    few, many = (c(_needed(c, known), arrays) for c in (rough, fine))
    for symbol, a, b in zip(activations, few, many, strict=True):
        if (error := float(np.max(np.abs(a - b) / np.abs(b)))) > tolerance:
            raise ConvergenceError(f"{expression.name}: {symbol}, an average over entries of features, has the relative error "
                                   f"{error:.1e}; raise tolerance, now {tolerance:g}")
    return dict(zip(activations, many, strict=True))


def check_bounded(expression: Any, radii: NDArray) -> None:
    """Raise ConvergenceError for solutions that no inverses tend to."""
    if (largest := float(np.max(radii, initial=0.0))) >= 1:
        raise ConvergenceError(f"{expression.name}: the Dyson equation has settled, but on no limit of inverses (spectral radius "
                               f"{largest:.3g} of its positive map, which must be below 1); move away from the spectrum")


def check_settled(expression: Any, error: float, iterations: int, tolerance: float) -> None:
    """Raise ConvergenceError, with the last error, for what has not settled."""
    if not error <= tolerance:
        repair = f"raise tolerance, now {tolerance:g}" if error < SETTLED else "move away from the spectrum"
        raise ConvergenceError(f"{expression.name}: the Dyson equation has not settled after {iterations} iterations "
                               f"(relative error {error:.1e}); {repair}")


def iterated(update: Callable[[NDArray], NDArray], x: NDArray, tolerance: float, least: float = 0.0) -> tuple[NDArray, float, int]:
    """The fixed point, its error from the last step and the rate at which steps shrink, and the number of steps.

    Errors are relative to each unknown, or to this share ``least`` of the largest one.
    """
    last, error, iterations = np.inf, np.inf if len(x) else 0.0, 0
    best = before = np.inf
    with np.errstate(all="ignore"):
        while error > tolerance and iterations < MOST:
            iterations += 1
            step = update(x) - x
            scale = np.maximum(np.abs(x + step), least * np.max(np.abs(x + step))) + np.finfo(float).tiny
            change = float(np.max(np.abs(step) / scale))
            x = x + DAMPING * step
            if not np.isfinite(change):
                return x, np.inf, iterations
            rate = min(change / last, 1 - 1e-12) if iterations > 2 else 1 - 1e-12
            error = max(change * DAMPING / (1 - rate), 4 * np.finfo(float).eps) if rate < 1 - 1e-9 or change == 0 else np.inf
            last, best = max(change, np.finfo(float).tiny), min(best, change)
            if iterations % WINDOW == 0:
                if error > tolerance and best > LEAST * before:
                    return x, change, iterations
                before, best = best, np.inf
    return x, error, iterations


def _needed(compiled: Compiled, known: Mapping[Any, NDArray]) -> dict[Any, NDArray]:
    return {s: known[s] for s in compiled.scalars}


def _bound(expression: Any, values: Mapping[str, ArrayLike]) -> tuple[dict[Any, NDArray], dict[Any, NDArray], dict[Any, NDArray]]:
    """Scalars and arrays by symbol, and the sizes that arrays have; ParameterError for what is missing, unknown or outside."""
    names = [p.name for p in expression.parameters]
    for name in values:
        if name not in names:
            raise ParameterError(f"no parameter {name!r} of {expression.name}; {did_you_mean(name, names)}")
    scalars: dict[Any, NDArray] = {}
    arrays: dict[Any, NDArray] = {}
    sizes: dict[Any, NDArray] = {}
    for parameter in map(parameter_of, expression.parameters):
        if parameter.name not in values and parameter.default is None:
            what = f"{parameter.name!r} ({parameter.meaning})"
            raise ParameterError(f"{expression.name}: no value for {what}; give {parameter.name}=...")
        value = np.asarray(values.get(parameter.name, parameter.default))
        _check(parameter, value)
        if not parameter.ndim:
            scalars[parameter.symbol] = value
            continue
        arrays[parameter.symbol] = value
        known = sizes.setdefault(size(str(parameter.dimension)), np.asarray(float(len(value))))
        if len(value) != known:
            raise ParameterError(f"{parameter.name}: {len(value)} entries, where others over {parameter.dimension} have {known:g}")
    return scalars, arrays, sizes


def _check(parameter: Any, value: NDArray) -> None:
    if value.dtype.kind not in "iufc" or not np.all(np.isfinite(value)):
        raise ParameterError(f"{parameter.name}: {value!r} is not a finite number; give one")
    if parameter.ndim and (value.ndim != parameter.ndim or np.iscomplexobj(value)):
        found = f"shape {value.shape}, {value.dtype}"
        raise ParameterError(f"{parameter.name}: {found}; give a real array with {parameter.ndim} dimensions")
    flat = np.ravel(value)
    for number in np.unique(np.real(flat[np.imag(flat) == 0])):
        if not parameter.contains(float(number)):
            raise ParameterError(f"{parameter.name} = {number:g}: outside its domain, {parameter.domain}")
