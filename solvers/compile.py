"""From SymPy to vectorised NumPy: the one place where expressions become functions.

Every bound variable and every free mode index gets an axis of its own behind the axes of the scalars, so that common subexpressions
are safe, averages nest, parameters broadcast, and complex parameters work.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray
from sympy.simplify.cse_main import tree_cse

from solvers.calls import Calls
from solvers.layers import Layers
from solvers.modes.leaves import Leaves, is_data
from solvers.modes.sums import EvenlySummed, Squared, Summed
from solvers.numerics import numeric_functions
from solvers.shared import FreeSymbols, parts
from theory.averages import Average, Bound, ModeSum
from theory.errors import ParameterError
from theory.modes import ModeArray, ModeIndex, ModeValue
from theory.resolvent.matrix_traces import MatrixTrace
from theory.special import Support

MULTIPLIED = (-2, -3, -4)
"""Powers that are products of one inverse: NumPy's own go through logarithms."""
BLOCK = 1 << 21
"""Elements of one temporary array; larger evaluations are done in pieces."""


@dataclass(frozen=True)
class Fixed:
    """What a compiled function takes besides scalars, of which it does ``rows`` at a time: ``constants`` in the order of its
    arguments, with nothing in the place of scalars. ``shapes`` are those of the trailing axes of each result, as it is evaluated
    and as it is given back."""

    rows: int
    constants: list[NDArray]
    shapes: list[tuple[tuple[int, ...], tuple[int, ...]]]


