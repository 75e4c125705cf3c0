"""What a user gives for the parameters of a theory: checked, with defaults, and sorted into values and axes of a sweep."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.given_matrices import check_matrices
from solvers.modes.power_law import PowerLaw
from solvers.modes.spectra import Modes
from theory.averages import Bound
from theory.errors import ParameterError, did_you_mean
from theory.modes import ModeValue

KINDS = {0: "a number", 1: "a one-dimensional array", 2: "a matrix"}


@dataclass(frozen=True, eq=False)
class Values:
    """Checked values of every parameter of a theory.

    ``fixed`` holds, by public name, what does not vary: a float, an array of the parameter's own rank, a `PowerLaw` or `Modes`.
    ``axes`` holds the swept ones with one more dimension in front; ``groups`` says which of them run together (``zip``), one
    group for each axis of the sweep, in order. ``multiplicity`` is the degeneracy of the modes, or None.
    """

    fixed: dict[str, Any]
    axes: dict[str, NDArray]
    groups: tuple[tuple[str, ...], ...]
    multiplicity: Any = None

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(self.axes[group[0]]) for group in self.groups)

    @property
    def points(self) -> int:
        return math.prod(self.shape)

    def index(self, name: str) -> NDArray:
        """Position on its axis of a swept parameter, for each point of the flattened sweep."""
        position = next(i for i, group in enumerate(self.groups) if name in group)
        if len(self.groups) == 1:
            return np.arange(self.points)
        return np.unravel_index(np.arange(self.points), self.shape)[position]

    def scalars(self, names: Iterable[str]) -> dict[str, NDArray]:
        """Values of scalar parameters at each point of the flattened sweep."""
        return {
            name: self.axes[name][self.index(name)] if name in self.axes else np.full(self.points, self.fixed[name])
            for name in names
        }


def bind(theory: Any, values: Mapping[str, Any], zip: Sequence[str] | str = ()) -> Values:
    """Check values given by public parameter name.

    Rank decides: a value of the parameter's own ``ndim`` is its value, one dimension more is an axis. Axes form an outer
    product in the order given; those named in ``zip`` run together. ParameterError for anything else.
    """
    values = dict(values)
    multiplicity = values.pop("multiplicity", None) if "multiplicity" not in [p.name for p in theory.parameters] else None
    for name in list(values):
        theory.parameter(name)
        if isinstance(values[name], Modes):
            values.update(_from_modes(theory, name, values))
    fixed: dict[str, Any] = {}
    axes: dict[str, NDArray] = {}
    for name, value in values.items():
        checked, is_axis = _checked(theory.parameter(name), value)
        (axes if is_axis else fixed)[name] = checked
    for parameter in theory.parameters:
        if parameter.name not in values:
            if parameter.default is None:
                raise ParameterError(
                    f"{theory.name}: no value for {parameter.name!r} ({parameter.meaning}); give {parameter.name}=..."
                )
            fixed[parameter.name] = _checked(parameter, parameter.default)[0]
    _check_lengths(theory, fixed, axes)
    check_matrices(theory, {**fixed, **axes}, mode_dimensions(theory))
    return Values(fixed, axes, _groups(axes, [zip] if isinstance(zip, str) else list(zip)), multiplicity)


def _from_modes(theory: Any, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """A `Modes` given for one parameter stands for every array that it holds."""
    modes = values[name]
    if name not in modes.arrays:
        raise ParameterError(
            f"{name}: the modes hold {', '.join(modes.arrays)} and no {name!r}; {did_you_mean(name, modes.arrays)}"
        )
    for other in modes.arrays:
        theory.parameter(other)
        if other != name and other in values:
            raise ParameterError(f"{other}: given twice, by itself and in the modes given for {name!r}; leave one out")
    return {other: modes for other in modes.arrays}


def _checked(parameter: Any, value: Any) -> tuple[Any, bool]:
    """The value as float or float array, and whether it is an axis."""
    name, rank = parameter.name, parameter.ndim
    if isinstance(value, (PowerLaw, Modes)):
        if rank != 1:
            raise ParameterError(f"{name}: a {type(value).__name__} is a value for each mode; give {KINDS.get(rank, 'an array')}")
        return value, False
    if value is None or isinstance(value, (str, bytes, bool, np.bool_)):
        raise ParameterError(f"{name}: {value!r} is no number; give {KINDS.get(rank, 'an array')}")
    if np.ma.is_masked(value):
        raise ParameterError(f"{name}: the array has masked entries; fill them or leave them out")
    try:
        array = np.asarray(value)
    except ValueError:
        raise ParameterError(
            f"{name}: the rows have different lengths; give {KINDS.get(rank, 'an array')} or an axis of them"
        ) from None
    if array.dtype.kind == "c":
        raise ParameterError(f"{name}: complex values are not taken; {name} is real")
    if array.dtype.kind not in "iuf":
        try:
            if array.dtype.kind != "O" or any(isinstance(v, (str, bytes, bool, complex)) for v in array.flat):
                raise TypeError
            array = array.astype(float)
        except OverflowError:
            raise ParameterError(f"{name}: {value!r} is beyond double precision; use evaluate() for many digits") from None
        except (TypeError, ValueError):
            raise ParameterError(f"{name}: {array.dtype.name} values are no numbers; give {KINDS.get(rank, 'an array')}") from None
    if array.ndim not in (rank, rank + 1):
        raise ParameterError(
            f"{name}: shape {array.shape} is neither a value ({rank}-dimensional) nor an axis ({rank + 1}-dimensional); reshape it"
        )
    if not array.size:
        raise ParameterError(f"{name}: empty; give at least one value")
    # A copy: what was found for an array is kept, and whoever gave it may change it.
    array = array.astype(float)
    _check_domain(parameter, array)
    return (float(array) if array.ndim == 0 else array), array.ndim == rank + 1


def _check_domain(parameter: Any, array: NDArray) -> None:
    name = parameter.name
    lower = -math.inf if parameter.lower is None else float(parameter.lower)
    upper = math.inf if parameter.upper is None else float(parameter.upper)
    low, high = array.min(), array.max()  # NaN propagates
    open_above = getattr(parameter, "upper_open", False)
    fits = math.isfinite(low) and math.isfinite(high) and (low > lower if parameter.lower_open else low >= lower)
    fits = fits and (high < upper if open_above else high <= upper)
    if fits and not getattr(parameter, "integer", False):
        return
    below = array <= lower if parameter.lower_open else array < lower
    wrong = ~np.isfinite(array) | below | (array >= upper if open_above else array > upper)
    if getattr(parameter, "integer", False):
        wrong |= array != np.rint(array)
    if wrong.any():
        position = np.unravel_index(int(np.argmax(wrong)), array.shape)
        where = "".join(f"[{i}]" for i in position)
        first, last = "(" if parameter.lower_open or math.isinf(lower) else "[", ")" if open_above or math.isinf(upper) else "]"
        interval = f"{first}{lower:g}, {upper:g}{last}"
        whole = "whole number" if getattr(parameter, "integer", False) else "number"
        raise ParameterError(
            f"{name}{where} = {array[position]:g}: {parameter.meaning or name} must be a finite {whole} in {interval}"
        )


def _check_lengths(theory: Any, fixed: Mapping[str, Any], axes: Mapping[str, NDArray]) -> None:
    seen: dict[str, tuple[str, float]] = {}
    dimensions = mode_dimensions(theory)
    for parameter in theory.parameters:
        if not parameter.ndim:
            continue
        value = fixed.get(parameter.name, axes.get(parameter.name))
        if isinstance(value, Modes):
            sizes: tuple[float, ...] = (value.size,)
        elif isinstance(value, PowerLaw):
            sizes = (value.modes,)
        else:
            sizes = np.shape(value)[-parameter.ndim :]
        for dimension, size in zip(dimensions[parameter.name], sizes, strict=True):
            name, expected = seen.setdefault(dimension, (parameter.name, size))
            if size != expected:
                raise ParameterError(
                    f"{parameter.name} has {size:g} entries and {name} has {expected:g}; give one of each per mode of {dimension}"
                )


def mode_dimensions(theory: Any) -> dict[str, tuple[str, ...]]:
    """Names of the dimensions that the axes of each per-mode parameter run over: as its entries are written, else as declared."""
    entries = _dimensions_in(written_in(theory))
    declared = {p.name: tuple(_declared(p)) for p in theory.parameters if p.ndim}
    return {p.name: entries.get(p.symbol, declared[p.name]) for p in theory.parameters if p.ndim}


def written_in(theory: Any) -> tuple[sp.Basic, ...]:
    """Residuals, definitions and observables of a theory."""
    return (*(f for forms in theory.residuals for f in forms), *theory.definitions.values(), *theory.observables.values())


@lru_cache(maxsize=256)
def _dimensions_in(written: tuple[sp.Basic, ...]) -> dict[Any, tuple[str, ...]]:
    entries: dict[Any, tuple[str, ...]] = {}
    for value in (v for e in written for v in e.atoms(ModeValue)):
        entries[value.array] = tuple(i.kind if isinstance(i, Bound) else i.dimension for i in value.indices)
    return entries


def _declared(parameter: Any) -> list[str]:
    dims = getattr(getattr(parameter.symbol, "node", None), "dims", ())
    return [d.name for d in dims] if len(dims) == parameter.ndim else [str(parameter.dimension or parameter.name)] * parameter.ndim


def _groups(axes: Mapping[str, NDArray], zipped: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    for name in zipped:
        if name not in axes:
            raise ParameterError(f"zip: {name!r} is no axis of this sweep; {did_you_mean(name, axes)}")
    if len(set(zipped)) < len(zipped):
        raise ParameterError(f"zip: {', '.join(zipped)} names a parameter twice; name each once")
    lengths = {name: len(axes[name]) for name in zipped}
    if len(set(lengths.values())) > 1:
        text = ", ".join(f"{name} has {n}" for name, n in lengths.items())
        raise ParameterError(f"zip: axes of different lengths ({text}); give as many values of each")
    groups: list[tuple[str, ...]] = []
    for name in axes:
        if name not in zipped:
            groups.append((name,))
        elif not any(name in group for group in groups):
            groups.append(tuple(n for n in axes if n in zipped))
    return tuple(groups)
