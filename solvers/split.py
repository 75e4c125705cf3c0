"""Expressions taken apart into averages, which doubles find to rounding, and scalars around them and inside, which need more.

With averages a_k(p) of scalars p(x), an expression is f(x, a(p(x))). What cancels in f or in p, such as 1 - q next to q = 1, costs
no digits where both are evaluated with many; that leaves the errors of the averages, each followed through everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from solvers.rounding import rounding
from solvers.shared import FreeSymbols, parts
from theory.averages import CONTINUOUS, Average, Bound
from theory.effective import Effective
from theory.envelope import Envelope
from theory.joint_average import JointAverage
from theory.modes import ModeArray, ModeIndex
from theory.proximal import Proximal
from theory.replica.folded import Sensitivity, TreeAverage
from theory.resolvent.matrix_traces import MatrixTrace

WHOLE = (Effective, Envelope, JointAverage, TreeAverage, Sensitivity, MatrixTrace)
"""What is known in double precision only, as a function of scalars that it holds."""


class Split:
    """``outer`` expressions in scalars and the stand-ins ``averages`` (Dummy -> average in the Dummies of ``inner``); ``inner``
    (Dummy -> expression in scalars) are what the averages depend on."""

    def __init__(self, expressions: Sequence[sp.Expr]):
        self._free = FreeSymbols()
        self._inner: dict[sp.Expr, sp.Dummy] = {}
        self._averages: dict[sp.Expr, sp.Dummy] = {}
        self._done: dict[sp.Basic, sp.Basic] = {}
        self.outer = [self._outside(sp.sympify(e)) for e in expressions]
        self.averages = {d: a for a, d in self._averages.items()}
        self.inner = {d: e for e, d in self._inner.items()}

    @staticmethod
    def applies(expressions: Sequence[sp.Expr]) -> bool:
        """Whether nothing but averages of elementary functions is known in double precision only."""
        return not any(isinstance(e, WHOLE) for e in parts(expressions))

    def errors(self) -> list[sp.Expr]:
        """Rounding of each average in units of the machine epsilon, its scalars taken as exact."""
        return [rounding(a) for a in self._averages]

    def _bounds(self, e: sp.Basic) -> list[sp.Symbol]:
        return [s for s in self._free(e) if isinstance(s, (Bound, ModeIndex))]

    def _outside(self, e: sp.Basic) -> sp.Basic:
        if isinstance(e, Average):
            if e not in self._done:
                self._done[e] = self._averaged(e)
            return self._done[e]
        if not e.args or not e.has(Average):
            return e
        return e.func(*[self._outside(a) for a in e.args])

    def _averaged(self, e: Average) -> sp.Basic:
        """Stand-ins of the averages that one consists of, times scalars that come out in front."""
        found = e.func(self._inside(e.body), e.bound)
        back = {d: x for x, d in self._inner.items()}
        own = {a: self._averages.setdefault(a, sp.Dummy(f"a{len(self._averages)}", real=True)) for a in self._outermost(found)}
        return found.xreplace(own).xreplace(back)

    @staticmethod
    def _outermost(e: sp.Basic) -> list[Average]:
        if isinstance(e, Average):
            return [e]
        return [a for part in e.args for a in Split._outermost(part)]

    def _inside(self, e: sp.Basic) -> sp.Basic:
        """A body with its scalars as stand-ins; what is linear in a bound variable as one slope and one offset."""
        if e.is_number or isinstance(e, (Bound, ModeArray, ModeIndex)):
            return e
        bounds = self._bounds(e)
        if not bounds and not e.has(Average) and not self._arrays(e):
            return self._stand_in(e)
        if len(bounds) == 1 and isinstance(e, (sp.Add, sp.Mul)) and bounds[0].kind in CONTINUOUS and not e.has(Average):
            slope = e.diff(bounds[0])
            if not self._bounds(slope):
                offset = e.xreplace({bounds[0]: sp.S.Zero})
                return self._stand_in(slope) * bounds[0] + self._stand_in(offset)
        if isinstance(e, Proximal):
            return e.func(e.args[0], *map(self._inside, e.args[1:]))
        if isinstance(e, (sp.Add, sp.Mul)):
            loose = [a for a in e.args if not a.is_number and not self._bounds(a) and not a.has(Average) and not self._arrays(a)]
            rest = [a for a in e.args if a not in loose]
            return e.func(*map(self._inside, rest), self._stand_in(e.func(*loose)) if loose else e.func.identity)
        if isinstance(e, Average):
            return e.func(self._inside(e.body), e.bound)
        return e.func(*map(self._inside, e.args))

    def _arrays(self, e: sp.Basic) -> bool:
        return any(isinstance(s, (ModeArray, ModeIndex)) for s in self._free(e))

    def _stand_in(self, e: sp.Expr) -> sp.Expr:
        if e.is_number:
            return e
        if e not in self._inner:
            signs: dict[str, Any] = {"positive": True} if e.is_positive else {"nonnegative": True} if e.is_nonnegative else {}
            self._inner[e] = sp.Dummy(f"p{len(self._inner)}", real=True, **signs)
        return self._inner[e]
