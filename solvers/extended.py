"""Solutions where doubles cannot hold them: Newton's method with scalars of many digits around averages in double precision.

An overlap that is next to one is known to its own rounding, its distance from one is not; equations that differ by little determine
unknowns badly. Neither costs digits here. The errors of the averages remain, each followed through the whole solution.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import mpmath as mp
import numpy as np
import sympy as sp
from numpy.typing import NDArray

from solvers.compile import Compiled, compile_expressions, compile_precise
from solvers.fixed_point import EPSILON
from solvers.modes.mode_data import ModeData
from solvers.multiprecision import FUNCTIONS
from solvers.newton import DIGITS, Found, Point
from solvers.split import Split
from solvers.systems import System, evaluated
from theory.averages import Average

NODES = 801
WAY, TINY = 24, mp.mpf(10) ** -25
"""Most steps on the way from one point to another, and the share of it over which a tangent is taken."""


class Extended:
    """The equations of a system and some of its observables, with scalars of many digits."""

    def __init__(self, system: System, names: Sequence[str]):
        self.system, self.names, self.unknowns = system, tuple(names), system.unknowns
        forms = [own[0] for own in system.forms]
        self.split = split = Split([*forms, *map(system.observable, names)])
        self.stand_ins, self.inner = list(split.averages), list(split.inner)
        self.slopes = [[a.diff(p) for p in self.inner] for a in split.averages.values()]
        held = set().union(*(e.free_symbols for e in [*split.outer, *split.inner.values()]))
        self.parameters = sorted(held - {*self.unknowns, *self.stand_ins}, key=lambda s: s.name)
        scalars = [*self.parameters, *self.unknowns]
        self.given_by = _explicit(forms, self.unknowns, set().union(*(e.free_symbols for e in split.inner.values())))
        self.gaps = _gaps([*split.outer, *split.inner.values()], self.unknowns)
        places = [*split.inner.values(), *self.gaps]
        self._places = self._precise(scalars, places)
        self._turns = self._precise(scalars, [e.diff(u) for e in places for u in self.unknowns])
        known = [*scalars, *self.stand_ins]
        self._outer = self._precise(known, split.outer)
        self._outer_slopes = self._precise(known, [e.diff(s) for e in split.outer for s in (*self.unknowns, *self.stand_ins)])

    @staticmethod
    def _precise(arguments: Sequence[sp.Symbol], expressions: Sequence[sp.Expr]) -> Callable[..., list[Any]]:
        return compile_precise(arguments, expressions, FUNCTIONS)

    @cached_property
    def _averages(self) -> Compiled:
        flat = [e for a, error, slopes in zip(self.split.averages.values(), self.split.errors(), self.slopes, strict=True)
                for e in (a, error, *slopes)]  # fmt: skip
        return compile_expressions(flat, 801, "uniform")

    @cached_property
    def _values(self) -> Compiled:
        return compile_expressions(list(self.split.averages.values()), 801, "uniform")

    def averages(self, inner: Sequence[Any], data: ModeData, nodes: int, full: bool = True) -> tuple[NDArray, NDArray, NDArray]:
        """Averages (a,), their rounding (a,) and slopes (a, p) at scalars of one point."""
        scalars = {p: np.array([float(v)]) for p, v in zip(self.inner, inner, strict=True)}
        compiled = compile_expressions((self._averages if full else self._values).expressions, nodes, "uniform")
        rows = np.array([v[0] for v in evaluated(compiled, scalars, 1, data)])
        if not full:
            return rows, np.zeros(0), np.zeros(0)
        table = rows.reshape(len(self.stand_ins), 2 + len(self.inner))
        return table[:, 0], EPSILON * table[:, 1], table[:, 2:]

    def solved(self, scalars: Mapping[Any, Any], start: Sequence[Any], data: ModeData, nodes: int = NODES) -> Found | None:
        """The solution at one point, from a start near it; None where Newton's method does not arrive."""
        with mp.workdps(DIGITS):
            point = Point(self, self.given(scalars), data, nodes)
            arrived = point.run([mp.mpf(v) for v in start])
            return None if arrived is None else point.found(arrived)

    def followed(
        self, origin: Mapping[Any, Any], x: Sequence[Any], goal: Mapping[Any, Any], data: ModeData, nodes: int = NODES
    ) -> Found | None:
        """The solution at ``goal`` on the branch through the solution ``x`` at ``origin``; None where the branch is not reached."""
        with mp.workdps(DIGITS):
            first, last = self.given(origin), self.given(goal)
            logs = [a > 0 and b > 0 for a, b in zip(first, last, strict=True)]

            def at(share: Any) -> list[Any]:
                return [a ** (1 - share) * b**share if log else a + share * (b - a)
                        for a, b, log in zip(first, last, logs, strict=True)]  # fmt: skip

            share, stride = mp.mpf(0), mp.mpf(1)
            here = Point(self, first, data, nodes)
            arrived = here.run([mp.mpf(v) for v in x])
            for _ in range(WAY):
                if arrived is None:
                    return None
                ahead = min(mp.mpf(1), share + stride)
                there = Point(self, last if ahead == 1 else at(ahead), data, nodes)
                start = here.ahead(arrived, Point(self, at(share + TINY), data, nodes), (ahead - share) / TINY)
                trial = None if start is None else there.run(start)
                if trial is None:
                    stride /= 3
                    continue
                share, stride, here, arrived = ahead, 2 * stride, there, trial
                if share == 1:
                    return here.found(arrived)
            return None

    def given(self, scalars: Mapping[Any, Any]) -> list[Any]:
        """Values of the parameters, in their order."""
        return [mp.mpf(float(scalars[s])) for s in self.parameters]


def _explicit(forms: Sequence[sp.Expr], unknowns: Sequence[sp.Symbol], held: set[sp.Symbol]) -> list[int]:
    """Numbers of unknowns that their equations give in terms of the others, none of which is given so; averages do not depend on
    them. Newton's method then moves the others alone, in equations that are less bent."""
    found: list[int] = []
    rest = [(form - u).free_symbols for form, u in zip(forms, unknowns, strict=True)]
    for i, (form, u) in enumerate(zip(forms, unknowns, strict=True)):
        apart = not rest[i] & {u, *(unknowns[k] for k in found)} and not any(u in rest[k] for k in found)
        if form.has(Average) and apart and u not in held:
            found.append(i)
    return found


def _gaps(expressions: Sequence[sp.Expr], unknowns: Sequence[sp.Symbol]) -> list[sp.Expr]:
    """What stands under roots: it is positive on every solution, and a difference that may be next to zero."""
    own = set(unknowns)
    found = {p.base for e in expressions for p in e.atoms(sp.Pow) if isinstance(p.base, sp.Add) and not p.exp.is_integer}
    return sorted((g for g in found if g.free_symbols & own), key=sp.default_sort_key)
