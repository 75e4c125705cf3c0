"""A theory as NumPy functions: residuals with exact Jacobian and rounding, bounds of unknowns, observables with sensitivity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.compile import Compiled, compile_expressions
from solvers.ends import Ends
from solvers.fixed_point import EPSILON
from solvers.forms import selected
from solvers.modes.mode_data import ModeData, theory_key
from solvers.rounding import NODES, grouped, rounding
from solvers.shared import FreeSymbols, parts
from theory.averages import outermost
from theory.differentiation import PartialDerivative
from theory.errors import ParameterError
from theory.intervals import INTEGRALS
from theory.joint_average import JointAverage
from theory.modes import ModeIndex
from theory.replica.folded import TreeAverage
from theory.resolvent.matrix_traces import MatrixTrace
from theory.special import H

QUADRATURES = (*INTEGRALS, JointAverage, TreeAverage)
Scalars = Mapping[Any, NDArray]


class Expressions:
    """Several expressions at the points of a sweep; those with a free mode index at every mode.

    Sums over modes that do not depend on the free index are done once, on the nodes; only the rest sees all modes.
    """

    def __init__(self, expressions: Sequence[sp.Expr], nodes: int = 201):
        free = FreeSymbols()
        self.per_mode = [any(isinstance(s, ModeIndex) for s in free(e)) for e in expressions]
        self.closed: dict[sp.Expr, sp.Symbol] = {}
        opened = [self._opened(e) if mode else e for e, mode in zip(expressions, self.per_mode, strict=True)]
        inner = [e for e, mode in zip(opened, self.per_mode, strict=True) if not mode]
        self.inner = compile_expressions([*inner, *self.closed], nodes, "uniform")
        self.outer = compile_expressions([e for e, mode in zip(opened, self.per_mode, strict=True) if mode], nodes, "uniform")

    def _opened(self, expression: sp.Expr) -> sp.Expr:
        sums = [s for s in outermost(expression) if not any(isinstance(x, ModeIndex) for x in s.free_symbols)]
        return expression.xreplace({s: self.closed.setdefault(s, sp.Dummy(f"s{len(self.closed)}")) for s in sums})

    def __call__(self, scalars: Scalars, points: int, data: ModeData, full: ModeData | None = None) -> list[NDArray]:
        """Values of shape (points,) or (points, modes)."""
        values = evaluated(self.inner, scalars, points, data)
        plain = iter(values[: len(values) - len(self.closed)])
        sums = dict(zip(self.closed.values(), values[len(values) - len(self.closed) :], strict=True))
        modes = iter(evaluated(self.outer, {**scalars, **sums}, points, full or data) if any(self.per_mode) else [])
        return [next(modes if mode else plain) for mode in self.per_mode]


def evaluated(compiled: Compiled, scalars: Scalars, points: int, data: ModeData) -> list[NDArray]:
    """Values with the points in front, whatever the expressions depend on."""
    return [np.asarray(v) * 1.0 for v in _seen(compiled, scalars, points, data)]


def _seen(compiled: Compiled, scalars: Scalars, points: int, data: ModeData) -> list[NDArray]:
    """The same, to be read only."""
    if not compiled.expressions:
        return []
    known = {NODES: data.error / EPSILON, **data.sizes, **scalars}
    given = {s: known[s] for s in compiled.scalars}
    with np.errstate(all="ignore"):
        if compiled not in data.kept:
            data.kept[compiled] = compiled.fixed(data.arrays, data.weights, data.counts)
        values = compiled.at(given, data.kept[compiled])
    spread = any(np.ndim(v) for v in given.values())
    return values if spread else [np.broadcast_to(v, (points, *v.shape)) for v in values]


class System:
    """The compiled side of a theory. ``nodes`` are those of Gaussian averages."""

    def __init__(self, theory: Any, nodes: int = 201):
        self.theory, self.nodes = theory, nodes
        self._observables: dict[str, sp.Expr] = {}
        self.unknowns = [u.symbol for u in theory.unknowns]
        self.logarithmic = np.array([bool(sp.sympify(u.lower).is_nonnegative) for u in theory.unknowns], dtype=bool)
        self._by = [PartialDerivative(u) for u in self.unknowns]
        places = {u: i for i, u in enumerate(self.unknowns)}
        self.ends = Ends(
            np.array([u.vanishes for u in theory.unknowns], dtype=bool),
            np.array([places.get(u.owner, -1) for u in theory.unknowns], dtype=int),
            np.array([u.odd and e.lhs == u.symbol for u, e in zip(theory.unknowns, theory.equations, strict=False)], dtype=bool),
        )
        if len(theory.residuals) != len(self.unknowns):
            raise ParameterError(
                f"{theory.name}: {len(theory.residuals)} equations for {len(self.unknowns)} unknowns; give one for each"
            )
        self.forms = [[grouped(self.written_out(f), self.unknowns) for f in forms] for forms in theory.residuals]
        # A form without the averages that the equation holds is another relation, which vanishes with several equations.
        self.equal = [[bool(outermost(f)) == bool(outermost(forms[0])) for f in forms] for forms in self.forms]
        self.numbered = [_numbered(self.equal, every or not self.related) for every in (False, True)]
        self._check_symbols()
        self._flat = [e for forms in self.forms for f in forms for e in (f, rounding(f), *self.slopes(f))]
        flat, ends = self._flat, [self.written_out(sp.sympify(b)) for u in theory.unknowns for b in (u.lower, u.upper)]
        self._infinite = [float(e) if e.is_infinite else None for e in ends]
        self._finite = [sp.S.Zero if e.is_infinite else e for e in ends]
        seen = [self.observable(name) for name in (*(s.name for s in theory.definitions), *theory.observables)]
        self.folded = any(isinstance(e, TreeAverage) for e in parts(flat))
        self.dense = any(isinstance(e, MatrixTrace) for e in parts(flat))
        self.has_quadrature = any(isinstance(e, QUADRATURES) for e in parts([*flat, *ends, *seen]))
        free = FreeSymbols()
        moving = {s for a in parts(flat) if isinstance(a, (*QUADRATURES, H)) for s in free(a)} & set(self.unknowns)
        self.evolves = any(u.start is not None for u in theory.unknowns) or bool(moving)
        self.depth = max((depth(e) for e in [*flat, *ends, *seen]), default=0)
        self.per_mode = {n for n in theory.observables if any(isinstance(s, ModeIndex) for s in self.observable(n).free_symbols)}
        self.base = self
        self._compile()

    def _compile(self) -> None:
        self._residuals = compile_expressions(self._flat, self.nodes, "uniform")
        self._ends = compile_expressions(self._finite, self.nodes, "uniform")

    def with_nodes(self, nodes: int) -> System:
        """The same system with another number of nodes of Gaussian averages."""
        new = copy(self)
        new.nodes = nodes
        new._compile()
        return new

    def written_out(self, expression: sp.Expr) -> sp.Expr:
        """In unknowns and parameters alone."""
        free = FreeSymbols()
        for symbol, value in reversed(list(self.theory.definitions.items())):
            if symbol in free(expression):
                expression = expression.xreplace({symbol: value})
        return expression

    def slopes(self, expression: sp.Expr) -> list[sp.Expr]:
        """Derivatives by the coordinates of the unknowns: their logarithm, or themselves."""
        return [_slope(by(expression), by.symbol, bool(log)) for by, log in zip(self._by, self.logarithmic, strict=True)]

    def observable(self, name: str) -> sp.Expr:
        """The form of an unknown, definition or observable that is evaluated."""
        if name not in self._observables:
            unknown = next((symbol for symbol in self.unknowns if symbol.name == name), None)
            written = unknown if unknown is not None else self.written_out(self.theory.well_conditioned(name))
            self._observables[name] = grouped(written, self.unknowns)
        return self._observables[name]

    def outputs(self, names: Sequence[str]) -> Expressions:
        """Compiled values, rounding and sensitivities: 2 + m expressions for each name."""
        return _outputs(self, tuple(names))

    def _check_symbols(self) -> None:
        known = {p.symbol for p in self.theory.parameters} | set(self.unknowns)
        dimensions = {d for p in self.theory.parameters if p.ndim for d in np.atleast_1d(p.dimension).astype(str)}
        used = {s for forms in self.forms for f in forms for s in f.free_symbols}
        for name in self.theory.observables:
            used |= self.observable(name).free_symbols
        stray = sorted(s.name for s in used - known if not isinstance(s, ModeIndex) and s.name not in dimensions)
        if stray:
            raise ParameterError(
                f"{self.theory.name}: the equations hold {stray[0]!r}, which is neither unknown nor parameter; declare it"
            )

    def bounds(self, scalars: Scalars, points: int, data: ModeData) -> tuple[NDArray, NDArray]:
        """Lower and upper ends, each (points, m)."""
        if not self.unknowns:
            return np.zeros((points, 0)), np.zeros((points, 0))
        values = evaluated(self._ends, scalars, points, data)
        ends = [
            np.full(points, v) if fixed is None else np.full(points, fixed) for v, fixed in zip(values, self._infinite, strict=True)
        ]
        return np.stack(ends[0::2], axis=-1), np.stack(ends[1::2], axis=-1)

    def form_values(self, scalars: Scalars, points: int, data: ModeData) -> tuple[NDArray, NDArray, NDArray]:
        """Values (forms, points), absolute rounding (forms, points) and slopes (forms, points, m) of all forms of all equations."""
        seen = _seen(self._residuals, scalars, points, data)
        values = np.array(seen, dtype=float).reshape(-1, 2 + len(self.unknowns), points)
        return values[:, 0], values[:, 1] * EPSILON, np.ascontiguousarray(values[:, 2:].swapaxes(1, 2))

    @property
    def related(self) -> bool:
        """Whether forms are known that are precise only together."""
        return not all(map(all, self.equal))

    def best_forms(
        self, scalars: Scalars, points: int, data: ModeData, together: bool = True
    ) -> tuple[NDArray, NDArray, NDArray, NDArray, NDArray]:
        """Residual, Jacobian, rounding of the most precise form of each equation, its number and sign: see :mod:`solvers.forms`.

        Not ``together``, each equation takes one of the forms that are equal to it everywhere, not on solutions alone.
        """
        every = together and self.related
        return selected(*self.form_values(scalars, points, data), self.numbered[every], every)


def _numbered(equal: Sequence[Sequence[bool]], every: bool) -> list[NDArray]:
    """The numbers of the forms of each equation among all forms: of all, or of those that are equal to the first one."""
    starts = np.cumsum([0, *map(len, equal)])
    return [start + np.flatnonzero(np.array(own) | every) for start, own in zip(starts, equal, strict=False)]


def _slope(slope: sp.Expr, unknown: sp.Symbol, logarithmic: bool) -> sp.Expr:
    # Term by term, so that no square of a tiny unknown underflows.
    return sp.Add(*[t * unknown for t in sp.Add.make_args(slope)]) if logarithmic else slope


@lru_cache(maxsize=256)
def _outputs(system: System, names: tuple[str, ...]) -> Expressions:
    return Expressions(_written(system.base, names), system.nodes)


@lru_cache(maxsize=128)
def _written(system: System, names: tuple[str, ...]) -> list[sp.Expr]:
    values = map(system.observable, names)
    return [e for value in values for e in (value, rounding(value), *system.slopes(value))]


def depth(expression: sp.Expr) -> int:
    """How many averages over continuous variables are nested in an expression."""
    joint = [a.count for a in parts([expression]) if isinstance(a, JointAverage)]
    return max((*joint, *(depth(a.body) + isinstance(a, INTEGRALS) for a in outermost(expression))), default=0)


_systems: dict[Any, dict[int, System]] = {}


def compiled_system(theory: Any, nodes: int = 201) -> System:
    """The system of a theory, made once in each process for equal mathematics."""
    key = theory_key(theory)
    if key not in _systems:
        if len(_systems) >= 64:
            _systems.pop(next(iter(_systems)))
        _systems[key] = {}
    found = _systems[key]
    if nodes not in found:
        found[nodes] = next(iter(found.values())).with_nodes(nodes) if found else System(theory, nodes)
    return found[nodes]


def symbols_of(theory: Any, named: Mapping[str, Any]) -> dict[Any, Any]:
    """Values by symbol instead of public name, scalars only."""
    return {theory.parameter(name).symbol: value for name, value in named.items()}
