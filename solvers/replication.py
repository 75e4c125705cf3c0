"""Values of a theory's parameters when its model is made r times larger: the theory of the larger model, for models that change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.modes.power_law import PowerLaw
from solvers.monte_carlo.points import given_values
from solvers.sweeps import sweep
from solvers.values import bind
from theory.declaration.dimensions import Dim, Spectrum
from theory.dmft.sampled import SiteProcess


def replicated(model: Any, values: Mapping[str, Any], r: int) -> dict[str, Any]:
    """The values at which the theory describes ``model.replicate(r)``: sizes times r, every mode r-fold with its own scaling."""
    larger = dict(values)
    for p in model.parameters:
        value = values.get(p.name, p.default)
        if isinstance(p.symbol, Dim):
            larger[p.name] = value if p.symbol.finite else np.asarray(value) * r
        elif isinstance(p.symbol, Spectrum):
            array = value.values() if isinstance(value, PowerLaw) else np.asarray(value, dtype=float)
            larger[p.name] = np.repeat(array, r, axis=-1) * float(r) ** float(p.symbol.scaling)
        elif p.ndim:
            array = np.asarray(value, dtype=float)
            one = array.ndim == p.ndim
            rows = [given_values(p.symbol.node, row, r) for row in ([array] if one else array)]
            larger[p.name] = rows[0] if one else np.stack(rows)
    if larger.get("multiplicity") is not None:
        larger["multiplicity"] = np.repeat(np.asarray(larger["multiplicity"]), r)
    return larger


def growth_of(
    model: Any, theory: Any, at_one: Mapping[str, NDArray], values: Mapping[str, Any], zip: Sequence[str] | str, r: int
) -> dict[str, Any]:
    """Theory of the r times larger model over that of the model: 1 for what replication leaves alone, r for a norm.

    ``at_one`` holds the theory of the model. Observables with a value for each mode are left alone.
    """
    depth = len(bind(theory, values, zip).groups)
    scalars = [name for name, value in at_one.items() if value.ndim == depth]
    larger = sweep(theory, observables=scalars, zip=zip, **replicated(model, values, r))
    growth: dict[str, Any] = dict.fromkeys(at_one, 1.0)
    for name in scalars:
        there = at_one[name] != 0
        growth[name] = np.where(there, np.asarray(larger.observables[name]) / np.where(there, at_one[name], 1.0), 1.0)
        if isinstance(theory, SiteProcess):
            # Sampling errors of both are no growth: the nearest power of the square root of r.
            with np.errstate(divide="ignore", invalid="ignore"):
                power = np.rint(2 * np.log(np.abs(growth[name])) / np.log(r)) / 2
            growth[name] = np.where(np.isfinite(power), float(r) ** np.where(np.isfinite(power), power, 0), 1.0)
    return growth
