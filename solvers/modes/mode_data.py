"""The numbers behind the mode sums of a theory: arrays, multiplicities and exact counts of each dimension."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.modes.power_law import PowerLaw
from solvers.modes.spectra import Modes
from solvers.values import mode_dimensions, written_in
from theory.averages import ModeSum
from theory.errors import ParameterError
from theory.modes import ModeValue
from theory.resolvent.matrix_traces import MatrixTrace
from theory.special import Support
from theory.symbols import size


@dataclass(frozen=True)
class ModeData:
    """What compiled expressions are called with, besides scalars. ``error`` bounds the relative error of sums over nodes; ``kept``
    is what they have made of it in this process."""

    arrays: dict[Any, NDArray] = field(default_factory=dict)
    weights: dict[str, NDArray | None] = field(default_factory=dict)
    counts: dict[str, float] = field(default_factory=dict)
    sizes: dict[sp.Symbol, float] = field(default_factory=dict)
    error: float = 0.0
    kept: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "kept": {}}

    def joined(self, other: ModeData) -> ModeData:
        """Both, for different dimensions."""
        parts = [{**getattr(self, f), **getattr(other, f)} for f in ("arrays", "weights", "counts", "sizes")]
        return ModeData(*parts, error=max(self.error, other.error))


def mode_data(theory: Any, given: Mapping[str, Any], multiplicity: Any = None) -> tuple[ModeData, dict[str, Modes]]:
    """Data of every dimension, compressed where the mathematics allows it, and the `Modes` by dimension.

    ``given`` has the value of each per-mode parameter by its public name. The data of the modes themselves come from
    `full_data`. ParameterError for arrays that do not fit together.
    """
    data, modes = ModeData(), {}
    by_dimension: dict[str, list[Any]] = {}
    dimensions = mode_dimensions(theory)
    for parameter in theory.parameters:
        if parameter.ndim == 1:
            by_dimension.setdefault(dimensions[parameter.name][0], []).append(parameter)
        elif parameter.ndim > 1:
            array = given[parameter.name]
            names = dimensions[parameter.name]
            data.arrays[parameter.symbol] = array
            for name, length in zip(names, np.shape(array), strict=True):
                data.sizes.setdefault(size(name), float(length))
    for name in sorted(matrix_dimensions(theory)):
        own = [given[p.name] for p in by_dimension.get(name, ())]
        if multiplicity is not None or any(isinstance(v, Modes) and v.multiplicity is not None for v in own):
            raise ParameterError(f"multiplicity: matrices of {theory.name} act on the modes of {name}; write every mode out")
    if multiplicity is not None and len(by_dimension) != 1:
        raise ParameterError(f"multiplicity: {theory.name} sums over {len(by_dimension)} sets of modes; leave it out")
    for name, parameters in by_dimension.items():
        nodes = node_parameter(theory, parameters)
        if nodes is None:
            array_of = {p.symbol: _array(given[p.name]) for p in parameters}
            length = float(len(next(iter(array_of.values()))))
            data = data.joined(ModeData(array_of, {name: multiplicity}, {name: length}, {size(name): length}))
            continue
        modes[name] = _modes(parameters, nodes, given, multiplicity)
        data = data.joined(_of_modes(name, parameters, _nodes_of(theory, name, nodes, modes[name])))
    return data, modes


def full_data(theory: Any, data: ModeData, modes: Mapping[str, Modes]) -> ModeData:
    """The same data with every mode by itself."""
    dimensions = mode_dimensions(theory)
    for name, entry in modes.items():
        parameters = [p for p in theory.parameters if p.ndim == 1 and dimensions[p.name][0] == name]
        data = data.joined(_of_modes(name, parameters, entry.full))
    return replace(data, error=0.0)


def compressed_data(theory: Any, data: ModeData, modes: Mapping[str, Modes], nodes_per_bin: int, threshold: int) -> ModeData:
    """The same data on nodes, where the mathematics allows it and there are more modes than ``threshold``."""
    from solvers.modes.compression import compress

    dimensions, found = mode_dimensions(theory), data
    for name, entry in modes.items():
        parameters = [p for p in theory.parameters if p.ndim == 1 and dimensions[p.name][0] == name]
        nodes = node_parameter(theory, parameters)
        if nodes is not None and is_compressible(theory, name, nodes.symbol) and entry.source is None:
            part = _of_modes(name, parameters, compress(entry, nodes_per_bin, threshold))
            found = replace(found.joined(part), error=part.error)
    return found


def matrix_dimensions(theory: Any) -> frozenset[str]:
    """Names of the dimensions on which matrices act that are no sums over modes."""
    return _matrix_dimensions(written_in(theory))


@lru_cache(maxsize=256)
def _matrix_dimensions(written: tuple[sp.Basic, ...]) -> frozenset[str]:
    traces = {t for e in written for t in e.atoms(MatrixTrace)}
    return frozenset(i.kind for t in traces for v in t.args if isinstance(v, ModeValue) for i in v.indices)


def node_parameter(theory: Any, parameters: Iterable[Any]) -> Any:
    """The non-negative array that the equations sum over (eigenvalues), the abscissa of compression; None without one."""
    symbols = _symbols_in(tuple(form for forms in theory.residuals for form in forms))
    return next((p for p in parameters if p.symbol in symbols and _nonnegative(p)), None)


@lru_cache(maxsize=256)
def _symbols_in(written: tuple[sp.Expr, ...]) -> frozenset[sp.Basic]:
    return frozenset().union(*(e.free_symbols for e in written))


def _nonnegative(parameter: Any) -> bool:
    return parameter.lower is not None and float(parameter.lower) >= 0


def _modes(parameters: list[Any], nodes: Any, given: Mapping[str, Any], multiplicity: Any) -> Modes:
    value = given[nodes.name]
    if isinstance(value, Modes):
        extra = {p.name: given[p.name] for p in parameters if given[p.name] is not value}
        if not extra and multiplicity is None:
            return value
        if multiplicity is not None or value.source is not None:
            raise ParameterError(
                f"{nodes.name}: modes are given whole, with their multiplicity; put {', '.join(extra) or 'it'} into them"
            )
        given = {p.name: value.arrays.get(p.name, given[p.name]) for p in parameters}
        multiplicity = value.multiplicity
    arrays = {p.name: given[p.name] for p in parameters}
    nonnegative = [p.name for p in parameters if _nonnegative(p)]
    return Modes.from_values(nodes.name, multiplicity=multiplicity, nonnegative=nonnegative, not_all_zero=list(arrays), **arrays)


def _array(value: Any) -> NDArray:
    return value.values() if isinstance(value, PowerLaw) else np.asarray(value, dtype=float)


def _of_modes(name: str, parameters: Iterable[Any], modes: Modes) -> ModeData:
    arrays = {p.symbol: modes.arrays[p.name] for p in parameters}
    return ModeData(arrays, {name: modes.multiplicity}, {name: modes.count}, {size(name): modes.size}, modes.error)


def _nodes_of(theory: Any, name: str, nodes: Any, modes: Modes) -> Modes:
    if is_compressible(theory, name, nodes.symbol):
        from solvers.modes.compression import compress

        return compress(modes)
    return modes.full


def theory_key(theory: Any) -> tuple[Any, ...]:
    """A hashable stand-in for the mathematics of a theory and its public names."""
    return (
        theory.name,
        tuple(map(tuple, theory.residuals)),
        tuple((u.symbol, u.lower, u.upper) for u in theory.unknowns),
        tuple(theory.definitions.items()),
        tuple(theory.observables.items()),
        tuple(theory.stable.items()),
        tuple((p.name, p.symbol, p.ndim, p.dimension) for p in theory.parameters),
    )


_compressible: dict[Any, bool] = {}


def is_compressible(theory: Any, dimension: str, nodes: Any) -> bool:
    """Whether every sum over the dimension is one that nodes represent exactly.

    The summand is affine in each array but the nodes', and its denominators are linear in the nodes' entries.
    """
    key = (theory_key(theory), dimension, nodes)
    if key not in _compressible:
        _compressible[key] = _all_representable(theory, dimension, nodes)
    return _compressible[key]


def _all_representable(theory: Any, dimension: str, nodes: Any) -> bool:
    dimensions = mode_dimensions(theory)
    if any(p.ndim > 1 and dimension in dimensions[p.name] for p in theory.parameters) or dimension in matrix_dimensions(theory):
        return False
    expressions = [form for forms in theory.residuals for form in forms]
    expressions += [theory.expanded(name) for name in [*(s.name for s in theory.definitions), *theory.observables]]
    expressions += [*theory.stable.values(), *(b for u in theory.unknowns for b in (u.lower, u.upper))]
    sums = {s for e in expressions for s in sp.sympify(e).atoms(ModeSum) if s.dimension == dimension}
    return all(_representable(s.body, s.bound, nodes) for s in sums)


def _representable(body: sp.Expr, bound: sp.Symbol, nodes: Any) -> bool:
    entries = {v for v in body.atoms(ModeValue) if bound in v.indices}
    rule = {v: sp.Dummy(positive=True) for v in entries}
    flags = {f: sp.S.One for f in body.atoms(Support) if f.args[0] in entries and f.args[0].array == nodes}
    plain = body.xreplace(flags).xreplace(rule)
    stand_ins = {rule[v]: v.array == nodes for v in entries}
    if plain.has(Support) or any(f.free_symbols & set(stand_ins) for f in plain.atoms(sp.Function)):
        return False
    for symbol, is_node in stand_ins.items():
        if not is_node and sp.cancel(plain.diff(symbol, 2)) != 0:
            return False
    for power in plain.atoms(sp.Pow):
        if not power.free_symbols & set(stand_ins):
            continue
        if not power.exp.is_Integer or (power.exp < 0 and any(power.base.diff(s, 2) != 0 for s in stand_ins)):
            return False
    return True