class Compiled:
    """NumPy function of a tuple of expressions.

    ``scalars`` and ``arrays`` are the symbols that it needs. Call it with mappings from symbol to value: scalars broadcast against
    each other to a shape S; arrays have shape (modes,) or (modes, modes). ``weights`` maps a dimension to the multiplicity of each
    of its modes and ``counts`` to its exact number of non-zero modes. Results have shape S, or S + (modes,) where an expression
    has a free mode index.
    """

    def __init__(self, expressions: Sequence[sp.Expr], nodes: int = 80, rule: str = "hermite", stepped: bool = False):
        self.expressions = [sp.sympify(e) for e in expressions]
        self.nodes, self.rule = nodes, rule
        self._free_symbols = FreeSymbols()
        symbols = set().union(*map(self._free_symbols, self.expressions))
        stray = sorted((s.name for s in symbols if isinstance(s, Bound)), key=str)
        if stray:
            raise ParameterError(f"expression: the bound variable {stray[0]} is free; open an average with .opened()")
        self.free = sorted((s for s in symbols if isinstance(s, ModeIndex)), key=lambda s: (s.dimension, s.name))
        self.arrays = sorted((s for s in symbols if isinstance(s, ModeArray)), key=lambda s: s.name)
        self.scalars = sorted((s for s in symbols if not isinstance(s, (ModeIndex, ModeArray, Bound))), key=lambda s: s.name)
        averages = [a for a in parts(self.expressions) if isinstance(a, Average)]
        bounds = {a.bound for a in averages}
        self.bounds = sorted(bounds, key=lambda b: (b.kind, b.height))
        self._scalars = set(self.scalars)
        self.axes = {b: -1 - i for i, b in enumerate([*self.free, *self.bounds])}
        self._leaf = Leaves(self.axes)
        self._calls = Calls(self._lower, self._leaf, _plain, _cut, nodes)
        self._together: set[frozenset[Any]] = set()
        self._lowered: dict[sp.Basic, Any] = {}
        self._noted: dict[sp.Basic, frozenset[Any]] = {}
        lowered = [self._lower(e) for e in self.expressions]
        places = {s: i for i, s in enumerate(self.scalars)}
        self._places = [places[key[1]] if key[0] == "scalar" else -1 for key in self._leaf.symbols]
        self._layers = Layers(averages, self.bounds, self.scalars, _plain)
        for expression in self.expressions:
            self._note_axes(expression)
        own = {**numeric_functions(stepped), **self._calls.functions}
        # Repeated parts are taken out here: lambdify itself walks through each repetition first.
        shared = tree_cse(lowered, sp.numbered_symbols("x", cls=sp.Symbol), {}, "none")
        nothing = [sp.S.Zero] * len(lowered)
        arguments = list(self._leaf.symbols.values())
        self._function = sp.lambdify(arguments, nothing, modules=[own, "scipy", "numpy"], cse=lambda _: shared)

    def _lower(self, e: sp.Expr) -> sp.Expr:
        """The expression in leaves; each distinct part is written once."""
        if e not in self._lowered:
            self._lowered[e] = self._written(e)
        return self._lowered[e]

    def _written(self, e: sp.Expr) -> sp.Expr:
        if isinstance(e, ModeSum):
            if e.body.func is Support and isinstance(e.body.args[0], ModeValue):
                return self._leaf(("count", e.dimension))
            known = [f for f in sp.Mul.make_args(e.body) if is_data(f, e.bound)]
            body = sp.Mul(*[f for f in sp.Mul.make_args(e.body) if f not in known])
            if body != 1:
                weight = self._leaf(("weight", e.bound, *sorted(known, key=sp.default_sort_key)))
                return Summed(self._lower(body), weight, self.axes[e.bound])
        if isinstance(e, Average):
            kind = EvenlySummed if e.bound.kind == "" else Summed
            return kind(self._lower(e.body), self._leaf(("weight", e.bound)), self.axes[e.bound])
        if (call := self._calls.written(e)) is not None:
            return call
        if isinstance(e, ModeValue):
            return self._leaf(("entry", e.array, e.indices))
        if e.func is Support and isinstance(e.args[0], ModeValue):
            return self._leaf(("support", e.args[0].array, e.args[0].indices))
        if isinstance(e, Bound):
            return self._leaf(("node", e))
        if e in self._scalars:
            return self._leaf(("scalar", e))
        if not e.args:
            return e
        if isinstance(e, sp.Pow) and e.exp in MULTIPLIED:
            once = self._lower(1 / e.base)
            twice = Squared(once)
            return Squared(twice) if e.exp == -4 else sp.Mul(twice, once, evaluate=False) if e.exp == -3 else twice
        lowered = [self._lower(a) for a in e.args]
        return e.func(*lowered, evaluate=False) if isinstance(e, (sp.Add, sp.Mul)) else e.func(*lowered)

    def _note_axes(self, e: sp.Expr) -> frozenset[Any]:
        """The axes that a temporary array of the expression has, before its own sum is taken; noted for the whole tree."""
        if isinstance(e, (Bound, ModeIndex)):
            return frozenset([e])
        if e not in self._noted:
            inner = [a for a in e.args if not isinstance(a, ModeValue)] if isinstance(e, MatrixTrace) else e.args
            axes = frozenset().union(*(self._note_axes(a) for a in inner))
            self._together.add(axes)
            self._noted[e] = axes - {e.bound} if isinstance(e, Average) else axes
        return self._noted[e]

    def __call__(
        self,
        scalars: Mapping[Any, ArrayLike],
        arrays: Mapping[Any, ArrayLike] | None = None,
        weights: Mapping[str, ArrayLike | None] | None = None,
        counts: Mapping[str, float] | None = None,
    ) -> list[NDArray]:
        return self.at(scalars, self.fixed(arrays or {}, weights or {}, counts or {}))

    def fixed(self, arrays: Mapping[Any, ArrayLike], weights: Mapping[str, Any], counts: Mapping[str, float]) -> Fixed:
        """What does not depend on scalars, for `at`."""
        data = {a: np.asarray(arrays[a]) for a in self.arrays}
        lengths = self._leaf.lengths(data, weights, self.nodes)
        widest = max((math.prod(lengths[a] for a in axes) for axes in self._together), default=1)
        order = [*self.free, *self.bounds][::-1]
        shapes = []
        for expression in self.expressions:
            own = self._free_symbols(expression)
            kept = [i for i in order if isinstance(i, ModeIndex) and i in own]
            shapes.append((tuple(lengths[i] if i in kept else 1 for i in order), tuple(lengths[i] for i in kept)))
        constants = self._leaf.constants(data, weights, counts, lengths, self.nodes, self.rule)
        return Fixed(max(1, BLOCK // max(1, widest)), constants, shapes)

    def at(self, scalars: Mapping[Any, ArrayLike], fixed: Fixed) -> list[NDArray]:
        """The results, with what `fixed` has found of arrays and weights."""
        given = [np.asarray(scalars[s]) for s in self.scalars]
        shape = np.broadcast_shapes(*(v.shape for v in given)) if given else ()
        pieces = math.prod(shape)
        if not shape and self.rule == "uniform":
            return [v[0] for v in self._evaluate([v.reshape(1) for v in given], fixed, (1,))]
        if pieces <= fixed.rows:
            return self._evaluate(given, fixed, shape)
        flat = [np.broadcast_to(v, shape).reshape(-1) for v in given]
        parts = []
        for start in range(0, pieces, fixed.rows):
            part = [v[start : start + fixed.rows] for v in flat]
            parts.append(self._evaluate(part, fixed, (min(fixed.rows, pieces - start),)))
        joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
        return [j.reshape(shape + j.shape[1:]) for j in joined]

    def _evaluate(self, given: Sequence[NDArray], fixed: Fixed, shape: tuple[int, ...]) -> list[NDArray]:
        spread = [v.reshape(v.shape + (1,) * len(self.axes)) for v in given]
        arguments = [constant if i < 0 else spread[i] for i, constant in zip(self._places, fixed.constants, strict=True)]
        if self.rule == "uniform" and (crowded := self._layers.crowded(given, shape, self.nodes)):
            for i, key in enumerate(self._leaf.symbols):
                if key in crowded:
                    own = [1] * len(self.axes)
                    own[self.axes[key[1]]] = self.nodes
                    arguments[i] = crowded[key].reshape((*shape, *own))
        results = []
        for value, (kept, free) in zip(self._function(*arguments), fixed.shapes, strict=True):
            value = np.asarray(value)
            if value.shape != shape + kept:
                value = np.broadcast_to(value, shape + kept)
            results.append(value.reshape(shape + free))
        return results


@lru_cache(maxsize=512)
def _function(expressions: tuple[sp.Expr, ...]) -> Compiled:
    return Compiled(expressions)


@lru_cache(maxsize=512)
def _compiled(expressions: tuple[sp.Expr, ...], nodes: int, rule: str) -> Compiled:
    """One function serves every number of nodes."""
    new = copy(_function(expressions))
    new.nodes, new.rule = nodes, rule
    return new


def compile_expressions(expressions: Iterable[sp.Expr], nodes: int = 80, rule: str = "hermite") -> Compiled:
    """Compile once; the same expressions give the same object (averages over Gaussians use ``nodes`` points of ``rule``)."""
    return _compiled(tuple(sp.sympify(e) for e in expressions), nodes, rule)


def _plain(arguments: Sequence[sp.Symbol], expressions: Sequence[sp.Expr]) -> Callable[..., list[ArrayLike]]:
    return sp.lambdify(list(arguments), list(expressions), modules=[numeric_functions(), "scipy", "numpy"], cse=True)


def _cut(expressions: Sequence[sp.Expr], nodes: int) -> Callable[..., list[NDArray]]:
    return compile_expressions(expressions, nodes, "uniform")


def compile_function(arguments: Sequence[sp.Symbol], expressions: Sequence[sp.Expr], functions: Mapping[str, Any]) -> Any:
    """Plain NumPy function of arrays that broadcast; ``functions`` by the names of the undefined ones in the expressions."""
    whole = [sp.sympify(e) for e in expressions]
    extremes = {sp.Max: "_largest", sp.Min: "_least"}
    for kind, name in extremes.items():
        whole = [e.replace(kind, sp.Function(name)) for e in whole]
    own = {"_largest": lambda *v: reduce(np.maximum, v), "_least": lambda *v: reduce(np.minimum, v)}
    own = {**own, **numeric_functions(), **functions}
    return sp.lambdify(list(arguments), whole, modules=[own, "scipy", "numpy"], cse=True)


def compile_precise(arguments: Sequence[sp.Symbol], expressions: Sequence[sp.Expr], functions: Mapping[str, Any]) -> Any:
    """Function of mpmath numbers at the working precision; ``functions`` by the names of those that mpmath has not."""
    return sp.lambdify(list(arguments), list(expressions), modules=[dict(functions), "mpmath"], cse=True)
