"""What stands at the leaves of compiled expressions: scalars, and the arrays of modes and of quadratures, each on its own axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.quadrature import even_rule, gaussian_rule
from theory.averages import CONTINUOUS, Bound
from theory.modes import ModeValue
from theory.special import Support


class Leaves:
    """The arguments of a compiled function, by what they are; ``axes`` says on which axis each index and bound variable runs.

    A leaf is ("scalar", symbol), ("node", bound), ("weight", bound, *factors), ("entry", array, indices), ("support", array,
    indices), ("whole", array), ("count", dimension) or ("nodes",).
    """

    def __init__(self, axes: Mapping[Any, int]):
        self.axes = axes
        self.symbols: dict[tuple[Any, ...], sp.Symbol] = {}

    def __call__(self, key: tuple[Any, ...]) -> sp.Symbol:
        return self.symbols.setdefault(key, sp.Symbol(f"_x{len(self.symbols)}"))

    def lengths(self, data: Mapping[Any, NDArray], weights: Mapping[str, Any], nodes: int) -> dict[Any, int]:
        """How many values each index and bound variable takes."""
        lengths: dict[Any, int] = {}
        for kind, *what in self.symbols:
            if kind in ("entry", "support"):
                lengths.update(zip(what[1], data[what[0]].shape, strict=True))
            elif kind == "weight" and len(what) > 1:
                lengths[what[0]] = len(_data(what[1], data))
        for variable in self.axes:
            if isinstance(variable, Bound) and variable.kind in CONTINUOUS:
                lengths[variable] = nodes
            elif variable not in lengths:
                weight = weights.get(variable.kind if isinstance(variable, Bound) else variable.dimension)
                lengths[variable] = 1 if weight is None else np.size(weight)
        return lengths

    def constants(self, data: Mapping[Any, NDArray], weights: Mapping[str, Any], counts: Mapping[str, float],
                  lengths: Mapping[Any, int], nodes: int, rule: str) -> list[NDArray]:  # fmt: skip
        """Their values in order, with nothing in the place of scalars."""

        def constant(kind: str, what: Any = None, *more: Any) -> NDArray:
            if kind == "scalar":
                return np.zeros(())
            if kind == "nodes":
                return np.asarray(nodes)
            if kind == "count":
                return np.asarray(counts[what], dtype=float)
            if kind == "whole":
                return data[what]
            if kind == "entry":
                return self._placed(data[what], *more)
            if kind == "support":
                return self._placed(np.where(data[what] != 0, 1.0, 0.0), *more)
            if what.kind not in CONTINUOUS:
                weight = weights.get(what.kind)
                weight = np.ones(lengths[what]) if weight is None else np.asarray(weight)
                return self._placed(reduce(np.multiply, [_data(f, data) for f in more], weight), (what,))
            x, w = even_rule(what.kind, nodes) if what.kind else gaussian_rule(nodes, rule)
            return self._placed(x if kind == "node" else w, (what,))

        return [constant(*key) for key in self.symbols]

    def _placed(self, values: NDArray, indices: Sequence[Any]) -> NDArray:
        """An array with its axes moved to those of its indices."""
        axes = [self.axes[i] for i in indices]
        if len(set(axes)) < len(axes):
            values, axes = np.diagonal(values), axes[:1]
        order = np.argsort(axes)
        values = np.transpose(values, order)
        depth = -min(axes)
        shape = [1] * depth
        for position, axis in enumerate(sorted(axes)):
            shape[axis] = values.shape[position]
        return values.reshape(shape)


def is_data(factor: sp.Expr, bound: Bound) -> bool:
    """Whether a factor under a sum is known before the scalars are: powers of entries, and whether they vanish."""
    entry, power = (factor.args[0], 1) if factor.func is Support else factor.as_base_exp()
    return isinstance(entry, ModeValue) and entry.indices == (bound,) and power in (1, 2, 3, 4)


def _data(factor: sp.Expr, data: Mapping[Any, NDArray]) -> NDArray:
    if factor.func is Support:
        return np.where(data[factor.args[0].array] != 0, 1.0, 0.0)
    entry, power = factor.as_base_exp()
    return data[entry.array] ** int(power)
