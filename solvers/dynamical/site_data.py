"""What a sampled dynamics is given at one point of a sweep: numbers, sizes, per-mode data, and values with samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from theory.declaration.dimensions import Dim, Spectrum
from theory.declaration.sites import Site
from theory.dmft.fields import weights
from theory.dmft.notation import step
from theory.errors import ParameterError
from theory.modes import ModeValue
from theory.replica.data import array_of
from theory.symbols import size, time

NEAR = 1e-9
"""Relative distance to a whole number of steps that counts as rounding."""
MOST_STEPS = 4000


@dataclass
class SiteData:
    """``numbers`` by symbol; ``arrays`` of per-mode data; ``given`` values by leaf, axes as declared; ``sizes`` by dimension."""

    numbers: dict[sp.Symbol, float] = field(default_factory=dict)
    arrays: dict[sp.Symbol, NDArray] = field(default_factory=dict)
    given: dict[Any, NDArray] = field(default_factory=dict)
    sizes: dict[str, float] = field(default_factory=dict)

    def modes(self, theory: Any) -> dict[str, dict[sp.Expr, NDArray]]:
        """Values of the per-mode entries that stand in a theory, by dimension."""
        found: dict[str, dict[sp.Expr, NDArray]] = {}
        for entry in sorted(entries(theory), key=str):
            found.setdefault(entry.indices[0].dimension, {})[entry] = self.arrays[entry.array]
        return found


def entries(theory: Any) -> set[ModeValue]:
    """The per-mode entries in the laws, sums, draws and noises of a theory."""
    fields, site = theory.fields, theory.site
    parts = [*fields.laws.values(), *fields.auxiliary.values(), *fields.starts.values(), *fields.variances.values()]
    parts += [t.summand for t in fields.sums.values()] + [p.weight for p in site.parameters.values()]
    parts += [w for u in fields.uses for w in weights(u.leaf)]
    return set().union(*(sp.sympify(e).atoms(ModeValue) for e in parts))


def site_data(theory: Any, values: Mapping[str, Any], length: float) -> SiteData:
    """Values by public name, sorted, for steps of some length; ParameterError for sizes that do not agree."""
    data = SiteData(numbers={step: length})
    homes = {s: d for d in theory.fields.model.dimensions for s in d.spectra}
    for parameter in theory.parameters:
        symbol, name = parameter.symbol, parameter.name
        if symbol in (time, step):
            continue
        value = values[name]
        if isinstance(symbol, Dim):
            _agree(data, symbol.name, float(value), name)
        elif isinstance(symbol, Spectrum):
            array = _written(name, value)
            data.arrays[array_of(symbol)] = array
            _agree(data, homes[symbol].name, len(array), name)
        elif isinstance(symbol, Site):
            array = _written(name, value)
            data.given[symbol.node] = data.arrays[array_of(symbol)] = array
            for dim, length in zip(symbol.node.dims, array.shape, strict=True):
                _agree(data, dim.name, length, name)
        else:
            data.numbers[symbol] = float(value)
    for dim in theory.fields.model.dimensions:
        if dim.name not in data.sizes:
            raise ParameterError(f"{theory.name}: the size of {dim} is unknown; give values that run over it")
        data.numbers[size(dim.name)] = data.sizes[dim.name]
    return data


def _written(name: str, value: Any) -> NDArray:
    values = value.values() if hasattr(value, "values") and callable(value.values) else value
    if not isinstance(values, np.ndarray | list | tuple):
        raise ParameterError(f"{name}: a {type(value).__name__} is not written out for a sampled dynamics; give an array")
    return np.asarray(values, dtype=float)


def _agree(data: SiteData, dim: str, length: float, name: str) -> None:
    known = data.sizes.setdefault(dim, length)
    if known != length:
        raise ParameterError(f"{name}: {length:g} along {dim}, and {known:g} elsewhere; give values of one size")


def steps_to(theory: Any, times: NDArray, length: float) -> NDArray:
    """Whole numbers of steps that lead to the times; ParameterError where none does."""
    counts = np.rint(times / length)
    for t, n in zip(times, counts, strict=True):
        if abs(n * length - t) > NEAR * max(length, t):
            raise ParameterError(f"t = {t:g} is no whole number of steps of {length:g}; give a multiple of time_step")
        if n > MOST_STEPS:
            raise ParameterError(f"t = {t:g}: {n:.0f} steps of {length:g}, and at most {MOST_STEPS} are sampled; take longer steps")
    return counts.astype(int)
