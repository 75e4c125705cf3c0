"""From values by public name to the points of a sweep, with sizes that can be drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.given_matrices import check_symmetric
from solvers.modes.power_law import PowerLaw
from solvers.modes.spectra import Modes
from solvers.values import Values, bind
from theory.declaration.dimensions import Dim, Spectrum
from theory.declaration.sites import Leaf, Site
from theory.errors import ParameterError, did_you_mean

LARGEST = 2**31
"""No dimension of a simulation is larger."""


@dataclass(frozen=True)
class Point:
    """One point of a sweep: values of sizes, parameters and spectra, arrays of given leaves.

    ``vanishing`` are the parameters whose value is the limit from above; ``label`` names the point in messages.
    """

    index: int
    label: str
    symbols: dict[sp.Symbol, Any]
    arrays: dict[Leaf, NDArray]
    vanishing: tuple[sp.Symbol, ...]


@dataclass(frozen=True)
class _Named:
    """A model as the binder of values reads it: parameters, and no equations."""

    name: str
    parameters: tuple[Any, ...]
    residuals = ()
    definitions: ClassVar[dict[Any, Any]] = {}
    observables: ClassVar[dict[str, Any]] = {}

    def parameter(self, name: str) -> Any:
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        raise ParameterError(f"no parameter {name!r} of {self.name}; {did_you_mean(name, [p.name for p in self.parameters])}")


def read_points(model: Any, values: Mapping[str, Any], replicate: int, zip: Sequence[str] | str = ()) -> tuple[Values, list[Point]]:
    """Checked values and the points of the sweep, in order, at ``replicate`` times the given size.

    ParameterError for a size that is not whole, modes that cannot be written out, and whatever :func:`solvers.values.bind` refuses.
    """
    if isinstance(replicate, bool) or not isinstance(replicate, int | np.integer) or replicate < 1:
        raise ParameterError(f"replicate: {replicate!r}; it must be a positive whole number")
    bound = bind(_Named(model.name, tuple(model.parameters)), values, zip)
    copies = int(replicate) * int(model.factor)
    written = {name: _written(name, value, bound.multiplicity) for name, value in bound.fixed.items()}
    return bound, [_point(model, bound, written, i, copies) for i in range(bound.points)]


def _written(name: str, value: Any, multiplicity: Any) -> Any:
    """Per-mode values as an array with one entry per mode."""
    if isinstance(value, PowerLaw):
        if not np.isfinite(value.modes):
            raise ParameterError(f"{name}: a power law with infinitely many modes cannot be drawn; give modes=...")
        return value.values()
    if isinstance(value, Modes):
        if not np.isfinite(value.size):
            raise ParameterError(f"{name}: infinitely many modes cannot be drawn; give a power law with modes=...")
        return value.expanded()[name]
    if multiplicity is not None and np.ndim(value) == 1:
        counts = np.asarray(multiplicity)
        if counts.shape != np.shape(value) or np.any(counts != np.rint(counts)) or np.any(counts < 1):
            raise ParameterError(f"multiplicity: it must be a positive whole number for each entry of {name} to be drawn")
        return np.repeat(value, counts.astype(int))
    return value


def _point(model: Any, bound: Values, written: Mapping[str, Any], index: int, copies: int) -> Point:
    symbols: dict[sp.Symbol, Any] = {}
    arrays: dict[Leaf, NDArray] = {}
    sizes: dict[Dim, tuple[int, str]] = {}
    vanishing = []
    for parameter in model.parameters:
        name, symbol = parameter.name, parameter.symbol
        value = bound.axes[name][bound.index(name)[index]] if name in bound.axes else written[name]
        if isinstance(symbol, Dim):
            _agree(sizes, symbol, _whole(name, float(value), 1 if symbol.finite else copies), name)
        elif isinstance(symbol, Spectrum):
            home = next(dim for dim in model.dimensions if symbol in dim.spectra)
            symbols[symbol] = (np.repeat(value, copies) * float(copies) ** float(symbol.scaling))[:, None]
            _agree(sizes, home, copies * len(value), name)
        elif isinstance(symbol, Site):
            leaf = symbol.node
            arrays[leaf] = given_values(leaf, np.asarray(value), copies)
            for dim, length in zip(leaf.dims, arrays[leaf].shape, strict=True):
                _agree(sizes, dim, length, name)
        else:
            symbols[symbol] = float(value)
        if parameter.limit_at_lower and parameter.ndim == 0 and value == parameter.lower:
            vanishing.append(symbol)
    for dim in model.dimensions:
        if dim not in sizes:
            raise ParameterError(f"dimension {dim}: no size; give {dim}=... or per-mode values on it")
    symbols.update({dim: float(size) for dim, (size, _) in sizes.items()})
    names = list(bound.axes) or [parameter.name for parameter in model.parameters if not parameter.ndim]
    label = ", ".join(f"{name}={_short(bound, name, index)}" for name in names)
    return Point(index, label or "the given values", symbols, arrays, tuple(vanishing))


def _agree(sizes: dict[Dim, tuple[int, str]], dim: Dim, size: int, name: str) -> None:
    before, first = sizes.setdefault(dim, (size, name))
    if before != size:
        raise ParameterError(f"{name}: {size} entries along {dim}, where {first} has {before}; give arrays of one length")


def _whole(name: str, value: float, copies: int) -> int:
    size = value * copies
    if size != round(size):
        replicated = f" times {copies} copies" if copies > 1 else ""
        raise ParameterError(f"{name}: {value:g}{replicated} is not a whole number; a simulation needs whole sizes")
    if not 1 <= size < LARGEST:
        raise ParameterError(f"{name}: {size:g} is not a size that can be drawn; give a positive whole number")
    return round(size)


def given_values(leaf: Leaf, value: NDArray, copies: int) -> NDArray:
    """Given values of a leaf when every mode becomes ``copies``-fold."""
    factor = float(copies) ** float(leaf.how.get("scaling", 0))
    if leaf.kind == "deterministic":
        if leaf.dims[0] == leaf.dims[1]:
            check_symmetric(leaf.name, value)
        return factor * np.kron(value, np.eye(copies))
    for axis, dim in enumerate(leaf.dims):
        if not dim.finite:
            value = np.repeat(value, copies, axis=axis)
    return factor * value


def _short(bound: Values, name: str, index: int) -> str:
    if name not in bound.axes:
        return f"{bound.fixed[name]:g}"
    position = int(bound.index(name)[index])
    value = bound.axes[name][position]
    return f"{value:g}" if np.ndim(value) == 0 else f"entry {position}"
