"""Values of effective potentials of several variables, of expectations in them and of their derivatives, for many means at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, cached_property
from itertools import combinations, combinations_with_replacement, product
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from solvers.envelopes import named, slopes_of
from solvers.fixed_point import inverses
from theory.effective import Effective

Plain = Callable[[Sequence[sp.Symbol], Sequence[sp.Expr]], Callable[..., list[ArrayLike]]]
Cutter = Callable[[Sequence[sp.Expr], int], Callable[..., list[NDArray]]]


class Source:
    """The functions of one action: itself, its derivatives, the observables that are asked for, and where these have kinks."""

    def __init__(self, like: Effective, parameters: tuple[sp.Symbol, ...], plain: Plain, cutter: Cutter):
        self.names, self.observables, self.plain, self.cutter = like.names, [sp.S.One], plain, cutter
        self.parameters = parameters
        self.action, self.own = named(like.action, self.parameters)
        self.like = like.xreplace(dict(zip(self.parameters, self.own, strict=True)))

    def number(self, observable: sp.Expr) -> int:
        """The number of an observable, which is noted."""
        if observable not in self.observables:
            self.observables.append(observable)
        return self.observables.index(observable)

    @cache  # noqa: B019  (a source lives as long as what it has compiled)
    def slopes(self, order: int) -> Callable[..., list[ArrayLike]]:
        """All derivatives of the action of that order."""
        return self._plain(slopes_of(self.action, self.names, order))

    @cache  # noqa: B019
    def functions(self, count: int) -> Callable[..., list[ArrayLike]]:
        """The first observables."""
        return self._plain(self.observables[:count])

    def _plain(self, expressions: Sequence[sp.Expr]) -> Callable[..., list[ArrayLike]]:
        return self.plain([*self.names, *self.own], [named(e, self.parameters)[0] for e in expressions])

    @cached_property
    def _stand_ins(self) -> tuple[list[sp.Symbol], list[sp.Symbol], sp.Matrix]:
        count, given = len(self.names), self.like.width
        omega = [sp.Symbol(f"_w{i}", real=True) for i in range(count)]
        entries = {}
        for i, j in product(range(count), repeat=2):
            how = {"positive": True} if i == j else {"real": True}
            low, high = min(i, j), max(i, j)
            entries[i, j] = sp.S.Zero if given[i, j] == 0 else sp.Symbol(f"_v{low}{high}", **how)
        flat = [entries[i, j] for i, j in product(range(count), repeat=2)]
        return omega, flat, sp.Matrix(count, count, flat)

    @cache  # noqa: B019
    def cut(self, which: int, order: int, by: tuple[int, ...], nodes: int) -> Callable[..., list[NDArray]]:
        """Weights that are cut at kinks, times all monomials of that order in the distance from the mean, differentiated by
        parameters; in terms of ω, v, both flat, and the parameters."""
        omega, flat, width = self._stand_ins
        distance = [x - w for x, w in zip(self.names, omega, strict=True)]
        weights, observable = [], named(self.observables[which], self.parameters)[0]
        for chosen in combinations_with_replacement(distance, order):
            weight = self.like.weight(observable * sp.Mul(*chosen), omega, width)
            for p in by:
                weight = weight.diff(self.own[p])
            weights.append(weight)
        function = self.cutter(weights, nodes)
        known = [*omega, *flat, *self.own]
        return lambda *values: function({s: v for s, v in zip(known, values, strict=True) if s != 0})


class Values:
    """Derivatives at given ω (count), v (count²) and parameters, which broadcast: log-partition function number 0, then
    expectations."""

    slope: NDArray
    offset: NDArray
    inverse: NDArray
    log_weight: Any

    def __init__(self, source: Source, nodes: ArrayLike, *arguments: ArrayLike):
        self.source, self.nodes, self.count = source, int(np.max(nodes)), len(source.names)
        broadcast = np.broadcast_arrays(*arguments)
        self.shape = broadcast[0].shape
        self.flat = [np.asarray(a, dtype=float).reshape(-1) for a in broadcast]
        d = self.count
        self.width = np.stack(self.flat[d : d + d * d], axis=-1).reshape(-1, d, d)
        self._known: dict[Any, NDArray] = {}

    def derivative(self, which: int, *indices: int) -> NDArray:
        """The derivative by entries of ω, and where negative by parameters, -1 the first."""
        return self.found(which, tuple(sorted(indices))).reshape(self.shape)

    def found(self, which: int, steps: tuple[int, ...]) -> NDArray:
        """Derivatives from cumulants: those by ω are v⁻¹(h − ω), written in the coordinates of the moments."""
        inner = [s for s in steps if s >= 0]
        if which == 0 and not steps:
            return self.log_weight
        total = np.zeros(len(self.flat[0]))
        for chosen in product(range(self.count), repeat=len(inner)):
            factor = np.prod([self.slope[:, i, k] for i, k in zip(inner, chosen, strict=True)], axis=0)
            total = total + factor * self.cumulant(which, tuple(sorted((*chosen, *steps[: len(steps) - len(inner)]))))
        if which == 0 and len(steps) == len(inner) == 1:
            total = total + self.offset[:, steps[0]]
        if which == 0 and len(steps) == len(inner) == 2:
            total = total - self.inverse[:, steps[0], steps[1]]
        return total

    def moment(self, which: int, steps: tuple[int, ...]) -> NDArray:
        """Average of an observable (1 is number 0) times coordinates with these numbers, over the weight; or derivatives of
        weights by parameters, over the weight."""
        raise NotImplementedError

    def cumulant(self, which: int, steps: tuple[int, ...]) -> NDArray:
        """Of coordinates, or of an observable with coordinates, from moments."""
        key = (which, steps)
        if key not in self._known:
            fixed, free = (steps[:1], steps[1:]) if which == 0 else ((), steps)
            total = self.moment(which, steps)
            for size in range(len(free)):
                for places in combinations(range(len(free)), size):
                    inside = tuple(sorted((*fixed, *(free[i] for i in places))))
                    rest = tuple(free[i] for i in range(len(free)) if i not in places)
                    total = total - self.cumulant(which, inside) * self.moment(0, rest)
            self._known[key] = total
        return self._known[key]


class CutValues(Values):
    """Weights in closed form, or averages that are cut at kinks."""

    def __init__(self, source: Source, nodes: ArrayLike, *arguments: ArrayLike):
        super().__init__(source, nodes, *arguments)
        self.inverse = self.slope = inverses_of(self.width)
        self.offset = np.zeros((len(self.width), self.count))

    @cached_property
    def log_weight(self) -> NDArray:
        return np.log(self._weight(0, ()))

    def moment(self, which: int, steps: tuple[int, ...]) -> NDArray:
        return self._weight(which, steps) / self._weight(0, ())

    def _weight(self, which: int, steps: tuple[int, ...]) -> NDArray:
        by, indices = tuple(-1 - s for s in steps if s < 0), tuple(s for s in steps if s >= 0)
        key = ("weight", which, by, indices)
        if key not in self._known:
            values = self.source.cut(which, len(indices), by, self.nodes)(*self.flat)
            for inside, value in zip(combinations_with_replacement(range(self.count), len(indices)), values, strict=True):
                self._known["weight", which, by, inside] = np.broadcast_to(value, self.flat[0].shape)
        return self._known[key]


def inverses_of(covariances: NDArray) -> NDArray:
    """Inverses, NaN where a matrix is not positive definite."""
    good = np.asarray(np.isfinite(covariances).all(axis=(1, 2)))
    good[good] = np.linalg.eigvalsh(covariances[good]).min(axis=1, initial=np.inf) > 0
    return np.where(good[:, None, None], inverses(covariances), np.nan)
