"""The per-mode data of one dimension: eigenvalues, target powers, whatever a theory sums over modes."""

from __future__ import annotations

import math
import numbers
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from solvers.modes.power_law import ERROR, PowerLaw, power_law_nodes
from theory.errors import ParameterError

_LONG = 1500       # a power law with more modes than this becomes nodes at once


@dataclass(frozen=True, eq=False)
class Modes:
    """Per-mode arrays of one dimension, or quadrature nodes that stand for them.

    arrays: by parameter name, one-dimensional, of one length; first the eigenvalues, then the carriers.
    multiplicity: weight of each entry in a sum over modes, None for 1 each; of nodes it may be negative.
    count, size: exact numbers of modes with non-zero eigenvalue, and of modes; may be `math.inf`.
    error: bound on the relative error of sums over modes for real kappa > 0; 0 if the modes are exact.
    source, copies: the modes behind nodes, and the factor of replication since; see `full`.
    """

    arrays: dict[str, np.ndarray]
    multiplicity: np.ndarray | None
    count: float
    size: float
    error: float = 0.0
    source: Modes | Mapping[str, PowerLaw] | None = field(default=None, repr=False)
    copies: int = field(default=1, repr=False)

    @classmethod
    def from_values(cls, node_name: str = "eigenvalues", *, multiplicity: object = None,
                    nonnegative: Collection[str] | None = None, not_all_zero: Collection[str] = (),
                    **values: object) -> Modes:
        """Validated modes from sequences, arrays or `PowerLaw`s, by parameter name.

        multiplicity: degeneracy of each entry, positive. nonnegative: names that take no negative entry, all
        by default (the eigenvalues always). not_all_zero: names refused when every entry vanishes.
        Eigenvalues may be unsorted and some of them zero. Float arrays are not copied. Power laws with more
        than 1500 modes become nodes without an array. ParameterError, naming the array and the entry, for
        anything else.
        """
        if node_name not in values:
            given = ", ".join(values) or "nothing"
            raise ParameterError(f"{node_name}: missing (given: {given}); give the eigenvalues by that name")
        values = {node_name: values.pop(node_name), **values}
        signed = set() if nonnegative is None else set(values) - set(nonnegative) - {node_name}
        if multiplicity is not None:
            values["multiplicity"] = multiplicity
        columns = {name: v if isinstance(v, PowerLaw) else _array(name, v) for name, v in values.items()}
        lengths = {name: v.modes if isinstance(v, PowerLaw) else v.size for name, v in columns.items()}
        n = lengths[node_name]
        for name, m in lengths.items():
            if m != n:
                raise ParameterError(f"{node_name} has {n:.17g} entries and {name} has {m:.17g}; "
                                     "give one of each per mode")
        laws = {name: v for name, v in columns.items() if isinstance(v, PowerLaw)}
        if len(laws) == len(columns) and n > _LONG:
            nodes, weights = power_law_nodes(laws)
            return cls(nodes, weights, n, n, ERROR, laws)
        arrays = {name: v.values() if isinstance(v, PowerLaw) else v for name, v in columns.items()}
        for name, array in arrays.items():
            _check(name, array, name not in signed)
        for name in (node_name, *not_all_zero):
            if name in arrays and not arrays[name].any():
                raise ParameterError(f"{name}: all zero; at least one entry must not vanish")
        weights, eta = arrays.pop("multiplicity", None), arrays[node_name]
        if weights is None:
            return cls(arrays, None, float(np.count_nonzero(eta)), float(eta.size))
        if weights.min() == 0:
            i = int(np.argmin(weights))
            raise ParameterError(f"multiplicity[{i}] is 0; every multiplicity must be positive")
        return cls(arrays, weights, math.fsum(weights[eta > 0]), math.fsum(weights))

    @property
    def full(self) -> Modes:
        """The modes themselves, for what is wanted mode by mode. ParameterError if too many to list."""
        if self.source is None:
            return self
        if isinstance(self.source, Modes):
            return self.source.full.replicate(self.copies)
        if self.size > 1e8:
            raise ParameterError(f"{next(iter(self.arrays))}: {self.size:g} modes are too many to list one "
                                 "by one; ask for no observable of single modes, or give at most 1e8 modes")
        arrays = {name: law.values() for name, law in self.source.items()}
        plain = Modes(arrays, None, self.count / self.copies, self.size / self.copies)
        return plain.replicate(self.copies)

    def replicate(self, r: int) -> Modes:
        """Every mode r-fold, eigenvalue and carriers divided by r: sums stay, the number of modes grows."""
        if isinstance(r, bool) or not isinstance(r, (int, np.integer)) or r < 1:
            raise ParameterError(f"replicate: r is {r!r}; it must be a positive whole number")
        if r == 1:
            return self
        entries = len(next(iter(self.arrays.values())))
        weights = np.ones(entries) if self.multiplicity is None else self.multiplicity
        arrays = {name: a / r for name, a in self.arrays.items()}
        return replace(self, arrays=arrays, multiplicity=r * weights, count=r * self.count,
                       size=r * self.size, copies=r * self.copies)

    def expanded(self) -> dict[str, np.ndarray]:
        """The arrays of the full modes, degenerate ones written out. ParameterError if that is impossible."""
        full = self.full
        if full.multiplicity is None:
            return dict(full.arrays)
        repeats = np.rint(full.multiplicity)
        if full.size > 1e8 or np.any(full.multiplicity != repeats):
            raise ParameterError(f"multiplicity: {full.size:g} modes cannot be written out one by one; "
                                 "use whole multiplicities that sum to at most 1e8")
        return {name: np.repeat(a, repeats.astype(int)) for name, a in full.arrays.items()}


def _array(name: str, value: object) -> np.ndarray:
    try:
        raw = np.asarray(value)
        numeric = raw.dtype.kind in "iuf"
        if not numeric and (raw.dtype != object or any(not isinstance(v, numbers.Real) for v in raw.flat)):
            raise TypeError
        array = raw.astype(float, copy=False)
    except (TypeError, ValueError):
        raise ParameterError(f"{name}: not a sequence of real numbers; give a list or an array") from None
    if array.ndim != 1:
        raise ParameterError(f"{name} has shape {array.shape}; give one dimension, [x] for a single mode")
    if not array.size:
        raise ParameterError(f"{name}: empty; give at least one mode")
    return array


def _check(name: str, array: np.ndarray, nonnegative: bool) -> None:
    low, high = array.min(), array.max()          # NaN propagates
    if not (math.isfinite(low) and math.isfinite(high)):
        i = int(np.argmin(np.isfinite(array)))
        raise ParameterError(f"{name}[{i}] is {array[i]}; every entry must be a finite number")
    if nonnegative and low < 0:
        i = int(np.argmax(array < 0))
        raise ParameterError(f"{name}[{i}] is {array[i]:g}; no entry may be negative")
